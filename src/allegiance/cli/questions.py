"""The verb that shows the question library: questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import json_option
from allegiance.cli.output import builtins, emit, table

if TYPE_CHECKING:
    from allegiance.records.question import Question


@click.command()
@click.argument("name", required=False)
@json_option
def questions(name: str | None, as_json: bool) -> None:
    """List the questions that come with the package, or show one: criteria, examples, known confusions.

    Wherever a verb takes --question NAME, these can be named too.

    \b
    Example:
      allegiance questions
      allegiance questions doubts-the-set-up
    """
    from allegiance.rating.questions import load_question
    from allegiance.rating.questions import questions as names

    if name is not None:
        one = load_question(name)
        return emit(as_json, builtins(one), "\n".join(_text(one)))
    known = [load_question(each) for each in names()]
    rows = [(one.name, "does" if one.act else "mentions", one.text) for one in known]
    return emit(as_json, builtins(known), table(rows, ("question", "asks what it", "text")))


def _text(one: Question) -> Iterator[str]:
    yield f"{one.name}: {one.text}"
    yield f"asks what the model {'does' if one.act else 'mentions'}; its counterpart is {one.pair}"
    yield f"answers: {', '.join(one.answers)}; beside them unsure and unrated"
    if one.source:
        yield f"source: {one.source}"
    yield "\ncriteria:"
    yield from (f"- {each}" for each in one.criteria)
    yield "\nexamples (invented):"
    yield from (f"- {each.answer}: {each.text}\n  {each.why}" for each in one.examples)
    if one.confusions:
        yield "\nknown confusions:"
        yield from (f"- {each.name}: {each.what} Seems {each.seems}, is {each.right}." for each in one.confusions)


VERBS = (questions,)
