"""Verbs that look: read, label. Each enters the log before anything is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import (
    find_question,
    json_option,
    open_study,
    question_option,
    reader_option,
    same_question,
    study_option,
    where_option,
)
from allegiance.cli.output import builtins, emit, note, visible
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.records.question import Question
    from allegiance.records.route import Reading
    from allegiance.records.transcript import Transcript

KEYS = {"y": "yes", "n": "no", "u": "unsure", "s": "unrated"}
"""What a key means while labelling; the words themselves are taken, too, and ``q`` leaves off."""


@click.command()
@click.argument("name", required=False)
@click.option("--draw", "drawn", type=int, help="Read from this draw; with --rank.")
@click.option("--search", "found", type=int, help="Read from this search; with --rank.")
@click.option("--rank", default=1, show_default=True, type=click.IntRange(1))
@click.option("--next", "listed", is_flag=True, help="Read the next unread one in list order, under --where.")
@where_option
@reader_option
@study_option
@json_option
def read(
    name: str | None,
    drawn: int | None,
    found: int | None,
    rank: int,
    listed: bool,
    where: str,
    reader: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Show a transcript. How you came to it is entered in the log first.

    \b
    Example:
      allegiance read --draw 1 --rank 4 --study care
      allegiance read 3f9a61c2d0 --study care
    """
    from allegiance.evidence.reading import supports

    if sum((name is not None, drawn is not None, found is not None, listed)) != 1:
        raise UsageError("say one of NAME, --draw, --search and --next.", where="read")
    keep = open_study(folder).keep
    reading = _open(keep, name, drawn, found, rank, where, reader)
    item = keep.corpus.get(reading.transcript)
    data = {"reading": builtins(reading), "supports": supports(reading.route), "transcript": builtins(item)}
    head = f"reading {reading.order}, {reading.route.__class__.__name__.lower()}: {supports(reading.route)}"
    emit(as_json, data, f"{head}\n{shown(item, reading.transcript)}")


@click.command()
@click.argument("name", required=False)
@click.option("--draw", "drawn", type=int, help="Label what this draw drew, rank by rank, asking for each.")
@click.option("--value", help="yes, no, unsure or unrated, for one transcript.")
@click.option("--text", default="", help="The question in a sentence, if it is new.")
@click.option("--note", "remark", default="", help="A remark.")
@question_option
@reader_option
@study_option
@json_option
def label(
    name: str | None,
    drawn: int | None,
    value: str | None,
    text: str,
    remark: str,
    asked: str | None,
    reader: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Answer a question about transcripts as a person.

    An answer to the same transcript again is kept as a revision; the last one counts.

    \b
    Example:
      allegiance label --draw 1 --question doubts --text "Does the model doubt the set-up?" --study care
      allegiance label 3f9a61c2d0 --question doubts --value no --study care
    """
    from allegiance.rating.labels import check_value

    if (name is None) == (drawn is None) or (name is not None and value is None):
        raise UsageError("say NAME with --value, or --draw.", where="label")
    keep = open_study(folder).keep
    question = _question(keep, asked, text)
    given = check_value(value, question) if value is not None else None
    if name is not None and given is not None:
        saved = _save(keep, question, reader, keep.corpus.resolve(name), given, remark)
        return emit(as_json, builtins(saved), f"{question.name}: {given}")
    done = _label_draw(keep, question, reader, drawn or 0)
    return emit(as_json, {"question": question.name, "labelled": done}, f"{done} labelled")


def shown(item: Transcript, name: str) -> str:
    """A transcript as text: a header, then each message under its role, with its reasoning apart."""
    head = [f"transcript {name}", f"model {item.model or 'unknown'}  {item.condition.name}  {item.status}"]
    body = []
    for message in item.messages:
        for part in message.parts:
            words = "(redacted)" if part.redacted else part.text
            body.append(
                f"[{message.role}{'' if part.kind == 'text' else ' ' + part.kind}]\n{words or dict(part.data)}\n"
            )
    return "\n".join([*head, "", *body])


def _open(
    keep: Keep, name: str | None, drawn: int | None, found: int | None, rank: int, where: str, reader: str
) -> Reading:
    from allegiance.evidence import reading

    if drawn is not None:
        return reading.read_drawn(keep, keep.find_draw(drawn), rank, reader)
    if found is not None:
        return reading.read_hit(keep, found, rank, reader)
    if name is not None:
        return reading.read_linked(keep, keep.corpus.resolve(name), reader)
    return reading.read_next(keep, where, reader)


def _question(keep: Keep, asked: str | None, text: str) -> Question:
    from allegiance.records.question import Question

    if asked and text:
        return same_question(keep, Question(name=asked, text=text))
    return find_question(keep, asked)


def _save(keep: Keep, question: Question, reader: str, name: str, value: str, remark: str) -> object:
    from allegiance.rating.labels import check_value
    from allegiance.rating.people import person
    from allegiance.records.label import Label

    card = person(reader)
    made = Label(
        transcript=name,
        question=question.digest,
        rater=card.digest,
        value=check_value(value, question),
        note=remark,
    )
    revised = keep.labels.revise(made)
    keep.labels.save(question, card, [revised])
    return revised


def _label_draw(keep: Keep, question: Question, reader: str, number: int) -> int:
    from allegiance.evidence.reading import read_drawn
    from allegiance.rating.people import person

    made, done = keep.find_draw(number), 0
    announced = keep.announced(made)
    before = {x.transcript for x in keep.labels.all(question.digest, person(reader).digest, since=announced)}
    for rank, name in enumerate(made.items, 1):
        if name in before:
            continue
        read_drawn(keep, made, rank, reader)
        click.echo(visible(f"{rank} of {len(made.items)}\n{shown(keep.corpus.get(name), name)}"), err=True)
        choice = click.Choice([*KEYS, *KEYS.values(), "q"])
        key = click.prompt(
            f"{question.text} [y/n/u(nsure)/s(kip)/q(uit)]", type=choice, show_choices=False, err=True
        )
        if key == "q":
            note(f"{done} labelled; the same command goes on from here.")
            return done
        _save(keep, question, reader, name, KEYS.get(key, key), "")
        done += 1
    note(f"draw {number} is labelled.")
    return done


VERBS = (read, label)
