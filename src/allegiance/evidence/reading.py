"""Readings and searches: each is in the log before its outcome is shown."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.routes import drawn_route, readings_of, search_route, switches
from allegiance.evidence.splits import require_visible, visible
from allegiance.ledger.log import append, count
from allegiance.records.canonical import plain
from allegiance.records.draw import Draw
from allegiance.records.route import Browsed, Drawn, Linked, Reading, Route, Searched, SelfReported
from allegiance.records.search import Search


def read_drawn(keep: Keep, draw: Draw, rank: int, reader: str) -> Reading:
    """Logs that somebody opens the item of this rank (from 1) of a draw."""
    if not 1 <= rank <= len(draw.items):
        raise UsageError(f"the draw has ranks 1 to {len(draw.items)}; there is no rank {rank}.")
    route = drawn_route(draw.commitment, draw.name, rank, len(draw.items))
    return _log_reading(keep, draw.items[rank - 1], reader, lambda _order: route)


def read_hit(keep: Keep, number: int, rank: int, reader: str) -> Reading:
    """Logs that somebody opens hit `rank` (from 1) of search `number` (from 1)."""
    entries = keep.log.entries("search")
    if not 1 <= number <= len(entries):
        raise UsageError(f"there are {len(entries)} searches; there is no search {number}.")
    made = msgspec.convert(entries[number - 1].body["search"], Search)
    if not 1 <= rank <= len(made.shown):
        raise UsageError(f"search {number} showed {len(made.shown)} hits; there is no rank {rank}.")
    route = search_route(made, rank, number)
    return _log_reading(keep, made.shown[rank - 1], reader, lambda _order: route)


def read_linked(keep: Keep, name: str, reader: str) -> Reading:
    """Logs that somebody opens a transcript by its name.

    Raises:
        Refusal: It is in the half that waits to confirm.
    """
    require_visible(keep, _row(keep, name))
    return _log_reading(keep, name, reader, lambda order: Linked(reading=order))


def read_next(keep: Keep, predicate: str, reader: str) -> Reading:
    """Logs that somebody opens the next transcript in list order (by name), under a filter, that is not yet read.

    Raises:
        UsageError: All that match have been read.
    """
    chosen = parse(visible(keep, predicate))
    _log_filter(keep, str(chosen), reader)
    seen = {reading.transcript for reading in readings(keep)}
    left = (row.name for row in keep.select(str(chosen)) if row.name not in seen)
    name = next(left, None)
    if name is None:
        raise UsageError("all transcripts that match have been read.", where=predicate or "the corpus")
    switched = switches(keep.log.entries(), reader)
    return _log_reading(
        keep, name, reader, lambda order: Browsed(reading=order, predicate=str(chosen), switched=switched)
    )


def read_listed(keep: Keep, name: str, predicate: str, reader: str) -> Reading:
    """Logs that somebody opens a transcript from the list of those that pass a filter.

    Raises:
        Refusal: It is in the half that waits to confirm.
        UnknownName: The filter does not find it.
    """
    chosen = parse(visible(keep, predicate))
    row = _row(keep, name)
    require_visible(keep, row)
    rated = any("@" in field for field, _ in chosen.terms)
    if name not in {one.name for one in keep.select(str(chosen))} if rated else not chosen.matches(row.fields()):
        raise UnknownName("transcript of this list", name, [])
    _log_filter(keep, str(chosen), reader)
    switched = switches(keep.log.entries(), reader)
    return _log_reading(
        keep, name, reader, lambda order: Browsed(reading=order, predicate=str(chosen), switched=switched)
    )


def _row(keep: Keep, name: str) -> Row:
    """What a filter sees of one transcript, without reading the columns of all."""
    item = keep.corpus.get(name)
    return Row(
        name=name, text_digest=item.text_digest, request=item.request, condition=item.condition, model=item.model,
        run=item.run, sample=item.sample, status=item.status,
    )  # fmt: skip


def _log_filter(keep: Keep, predicate: str, reader: str) -> None:
    """Logs the filter under which somebody goes on reading a list, where it is another than before."""
    used = [entry.body for entry in keep.log.entries("filter") if entry.body["reader"] == reader]
    last = used[-1]["predicate"] if used else None
    if predicate != last:
        n = len(keep.choose(predicate))
        body = {"reader": reader, "predicate": predicate, "corpus": keep.corpus.head().version, "n": n}
        keep.log.append("filter", body)


def readings(keep: Keep) -> list[Reading]:
    """All readings in order."""
    return readings_of(keep.log.entries("reading"))


def log_search(keep: Keep, made: Search) -> int:
    """Logs a search with its hits, before they are shown.

    Returns:
        Its number, from 1.
    """
    with keep.database.write() as connection:
        append(connection, "search", {"search": plain(made)})
        return count(connection, "search")


def supports(route: Route) -> str:
    """What a transcript reached by this route can support."""
    match route:
        case Drawn():
            return "a rate, if the whole draw is labelled"
        case Searched() | Browsed() | Linked() | SelfReported():
            return "existence only, no rate"


def _log_reading(keep: Keep, name: str, reader: str, route: Callable[[int], Route]) -> Reading:
    with keep.database.write() as connection:
        order = count(connection, "reading") + 1
        made = Reading(transcript=name, reader=reader, route=route(order), order=order)
        append(connection, "reading", {"reading": plain(made)})
    return made
