"""Routes from the log: how a transcript was reached, worked out from entries, to make routes and to check them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from allegiance.errors import Refusal
from allegiance.ledger.log import Entry
from allegiance.records.canonical import digest
from allegiance.records.draw import Commitment, Design
from allegiance.records.route import Browsed, Citation, Drawn, Linked, Reading, Route, Searched, SelfReported
from allegiance.records.search import Search


def readings_of(log: Sequence[Entry]) -> list[Reading]:
    """The readings of a log in order."""
    return [msgspec.convert(entry.body["reading"], Reading) for entry in log if entry.kind == "reading"]


def switches(log: Sequence[Entry], reader: str) -> tuple[int, ...]:
    """For each time that a reader took another filter, after how many readings of the study. The first is none."""
    done, found = 0, []
    for entry in log:
        if entry.kind == "reading":
            done += 1
        elif entry.kind == "filter" and entry.body.get("reader") == reader:
            found.append(done)
    return tuple(found[1:])


def drawn_route(commitment: Commitment, draw: str, rank: int, n: int) -> Drawn:
    """The route of an item of a draw, before anything is known of what else was read of it."""
    design, population = commitment.design, commitment.frame
    stratum, within = _stratum(design, rank)
    return Drawn(
        draw=draw,
        number=commitment.counter,
        rank=rank,
        n=n,
        of=population.n,
        predicate=population.predicate,
        design=design.kind,
        stop=design.stop,
        until=design.until,
        top=design.top,
        stratum=stratum,
        within=within,
    )


def opened(log: Sequence[Entry], draw: str) -> int:
    """How many different items of a draw were opened through it."""
    through = (made for made in readings_of(log) if isinstance(made.route, Drawn) and made.route.draw == draw)
    return len({made.transcript for made in through})


def known_before(log: Sequence[Entry], reading: Reading) -> bool:
    """Whether a transcript had been opened before this reading of it."""
    earlier = (made for made in readings_of(log) if made.order < reading.order)
    return any(made.transcript == reading.transcript for made in earlier)


def check_striking(route: Drawn) -> None:
    """Refuses to call the item of a draw the most striking where that says nothing.

    Raises:
        Refusal: The size was not declared, the chances were not equal, or not all that was drawn has been opened.
    """
    where = f"draw {route.number}"
    if route.design not in {"uniform", "census"} or route.stop != "fixed":
        raise Refusal(
            "the most striking of a draw says something only of a uniform draw whose size was declared.",
            where=where,
            next="Draw anew: allegiance draw 50; open all of it, and cite the most striking.",
        )
    if route.opened < route.n:
        raise Refusal(
            f"{route.opened} of the {route.n} drawn have been opened on record: nobody can know which of them is "
            "the most striking.",
            where=where,
            next=f"Open all of them first: allegiance read --draw {route.number} --rank R",
        )


def faults(log: Sequence[Entry], number: int) -> list[str]:
    """What is wrong with the route of a citation (by its number, from 1), by the log alone; empty if nothing.

    What the log does not hold is taken as said: which draw gave which rank to which item, and how many of the
    labels it counts belong to the draw.
    """
    places = [at for at, entry in enumerate(log) if entry.kind == "citation"]
    if not 1 <= number <= len(places):
        return [f"the log has {len(places)} citations; there is no citation {number}"]
    earlier = log[: places[number - 1]]
    made = msgspec.convert(log[places[number - 1]].body["citation"], Citation)
    mine = [reading for reading in readings_of(earlier) if reading.transcript == made.transcript]
    if isinstance(made.route, SelfReported):
        return ["it was opened on record, and is cited as told from memory"] if mine else []
    told = [reading for reading in mine if _bare(reading.route) == _bare(made.route)]
    if not told:
        return ["no reading in the log has the route that is cited"]
    said = [] if made.before == mine[0].order - 1 else [f"{mine[0].order - 1} readings came before the first of it"]
    return said + _odd(earlier, told[0], made.route)


def _odd(log: Sequence[Entry], reading: Reading, route: Route) -> list[str]:
    """What is wrong with a route that a reading has."""
    before = _before(log, reading)
    match route:
        case Drawn():
            return _odd_draw(log, before, reading, route)
        case Searched():
            return _odd_search(before, reading, route)
        case Browsed():
            again = switches(before, reading.reader)
            fits = route.reading == reading.order and route.switched == again
            return [] if fits else [f"the log has it as reading {reading.order}, filter switched after {again}"]
        case Linked():
            return [] if route.reading == reading.order else [f"the log has it as reading {reading.order}"]
        case SelfReported():
            return []


def _odd_draw(log: Sequence[Entry], before: Sequence[Entry], reading: Reading, route: Drawn) -> list[str]:
    announced = [entry for entry in before if entry.kind == "draw" and entry.body.get("draw") == route.draw]
    if not announced:
        return ["the draw was not announced before it was read from"]
    commitment = msgspec.convert(announced[0].body["commitment"], Commitment)
    said = []
    if _bare(route) != drawn_route(commitment, route.draw, route.rank, route.n):
        said.append("the draw is another than the route says")
    if not 1 <= route.rank <= route.n <= route.of:
        said.append(f"there is no rank {route.rank} of {route.n} from {route.of}")
    if route.opened > (seen := opened(log, route.draw)):
        said.append(f"{seen} of the draw were opened, the citation says {route.opened}")
    if route.known != known_before(log, reading):
        said.append("whether it had been opened before is not as the log has it")
    if route.labelled > (most := _labelled_at_most(log, announced[0].seq)):
        said.append(f"at most {most} labels were given since, the citation says {route.labelled}")
    if route.chosen:
        try:
            check_striking(route)
        except Refusal as refusal:
            said.append(refusal.what.removesuffix("."))
    return said


def _odd_search(before: Sequence[Entry], reading: Reading, route: Searched) -> list[str]:
    entries = [entry for entry in before if entry.kind == "search"]
    if route.earlier >= len(entries):
        return [f"the log has {len(entries)} searches before it, the route says {route.earlier} others"]
    made = msgspec.convert(entries[route.earlier].body["search"], Search)
    there = 1 <= route.rank <= len(made.shown) and made.shown[route.rank - 1] == reading.transcript
    again = search_route(made, route.rank, route.earlier + 1)
    return [] if there and again == route else ["the search did not show it at this rank"]


def search_route(made: Search, rank: int, number: int) -> Searched:
    """The route of hit `rank` (from 1) of search `number` (from 1)."""
    return Searched(
        search=digest(made),
        query=made.query,
        rank=rank,
        hits=made.hits,
        searched=made.searched,
        earlier=number - 1,
    )


def _bare(route: Route) -> Route:
    """A route without what is filled in when it is cited."""
    if not isinstance(route, Drawn):
        return route
    return msgspec.structs.replace(route, chosen="", opened=0, labelled=0, asked="", known=False)


def _before(log: Sequence[Entry], reading: Reading) -> Sequence[Entry]:
    """The log up to a reading."""
    places = [at for at, entry in enumerate(log) if entry.kind == "reading"]
    return log[: places[reading.order - 1]]


def _labelled_at_most(log: Sequence[Entry], since: int) -> int:
    """The most labels that one rater gave to one question since an entry."""
    given: dict[tuple[object, object], int] = {}
    for entry in log:
        if entry.kind == "labels" and entry.seq > since:
            key = (entry.body.get("question"), entry.body.get("rater"))
            given[key] = given.get(key, 0) + msgspec.convert(entry.body.get("count"), int)
    return max(given.values(), default=0)


def _stratum(design: Design, rank: int) -> tuple[str, tuple[int, int]]:
    """The stratum of a rank, and the rank and number in it; empty where there are no strata."""
    at = rank
    for part in design.strata:
        if at <= part.n:
            return part.predicate, (at, part.n)
        at -= part.n
    return "", (0, 0)
