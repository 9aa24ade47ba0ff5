"""The questions that come with the package: `library/*.yaml`, in our own words, each beside its counterpart.

A file holds one or more questions about an act, and the question that asks only whether it is mentioned.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
from ruamel.yaml import YAML

from allegiance.errors import InputError, UnknownName
from allegiance.records.question import Question
from allegiance.records.record import Record

FORMAT = "allegiance-questions/1"


class QuestionFile(Record, frozen=True, kw_only=True):
    """What a file of questions says."""

    format: str
    questions: tuple[Question, ...]


def questions() -> tuple[str, ...]:
    """Names of the questions that come with the package, sorted."""
    return tuple(sorted(_shipped()))


def load_question(name: str) -> Question:
    """A question of the library, by name.

    Raises:
        UnknownName: There is none of this name.
    """
    known = _shipped()
    if name not in known:
        raise UnknownName("question", name, questions(), where="the question library")
    return known[name]


def counterpart(question: Question) -> Question | None:
    """The counterpart of a question in the library: the mention to an act, or the act to a mention."""
    return _shipped().get(question.pair)


def read_questions(text: str, where: str) -> tuple[Question, ...]:
    """The questions in YAML text; `where` names it in errors.

    Raises:
        InputError: The text is not of the form, or a question does not fit itself (see `faults`).
    """
    try:
        said = msgspec.convert(YAML(typ="safe", pure=True).load(text), QuestionFile)
    except (msgspec.ValidationError, ValueError) as error:
        raise InputError(f"this is not a file of questions: {error}.", where=where) from None
    if said.format != FORMAT:
        raise InputError(f"the format is {said.format!r}; this version reads {FORMAT!r}.", where=where)
    for question in said.questions:
        if found := faults(question):
            raise InputError(f"{question.name}: {found[0]}", where=where)
    return said.questions


def faults(question: Question) -> list[str]:
    """What does not fit within a question: examples and confusions with answers that it does not have."""
    strange = [each.answer for each in question.examples]
    strange += [answer for each in question.confusions for answer in (each.seems, each.right)]
    return [f"{answer!r} is none of its answers." for answer in strange if answer not in question.answers]


@cache
def _shipped() -> dict[str, Question]:
    folder = Path(str(files("allegiance.rating"))) / "library"
    paths = sorted(folder.glob("*.yaml"))
    found = [each for path in paths for each in read_questions(path.read_text("utf-8"), path.name)]
    return {question.name: question for question in found}
