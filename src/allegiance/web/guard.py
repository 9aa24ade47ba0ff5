"""What is refused before a page sees it, and the headers that every answer carries.

A page on another site can make a browser send requests to a server on this machine. So the name that was asked
for must be ours (which stops names that were re-bound to this address), what changes anything must come from a page
of ours, and nothing of ours may be part of another site's page. Nothing on a page may run or be fetched but our own
files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)
"""Content security policy: our own files alone; no inline script or style, no evaluation, no frame."""
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
SAFE = frozenset({"GET", "HEAD"})
BODY = 1 << 20
"""Bytes of a request's body at most."""


@dataclass(frozen=True)
class Guard:
    """Middleware around all routes.

    Attributes:
        app: What is guarded.
        hosts: Names with port under which the server may be asked, for example ``127.0.0.1:7575``.
    """

    app: ASGIApp
    hosts: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = refusal(scope["method"], Headers(scope=scope), self.hosts)
        if refused:
            answer = PlainTextResponse(f"{refused[1]}\n", refused[0])
            await answer(scope, receive, _dressed(send, scope))
            return
        await self.app(scope, _limited(receive), _dressed(send, scope))


def refusal(method: str, headers: Headers, hosts: frozenset[str]) -> tuple[int, str] | None:
    """Status and reason why a request is refused; None if it is not."""
    if headers.get("host", "").lower() not in hosts:
        return 421, "This server does not go by that name. Use the address that it printed when it started."
    if "prefetch" in headers.get("sec-purpose", "") or "prefetch" in headers.get("purpose", ""):
        return 403, "Pages are not fetched in advance: opening one is recorded."
    if _too_long(headers):
        return 413, f"A request may carry {BODY:,} bytes at most."
    return _foreign(headers) if method in SAFE else _forged(headers, hosts)


def _foreign(headers: Headers) -> tuple[int, str] | None:
    """A reading request may come from a link on another site, but not from inside of its page."""
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return None
    if headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document":
        return None
    return 403, "Pages of this server cannot be part of another site's page."


def _forged(headers: Headers, hosts: frozenset[str]) -> tuple[int, str] | None:
    """A request that changes something must say that it comes from a page of ours."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    ours = origin is not None and origin.partition("://")[2].lower() in hosts and origin.startswith("http://")
    if origin is not None and not ours:
        return 403, "This request comes from a page of another site. Nothing was changed."
    if site is not None and site != "same-origin":
        return 403, "This request comes from a page of another site. Nothing was changed."
    if not ours and site is None:
        return 403, "This request does not say which page it comes from. Nothing was changed."
    return None


def _too_long(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdecimal() or int(length) > BODY


def _limited(receive: Receive) -> Receive:
    """The body of a request, cut off where it is longer than it may be."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > BODY else message

    return limited


def _dressed(send: Send, scope: Scope) -> Send:
    """Adds our headers to the answer. What a page shows is kept by nobody; our own files may be."""
    kept = str(scope.get("path", "")).startswith("/static/")

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-store"
        await send(message)

    return dressed


def local_hosts(host: str, port: int) -> frozenset[str]:
    """The names under which a server on this machine may be asked."""
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


def base_of(request: Request) -> str:
    """Scheme, host and port under which this request came, for permalinks."""
    return str(request.base_url).rstrip("/")
