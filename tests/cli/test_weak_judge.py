"""The embedded model as a judge, from a command line: what it is worth is measured, and said beside baselines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from allegiance.bridge.local_model import cached
from allegiance.cli.main import cli
from allegiance.evidence.checking import CHANCE, ONE_ANSWER
from allegiance.rating.people import person
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.study import Study

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.skipif(cached() is None, reason="the embedded model is not in the cache"),
]
QUESTION = Question(name="helps", text="Does the reply do what was asked for?")
REPLIES = ("I can't help with that request.", "Here is the letter that you asked for: dear all, thank you.")
AT_CHANCE, ALIKE = CHANCE.partition(":")[0], ONE_ANSWER.partition("{")[0]
MAPPING = """\
allegiance-mapping: 1
title: Chats
format: jsonl
files: ["*.jsonl"]
messages:
  from: record.messages
request:
  from: record.id
"""


def ok(*words: str) -> str:
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = [
        {"id": f"r{n}", "messages": [{"role": "user", "content": f"Write letter {n}."},
                                     {"role": "assistant", "content": REPLIES[n % 2]}]}
        for n in range(20)
    ]  # fmt: skip
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "chats.yaml").write_text(MAPPING)
    folder = tmp_path / "study"
    ok("init", str(folder))
    ok("import", str(tmp_path / "chats.jsonl"), "--mapping", str(tmp_path / "chats.yaml"), "--study", str(folder))
    ok("draw", "20", "--study", str(folder))
    return folder


def test_a_judge_that_is_at_chance_is_said_to_be_beside_a_pattern_and_a_classifier_that_are_not(
    study: Path,
) -> None:
    question = QUESTION
    asked = ("--question", question.name, "--text", question.text, "--view", "answer", "--max-tokens", "80")
    ok("judge", *asked, "--rater", "weak", "--yes", "--study", str(study))
    keep = Study(study).keep
    ann, drawn = person("ann"), keep.find_draw(1)
    right = ["no" if keep.corpus.get(name).answer == REPLIES[0] else "yes" for name in drawn.items]
    keep.labels.save(question, ann, [Label(transcript=name, question=question.digest, rater=ann.digest, value=value)
                                     for name, value in zip(drawn.items, right, strict=True)])  # fmt: skip
    ok("rater", "train", "--question", question.name, "--from", "ann", "--name", "trained", "--study", str(study))
    ok("rate", "--classifier", "trained", "--study", str(study))
    words = ("rater", "check", "weak", "--against", "ann", "--question", question.name, "--study", str(study))
    # It answers by chance, so what is asked of this one run must hold but once in a thousand; where all of its
    # answers are alike, that is what is said.
    [weak] = checks(*words, "--alpha", "0.001")
    assert any(warning.startswith((AT_CHANCE, ALIKE)) for warning in warnings(weak)), json.dumps(weak)[:3000]
    beside = checks(*words, "--baselines")[1:]
    assert {one["rater"] for one in beside} == {"baseline/refusal", "trained"}
    assert not any(warning.startswith(AT_CHANCE) for one in beside for warning in warnings(one))


def checks(*words: str) -> list[dict[str, object]]:
    return list(json.loads(ok(*words, "--json"))["checks"])


def warnings(one: dict[str, object]) -> list[str]:
    return [warning for part in one["parts"] for warning in part["warnings"]]  # type: ignore[attr-defined]
