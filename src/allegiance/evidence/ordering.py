"""The step "order of events": what the log says was done first, as far as a claim rests on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from allegiance.evidence.material import Material, label_name
from allegiance.evidence.requiring import announced, grown, reading, readings_before, require, route, saved_with
from allegiance.evidence.routes import faults
from allegiance.evidence.terms import terms_of
from allegiance.evidence.working import answers, cited, sample
from allegiance.ledger.log import Entry
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.search import Search


def order_of_events(claim: Claim, material: Material) -> str:
    """Nothing was read or answered before it was drawn; readings, looks and the citation fit what came before."""
    _require_readings(material.log)
    if claim.kind == "quote":
        return _citation(claim, material)
    made = material.draw
    if made is None:
        return "census: no order to keep"
    entry = announced(material)
    _require_version(claim, material, entry)
    _require_ranks(material, made, entry)
    _require_answers(claim, material, entry)
    _require_looks(claim, material, made)
    known = {found.get("transcript") for found in readings_before(material.log, entry.seq)}
    opened = len(known.intersection(made.items))
    return f"announced in entry {entry.seq}; {opened} of {len(made.items)} had been opened by another route before"


def _require_readings(log: Sequence[Entry]) -> None:
    """Each reading has the number of its place, and was reached by a draw or search that was there."""
    place, drawn, shown = 0, set[object](), dict[str, tuple[str, ...]]()
    for entry in log:
        if entry.kind == "draw":
            drawn.add(entry.body.get("draw"))
        elif entry.kind == "search":
            found = msgspec.convert(entry.body["search"], Search)
            shown[found.digest] = found.shown
        elif entry.kind == "reading":
            place += 1
            said, way = reading(entry), route(reading(entry))
            require(
                said.get("order") == place, f"log entry {entry.seq} is reading {place}, and says another number"
            )
            if way.get("type") == "drawn":
                require(way.get("draw") in drawn, f"log entry {entry.seq} reads from a draw before it is announced")
            elif way.get("type") == "searched":
                hits = shown.get(str(way.get("search")), ())
                rank = msgspec.convert(way.get("rank"), int)
                there = 1 <= rank <= len(hits) and hits[rank - 1] == said.get("transcript")
                require(there, f"log entry {entry.seq} reads a hit that no search before it showed at this rank")


def _require_version(claim: Claim, material: Material, entry: Entry) -> None:
    earlier = (e.body.get("to") for e in material.log[: entry.seq] if e.kind == "import")
    require(claim.frame.corpus in earlier, f"entry {entry.seq} draws from a version that was not there yet")


def _require_ranks(material: Material, made: Draw, entry: Entry) -> None:
    """A reading from the draw opens the item of its rank, and no rank that had not been drawn by then."""
    size = len(made.items) - sum(_growth(material))
    steps = dict(zip((each.seq for each in grown(material)), _growth(material), strict=True))
    for each in material.log[entry.seq :]:
        size += steps.get(each.seq, 0)
        said = reading(each)
        if route(said).get("draw") == made.name:
            rank = msgspec.convert(route(said).get("rank"), int)
            there = 1 <= rank <= size and made.items[rank - 1] == said.get("transcript")
            require(there, f"log entry {each.seq} reads rank {rank} of the draw, which was not drawn or is another")


def _growth(material: Material) -> list[int]:
    """By how many items the draw of a claim grew, entry by entry."""
    made = material.draw
    sizes = [made.commitment.design.n if made else 0]
    sizes += [msgspec.convert(entry.body.get("size"), int) for entry in grown(material)]
    return [after - before for before, after in pairwise(sizes)]


def _require_answers(claim: Claim, material: Material, entry: Entry) -> None:
    """A trusted rater's answers that count were given after the draw was announced."""
    trusted = [card.digest for card in claim.raters if card.kind == "person" or card.basis == "trusted"]
    saved, old = saved_with(material), set[str]()
    read = [row.name for row in sample(terms_of(claim), claim.frame, material)]
    for rater in trusted:
        counting = answers(terms_of(claim), material, rater)
        given = (counting[name] for name in read if name in counting)
        old |= {label.transcript for label in given if saved.get(label_name(label), len(material.log)) <= entry.seq}
    require(
        not old,
        f"{len(old)} drawn transcripts were labelled before entry {entry.seq} announces the draw, first "
        f"{sorted(old)[:1]}; label them again",
    )


def _require_looks(claim: Claim, material: Material, made: Draw) -> None:
    """A look at the draw says no more labels than there were."""
    saved, ranks = saved_with(material), {name: rank for rank, name in enumerate(made.items, 1)}
    known = {card.digest for card in claim.raters}
    reached: Mapping[str, list[tuple[int, int]]] = {rater: [] for rater in known}
    asked = claim.question.digest
    for label in material.labels:
        if label.question == asked and label.rater in known and label.transcript in ranks:
            reached[label.rater].append((saved.get(label_name(label), len(material.log)), ranks[label.transcript]))
    for entry in material.log:
        ours = entry.body.get("draw") == made.name and entry.body.get("question") == asked
        rater = entry.body.get("rater", claim.raters[0].digest)
        if entry.kind == "look" and ours and rater in known:
            last = max((rank for seq, rank in reached[str(rater)] if seq < entry.seq), default=0)
            said = msgspec.convert(entry.body.get("n"), int)
            require(said <= last, f"log entry {entry.seq} is a look at {said} labels; there were {last} by then")


def _citation(claim: Claim, material: Material) -> str:
    """The citation names the route by which its transcript was opened, and how many were read before."""
    terms = terms_of(claim)
    said, wrong = cited(terms, material.log), faults(material.log, terms.citation)
    require(not wrong, "; ".join(wrong))
    entry = [each for each in material.log if each.kind == "citation"][terms.citation - 1]
    before = readings_before(material.log, entry.seq)
    unopened = not any(each.get("transcript") == said.transcript for each in before)
    require(not unopened or said.before == len(before), f"{len(before)} were read before, it says {said.before}")
    return f"cited in entry {entry.seq}, after {said.before} readings"
