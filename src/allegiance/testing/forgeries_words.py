"""Forgeries of the claim itself: its number, its words, what it quotes, and what is shipped with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import msgspec

from allegiance.evidence.material import Material
from allegiance.evidence.population import pin
from allegiance.evidence.terms import terms_of
from allegiance.evidence.working import answers, sample, searched
from allegiance.records.canonical import plain
from allegiance.records.claim import Claim
from allegiance.records.route import Reading, Searched
from allegiance.records.transcript import Part, Transcript
from allegiance.testing.forging import (
    Forged,
    edited,
    finish,
    first,
    last,
    moved,
    pinned,
    replace,
    restated,
    with_log,
)


def nudge_the_number(claim: Claim, material: Material) -> Forged:
    """The estimate becomes a little smaller."""
    return restated(claim, material, replace(claim.estimate, value=claim.estimate.value - 0.01))


def narrow_the_interval(claim: Claim, material: Material) -> Forged:
    """The upper end comes down to the estimate."""
    return restated(claim, material, replace(claim.estimate, high=claim.estimate.value))


def improve_a_line_beside(claim: Claim, material: Material) -> Forged:
    """A line beside the number is narrower than it follows."""
    name, line = next(iter(claim.estimate.secondary.items()))
    better = {**claim.estimate.secondary, name: replace(line, high=line.value)}
    return restated(claim, material, replace(claim.estimate, secondary=better))


def loosen_alpha(claim: Claim, material: Material) -> Forged:
    """The interval is one of hardly any confidence."""
    return restated(claim, material, replace(claim.estimate, alpha=0.9))


def change_the_kind(claim: Claim, material: Material) -> Forged:
    """ "At most" passes for an interval with two ends."""
    return restated(replace(claim, kind="rate_ci"), material)


def tighten_the_bound(claim: Claim, material: Material) -> Forged:
    """ "At most" says half of what is carried."""
    return restated(replace(claim, bound=claim.estimate.high / 2), material)


def tighten_the_margin(claim: Claim, material: Material) -> Forged:
    """ "No gap" is of a margin that the interval does not keep within."""
    return restated(replace(claim, margin=0.01), material)


def loosen_the_margin(claim: Claim, material: Material) -> Forged:
    """The margin that was ruled out is a larger one, and the words still name the smaller."""
    return replace(claim, margin=1.0), material


def add_a_bound(claim: Claim, material: Material) -> Forged:
    """An interval carries a bound that its kind does not speak of."""
    return replace(claim, bound=0.01), material


def skip_a_rank(claim: Claim, material: Material) -> Forged:
    """A rank without a label is left out of the prefix that was read."""
    terms = terms_of(claim)
    given = answers(terms, material, claim.raters[0].digest)
    names = [row.name for row in sample(terms, claim.frame, material)]
    counts = claim.estimate.counts
    gone = sum(name not in given for name in names)
    fewer = replace(counts, used=counts.used - gone, unrated=counts.unrated - gone, missing=0)
    return restated(claim, material, replace(claim.estimate, counts=fewer))


def share_a_name(claim: Claim, material: Material) -> Forged:
    """A second rater of the same name stands behind the first."""
    return replace(claim, raters=(*claim.raters, replace(claim.raters[0], version="another"))), material


def reorder_the_hits(claim: Claim, material: Material) -> Forged:
    """The hits of the search are entered in another order, and what was read of them to fit."""
    made = searched(terms_of(claim), material.log)
    other = replace(made, shown=made.shown[::-1])

    def reread(body: dict[str, object]) -> dict[str, object]:
        found = msgspec.convert(body["reading"], Reading)
        if not isinstance(found.route, Searched):
            return body
        route = replace(found.route, search=other.digest)
        return {"reading": plain(replace(found, route=route, transcript=other.shown[route.rank - 1]))}

    changed = edited(edited(material, "search", lambda _body: {"search": plain(other)}), "reading", reread)
    return finish(claim, replace(changed, transcripts=()))


def leave_hits_out(claim: Claim, material: Material) -> Forged:
    """The population is chosen so that some of the first hits are not in it."""
    names = {row.name for row in sample(terms_of(claim), claim.frame, material)}
    request = next(row.request for row in material.rows if row.name in names)
    kept = sorted({row.request for row in material.rows} - {request})
    rows = [row for row in material.rows if row.request in kept]
    frame = pin(claim.frame.corpus, f"request={'|'.join(kept)}", rows)
    return finish(replace(claim, frame=frame), replace(material, transcripts=()))


def withdraw_a_stranger(claim: Claim, material: Material) -> Forged:
    """A transcript is said to be withdrawn that was never there."""
    return claim, replace(material, withdrawn=("sha256:" + "0" * 64,))


def forge_the_statement(claim: Claim, material: Material) -> Forged:
    """The words say more than the number."""
    return replace(claim, statement=claim.statement.replace("95 %", "99 %")), material


def hide_a_search(claim: Claim, material: Material) -> Forged:
    """A search is not counted among the forks."""
    return replace(claim, forks={**claim.forks, "searches": 0}), material


def hide_a_look(claim: Claim, material: Material) -> Forged:
    """A look is not counted among the forks."""
    return replace(claim, forks={**claim.forks, "looks": 0}), material


def improve_the_basis(claim: Claim, material: Material) -> Forged:
    """The labels are said to be worth more than they are."""
    return replace(claim, basis="exact by construction"), material


def claim_a_plan(claim: Claim, material: Material) -> Forged:
    """A plan is claimed that was never entered."""
    return restated(replace(claim, plan="sha256:" + "0" * 64), material)


def name_a_plan(claim: Claim, material: Material) -> Forged:
    """A plan is named that was never entered; the words do not boast of it."""
    return replace(claim, plan="sha256:" + "0" * 64), material


def register_late(claim: Claim, material: Material) -> Forged:
    """The plan is entered after the transcripts, and says that there were none."""
    log = material.log
    entries = moved(log, first(log, "plan"), last(log, "import"))
    at = first(entries, "plan")
    entries[at] = replace(entries[at], body=dict(entries[at].body) | {"corpus": claim.frame.corpus})
    return finish(*with_log(claim, material, entries))


def question_a_quote(claim: Claim, material: Material) -> Forged:
    """A quote is said to answer a question of another kind."""
    return finish(replace(claim, question=replace(claim.question, text="Does it lie?")), material)


def move_the_citation(claim: Claim, material: Material) -> Forged:
    """The citation points at other words, in the log too; the claim says the old place."""
    changed = edited(material, "citation", lambda body: _respanned(body, {"start": 0, "end": 1}))
    return pinned(claim, changed), changed


def cite_past_the_end(claim: Claim, material: Material) -> Forged:
    """The citation points past the end of the text, in log and words too."""
    return finish(claim, edited(material, "citation", lambda body: _respanned(body, {"end": 10_000})))


def cite_from_the_end(claim: Claim, material: Material) -> Forged:
    """The citation counts messages from the end, in log and words too."""
    return finish(claim, edited(material, "citation", lambda body: _respanned(body, {"message": -1})))


def cite_earlier(claim: Claim, material: Material) -> Forged:
    """The citation says that fewer were read before."""

    def earlier(body: dict[str, object]) -> dict[str, object]:
        found = body["citation"]
        return {"citation": {k: v for k, v in found.items() if k != "before"}} if isinstance(found, dict) else body

    return finish(claim, edited(material, "citation", earlier))


def cite_another_rank(claim: Claim, material: Material) -> Forged:
    """The citation says that the transcript had rank 1 of its draw."""

    def higher(body: dict[str, object]) -> dict[str, object]:
        found = body["citation"]
        if not isinstance(found, dict):
            return body
        return {"citation": found | {"route": found["route"] | {"rank": 1}}}

    return finish(claim, edited(material, "citation", higher))


def ship_no_words(claim: Claim, material: Material) -> Forged:
    """What is quoted is not shipped."""
    return claim, replace(material, transcripts=())


def ship_some_words(claim: Claim, material: Material) -> Forged:
    """The words of one transcript of the sample are left out."""
    return claim, replace(material, transcripts=material.transcripts[1:])


def ship_other_words(claim: Claim, material: Material) -> Forged:
    """The words of a transcript are shipped that is not of the sample."""
    return claim, replace(material, transcripts=(*material.transcripts, _spoken(material.transcripts[0], " not")))


def alter_a_transcript(claim: Claim, material: Material) -> Forged:
    """A word is added to what the model said."""
    return claim, replace(
        material, transcripts=(_spoken(material.transcripts[0], " not"), *material.transcripts[1:])
    )


def decompose_a_transcript(claim: Claim, material: Material) -> Forged:
    """The words of a transcript are written in NFD."""
    item, *others = material.transcripts
    messages = tuple(
        replace(m, parts=tuple(replace(p, text=unicodedata.normalize("NFD", p.text)) for p in m.parts))
        for m in item.messages
    )
    return claim, replace(material, transcripts=(replace(item, messages=messages), *others))


def alter_a_status(claim: Claim, material: Material) -> Forged:
    """A transcript is shipped as one that the provider refused."""
    item, *others = material.transcripts
    return claim, replace(material, transcripts=(replace(item, status="refused"), *others))


def _spoken(item: Transcript, more: str) -> Transcript:
    final = item.messages[-1]
    parts: tuple[Part, ...] = (*final.parts[:-1], replace(final.parts[-1], text=final.parts[-1].text + more))
    return replace(item, messages=(*item.messages[:-1], replace(final, parts=parts)))


def _respanned(body: Mapping[str, object], change: Mapping[str, int]) -> dict[str, object]:
    found = body["citation"]
    if not isinstance(found, dict):
        return dict(body)
    return {"citation": found | {"span": found["span"] | dict(change)}}
