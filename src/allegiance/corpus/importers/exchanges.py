"""Requests to a model with the replies to them, as programs dump them and as batches return them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import msgspec

from allegiance.corpus.importers import anthropic, openai_chat, openai_items
from allegiance.corpus.importers.found import Kept
from allegiance.corpus.importers.records import NOTHING, Object, an_object, rest, text
from allegiance.records.transcript import Source

_APIS: tuple[ModuleType, ...] = (anthropic, openai_items, openai_chat)
_REPLIES = ("response", "completion", "reply", "output", "answer")
_BATCH = "batch"


@dataclass(frozen=True)
class Exchange:
    """A request and its reply, either of which may be missing; other fields of the record; and the request's name.

    Attributes:
        failed: The service gave no reply but an error.
    """

    request: Object
    response: Object
    outer: Object
    asked: str = ""
    failed: bool = False

    @property
    def api(self) -> ModuleType | None:
        """The module that reads it; None if it is no exchange that we know."""
        if self.response:
            found = next((api for api in _APIS if api.answers(self.response)), None)
            if found is not None or not self.failed:
                return found
        return next((api for api in _APIS if api.asks(self.request)), openai_chat if self.failed else None)


def exchange(value: object) -> Exchange | None:
    """The exchange that a record is; None if it is none."""
    record = an_object(value)
    if record is None:
        return None
    made = _batched(record) or _pair(record) or _alone(record)
    return made if made is not None and made.api is not None else None


def knows(value: object) -> bool:
    """Whether this is an exchange and no request of a batch that stands alone."""
    return exchange(value) is not None


def name(value: object) -> str:
    """The format of a record, for `Source.format`."""
    found = exchange(value)
    if found is None or found.api is None:
        return ""
    made = str(found.api.NAME)
    return f"{made.partition('-')[0]}-{_BATCH}" if found.asked else made


def read_record(value: object, place: Source) -> list[Kept]:
    """The transcripts of an exchange, one a reply.

    Raises:
        ValueError: It is none, or a message in it is not one.
    """
    found = exchange(value)
    if found is None or found.api is None:
        raise ValueError("this is neither a request with its reply nor a conversation")
    made: list[Kept] = found.api.read(found.request, found.response, found.outer, place, found.asked)
    if not found.failed:
        return made
    return [Kept(msgspec.structs.replace(one.transcript, status="error")) for one in made]


def is_asked(value: object) -> bool:
    """Whether this is a request of a batch, without its reply."""
    record = an_object(value) or NOTHING
    return bool(_custom(record)) and an_object(record.get("params") or record.get("body")) is not None


def asked(value: object) -> Object:
    """What a request of a batch asked."""
    record = an_object(value) or NOTHING
    return an_object(record.get("params") or record.get("body")) or NOTHING


def named(value: object) -> str:
    """The name of a request or reply of a batch; empty for anything else."""
    return _custom(an_object(value) or NOTHING)


def wants(value: object) -> str:
    """The name of the request that a reply of a batch answers, where the request is not beside it; else nothing."""
    record = an_object(value) or NOTHING
    return _custom(record) if "request" not in record and _batched(record) is not None else ""


def _custom(record: Object) -> str:
    return text(record.get("custom_id"))


def _batched(record: Object) -> Exchange | None:
    """A line of a batch's output: OpenAI's has a response, Anthropic's a result."""
    request = an_object(record.get("request")) or NOTHING
    outer = rest(record, "custom_id", "request", "response", "result")
    if not _custom(record):
        return None
    if "result" in record:
        result = an_object(record["result"]) or NOTHING
        message = an_object(result.get("message")) or NOTHING
        outer |= {"result": rest(result, "message")}
        return Exchange(request, message, outer, _custom(record), failed=not message)
    if "response" not in record or is_asked(record):
        return None
    response = an_object(record["response"]) or NOTHING
    body = an_object(response.get("body")) or NOTHING
    outer |= {"response": rest(response, "body")}
    failed = bool(record.get("error")) or response.get("status_code", 200) != 200 or not body
    return Exchange(request, body, outer, _custom(record), failed=failed)


def _pair(record: Object) -> Exchange | None:
    request, response = an_object(record.get("request")), an_object(record.get("response"))
    if request is None or response is None:
        return None
    outer = rest(record, "request", "response")
    inner = [an_object(side.get("body")) for side in (request, response)]
    if inner[0] is not None:
        outer |= {"request": rest(request, "body")}
    if inner[1] is not None:
        outer |= {"response": rest(response, "body")}
    return Exchange(inner[0] or request, inner[1] or response, outer)


def _alone(record: Object) -> Exchange | None:
    """A record that is a reply, or a request, or both in one; not one whose reply is text beside the messages."""
    reply = next((api for api in _APIS if api.answers(record)), None)
    if reply is not None:
        # What only a request has stands with it; all else is the reply's.
        said = {key: record[key] for key in ("messages", "input") if key in record}
        if said and any(api.asks({**record, **said}) for api in _APIS):
            return Exchange(said, rest(record, *said), NOTHING)
        return Exchange(NOTHING, record, NOTHING)
    beside = next((key for key in _REPLIES if an_object(record.get(key))), "")
    if not any(api.asks(record) for api in _APIS):
        return None
    if beside and any(api.answers(an_object(record[beside]) or NOTHING) for api in _APIS):
        return Exchange(rest(record, beside), an_object(record[beside]) or NOTHING, NOTHING)
    if any(isinstance(record.get(key), str) and record[key] for key in _REPLIES):
        return None
    return Exchange(record, NOTHING, NOTHING)
