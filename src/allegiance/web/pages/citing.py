"""Citations: making one from words and a route, and reading one that somebody made."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from allegiance.errors import UnknownName
from allegiance.evidence.carrying import carried
from allegiance.evidence.citations import bare, cite, log_citation, logged, worded
from allegiance.records.canonical import digest
from allegiance.records.route import Browsed, Citation, Drawn
from allegiance.report import citing
from allegiance.web.answers import see_other, shared, with_json, with_page
from allegiance.web.forms import fields
from allegiance.web.state import State


async def make(request: Request) -> Response:
    """Cites words of a transcript by the route of its first reading, and leads to the citation."""
    given = await fields(request, ("name", "words"))
    state = shared(request)

    def work() -> Citation:
        made = cite(state.keep, state.keep.corpus.resolve(given["name"]), given["words"].replace("\r\n", "\n"))
        log_citation(state.keep, made)
        return made

    return see_other(f"/c/{code(await run_in_threadpool(work))}")


def show(request: Request) -> Response:
    """A citation: words, place, route, what that supports, and what to do to learn more."""
    state = shared(request)
    name, _, form = str(request.path_params["code"]).partition(".")
    found = _find(state, name)
    item = state.keep.corpus.get(found.transcript)
    if form == "md":
        return PlainTextResponse(citing.markdown(found, item) + "\n", media_type="text/markdown; charset=utf-8")
    if form == "json":
        return with_json(citing.csl(found, item, state.study.settings.title))
    if form == "bib":
        return PlainTextResponse(citing.bibtex(found, item, state.study.settings.title))
    if form:
        raise UnknownName("form of a citation", form, ["md", "json", "bib"])
    told = carried(found.route)
    values = {
        "quote": citing.quoted(found), "name": found.transcript, "place": citing.address(found, item),
        "route": citing.route(found), "supports": told.supports, "lacks": told.lacks, "next": "",
        "base": f"/c/{name}", "where": _population(found), "markdown": citing.markdown(found, item),
        "link": _words(found),
    }  # fmt: skip
    return with_page(request, "citation.html.j2", values)


def code(citation: Citation) -> str:
    """What a citation is called in its address: it stays so when its words are taken down."""
    return digest(bare(citation)).removeprefix("sha256:")[:16]


def _words(citation: Citation) -> str:
    """Where the words stand: their part, and their span for the script of the page."""
    span = citation.span
    return f"/t/{citation.transcript}?span={span.start}-{span.end}#m{span.message}p{span.part}"


def _find(state: State, name: str) -> Citation:
    for one in logged(state.keep):
        if code(one) == name:
            return worded(state.keep, one)
    raise UnknownName("citation", name, [])


def _population(citation: Citation) -> str:
    """The filter of the population that a transcript came from; empty for the whole corpus."""
    route = citation.route
    return route.predicate if isinstance(route, Drawn | Browsed) else ""
