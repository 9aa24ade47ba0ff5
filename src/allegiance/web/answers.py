"""Answers: a page from a template, or JSON for the elements of a page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from allegiance.records.canonical import canonical
from allegiance.web.state import State, house

TABS = (
    ("/", "Study"), ("/corpus", "Corpus"), ("/draws", "Draws"), ("/claims", "Claims"),
    ("/raters", "Raters"), ("/conditions", "Conditions"),
)  # fmt: skip
"""The pages in the bar at the top."""


def shared(request: Request) -> State:
    """What the pages share."""
    found = request.app.state.shared
    assert isinstance(found, State)
    return found


def with_page(request: Request, template: str, values: Mapping[str, object], status: int = 200) -> Response:
    """A page: the template, filled with these values and what every page shows."""
    state = shared(request)
    whole = {
        "study_title": state.study.settings.title, "reader": state.reader, "tabs": TABS,
        "here": request.url.path, "title": "", **values,
    }  # fmt: skip
    return HTMLResponse(house().get_template(template).render(whole), status)


def with_json(value: object, status: int = 200) -> Response:
    """Records or plain values as JSON."""
    return Response(canonical(value), status, media_type="application/json")


def see_other(address: str) -> Response:
    """Where to look for what a form has made."""
    return RedirectResponse(address, 303)


def wants_json(request: Request) -> bool:
    """Whether an element asks, not a person."""
    return request.url.path.startswith("/api/") or "application/json" in request.headers.get("accept", "")
