"""What an overview counts, and what it says it does not count."""

from __future__ import annotations

import msgspec
import pytest
from tests.evidence.conftest import QUESTION, label_all, transcript

from allegiance.corpus.tables import lengths as measured
from allegiance.evidence.keep import Keep
from allegiance.evidence.overview import overview, words
from allegiance.records.transcript import Message, Part, Transcript
from allegiance.report.overview_plot import overview_plot


def said(number: int, *parts: Part, **more: object) -> Transcript:
    item = transcript(number, "trained", 0)
    messages = (Message(role="user", parts=(Part(text="why?"),)), Message(role="assistant", parts=parts))
    return msgspec.structs.replace(item, messages=messages, **more)


def test_transcripts_are_counted_by_model_and_condition(keep: Keep) -> None:
    groups = overview(keep).groups
    assert [(g.model, g.condition, g.requests, g.transcripts) for g in groups] == [
        ("small", "tier=trained", 20, 60),
        ("small", "tier=untrained", 20, 60),
    ]


def test_every_field_adds_up_to_the_count(keep: Keep) -> None:
    found = overview(keep)
    assert {field: sum(counts.values()) for field, counts in found.fields.items()} == {
        "status": 120,
        "split": 120,
        "tier": 120,
    }


def test_the_labels_of_a_rater_are_counted_within_the_filter(keep: Keep) -> None:
    label_all(keep)
    [labelled] = overview(keep, "tier=trained").labels
    assert (labelled.question, labelled.labelled, sum(labelled.answers.values())) == (QUESTION.name, 60, 60)


def test_a_failed_sample_that_was_asked_again_is_said_not_to_be_counted(keep: Keep) -> None:
    keep.add([said(1, status="error")])
    found = overview(keep)
    assert (found.count, found.left_out) == (120, 1)


def test_a_failed_sample_that_was_not_asked_again_is_not_whole(keep: Keep) -> None:
    keep.add([said(77, status="error")])
    assert [g.faulty for g in overview(keep).groups] == [{"error": 1}, {}]


def test_reasoning_is_told_apart_four_ways(keep: Keep) -> None:
    thought = [
        (Part(kind="reasoning", text="well"), Part(text="a")),
        (Part(kind="reasoning"), Part(text="b")),
        (Part(kind="reasoning", redacted=True), Part(text="c")),
        (Part(kind="reasoning", text="ab", redacted=True), Part(text="d")),
        (Part(text='it said "reasoning" and "redacted":true'),),
    ]
    keep.add([said(100 + at, *parts, run="r") for at, parts in enumerate(thought)])
    assert words(keep, "run=r").reasoning == {"words": 1, "empty": 1, "redacted": 2, "missing": 1}


def test_lengths_are_in_code_points(keep: Keep) -> None:
    keep.add([said(100, Part(text="é" * 7), run="r"), said(101, Part(text="😀" * 3), run="r")])
    [_, told] = words(keep, "run=r").lengths
    assert (told.what, told.least, told.greatest, told.mean) == ("code points", 9, 13, 11.0)


def test_the_bars_hold_every_transcript_once(keep: Keep) -> None:
    for told in words(keep).lengths:
        assert sum(count for _, _, count in told.bars) == told.n == 120


@pytest.mark.parametrize("where", ["run=nobody", "request=request-1 tier=trained"])
def test_an_overview_of_few_or_none_is_plotted(keep: Keep, where: str) -> None:
    assert overview_plot(overview(keep, where), words(keep, where)).startswith("<svg")


def test_same_words_are_counted_by_text_and_by_transcript(keep: Keep) -> None:
    keep.add([said(100 + at, Part(text="same"), run="r") for at in range(3)])
    told = words(keep, "run=r")
    assert (told.repeated, told.texts) == (3, 1)


def test_lengths_are_read_once_and_then_kept(keep: Keep) -> None:
    before = words(keep)
    assert list((keep.corpus.folder / measured.FOLDER).glob("*.arrow"))
    assert words(keep) == before
