"""Scores of Inspect logs as labels."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

from allegiance.corpus.importers.found import Verdict
from allegiance.records.label import Value
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

_LETTERS: dict[str, Value] = {"C": "yes", "I": "no", "P": "unsure", "N": "unrated"}
_OLD_SCORER = "score"


def verdicts(sample: Mapping[str, object]) -> tuple[Verdict, ...]:
    """The scores of a sample, one label a scorer: question and rater are both named ``inspect/<scorer>``.

    C, true and 1 are ``yes``; I, false and 0 ``no``; P and other numbers ``unsure``; all else is ``unrated``.
    """
    return tuple(_verdict(name, value) for name, value in _scores(sample))


def _scores(sample: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    scores = sample.get("scores")
    if not isinstance(scores, Mapping):
        scores = {_OLD_SCORER: sample["score"]} if isinstance(sample.get("score"), Mapping) else {}
    for name, score in scores.items():
        if isinstance(score, Mapping) and "value" in score:
            yield str(name), score["value"]


def _verdict(scorer: str, raw: object) -> Verdict:
    name = f"inspect/{scorer}"
    question = Question(name=name, text=f"Does the scorer {scorer} give this sample full marks?")
    score = float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
    return Verdict(
        question=question,
        rater=RaterCard(name=name, kind="imported"),
        value=value(raw),
        score=score if score is not None and math.isfinite(score) else None,
        raw=said(raw),
    )


def value(raw: object) -> Value:
    """A score on our menu; see `verdicts`."""
    if isinstance(raw, str):
        return _LETTERS.get(raw, "unrated")
    if isinstance(raw, bool | int | float):
        return "yes" if raw == 1 else "no" if raw == 0 else "unsure" if math.isfinite(raw) else "unrated"
    return "unrated"


def said(raw: object) -> str:
    """Text as it is, anything else as JSON."""
    return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
