"""The one table of what can be asked for. What is not in it does not exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from allegiance.web.pages import (
    adjudicating,
    citing,
    claims,
    conditions,
    corpus,
    draws,
    home,
    labelling,
    raters,
    transcript,
)

Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class Row(NamedTuple):
    """A route.

    Attributes:
        method, path: How it is asked for.
        handler: What answers.
        effect: ``reads``: nothing is written. ``logs``: what was looked at is entered in the log. ``writes``:
            something is made.
        name: What it is for, in a word.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    effect: Literal["reads", "logs", "writes"]
    name: str


TABLE: tuple[Row, ...] = (
    Row("GET", "/", home.show, "reads", "study"),
    Row("GET", "/corpus", corpus.show, "logs", "corpus"),
    Row("GET", "/t/{name}", transcript.show, "logs", "transcript"),
    Row("GET", "/t/{name}/raw", transcript.raw, "logs", "raw"),
    Row("GET", "/t/{name}/beside/{other}", transcript.beside, "logs", "beside"),
    Row("GET", "/draws", draws.every, "reads", "draws"),
    Row("POST", "/draws", draws.make, "writes", "draw"),
    Row("GET", "/draws/{draw}", draws.one, "reads", "one draw"),
    Row("GET", "/draws/{draw}/{rank}", transcript.drawn, "logs", "drawn"),
    Row("POST", "/cite", citing.make, "writes", "cite"),
    Row("GET", "/c/{code}", citing.show, "reads", "citation"),
    Row("GET", "/label/{draw}", labelling.show, "logs", "bench"),
    Row("POST", "/label/{draw}/undo", labelling.undo, "writes", "undo"),
    Row("POST", "/label/{draw}/question", labelling.ask, "writes", "question"),
    Row("POST", "/label/{draw}/{rank}", labelling.answer, "writes", "answer"),
    Row("GET", "/adjudicate/{draw}", adjudicating.show, "logs", "adjudication"),
    Row("POST", "/adjudicate/{draw}/settle", adjudicating.settle, "writes", "settle"),
    Row("POST", "/adjudicate/{draw}/{rank}", adjudicating.decide, "writes", "decide"),
    Row("GET", "/claims", claims.every, "reads", "claims"),
    Row("POST", "/claims", claims.make, "writes", "claim"),
    Row("GET", "/claims/new", claims.new, "logs", "new claim"),
    Row("GET", "/claims/{file}", claims.one, "reads", "one claim"),
    Row("GET", "/claims/{file}/bundle", claims.bundle, "reads", "bundle"),
    Row("POST", "/claims/{file}/verify", claims.again, "reads", "verify"),
    Row("GET", "/raters", raters.show, "logs", "raters"),
    Row("GET", "/conditions", conditions.show, "reads", "conditions"),
    Row("GET", "/api/standing/{draw}", labelling.far, "reads", "standing"),
    Row("GET", "/api/page", corpus.window, "reads", "window"),
)
