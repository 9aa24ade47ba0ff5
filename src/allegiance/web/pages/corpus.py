"""The list of transcripts: filter, facets with counts, order, and search with its hits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.corpus.search.hits import Hit
from allegiance.corpus.tables.looking import SORTS, Facet, facets, page
from allegiance.evidence.searching import Asked, Looked, index, look
from allegiance.evidence.splits import visible
from allegiance.records.record import Record
from allegiance.web.answers import shared, with_json, with_page
from allegiance.web.asked import address, one_of, text, whole
from allegiance.web.pages.around import listed
from allegiance.web.state import State

AT_ONCE = 20_000
"""Transcripts up to which a search brings its index up to date by itself; beyond: allegiance corpus index."""
SIZE = 50
"""Rows of a page."""
KINDS = (
    ("words", "words"),
    ("pattern", "pattern"),
    ("meaning", "meaning"),
    ("both", "words and meaning"),
    ("like", "like a transcript"),
)
COLUMNS = (("name", "Name"), ("model", "Model"), ("", "Condition"), ("request", "Request"), ("sample", "Sample"),
           ("status", "Status"))  # fmt: skip
OPEN = ("model", "tier", "status")
"""Facets that are open at first."""


class Choice(Record, frozen=True, kw_only=True):
    """A value of a facet, and where choosing it, or taking it away, leads."""

    value: str
    count: int
    chosen: bool
    address: str


class Shelf(Record, frozen=True, kw_only=True):
    """A facet as it is shown."""

    field: str
    open: bool
    values: tuple[Choice, ...]


def show(request: Request) -> Response:
    """The page: hits if something is searched for, else the list."""
    state, where, q = shared(request), text(request, "where"), text(request, "q").strip()
    by = one_of("kind of search", text(request, "by", "words"), [kind for kind, _ in KINDS])
    seen = visible(state.keep, where)
    counted = state.remember(("facets", seen), lambda: facets(state.keep.corpus, parse(seen)), lasting="corpus")
    values: dict[str, object] = {
        "where": str(parse(where)), "q": q, "by": by, "kinds": KINDS, "count": counted.count,
        "hits": (), "rows": (),
        "facets": [_shelf(facet, parse(where), q, by) for facet in counted.facets],
    }  # fmt: skip
    made = _hits(state, q, by, where) if q else _rows(state, request, where, seen)
    return with_page(request, "corpus.html.j2", values | made)


def window(request: Request) -> Response:
    """A window into the list, as JSON."""
    state = shared(request)
    seen = visible(state.keep, text(request, "where"))
    sort = text(request, "sort", "name")
    offset = whole("offset", text(request, "offset"), 0)
    limit = whole("limit", text(request, "limit"), SIZE, low=1, high=200)
    found = page(state.keep.corpus, parse(seen), sort, offset, limit)
    where = str(parse(text(request, "where")))
    rows = [_row(row, where, sort, at) for at, row in enumerate(found.rows, offset)]
    return with_json({"predicate": found.predicate, "count": found.count, "offset": offset, "rows": rows})


def _rows(state: State, request: Request, where: str, seen: str) -> dict[str, object]:
    sort = text(request, "sort", "name")
    number = whole("page", text(request, "page"), 1, low=1)
    found = page(state.keep.corpus, parse(seen), sort, (number - 1) * SIZE, SIZE)
    here = {"where": where, "sort": sort if sort != "name" else ""}
    last = -(-found.count // SIZE)
    first = found.offset + 1
    told = f"{found.count:,} transcripts" + (f" under the filter {found.predicate}" if found.predicate else "")
    return {
        "rows": [_row(row, where, sort, at) for at, row in enumerate(found.rows, found.offset)],
        "sort": sort, "columns": COLUMNS, "told": told,
        "sorts": _sorts(where, sort),
        "before": address("/corpus", **here, page=number - 1) if number > 1 else "",
        "after": address("/corpus", **here, page=number + 1) if number < last else "",
        "span": f"{first:,} to {first + len(found.rows) - 1:,} of {found.count:,}" if found.rows else "none",
    }  # fmt: skip


def _sorts(where: str, sort: str) -> dict[str, str]:
    return {key: address("/corpus", where=where, sort=f"-{key}" if sort == key else key) for key in ("", *SORTS)}


def _row(row: Row, where: str, sort: str, at: int) -> dict[str, object]:
    return {
        "name": row.name, "short": row.name.removeprefix("sha256:")[:12], "model": row.model,
        "condition": row.condition.name, "request": row.request, "sample": row.sample if row.sample >= 0 else "",
        "status": row.status, "address": listed(row.name, where, sort, at),
    }  # fmt: skip


def _hits(state: State, q: str, by: str, where: str) -> dict[str, object]:
    if state.keep.corpus.head().count <= AT_ONCE and by != "pattern":
        index(state.keep, by)  # type: ignore[arg-type]
    looked = look(state.keep, Asked(kind=by, query=q, predicate=where))  # type: ignore[arg-type]
    return {"hits": [_hit(looked, hit) for hit in looked.hits.hits], "told": _told(looked)}


def _hit(looked: Looked, hit: Hit) -> dict[str, object]:
    return {
        "rank": hit.rank, "title": hit.name.removeprefix("sha256:")[:12], "why": hit.why,
        "address": address(f"/t/{hit.name}", search=looked.number, rank=hit.rank),
        "pieces": list(_pieces(hit.snippet, hit.marks)),
    }  # fmt: skip


def _pieces(snippet: str, marks: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """A snippet in pieces, each with whether it is marked."""
    at = 0
    for start, end in sorted(marks):
        if start >= at:
            yield snippet[at:start], False
            yield snippet[start:end], True
            at = end
    yield snippet[at:], False


def _told(looked: Looked) -> str:
    hits = looked.hits
    shown = f"showing {len(hits.hits)} of {hits.found:,}" if hits.found >= 0 else f"the nearest {len(hits.hits)}"
    exact = ", counted exactly" if hits.found >= 0 and hits.exact else ""
    missing = f"; {hits.missing:,} are not in the index yet (allegiance corpus index)" if hits.missing else ""
    under = f" under the filter {hits.predicate}" if hits.predicate else ""
    return f"Search {looked.number}: {shown}{exact}, among {hits.searched:,} transcripts{under}{missing}."


def _shelf(facet: Facet, chosen: Predicate, q: str, by: str) -> Shelf:
    terms = dict(chosen.terms)
    taken = set(terms.get(facet.field, ()))
    values = []
    for one in facet.values:
        left = taken ^ {one.value}
        others = {key: value for key, value in terms.items() if key != facet.field}
        asked = Predicate(tuple(sorted((others | ({facet.field: tuple(sorted(left))} if left else {})).items())))
        values.append(
            Choice(
                value=one.value, count=one.count, chosen=one.value in taken,
                address=address("/corpus", where=str(asked), q=q, by=by if q else ""),
            )
        )  # fmt: skip
    return Shelf(field=facet.field, open=facet.field in OPEN or bool(taken), values=tuple(values))
