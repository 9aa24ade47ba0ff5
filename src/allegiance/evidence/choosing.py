"""Files that say how questions are answered by patterns: one expression for each answer.

::

    format: allegiance-choices/1
    rater: forms                      # name of the rater
    scenario: repair-desk             # where a standing is asked: a name of the library, or a path beside this file
    field: answer                     # or reasoning, messages
    basis: as rated                   # or exact by construction
    questions:
      - standing: always-new          # an intent of the scenario; answers as in docs/standing.md
        patterns: {serves: '(?i)\\bnew one\\b', refuses: '(?i)\\bI will not\\b'}
      - motive: role-play
        patterns: {yes: '(?i)\\bin character\\b'}
        otherwise: no
      - question: tone                # a question of your own; its answers are those with an expression
        text: Which tone has it?
        patterns: {warm: '(?i)\\bglad\\b', cool: '(?i)\\bas stated\\b'}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from allegiance.errors import AllegianceError, InputError, UsageError
from allegiance.rating.choices import ChoiceRater
from allegiance.rating.patterns import Field
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.records.rater import Basis
from allegiance.records.record import Record
from allegiance.records.standing import motive_question, standing_question
from allegiance.scenarios import load
from allegiance.scenarios.nodes import MAX_BYTES, read

FORMAT = "allegiance-choices/1"


class Choosing(Record, frozen=True, kw_only=True):
    """One question of a file, and the expression for each answer. One of `standing`, `motive`, `question` is given.

    Attributes:
        standing: Name of an intent of the scenario.
        motive: A motive.
        question: Name of a question of one's own.
        text: That question, in a sentence.
        patterns: Answer → RE2 expression.
        otherwise: The answer where nothing matches.
    """

    standing: str = ""
    motive: str = ""
    question: str = ""
    text: str = ""
    patterns: Mapping[str, str]
    otherwise: str = "unsure"


class ChoicesFile(Record, frozen=True, kw_only=True):
    """What such a file says; see the module."""

    format: str
    rater: str
    scenario: str = ""
    field: Field = "answer"
    basis: Basis = "as rated"
    questions: tuple[Choosing, ...]


def read_choices(path: Path) -> list[tuple[Question, ChoiceRater]]:
    """The questions of a file, each with the rater that answers it.

    Raises:
        InputError: The file cannot be read, or is not of this form. Nothing was rated.
        UsageError: It asks for an intent, motive or answer that there is not, or an expression is not RE2.
    """
    said = _typed(path)
    made = []
    for index, one in enumerate(said.questions, 1):
        try:
            rater = ChoiceRater(name=said.rater, patterns=one.patterns, field=said.field, otherwise=one.otherwise,
                                basis=said.basis)  # fmt: skip
            question = _question(one, said.scenario, path.parent)
            rater.check(question)
            made.append((question, rater))
        except AllegianceError as error:
            place = f"{path}, question {index}"
            raise UsageError(error.what, where=place, next=error.next) from None
    names = [question.name for question, _ in made]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"the question {twice!r} is here twice.", where=str(path), next="Keep one of the two.")
    return made


def _typed(path: Path) -> ChoicesFile:
    advice = "See docs/standing.md for the form of such a file."
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise InputError(f"the file is larger than {MAX_BYTES} bytes.", where=str(path), next=advice)
        said = msgspec.convert(read(data.decode(), str(path)).value, ChoicesFile)
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"the file cannot be read: {what}.", where=str(path), next=advice) from None
    except msgspec.ValidationError as error:
        raise InputError(f"the file does not have the form of choices: {error}.", where=str(path),
                         next=advice) from None  # fmt: skip
    if said.format != FORMAT:
        what = f"the format is {said.format!r}; this version reads {FORMAT!r}."
        raise InputError(what, where=str(path), next=advice)
    if not said.rater or not said.questions:
        raise InputError("the file names no rater, or asks no question.", where=str(path), next=advice)
    return said


def _question(one: Choosing, scenario: str, beside: Path) -> Question:
    if sum(map(bool, (one.standing, one.motive, one.question))) != 1:
        raise UsageError("a question is either a standing, a motive or one of your own.",
                         next="Say one of standing, motive and question.")  # fmt: skip
    if one.motive:
        return motive_question(one.motive)
    if one.standing:
        if not scenario:
            raise UsageError("a standing is to an intent of a scenario, and none is named.",
                             next="Say scenario: NAME in the file.")  # fmt: skip
        path = beside / scenario if scenario.endswith((".yaml", ".yml")) else scenario
        return standing_question(load(path), one.standing)
    answers = dict.fromkeys((*one.patterns, one.otherwise))
    return Question(name=one.question, text=one.text or f"{one.question}?",
                    answers=tuple(answer for answer in answers if answer not in UNDECIDED))  # fmt: skip
