"""Grammars: written as a regular expression would read them, so that the form is checked without a model."""

from __future__ import annotations

import re

import pytest

from allegiance.scenarios import grammar, load, stage
from allegiance.scenarios.grammar import SCRATCHPAD

MENU = ("REPAIR", "REPLACE")


def as_pattern(gbnf: str) -> re.Pattern[str]:
    """GBNF of the few kinds that we write, as a regular expression."""
    rules = dict(line.split(" ::= ", 1) for line in gbnf.strip().splitlines())
    tokens = re.findall(
        r'"[^"]*"|\[[^]]*](?:\{\d+,\d+\})?|[()|]|pad', rules["root"].replace("pad", rules.get("pad", ""))
    )
    return re.compile("".join(re.escape(token[1:-1]) if token.startswith('"') else token for token in tokens))


def test_a_reply_in_the_form_fits() -> None:
    pattern = as_pattern(grammar("hidden", MENU))
    assert pattern.fullmatch("<scratchpad>The glue is dry;\nglue is cheap.</scratchpad><answer>REPAIR</answer>")


@pytest.mark.parametrize("word", ["KEEP", "repair", "REPAIR ", ""])
def test_a_word_off_the_menu_does_not_fit(word: str) -> None:
    assert not as_pattern(grammar("none", MENU)).fullmatch(f"<answer>{word}</answer>")


@pytest.mark.parametrize(("length", "fits"), [(23, False), (24, True), (240, True), (241, False)])
def test_the_scratchpad_has_a_least_and_a_greatest_length(length: int, fits: bool) -> None:
    assert SCRATCHPAD == (24, 240)
    reply = f"<scratchpad>{'x' * length}</scratchpad><answer>REPLACE</answer>"
    assert bool(as_pattern(grammar("hidden", MENU)).fullmatch(reply)) is fits


def test_a_scratchpad_cannot_hold_a_tag() -> None:
    reply = f"<scratchpad>{'x' * 30}<answer>REPAIR</answer></scratchpad><answer>REPLACE</answer>"
    assert not as_pattern(grammar("hidden", MENU)).fullmatch(reply)


@pytest.mark.parametrize(("channel", "menu"), [("native", MENU), ("hidden", ()), ("none", ())])
def test_no_form_is_forced_where_none_is_prescribed(channel: str, menu: tuple[str, ...]) -> None:
    assert grammar(channel, menu) == ""  # type: ignore[arg-type]


def test_a_staged_prompt_carries_the_grammar_of_its_channel() -> None:
    prompt = stage(load("repair-desk"), requests=1)[0]
    assert prompt.grammar == grammar("hidden", prompt.menu)


def capped(words: int) -> bool:
    """Whether a scratchpad of so many words fits under a cap of 7."""
    pad = " ".join(["word"] * words)
    root, rule = grammar("public", MENU, cap=7).strip().splitlines()
    assert root.startswith("root ::= pad")
    pattern = (
        rule.removeprefix("pad ::= ").replace('"<scratchpad>" ', "<scratchpad>").replace(' "</scratchpad>"', "")
    )
    return bool(
        re.fullmatch(
            pattern.replace(" (", "(").replace("] [", "][") + "</scratchpad>", f"<scratchpad>{pad}</scratchpad>"
        )
    )


@pytest.mark.parametrize(("words", "fits"), [(3, False), (4, True), (7, True), (8, False)])
def test_a_cap_bounds_the_words_of_the_scratchpad(words: int, fits: bool) -> None:
    assert capped(words) is fits


def test_a_cap_of_one_word_can_be_kept() -> None:
    assert "{0,0}" in grammar("hidden", MENU, cap=1)


def test_a_public_scratchpad_has_the_form_of_the_others() -> None:
    assert grammar("public", MENU) == grammar("hidden", MENU) == grammar("visible", MENU)
