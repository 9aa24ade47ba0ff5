"""Patterns: counted over everything, most matches first; what is no expression says where."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.made import said

from allegiance.corpus.search.patterns import LARGEST, by_pattern, check_pattern, first_match, written_out
from allegiance.corpus.store import Corpus
from allegiance.errors import UnknownName, UsageError

ANSWERS = ("Yes.", "No, no.", "no no no", "Perhaps: é安 No.", "")


@pytest.fixture
def filled(corpus: Corpus) -> Corpus:
    corpus.add(said(i, ANSWERS[i % 5]) for i in range(50))
    return corpus


@pytest.mark.parametrize("pattern", ["no", "(?i)no", r"\bNo\b", "[Yy]es", "Question 1", "z+", "é.", r"\d{2}\?"])
def test_a_pattern_finds_and_counts_what_a_scan_does(filled: Corpus, pattern: str) -> None:
    wanted = {}
    for name, item in filled.iter():
        text = "\n\n".join(part.text for message in item.messages for part in message.parts if part.text)
        if found := re.findall(pattern, text):
            wanted[name] = len(found)
    hits = by_pattern(filled, pattern, 50)
    assert [(hit.name, int(hit.score)) for hit in hits.hits] == sorted(
        wanted.items(), key=lambda hit: (-hit[1], hit[0])
    )
    assert (hits.found, hits.exact, hits.searched) == (len(wanted), True, 50)


def test_all_matches_are_counted_whatever_is_shown(filled: Corpus) -> None:
    assert (by_pattern(filled, "(?i)no", 3).found, len(by_pattern(filled, "(?i)no", 3).hits)) == (30, 3)


def test_a_hit_shows_the_first_match_in_code_points(filled: Corpus) -> None:
    hit = by_pattern(filled, "安 N", 1, place="answer").hits[0]
    ((start, end),) = hit.marks
    assert (hit.snippet, hit.snippet[start:end], hit.why) == ("Perhaps: é安 No.", "安 N", "1 match in answer")


def test_a_pattern_looks_in_one_place_alone(filled: Corpus) -> None:
    assert by_pattern(filled, "Question", place="answer").found == 0
    assert by_pattern(filled, "Question").found == 50
    with pytest.raises(UnknownName, match="place for a pattern"):
        by_pattern(filled, "Question", place="answers")


def test_a_pattern_can_be_looked_for_among_some_names(filled: Corpus) -> None:
    some = filled.names()[:7]
    hits = by_pattern(filled, "Question", 50, among=some)
    assert ({hit.name for hit in hits.hits}, hits.searched) == (set(some), 7)


@pytest.mark.parametrize(
    "pattern",
    ["", "(", "a{1001}", "(?=a)", r"(a)\1", "[a", "a*", "^", "|a", ".{0,900}z", "((a{9}b){9}){9}", "x" * 5000],
)
def test_what_is_no_expression_or_matches_everything_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        check_pattern(pattern)


def test_a_caret_shows_what_the_engine_does_not_take() -> None:
    with pytest.raises(UsageError) as told:
        check_pattern("abc(?=d)")
    assert told.value.what.splitlines()[-1] == "     ^"


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_refused(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except UsageError as error:
        assert error.where == "pattern"  # noqa: PT017


@pytest.mark.parametrize(
    ("pattern", "size"),
    [("abc", 3), ("a{3}", 3), ("(ab){3}c", 7), ("[a-z]{2,9}", 9), (r"\{9\}", 3), ("((a{3}b){2}){2}", 16)],
)
def test_counted_repeats_are_written_out(pattern: str, size: int) -> None:
    assert written_out(pattern) == size <= LARGEST


def test_a_search_that_takes_too_long_is_given_up(filled: Corpus) -> None:
    with pytest.raises(UsageError, match="too slow: 50 of 50"):
        by_pattern(filled, "Question", patience=0)


def test_the_first_match_is_told_in_code_points() -> None:
    assert first_match("🙂é no no", r"\bno\b") == (3, 5)
