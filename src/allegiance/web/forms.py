"""Forms: what a page sent, with nothing but the fields that it has."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from allegiance.errors import UsageError
from allegiance.web.asked import short

FORM = "application/x-www-form-urlencoded"


async def fields(request: Request, known: Sequence[str], *, longest: int = 10_000) -> dict[str, str]:
    """The fields of a form, those that were left out as empty texts.

    Raises:
        UsageError: It is not a form, is too long, has a field twice, or one that is not known.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise UsageError("this is not a form.", where=request.url.path)
    try:
        body = (await request.body()).decode("utf-8")
        pairs = parse_qsl(
            body, keep_blank_values=True, strict_parsing=bool(body), errors="strict", max_num_fields=50
        )
    except (ClientDisconnect, ValueError):
        raise UsageError("this form cannot be read; nothing was changed.", where=request.url.path) from None
    given = dict(pairs)
    if len(given) < len(pairs) or set(given) - set(known):
        raise UsageError(
            "this form has a field that it should not have; nothing was changed.", where=request.url.path
        )
    return {name: short(name, given.get(name, "")) if longest <= 10_000 else given.get(name, "") for name in known}
