"""Options that several verbs share, and what they open."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from allegiance.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.terms import Terms
    from allegiance.records.question import Question
    from allegiance.records.rater import RaterCard
    from allegiance.study import Study

F = TypeVar("F", bound=Callable[..., object])

ENVIRONMENT = (
    "ALLEGIANCE_STUDY", "ALLEGIANCE_CACHE", "ALLEGIANCE_READER", "ALLEGIANCE_ENGINE", "ALLEGIANCE_TEST_DATA",
)  # fmt: skip
"""Environment variables that mean something to us."""


def study_option(verb: F) -> F:
    """``--study DIR``."""
    return click.option(
        "--study",
        "folder",
        type=click.Path(path_type=Path),
        envvar="ALLEGIANCE_STUDY",
        default=Path(),
        show_default="the current directory",
        help="Directory of the study.",
    )(verb)


def json_option(verb: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(verb)


def where_option(verb: F) -> F:
    """``--where FILTER``."""
    return click.option("--where", default="", metavar="FILTER", help="Which transcripts: 'model=M tier=a|b'.")(
        verb
    )


def question_option(verb: F) -> F:
    """``--question NAME``."""
    return click.option("--question", "asked", metavar="NAME", help="Name of the question.")(verb)


def reader_option(verb: F) -> F:
    """``--reader NAME``."""
    return click.option(
        "--reader", envvar="ALLEGIANCE_READER", default=_user, show_default="your login", help="Who reads."
    )(verb)


def open_study(folder: Path) -> Study:
    """The study that the options name; complains of environment variables that look like ours and are not."""
    from allegiance.study import Study

    for name in os.environ:
        if name.startswith("ALLEGIANCE_") and name not in ENVIRONMENT:
            raise UnknownName("environment variable", name, ENVIRONMENT)
    return Study(folder)


def find_question(keep: Keep, name: str | None) -> Question:
    """The question with this name, in the study or else in the library; without a name, the only one of the study.

    Raises:
        UsageError: There is none, or there are several.
    """
    known = keep.labels.questions()
    found = [question for question in known if name in {None, question.name, question.digest}]
    if len(found) == 1:
        return found[0]
    if name is not None and not found and (shipped := _of_library(name)):
        return shipped
    if not known:
        raise UsageError("no question has been answered in this study.", next="Rate first: allegiance rate")
    names = sorted({question.name for question in known})
    if name is None:
        raise UsageError("there are several questions.", next=f"Choose one with --question: {', '.join(names)}")
    if found:
        digests = ", ".join(question.digest for question in found)
        raise UsageError(f"there are {len(found)} versions of {name!r}.", next=f"Choose one by digest: {digests}")
    raise UnknownName("question", name, names)


def _of_library(name: str) -> Question | None:
    from allegiance.rating.questions import load_question, questions

    return load_question(name) if name in questions() else None


def asked_question(keep: Keep, name: str, text: str = "") -> Question:
    """The question that a pattern is to answer: in the words given; else the study's or the library's of this name.

    One of the library that is not answered by yes and no is left alone, for a pattern says yes or no.

    Raises:
        UsageError: The study asks another one under its name, or several.
    """
    from allegiance.records.question import Question

    names = {known.name for known in keep.labels.questions()}
    shipped = _of_library(name)
    if not text and (name in names or (shipped and "yes" in shipped.answers)):
        return find_question(keep, name)
    return same_question(keep, Question(name=name, text=text or f"{name}?"))


def same_question(keep: Keep, question: Question) -> Question:
    """The question, unless this study asks another one under its name.

    Raises:
        UsageError: It does.
    """
    for known in keep.labels.questions():
        if known.name == question.name and known.digest != question.digest:
            raise UsageError(
                f"the question {question.name!r} is asked here in other words: {known.text}",
                next="Leave --text out, or give the question another name.",
            )
    return question


def uncorrected(keep: Keep, terms: Terms) -> str:
    """What a claimed rate lacks that is a rater's own, on a line of its own; empty if it lacks nothing."""
    from allegiance.evidence.terms import RATES
    from allegiance.evidence.uncorrected import remark

    told = remark(keep, terms.question, terms.raters[0]) if terms.kind in RATES else ""
    return f"\n{told}" if told else ""


def find_raters(keep: Keep, question: Question, name: str | None) -> tuple[RaterCard, ...]:
    """The rater with this name and its other rules (named ``NAME/RULE``); without a name, the only one.

    Raises:
        UsageError: There is none, or there are several.
    """
    known = keep.labels.raters(question.digest)
    names = {card.name for card in known}
    bases = [card for card in known if not _is_rule(card.name, names)]
    found = [card for card in known if name in {card.name, card.digest}] if name else bases
    if len(found) == 1:
        return (found[0], *(card for card in known if card.name.startswith(f"{found[0].name}/")))
    if found:
        menu = ", ".join(card.name for card in found)
        raise UsageError(f"several raters answered {question.name!r}.", next=f"Choose one with --rater: {menu}")
    raise UnknownName("rater", name or "", sorted(names))


def _is_rule(name: str, names: set[str]) -> bool:
    return any(name != base and name.startswith(f"{base}/") for base in names)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reader"


def percent(text: str) -> float:
    """A share from ``1%``, ``0.5pt`` or ``0.01``.

    Raises:
        UsageError: It is none of these, or not between 0 and 1.
    """
    body = text.strip().removesuffix("%").removesuffix("points").removesuffix("pt").strip()
    try:
        share = float(body) / (1 if body == text.strip() else 100)
    except ValueError:
        raise UsageError(f"{text!r} is not a share.", next="Write it like 1% or 0.01.") from None
    if not 0 < share < 1:
        raise UsageError(f"{text!r} is not between 0 and 1.", next="Write it like 1% or 0.01.")
    return share
