"""Probes of a text: passages that lie apart, and prompts that end where the continuation begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.errors import UsageError
from allegiance.records.canary import CANARY
from allegiance.scenarios.probing import our_control, passages, probes_of, stage_probes, tokens

TEXT = " ".join(f"word{n}," if n % 7 else f"Word{n}.\n\n" for n in range(600))


def test_passages_follow_each_other_and_do_not_overlap() -> None:
    found = passages(TEXT, "known", shown=30, hidden=20)
    words = [word for one in found for word in (*tokens(one.shown), *tokens(one.hidden))]
    assert words == [f"word{n}" for n in range(600)]
    assert {(len(tokens(one.shown)), len(tokens(one.hidden))) for one in found} == {(30, 20)}


def test_passages_stand_as_they_were_written() -> None:
    first = passages(TEXT, "known", shown=3, hidden=2, most=1)[0]
    assert first.shown == "Word0.\n\n word1, word2,"
    assert first.hidden == "word3, word4"


def test_few_passages_of_a_long_text_are_spread_over_it() -> None:
    found = passages(TEXT, "known", shown=30, hidden=20, most=3)
    assert [tokens(one.shown)[0] for one in found] == ["word0", "word200", "word400"]


def test_a_text_that_is_shorter_than_a_passage_is_refused() -> None:
    with pytest.raises(UsageError, match="has 3 words; a passage takes 55"):
        passages("only three words", "known")


@given(st.text(max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_any_text_is_cut_or_refused(text: str, shown: int, hidden: int) -> None:
    try:
        found = passages(text, "known", shown=shown, hidden=hidden)
    except UsageError:
        assert len(tokens(text)) < shown + hidden
    else:
        assert all(one.shown in text and one.hidden in text for one in found)


def test_a_prompt_ends_with_what_is_shown_and_carries_the_canary_outside_of_it() -> None:
    probes = probes_of(TEXT)
    for prompt in stage_probes(probes):
        (message,) = prompt.messages
        passage = next(one for one in (*probes.known, *probes.control) if one.name == prompt.request)
        assert message.text().endswith(passage.shown)
        assert passage.hidden not in message.text()
        assert prompt.canary == CANARY
        assert CANARY not in message.text()


def test_the_control_of_this_package_makes_enough_passages_and_has_no_canary_in_its_words() -> None:
    assert len(passages(our_control(), "control")) >= 12
    assert "canary" not in our_control()


def test_words_without_spaces_are_taken_one_by_one() -> None:
    assert tokens("第一の文。Second one!") == ("第", "一", "の", "文", "second", "one")
