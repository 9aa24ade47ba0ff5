"""A study served without a network: requests go straight to the application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from allegiance.records.condition import Condition
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.study import Study

pytest.importorskip("duckdb")

OURS = {"origin": "http://127.0.0.1:7575"}
QUESTION = Question(name="polite", text="Is it polite?")


def transcript(request: int, tier: str, sample: int, reply: str = "") -> Transcript:
    words = reply or f"Thank you, request {request} in the tier {tier}; reply {sample}."
    return Transcript(
        messages=(
            Message(role="system", parts=(Part(text=f"You are in the {tier} tier."),)),
            Message(role="user", parts=(Part(text=f"Do request {request}."),)),
            Message(role="assistant", parts=(Part(kind="reasoning", text="Let me see."), Part(text=words))),
        ),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl", record=request * 100 + sample),
        request=f"request-{request}",
        condition=Condition(levels={"tier": tier}),
        model="small",
        sample=sample,
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = Study.init(tmp_path / "study", "Care", "Does it say thank you?")
    made.keep.add(transcript(r, tier, s) for r in range(10) for tier in ("free", "paid") for s in range(3))
    return made


@pytest.fixture
def client(study: Study) -> Iterator[TestClient]:
    from allegiance.web.app import create

    with TestClient(create(study, "ann"), base_url="http://127.0.0.1:7575", follow_redirects=False) as made:
        yield made


def log_of(study: Study, kind: str) -> list[dict[str, object]]:
    return [json.loads(json.dumps(dict(entry.body), default=dict)) for entry in study.keep.log.entries(kind)]
