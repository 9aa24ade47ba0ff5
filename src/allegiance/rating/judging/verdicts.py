"""What a judge's reply says: read from its JSON alone, and unrated where it is not as it was asked for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Literal

from allegiance.rating.judging.asking import Outcome, Token
from allegiance.rating.judging.prompt import MOST_QUOTES, menu
from allegiance.records.question import Question
from allegiance.records.record import Record

Parse = Literal[
    "ok", "in a code block", "empty", "not JSON", "two of a key", "not the form", "another call", "off the menu",
    "refused", "filtered", "cut",
]  # fmt: skip
"""How a reply was read. Only the first two give a verdict."""
READ: tuple[Parse, ...] = ("ok", "in a code block")
LONGEST = 200_000
"""Characters of a reply that are read."""
_BLOCK = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_VERDICT = re.compile(r'"verdict"\s*:\s*"')


class Verdict(Record, frozen=True, kw_only=True):
    """What one reply says.

    Attributes:
        value: One of the question's answers, ``unsure``, or ``unrated`` if the reply is not as it was asked for.
        parse: How it was read.
        quotes: Words of the text that are said to decide.
        reason: Why, in the judge's words.
        chance: Probability that the judge gave to the question's first answer; None where the provider tells none.
    """

    value: str
    parse: Parse
    quotes: tuple[str, ...] = ()
    reason: str = ""
    chance: float | None = None


class _Twice(ValueError):
    """A JSON object has a key twice."""


def read(text: str, outcome: Outcome, question: Question, code: str, tokens: Sequence[Token] = ()) -> Verdict:
    """What a reply says.

    Nothing is looked for in prose: the whole reply is one JSON object of the form that was asked for, perhaps in a
    code block, with the code of its call, so that an object that was planted in the text and is repeated does not
    count. Answers are compared letter for letter.

    Args:
        text: The reply.
        outcome: How the call ended.
        question: What was asked.
        code: The code of the call.
        tokens: The reply's tokens, if they are known.
    """
    if outcome in ("refused", "filtered", "cut"):
        return Verdict(value="unrated", parse=outcome)
    body, block = text.strip(), False
    if found := _BLOCK.fullmatch(body):
        body, block = found[1].strip(), True
    told = _json(body)
    if isinstance(told, str):
        return Verdict(value="unrated", parse=told)
    parse = _form(told, question, code)
    if parse != "ok":
        return Verdict(value="unrated", parse=parse)
    quotes = told["quotes"]
    assert isinstance(quotes, list)
    return Verdict(
        value=str(told["verdict"]),
        parse="in a code block" if block else "ok",
        quotes=tuple(quotes[:MOST_QUOTES]),
        reason=str(told["reason"]),
        chance=chance(tokens, question),
    )


def chance(tokens: Sequence[Token], question: Question) -> float | None:
    """The probability of the question's first answer where the verdict begins, among the answers and ``unsure``.

    None where the tokens tell none of it: the alternatives that begin an answer, and only one, are counted.
    """
    text = "".join(token.text for token in tokens)
    places = list(_VERDICT.finditer(text))
    if not places:
        return None
    start, at = places[-1].end(), 0
    for token in tokens:
        if at <= start < at + len(token.text):
            return _share(token, token.text[: start - at], question)
        at += len(token.text)
    return None


def _share(token: Token, before: str, question: Question) -> float | None:
    words = menu(question)
    weights = dict.fromkeys(words, 0.0)
    for other, log in token.top.items():
        said = other.removeprefix(before).split('"')[0] if other.startswith(before) else ""
        found = [
            word
            for word in words
            if said and (word.startswith(said) if '"' not in other[len(before) :] else word == said)
        ]
        if len(found) == 1 and log <= 0:
            weights[found[0]] += math.exp(log)
    total = sum(weights.values())
    return weights[words[0]] / total if total > 0 else None


def _json(body: str) -> dict[str, object] | Parse:
    if not body:
        return "empty"
    if len(body) > LONGEST:
        return "not JSON"
    try:
        told = json.loads(body, object_pairs_hook=_once)
    except _Twice:
        return "two of a key"
    except (ValueError, RecursionError):
        return "not JSON"
    return told if isinstance(told, dict) else "not the form"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def _form(told: dict[str, object], question: Question, code: str) -> Parse:
    quotes = told.get("quotes")
    if set(told) != {"call", "reason", "quotes", "verdict"} or not isinstance(told["reason"], str):
        return "not the form"
    if not isinstance(quotes, list) or not all(isinstance(quote, str) for quote in quotes):
        return "not the form"
    if told["call"] != code:
        return "another call"
    return "ok" if told["verdict"] in menu(question) and isinstance(told["verdict"], str) else "off the menu"
