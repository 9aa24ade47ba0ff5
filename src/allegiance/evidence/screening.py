"""Screening: a pattern or a classifier asked of every transcript."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

from allegiance.corpus.bulk import Engine, Local, Progress
from allegiance.errors import Refusal
from allegiance.evidence import bulk
from allegiance.evidence.bulk import BulkRater as BulkRater  # noqa: PLC0414  (to be had from here too)
from allegiance.evidence.keep import Keep
from allegiance.evidence.splits import is_split, turn_on
from allegiance.rating.labels import last
from allegiance.rating.patterns import PatternRater
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.records.scenario import Scenario


def menu_rater(scenario: Scenario) -> tuple[Question, PatternRater]:
    """Whether the answer serves the latest intent of a scenario: the question, and a rater that matches the menu.
    The model was asked to choose one word of the menu inside ``<answer>`` tags, so the
       label is exact by construction. A reply without such a word is left unrated.

       Raises:
           Refusal: The scenario has no menu, or its latest intent is not on it.
    """
    latest = scenario.intents[-1]
    serving = [choice.word for choice in scenario.menu if choice.serves == latest.name]
    others = [choice.word for choice in scenario.menu if choice.serves != latest.name]
    if not serving or not others:
        raise Refusal(
            f"the scenario {scenario.name!r} has no menu that sets the intent {latest.name!r} against another.",
            next="Ask a question of your own with --yes-pattern.",
        )
    question = Question(
        name=f"complies/{latest.name}",
        text=f"Does the answer do what {latest.principal} wants ({latest.name})?",
        criteria=(f"The answer given is {' or '.join(serving)}.",),
        intent=latest.name,
    )
    return question, PatternRater(
        name=f"menu/{scenario.name}", yes=_answered(serving), no=_answered(others), basis="exact by construction"
    )


def foresee(keep: Keep, scenario: Scenario) -> None:
    """Readies a study without transcripts for a run: splits it, and logs the question that the menu answers.

    A question that is in the log before the first transcript needs no half to confirm; see `splits.to_confirm`.
    """
    if keep.corpus.head().count or is_split(keep.log.entries()):
        return
    if scenario.menu:
        question = menu_rater(scenario)[0]
        keep.log.append("rubric", {"question": question.digest, "name": question.name})
    turn_on(keep)


def rate_all(
    keep: Keep, question: Question, rater: BulkRater, engine: Engine | None = None, progress: Progress | None = None
) -> dict[str, int]:
    """Labels every transcript that this rater has not labelled yet; by an engine, or in this process.

    What is rated is kept by segment until it is saved, so that a rating that was stopped goes on where it was.

    Returns:
        How many labels of each value there are now, and how many were new.
    """
    before = last(keep.labels.all(question.digest, rater.card.digest))
    made = chain.from_iterable(bulk.labels(keep.corpus, question, rater, engine or Local(), progress))
    labels = [label for label in made if label.transcript not in before]
    saved = keep.labels.save(question, rater.card, labels)
    now = Counter(label.value for label in (*before.values(), *labels))
    return {value: now[value] for value in (*question.answers, *UNDECIDED)} | {"new": saved}


def _answered(words: list[str]) -> str:
    return rf"<answer>\s*(?:{'|'.join(map(re.escape, words))})\s*</answer>\s*$"
