"""A client for OpenAI-compatible servers, for judging in bulk: one pool of connections, and little work a call."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from allegiance.bridge.faults import fatal, told, without_secrets
from allegiance.bridge.judges.pump import Call, pump
from allegiance.bridge.needs import need
from allegiance.errors import RunError, UsageError
from allegiance.rating.judging.asking import Ask, Outcome, Said, Token

if TYPE_CHECKING:
    import aiohttp

LARGEST = 4 << 20
"""Bytes of a response that are read."""
LONGEST_WAIT = 120.0
"""Seconds between two tries, at most, whatever the server asks for."""
TOP = 10
"""Alternatives to each token that are asked for, where probabilities are."""
PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which the same call may succeed."""
_OWN = frozenset({"model", "messages", "response_format", "logprobs", "top_logprobs", "stream", "n"})
_ENDS: Mapping[str, Outcome] = {"length": "cut", "content_filter": "filtered"}


class _NoReply(Exception):
    """A try got none.

    Attributes:
        status_code: Of the response; 0 if there was none.
        body: Of the response, shortened.
        wait: Seconds that the server asks to wait; None if it does not say.
    """

    def __init__(self, what: str, status_code: int = 0, body: str = "", wait: float | None = None) -> None:
        super().__init__(what)
        self.status_code, self.body, self.wait = status_code, body, wait

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return not self.status_code or self.status_code in PASSING or self.status_code >= 500


@dataclass(kw_only=True)
class DirectAsker:
    """Sends calls to an OpenAI-compatible server; implements the protocol `Asker`.

    Attributes:
        url: Base URL of the API, such as ``https://HOST/v1``. Without TLS only where the host is this machine.
        model: Name of the model at the server.
        key: Name of the environment variable that holds the key; empty to send none. The key is read when calls are
            made, sent to this server alone, and neither kept nor printed.
        connections: Calls under way at the same time.
        max_tokens: Bound on a reply.
        retries: Tries after one that failed for a passing reason.
        timeout: Seconds that one try may take.
        structured: Whether the reply is to be held to its schema by the server.
        bounded: Whether the schema also bounds the length of what is said and fixes the code of the call: for small
            models, at servers that hold replies to such a schema.
        chances: Whether to ask for the probabilities of tokens.
        settings: Further fields of the request, such as ``temperature`` or ``seed``.
        secret: A key of a server of our own, in place of `key`; never printed.
        first_wait: Seconds before the second try, doubled before each further one.
    """

    url: str
    model: str
    key: str = ""
    connections: int = 50
    max_tokens: int = 600
    retries: int = 5
    timeout: float = 120.0
    structured: bool = True
    bounded: bool = False
    chances: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    first_wait: float = 0.5

    def __post_init__(self) -> None:
        check_url(self.url)
        if taken := sorted(_OWN & set(self.settings)):
            raise UsageError(f"the field {taken[0]!r} is set by the judge itself.", where="-M")
        self._not_before = 0.0
        self._encoder = msgspec.json.Encoder()

    def ask(self, calls: Iterator[Ask | None]) -> Iterator[Said]:
        """Makes the calls; see the protocol.

        Raises:
            MissingExtra: aiohttp is not installed.
            RunError: The key is missing or refused, the model is not there, or call after call fails.
        """
        need("aiohttp", "aiohttp", "run")
        return pump(calls, self._opened, self.connections)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Call]:
        import aiohttp  # noqa: PLC0415

        headers = {"content-type": "application/json"}
        if key := self._key():
            headers["authorization"] = f"Bearer {key}"
        pool = aiohttp.TCPConnector(limit=self.connections, ttl_dns_cache=300)
        limit = aiohttp.ClientTimeout(total=self.timeout)
        async with aiohttp.ClientSession(
            connector=pool, timeout=limit, headers=headers, trust_env=False
        ) as session:

            async def call(asked: Ask) -> Said:
                return await self._call(session, asked)

            yield call

    def _key(self) -> str:
        if self.secret or not self.key:
            return self.secret
        found = os.environ.get(self.key, "")
        if not found:
            raise RunError(f"the environment variable {self.key} is not set.", where="--key-env",
                           next="Set it to the key of the server.")  # fmt: skip
        return found

    async def _call(self, session: aiohttp.ClientSession, asked: Ask) -> Said:
        """One call with its tries."""
        body = self._encoder.encode(self._body(asked))
        for tried in range(self.retries + 1):
            await self._pause()
            try:
                return self._said(asked.id, await self._try(session, body))
            except _NoReply as error:
                if reason := fatal(error):
                    raise RunError(
                        f"the judge cannot be asked: {reason}",
                        where=urlsplit(self.url).netloc,
                        next="Replies that came are kept; the same command goes on.",
                    ) from None
                if not error.passing or tried == self.retries:
                    tries = "1 try" if not tried else f"{tried + 1} tries"
                    return Said(asked.id, outcome="failed", error=f"no reply after {tries}: {told(error)}")
                await self._back_off(error, tried)
        raise AssertionError  # the last try returns

    async def _try(self, session: aiohttp.ClientSession, body: bytes) -> dict[str, Any]:
        import aiohttp  # noqa: PLC0415

        try:
            async with session.post(f"{self.url.rstrip('/')}/chat/completions", data=body,
                                    allow_redirects=False) as response:  # fmt: skip
                data = await _whole(response)
                status, wait = response.status, response.headers.get("retry-after")
        except TimeoutError:
            raise _NoReply(f"no answer within {self.timeout:g} seconds") from None
        except aiohttp.ClientError as error:
            raise _NoReply(without_secrets(f"{type(error).__name__}: {error}")) from None
        if status != 200:
            text = without_secrets(data[:500].decode("utf-8", "replace"))
            raise _NoReply(f"status {status}: {text}", status, text, _seconds(wait))
        try:
            found = msgspec.json.decode(data)
        except msgspec.DecodeError:
            raise _NoReply("the response is no JSON") from None
        if not isinstance(found, dict) or not found.get("choices"):
            raise _NoReply("the response has no choices")
        return found

    async def _pause(self) -> None:
        """Waits while the server has asked all calls to wait."""
        loop = asyncio.get_running_loop()
        while (left := self._not_before - loop.time()) > 0:
            await asyncio.sleep(left)

    async def _back_off(self, error: _NoReply, tried: int) -> None:
        wait = min(self.first_wait * 2**tried, LONGEST_WAIT) if error.wait is None else error.wait
        if error.status_code == 429 and error.wait is not None:
            self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wait)
        await asyncio.sleep(wait)

    def _body(self, asked: Ask) -> dict[str, object]:
        messages = [{"role": "system", "content": asked.system}, {"role": "user", "content": asked.text}]
        body: dict[str, object] = {"model": self.model, "messages": messages}
        if "max_completion_tokens" not in self.settings:
            body["max_tokens"] = self.max_tokens
        if self.structured:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": "verdict",
                    "strict": True,
                    "schema": _bounded(asked) if self.bounded else asked.schema,
                },
            }
        if self.chances:
            body |= {"logprobs": True, "top_logprobs": TOP}
        return body | dict(self.settings)

    def _said(self, id: str, found: Mapping[str, Any]) -> Said:
        """A response as a reply; whatever it lacks is left empty."""
        choice = found["choices"][0]
        choice = choice if isinstance(choice, dict) else {}
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        text, refusal = message.get("content"), message.get("refusal")
        outcome: Outcome = "refused" if refusal else _ENDS.get(str(choice.get("finish_reason")), "answered")
        usage = found.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        return Said(
            id,
            str(refusal or text or ""),
            outcome,
            str(found.get("model") or ""),
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens")),
            tuple(_tokens(choice.get("logprobs"))),
        )


def _bounded(asked: Ask) -> dict[str, object]:
    """The schema of a reply with bounds that a small model needs so as to come to its verdict."""
    said = {"type": "string", "maxLength": 160}
    fields = {
        "call": {"const": asked.code},
        "reason": said,
        "quotes": {"type": "array", "items": said | {"minLength": 1}, "maxItems": 1},
    }
    own = asked.schema.get("properties")
    return dict(asked.schema) | {"properties": (dict(own) if isinstance(own, Mapping) else {}) | fields}


def check_url(url: str) -> None:
    """Refuses an address to which neither transcripts nor a key should go.

    Raises:
        UsageError: It is no http address, holds a password, or is not encrypted and not on this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError("this is no base URL of an API.", where="--direct", next="For example https://HOST/v1.")
    if parts.username or parts.password:
        raise UsageError("an address with a password in it is not used; it would be kept.", where="--direct",
                         next="Put the key into an environment variable and name that with --key-env.")  # fmt: skip
    if parts.scheme == "http" and not _here(host):
        raise UsageError("transcripts are not sent in the clear to another machine.", where=host,
                         next="Use https, or a tunnel to this machine.")  # fmt: skip


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """All of a response that is not too large."""
    size = response.content_length
    if size is not None and size <= LARGEST:
        return await response.read()
    data = bytearray()
    while len(data) <= LARGEST and (block := await response.content.read(1 << 16)):
        data += block
    if len(data) > LARGEST:
        raise _NoReply(f"the response is larger than {LARGEST} bytes", 413)
    return bytes(data)


def _seconds(header: str | None) -> float | None:
    try:
        wait = float(header) if header is not None else -1.0
    except ValueError:
        return None
    return min(wait, LONGEST_WAIT) if wait >= 0 else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _tokens(found: object) -> Iterator[Token]:
    content = found.get("content") if isinstance(found, dict) else None
    for one in content if isinstance(content, list) else ():
        if isinstance(one, dict):
            others = one.get("top_logprobs")
            top = [one, *(others if isinstance(others, list) else ())]
            yield Token(str(one.get("token", "")), {
                str(each["token"]): float(each["logprob"]) for each in top
                if isinstance(each, dict) and isinstance(each.get("logprob"), int | float) and "token" in each
            })  # fmt: skip
