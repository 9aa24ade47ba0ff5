"""Files made for the tests."""

from __future__ import annotations

import io
import json
import zipfile

from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript


def said(index: int, answer: str = "Yes.", **more: object) -> Transcript:
    """A small transcript of our own."""
    fields: dict[str, object] = {
        "messages": (
            Message(role="user", parts=(Part(text=f"Question {index}?"),)),
            Message(role="assistant", parts=(Part(text=answer),)),
        ),
        "source": Source(digest="sha256:" + "0" * 64, file="made.json", record=index, format="json"),
        "request": f"q{index}",
        "condition": Condition(levels={"tier": "trained" if index % 2 else "untrained"}),
        "model": "m",
        "sample": 0,
    }
    return Transcript(**(fields | more))  # type: ignore[arg-type]


def header(status: str = "success", **task_args: object) -> dict[str, object]:
    return {
        "version": 2,
        "status": status,
        "eval": {
            "task": "dilemmas",
            "model": "mock/model",
            "run_id": "run-1",
            "eval_id": "eval-1",
            "created": "2026-01-01T00:00:00+00:00",
            "task_args": task_args,
            "dataset": {},
            "config": {},
        },
        "plan": {},
    }


def sample(index: int | str, epoch: int = 1, answer: str = "Yes.", **more: object) -> dict[str, object]:
    reply = {"id": f"a{index}", "role": "assistant", "content": answer, "source": "generate"}
    return {
        "id": index,
        "epoch": epoch,
        "input": f"Question {index}?",
        "target": "yes",
        "messages": [{"id": f"u{index}", "role": "user", "content": f"Question {index}?"}, reply],
        "output": {"model": "model", "choices": [{"message": reply, "stop_reason": "stop"}]},
        "scores": {"match": {"value": "C"}},
        "metadata": {"topic": "care"},
        "events": [],
        "attachments": {},
    } | more


def eval_bytes(
    samples: list[dict[str, object]], head: dict[str, object] | None = None, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """An `.eval` archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for one in samples:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        archive.writestr("summaries.json", json.dumps([{"id": s["id"], "epoch": s["epoch"]} for s in samples]))
        archive.writestr("header.json", json.dumps(head or header()))
    return packed.getvalue()
