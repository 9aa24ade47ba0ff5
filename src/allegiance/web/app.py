"""The application: the routes of the table, behind the guard, with errors as pages."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from allegiance.errors import AllegianceError, CorpusDamaged, Refusal, StudyError, UnknownName, UsageError
from allegiance.study import Study
from allegiance.web.answers import wants_json, with_json, with_page
from allegiance.web.guard import Guard, local_hosts
from allegiance.web.routes import TABLE
from allegiance.web.state import STATIC, State

log = logging.getLogger(__name__)
STATUS: tuple[tuple[type[AllegianceError], int], ...] = (
    (UnknownName, 404), (UsageError, 400), (Refusal, 409), (CorpusDamaged, 500), (StudyError, 503),
)  # fmt: skip


def create(study: Study, reader: str, *, host: str = "127.0.0.1", port: int = 7575) -> Starlette:
    """The workbench of one study for one reader, on this machine.

    Args:
        study: The study.
        reader: Who opens, labels and cites.
        host, port: Where it will be served; requests for other names are refused.
    """
    made = Starlette(
        routes=[
            *(Route(row.path, row.handler, methods=[row.method], name=row.name) for row in TABLE),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[Middleware(Guard, hosts=local_hosts(host, port))],
        exception_handlers={AllegianceError: _refused, HTTPException: _not_there, Exception: _broken},
    )
    made.router.redirect_slashes = False  # an address is right or wrong; none is mended into another
    made.state.shared = State(study, reader)
    return made


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AllegianceError)
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 400)
    return _error(request, status, error.what, error.where, error.next)


async def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "There is no such page.", 405: "This page cannot be asked for in that way."}
    return _error(request, error.status_code, said.get(error.status_code, error.detail), request.url.path, "")


async def _broken(request: Request, error: Exception) -> Response:
    log.exception("a page failed: %s", request.url.path, exc_info=error)
    return _error(request, 500, "Something went wrong in this program; nothing was changed.", request.url.path,
                  "The log of the server says more.")  # fmt: skip


def _error(request: Request, status: int, what: str, where: str, then: str) -> Response:
    if wants_json(request):
        return with_json({"error": what, "where": where, "next": then}, status)
    return with_page(
        request, "error.html.j2", {"status": status, "what": what, "where": where, "next": then}, status
    )
