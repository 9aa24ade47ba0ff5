"""Verbs that hold a rater against trusted labels, and train a classifier on them: rater check, rater train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import (
    find_question,
    find_raters,
    json_option,
    open_study,
    question_option,
    study_option,
)
from allegiance.cli.output import builtins, emit, note, table
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.checking import Check, Part
    from allegiance.evidence.figures import Figure
    from allegiance.evidence.keep import Keep
    from allegiance.records.draw import Draw
    from allegiance.records.encoder import Encoder
    from allegiance.records.question import Question
    from allegiance.records.rater import RaterCard

ENCODERS = ("words", "sentences")


@click.command("check")
@click.argument("name", metavar="RATER")
@click.option("--against", required=True, metavar="RATER", help="Whose labels count as right.")
@question_option
@click.option("--draw", "number", type=int, help="The draw that the trusted rater labelled; else the newest such.")
@click.option("--where", default="", metavar="FILTER", help="A part of the population: 'model=M tier=a|b'.")
@click.option("--by", default="", metavar="FIELD,FIELD", help="Show the figures apart for these: tier,model.")
@click.option("--baselines", is_flag=True, help="Check a refusal pattern and kept classifiers beside it.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Write the calibration curve as SVG.")
@click.option("--alpha", default=0.05, show_default=True, type=click.FloatRange(0.0001, 0.5))
@study_option
@json_option
def rater_check(
    name: str, against: str, asked: str | None, number: int | None, where: str, by: str, baselines: bool,
    plot: Path | None, alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Check a rater against trusted labels from a draw: how often it is right, and how far they agree.

    Each interval follows from the design of the draw and holds for its figure alone. The look is logged.

    \b
    Example:
      allegiance rater check judge --against ab --question complies --draw 2 --by tier,model --study care
    """
    from allegiance.evidence.checking import WHAT, check, find_base

    keep = open_study(folder).keep
    question = find_question(keep, asked)
    trusted = find_raters(keep, question, against)[0]
    draw = keep.find_draw(number) if number else find_base(keep, question, trusted)
    card = find_raters(keep, question, name)[0]
    options = {"draw": draw, "where": where, "alpha": alpha}
    made = [check(keep, question, card, trusted, by=listed(by), **options)]  # type: ignore[arg-type]
    if baselines:
        made += _baselines(keep, question, card, trusted, draw, where, alpha)
    if plot is not None:
        _plot(plot, made)
    text = "\n\n".join("\n".join(_text(one)) for one in made)
    emit(as_json, {"about": WHAT, "claim": False, "checks": builtins(made)}, f"{WHAT}\n\n{text}")


@click.command("train")
@question_option
@click.option("--from", "source", required=True, metavar="RATER", help="Whose labels it learns from.")
@click.option("--draw", "number", type=int, help="Only labels of this draw.")
@click.option("--encoder", type=click.Choice(ENCODERS), default="words", show_default=True)
@click.option(
    "--field", type=click.Choice(["answer", "reasoning", "messages"]), default="answer", show_default=True
)
@click.option("--name", metavar="NAME", help="Name of the rater; made from the question if none is given.")
@click.option("--seed", default=0, show_default=True, help="Of the assignment of requests to folds.")
@study_option
@json_option
def rater_train(
    asked: str | None, source: str, number: int | None, encoder: str, field: str, name: str | None, seed: int,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Train a classifier on labels, and keep it in the study; then let it rate with: rate --classifier NAME.

    Each label that it is trained on is later answered by a model that did not see it, so that the same labels can
    also check it.

    \b
    Example:
      allegiance rater train --question complies --from ab --study care
      allegiance rate --classifier classifier/complies --study care
    """
    from allegiance.evidence.classifying import keep_model, train_on
    from allegiance.rating.classifier import card_of
    from allegiance.rating.patterns import find_field

    study = open_study(folder)
    question = find_question(study.keep, asked)
    by = find_raters(study.keep, question, source)[0]
    made = train_on(
        study.keep,
        question,
        by,
        find_encoder(encoder),
        name=name or f"classifier/{question.name}",
        draw=study.keep.find_draw(number) if number else None,
        field=find_field(field),
        seed=seed,
    )
    path = keep_model(study.folder, made)
    data = {"rater": made.name, "question": question.name, "labels": made.labels, "by": by.name,
            "encoder": made.encoder, "file": str(path), "card": card_of(made).digest}  # fmt: skip
    said = f"{made.name}: trained on {made.labels} labels of {by.name} with {made.encoder}; kept as {path.name}"
    emit(as_json, data, f"{said}\nlet it rate with: allegiance rate --classifier {made.name}")


def find_encoder(name: str) -> Encoder:
    """An encoder by the word of the command line, or by the name that it has itself.

    Raises:
        UsageError: The sentence encoder's weights are not in the cache.
        MissingExtra: What it needs is not installed.
    """
    from allegiance.corpus.vectors.sentence import installed
    from allegiance.corpus.vectors.static import StaticEncoder

    if name == "words" or name.startswith("wordllama"):
        return StaticEncoder()
    found = installed()
    if found is None:
        raise UsageError("the sentence encoder is not there.", where=name, next="Use --encoder words.")
    return found


def listed(text: str) -> tuple[str, ...]:
    """The parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def figure(found: Figure) -> tuple[str, str, str, int]:
    """A figure as cells of a table: its name, the value, the interval, and how many labels it rests on."""
    value = "-" if found.value is None else f"{found.value:.3f}"
    return found.name, value, f"{found.low:.3f} to {found.high:.3f}", found.n


def _baselines(
    keep: Keep, question: Question, card: RaterCard, trusted: RaterCard, draw: Draw | None, where: str, alpha: float
) -> list[Check]:
    """The refusal pattern on the same draw, and each kept classifier that has rated it."""
    from allegiance.evidence.checking import check
    from allegiance.rating.baselines import refusal_rater
    from allegiance.rating.labels import last

    pattern = refusal_rater(question)
    given = last(pattern.labels(keep.corpus.table(pattern.columns()), question))
    made = [check(keep, question, pattern.card, trusted, draw=draw, where=where, alpha=alpha, given=given)]
    others = [one for one in keep.labels.raters(question.digest) if one.kind == "classifier"]
    for one in others:
        if one.digest != card.digest:
            made.append(check(keep, question, one, trusted, draw=draw, where=where, alpha=alpha))
    if not others:
        note(
            f"no classifier has rated here: allegiance rater train --question {question.name} --from "
            f"{trusted.name}; allegiance rate --classifier classifier/{question.name}"
        )
    return made


def _plot(path: Path, made: Sequence[Check]) -> None:
    from allegiance.report.calibration import calibration_plot

    curves = [(one.rater, one.parts[0].calibration) for one in made if one.parts[0].calibration]
    if not curves:
        raise UsageError("the rater gives no scores, so there is no calibration curve.", where="--plot")
    path.write_text(calibration_plot(curves), encoding="utf-8")
    note(f"calibration curve in {path}")


def _text(found: Check) -> Iterator[str]:
    where = f"draw {found.draw}, {found.design}" if found.draw else found.design
    yield f"== {found.rater} ({found.kind}) against {found.trusted}: {found.question}; {where}"
    yield from (f"! {said}" for said in found.warnings)
    for part in found.parts:
        yield from _part(part, found)


def _part(part: Part, found: Check) -> Iterator[str]:
    name = " ".join(f"{key}={value}" for key, value in part.levels.items()) or "all"
    open_ = f", {part.undecided} of them not decided" if part.undecided else ""
    left = f"; {found.rater} left {part.unanswered} open" if part.unanswered else ""
    yield f"\n{name}: {part.read} of {part.transcripts} read by {found.trusted}{open_}{left}"
    yield from (f"! {said}" for said in part.warnings)
    head = (f"at {100 * (1 - found.alpha):g} % each", "value", "interval", "labels")
    rows = [figure(each) for each in part.agreement]
    for answer in part.answers:
        rows += [(f"'{answer.answer}': {cells[0]}", *cells[1:]) for cells in map(figure, answer.all)]
    yield "\n" + table(rows, head)
    yield "\n" + table([(c.trusted, c.rater, c.n) for c in part.table], (found.trusted, found.rater, "n"))
    mistakes = [(figure(m.share)[0], m.seen, *figure(m.share)[1:3], ", ".join(m.names)) for m in part.confusions]
    if mistakes:
        yield "\n" + table(mistakes, ("confusion", "seen", "share", "interval", "known as"))
    bins = [
        (f"{b.low:g} to {b.high:g}", b.transcripts, f"{b.score:.2f}", *figure(b.share)[1:])
        for b in part.calibration
    ]
    if bins:
        yield "\n" + table(bins, ("score", "transcripts", "mean score", "called yes", "interval", "labels"))
