"""What a run will cost, said before it is made."""

from __future__ import annotations

import pytest
from tests.bridge.stub import asks

from allegiance.bridge.estimate import Estimate, estimate
from allegiance.bridge.run import count_calls
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part


def words(text: str) -> Message:
    return Message(role="user", parts=(Part(text=text),))


def prompt(first: str, *then: str, prefill: str = "") -> Prompt:
    return asks("r", first, then=tuple(map(words, then)), prefill=prefill)


def test_a_prompt_of_four_characters_is_a_token() -> None:
    assert estimate([prompt("abcd")]) == Estimate(1, 1, 1, None)


def test_tokens_are_rounded_up() -> None:
    assert estimate([prompt("abcde")]).input_tokens == 2


def test_the_beginning_of_a_reply_is_sent_too() -> None:
    assert estimate([prompt("abcd", prefill="abcd")]).input_tokens == 2


def test_each_turn_is_a_call_and_sends_what_was_said_before() -> None:
    found = estimate([prompt("abcd", "efgh")], max_tokens=10)
    assert (found.calls, found.samples) == (2, 1)
    assert found.input_tokens == 1 + (1 + 10 + 1)
    assert found.output_tokens == 20
    assert count_calls([prompt("abcd", "efgh")], 3) == 6


def test_money_needs_a_price_and_a_bound() -> None:
    many = [prompt("abcd")] * 1_000
    assert estimate(many, max_tokens=2, price=(3e3, 5e3)).money == pytest.approx(3.0 + 2 * 5.0)
    assert estimate(many[:1], price=(3.0, 5.0)).money is None
    assert estimate(many[:1], max_tokens=2).money is None


def test_nothing_costs_nothing() -> None:
    assert estimate([], price=(1.0, 1.0)) == Estimate(0, 0, 0, 0, 0.0)
