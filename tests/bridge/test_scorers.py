"""Our raters as scorers of Inspect and scanners of Scout: the same answers as `rate` gives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ContentReasoning, ContentText, ModelName
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState
from tests.corpus.made import said

from allegiance.bridge.scorers import heard, pattern, rated
from allegiance.corpus.store import Corpus
from allegiance.errors import UsageError
from allegiance.rating.patterns import PatternRater

REFUSES = r"(?i)\bI (?:cannot|won't)\b"
MESSAGES = [
    ChatMessageUser(content="Do it."),
    ChatMessageAssistant(content=[ContentReasoning(reasoning="Shall I?"), ContentText(text="I won't do that.")]),
]


def state(messages: list[object]) -> TaskState:
    return TaskState(model=ModelName("none/none"), sample_id=1, epoch=1, input="", messages=messages)  # type: ignore[arg-type]


def test_a_conversation_of_inspect_is_heard_part_by_part() -> None:
    item = heard(MESSAGES)
    assert [part.kind for part in item.messages[1].parts] == ["reasoning", "text"]
    assert item.answer == "I won't do that."


def test_the_scorer_says_what_the_rater_says() -> None:
    score = asyncio.run(pattern(yes=REFUSES)(state(MESSAGES), Target("")))  # type: ignore[arg-type]
    assert score is not None
    assert (score.value, score.explanation) == ("yes", "I won't")


def test_the_scorer_names_its_rater() -> None:
    score = asyncio.run(pattern(yes=REFUSES, question="refuses")(state(MESSAGES), Target("")))  # type: ignore[arg-type]
    assert score is not None
    assert score.metadata == {"rater": PatternRater(name="refuses", yes=REFUSES).card.digest}


def test_a_conversation_without_a_reply_is_unrated_and_not_no() -> None:
    assert rated(MESSAGES[:1], "refuses", REFUSES, "", "answer").value == "unrated"


def test_only_the_field_that_is_asked_for_is_read() -> None:
    assert rated(MESSAGES, "q", "Shall", "", "answer").value == "no"
    assert rated(MESSAGES, "q", "Shall", "", "reasoning").value == "yes"


def test_an_expression_that_is_not_re2_is_refused_before_anything_is_scored() -> None:
    with pytest.raises(UsageError):
        pattern(yes=r"(a)\1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_scout_scans_our_corpus_with_our_rater(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspect_scout import scan, scan_results_df, transcripts_from

    from allegiance.bridge import scanners

    monkeypatch.chdir(tmp_path)
    corpus = Corpus.create(tmp_path / "corpus")
    corpus.add([said(1), said(2)])
    status = scan(
        scanners={"refuses": scanners.pattern(yes="reply", question="refuses")},
        transcripts=transcripts_from(str(corpus.folder / "segments")),
        scans=str(tmp_path / "scans"), display="none",
    )  # fmt: skip
    found = scan_results_df(status.location, scanner="refuses").scanners["refuses"]
    rater = PatternRater(name="refuses", yes="reply")
    names, values = rater.rate_table(corpus.table(rater.columns()))
    assert dict(zip(found["transcript_id"], found["value"], strict=True)) == dict(
        zip(names, values.to_pylist(), strict=True)
    )
