from __future__ import annotations

import re
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError
from allegiance.rating.patterns import FIELDS, Field, PatternRater, uncaptured
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript

QUESTION = Question(name="complies", text="Does it comply?")
WORDS = st.text("yesno é😀\n.", max_size=12)


def item(index: int, answer: str, reasoning: str = "", status: str = "complete") -> Transcript:
    parts = (Part(kind="reasoning", text=reasoning), Part(text=answer))
    return Transcript(
        messages=(Message(role="user", parts=(Part(text="Well?"),)), Message(role="assistant", parts=parts)),
        source=Source(digest="sha256:" + "0" * 64, file="f", record=index),
        status=status,  # type: ignore[arg-type]
    )


def table(text: list[str | None], status: str = "complete") -> pa.Table:
    names = [f"t{i}" for i in range(len(text))]
    return pa.table(
        {"transcript_id": names, "status": [status] * len(text), "answer": pa.array(text, pa.large_string())}
    )


def values(rater: PatternRater, text: list[str | None], status: str = "complete") -> list[str]:
    made: list[str] = rater.rate_table(table(text, status))[1].to_pylist()
    return made


def test_one_expression_says_yes_or_no() -> None:
    assert values(PatternRater("r", yes="(?i)yes"), ["Yes.", "No."]) == ["yes", "no"]


def test_two_expressions_say_unsure_for_both_and_unrated_for_neither() -> None:
    rater = PatternRater("r", yes="yes", no="no")
    assert values(rater, ["yes", "no", "yes no", "maybe"]) == ["yes", "no", "unsure", "unrated"]


def test_no_text_is_unrated_and_never_no() -> None:
    assert values(PatternRater("r", yes="x"), ["", None]) == ["unrated", "unrated"]


def test_an_error_is_unrated_and_never_no() -> None:
    assert values(PatternRater("r", yes="x"), ["x", "y"], "error") == ["unrated", "unrated"]


@given(
    st.lists(st.tuples(WORDS, WORDS, st.sampled_from(["complete", "error", "truncated"])), min_size=1, max_size=6),
    st.sampled_from(["yes", "y|é", "(?s)s.*😀", "^no$", r"(?m)^no$", "(e)(s)", r"\bno\b", "x*"]),
    st.sampled_from(["", "no", "[o.]"]),
    st.sampled_from(FIELDS),
)
def test_one_by_one_and_by_table_give_the_same_answers(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, str, str]], yes: str, no: str, field: Field
) -> None:
    items = [item(i, *one) for i, one in enumerate(parts)]
    corpus = Corpus.create(tmp_path_factory.mktemp("corpus") / "c")
    corpus.add(items)
    rater = PatternRater("r", yes=yes, no=no, field=field)
    labels = rater.labels(corpus.table(rater.columns()), QUESTION)
    singly = {one.transcript: one.value for one in (rater(each, QUESTION) for each in items)}
    assert {label.transcript: label.value for label in labels} == singly


@given(WORDS, WORDS)
def test_a_span_quotes_the_stored_text_in_code_points(before: str, after: str) -> None:
    made = item(0, f"{before}YES{after}")
    [span] = PatternRater("r", yes="(Y)(?:E)S")(made, QUESTION).spans
    text = made.messages[span.message].parts[span.part].text
    assert text[span.start : span.end] == span.text == "YES"


def test_a_span_of_the_reasoning_points_into_the_reasoning() -> None:
    made = item(0, "deceive", "I will deceive them")
    [span] = PatternRater("r", yes="deceive", field="reasoning")(made, QUESTION).spans
    assert (span.message, span.part, span.start) == (1, 0, 7)


def test_the_card_names_the_expressions() -> None:
    card = PatternRater("complies/answer", yes="a", no="b").card
    assert (card.kind, card.settings["yes"], card.settings["no"]) == ("pattern", "a", "b")
    assert card.digest != PatternRater("complies/answer", yes="a", no="c").card.digest


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\1", "(", "", "(?<!a)b", "a{2000}{2000}", "\ud800"])
def test_what_is_not_re2_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="yes expression"):
        PatternRater("r", yes=pattern)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UnknownName, match="answer"):
        PatternRater("r", yes="x", field="anwser")  # type: ignore[arg-type]


def test_an_expression_that_backtracks_elsewhere_takes_no_time_here() -> None:
    start = time.process_time()
    assert values(PatternRater("r", yes="^(a+)+$"), ["a" * 5000 + "!"]) == ["no"]
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(a)(?P<x>b)(?:c)", "(?:a)(?:b)(?:c)"),
        (r"\(a\)[(]", r"\(a\)[(]"),
        ("[](]()", "[](](?:)"),
        (r"[\](](x)", r"[\](](?:x)"),
        ("[[:alpha:](](x)", "[[:alpha:](](?:x)"),
        (r"\Q(a)\E(b)", r"\Q(a)\E(?:b)"),
        ("(?i)(a)", "(?i)(?:a)"),
    ],
)
def test_captures_are_taken_out_and_nothing_else(pattern: str, expected: str) -> None:
    assert uncaptured(pattern) == expected


def test_python_agrees_where_the_dialects_agree() -> None:
    text: list[str | None] = ["Refuse", "I cannot", "can not", "CANNOT", "ok"]
    pattern = r"(?i)\b(?:cannot|can not|refuse)\b"
    assert values(PatternRater("r", yes=pattern), text) == [
        "yes" if re.search(pattern, str(one)) else "no" for one in text
    ]


def test_a_table_of_a_corpus_is_rated(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    corpus.add([item(i, "yes" if i % 2 else "no") for i in range(10)])
    rater = PatternRater("r", yes="yes")
    names, made = rater.rate_table(corpus.table(rater.columns()))
    assert sorted(names) == corpus.names()
    assert made.to_pylist().count("yes") == 5
