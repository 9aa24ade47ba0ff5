"""Verbs for people who answer: label, adjudicate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.looking import shown
from allegiance.cli.options import (
    find_question,
    json_option,
    open_study,
    question_option,
    reader_option,
    same_question,
    study_option,
)
from allegiance.cli.output import builtins, emit, note, table, visible
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.adjudication import Disputed, Panel
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.labelling import Desk
    from allegiance.records.question import Question

KEYS = {"y": "yes", "n": "no", "u": "unsure", "x": "unrated"}
"""What a letter means where lines are read instead of keys; the answers themselves are taken, too."""


@click.command()
@click.argument("name", required=False)
@click.option("--draw", "drawn", type=int, help="Label what this draw drew, rank by rank, asking for each.")
@click.option("--value", help="An answer of the question, unsure or unrated, for one transcript.")
@click.option("--text", default="", help="The question in a sentence, if it is new.")
@click.option("--note", "remark", default="", help="A remark.")
@click.option("--blind", is_flag=True, help="Hide model, condition and prompts; each label says that it was so.")
@click.option(
    "--progress", "only", is_flag=True, help="Say how far everybody has come with --draw, and open nothing."
)
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
    blind: bool,
    only: bool,
    asked: str | None,
    reader: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Answer a question about transcripts as a person.

    With --draw, one key is one answer; ? shows the keys. Each answer is saved at once: leaving, or being stopped,
    loses none, and the same command goes on. Answers of others are never shown. A second answer to the same
    transcript is kept as a revision; the last one counts.

    \b
    Example:
      allegiance label --draw 1 --question doubts --text "Does the model doubt the set-up?" --study care
      allegiance label --draw 1 --question doubts --blind --reader ann --study care
      allegiance label 3f9a61c2d0 --question doubts --value no --study care
    """
    if (name is None) == (drawn is None) or (name is not None and value is None):
        raise UsageError("say NAME with --value, or --draw.", where="label")
    keep = open_study(folder).keep
    question = _question(keep, asked, text)
    if name is not None and value is not None:
        saved = _save(keep, question, reader, keep.corpus.resolve(name), value, remark)
        return emit(as_json, builtins(saved), f"{question.name}: {value}")
    if only:
        return _progress(keep, question, drawn or 0, as_json=as_json)
    return _sit(keep, question, reader, drawn or 0, blind=blind, as_json=as_json)


@click.command()
@click.option("--draw", "drawn", type=int, required=True, help="The draw that they labelled.")
@click.option("--readers", required=True, help="Who answered, with commas between.")
@click.option("--value", help="Decide one item, with --rank, instead of being asked for each.")
@click.option("--rank", type=click.IntRange(1), help="Which item --value decides.")
@question_option
@reader_option
@study_option
@json_option
def adjudicate(
    drawn: int,
    readers: str,
    value: str | None,
    rank: int | None,
    asked: str | None,
    reader: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Decide where people answered differently. What is agreed or decided becomes the labels of one rater.

    That rater is trusted, and its card names all of you; nobody's own answers change. Run it again when more is
    labelled.

    \b
    Example:
      allegiance adjudicate --draw 1 --question doubts --readers ann,ben --reader cy --study care
      allegiance claim rate --draw 1 --question doubts --rater ann+ben/cy --study care
    """
    from allegiance.evidence.adjudication import Panel

    if (value is None) != (rank is None):
        raise UsageError("--value and --rank go together.", where="adjudicate")
    keep = open_study(folder).keep
    question = find_question(keep, asked)
    seats = Panel.of(keep, question, tuple(filter(None, map(str.strip, readers.split(",")))), reader, drawn)
    if value is not None and rank is not None:
        _decide(seats, rank, value)
    elif not as_json:
        _decide_all(seats)
    settled = seats.settle()
    left = [item for item in seats.disputed() if not item.decided]
    data = {
        "rater": seats.card.name, "settled": settled, "of": len(seats.draw.items), "missing": seats.missing(),
        "disputed": [_told(item) for item in seats.disputed()],
    }  # fmt: skip
    lacking = ", ".join(f"{who} lacks {n}" for who, n in seats.missing().items() if n)
    lines = [
        f"{settled} of {len(seats.draw.items)} settled as rater {seats.card.name}; {len(left)} wait for you",
        *([f"not answered by all: {lacking}"] if lacking else []),
    ]
    return emit(as_json, data, "\n".join(lines))


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


def _progress(keep: Keep, question: Question, number: int, *, as_json: bool) -> None:
    """Says how far every person who has answered has come with a draw."""
    from allegiance.evidence.labelling import Desk, standing

    people = [card for card in keep.labels.raters(question.digest) if card.kind == "person" and not card.settings]
    found = [standing(Desk.of(keep, question, card.name, number)) for card in people]
    rows = [(one.reader, one.answered, one.of, *one.values.values()) for one in found]
    head = ("reader", "answered", "of", *question.answers, "unsure", "unrated")
    emit(as_json, [builtins(one) for one in found], table(rows, head))


def _sit(keep: Keep, question: Question, reader: str, number: int, *, blind: bool, as_json: bool) -> None:
    from allegiance.cli.desk import run, summary
    from allegiance.evidence.labelling import Desk, standing

    desk = Desk.of(keep, question, reader, number, blind=blind)
    done = run(desk) if sys.stdin.isatty() and sys.stdout.isatty() else _by_lines(desk)
    left = len(desk.open())
    note(f"{done} labelled; the same command goes on from here." if left else f"draw {number} is labelled.")
    data = {"question": question.name, "labelled": done, "standing": builtins(standing(desk))}
    emit(as_json, data, f"{done} labelled\n{summary(desk)}")


def _by_lines(desk: Desk) -> int:
    """Asks for each item by a line, where there is no terminal; how many were answered."""
    done, queue = 0, desk.open()
    while queue:
        rank = queue.pop(0)
        _, item = desk.show(rank)
        body = shown(item, desk.draw.items[rank - 1], replies_only=desk.blind)
        click.echo(visible(f"{rank} of {len(desk.draw.items)}\n{body}"), err=True)
        key = _key(desk.question)
        if key == "q":
            return done
        if key == "s":
            queue.append(rank)
            continue
        desk.answer(rank, key)
        done += 1
    return done


def _key(question: Question) -> str:
    """A line that is an answer, ``s`` to skip or ``q`` to leave."""
    numbers = {str(number): value for number, value in enumerate(question.answers, 1)}
    letters = {key: value for key, value in KEYS.items() if value in (*question.answers, "unsure", "unrated")}
    menu = {**numbers, **letters, **{value: value for value in (*question.answers, "unsure", "unrated")}}
    asked = f"{question.text} [{'/'.join(question.answers)}, u(nsure), x (unrated), s(kip), q(uit)]"
    given = click.prompt(asked, type=click.Choice([*menu, "s", "q"]), show_choices=False, err=True)
    return menu.get(given, str(given))


def _decide(seats: Panel, rank: int, value: str) -> None:
    if rank not in {item.rank for item in seats.disputed()}:
        raise UsageError(f"rank {rank} is not disputed.", next="List what is: allegiance adjudicate --json …")
    seats.judge.show(rank)
    seats.judge.answer(rank, value)


def _decide_all(seats: Panel) -> None:
    """Asks about each disputed item that is not decided, with the answers and notes of all."""
    question = seats.judge.question
    for item in [item for item in seats.disputed() if not item.decided]:
        _, transcript = seats.judge.show(item.rank)
        click.echo(visible(f"rank {item.rank}\n{shown(transcript, item.name)}"), err=True)
        for reader, given in sorted(item.answers.items()):
            quotes = "".join(f"\n    “{span.text}”" for span in given.spans)
            note(f"  {reader}: {given.value}{' - ' + given.note if given.note else ''}{quotes}")
        key = _key(question)
        if key == "q":
            return
        if key != "s":
            seats.judge.answer(item.rank, key)


def _told(item: Disputed) -> dict[str, object]:
    answers = {reader: given.value for reader, given in item.answers.items()}
    return {"rank": item.rank, "transcript": item.name, "answers": answers, "decided": item.decided}


VERBS = (label, adjudicate)
