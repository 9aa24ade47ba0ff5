"""Small records in the shapes of other programs, written for the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it raining?"}]


def chat_request(**more: object) -> dict[str, object]:
    return {"model": "gpt-x", "messages": ASKED, "temperature": 0.5} | more


def completion(*words: str, **message: object) -> dict[str, object]:
    choices = [
        {"index": n, "message": {"role": "assistant", "content": said} | message, "finish_reason": "stop"}
        for n, said in enumerate(words)
    ]
    return {"id": "c1", "object": "chat.completion", "model": "gpt-x-1", "choices": choices, "usage": {"total": 9}}


def items_response(*output: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "id": "r1",
        "object": "response",
        "status": "completed",
        "model": "gpt-y",
        "output": list(output),
    } | more


def item_message(words: str) -> dict[str, object]:
    piece = {"type": "output_text", "text": words, "annotations": []}
    return {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [piece]}


def blocks_reply(*blocks: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "id": "msg1", "type": "message", "role": "assistant", "model": "block-1", "content": list(blocks),
        "stop_reason": "end_turn", "usage": {"output_tokens": 3},
    } | more  # fmt: skip


def event(kind: str, content: object, name: str, above: str | None = None, **more: object) -> dict[str, object]:
    """A line of a session of events."""
    message: dict[str, object] = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {"id": f"msg-{name}", "model": "agent-1"}
    line = {"type": kind, "uuid": name, "parentUuid": above, "sessionId": "s1", "isSidechain": False}
    return line | {"message": message} | more


def jsonl(records: Iterable[object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
