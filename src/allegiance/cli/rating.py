"""The verb that lets a pattern or a classifier rate: rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.engines import engine_option, find_engine
from allegiance.cli.options import asked_question, json_option, open_study, same_question, study_option
from allegiance.cli.output import emit, fields, progress
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.corpus.bulk import Engine
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.screening import BulkRater
    from allegiance.records.question import Question
    from allegiance.study import Study

    Rating = tuple[Question, BulkRater]


@click.command()
@click.option("--scenario", "world", help="Match the answer against the menu of this scenario.")
@click.option("--question", "asked", help="Name of the question, for a pattern of your own.")
@click.option("--text", default="", help="The question in a sentence; not needed for a question of the library.")
@click.option("--yes-pattern", help="Regular expression (RE2); a match means yes.")
@click.option(
    "--no-pattern", default="", help="Regular expression; a match means no. Without one, no match means no."
)
@click.option(
    "--field", type=click.Choice(["answer", "reasoning", "messages"]), default="answer", show_default=True
)
@click.option("--rater", help="Name of the rater; made from the question if none is given.")
@click.option("--choices", type=click.Path(path_type=Path), help="File with a pattern for each answer.")
@click.option("--classifier", metavar="NAME", help="A classifier of the study; see: allegiance rater train")
@engine_option
@study_option
@json_option
def rate(
    world: str | None,
    asked: str | None,
    text: str,
    yes_pattern: str | None,
    no_pattern: str,
    field: str,
    rater: str | None,
    choices: Path | None,
    classifier: str | None,
    engine: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Ask a question of every transcript with a pattern; with --choices, several, with a pattern for each answer.

    \b
    Example:
      allegiance rate --scenario repair-desk --study repair
      allegiance rate --question apologises --yes-pattern '(?i)\\bsorry\\b' --study care
      allegiance rate --choices standings.yaml --study care
      allegiance rate --classifier classifier/complies --study care
      allegiance rate --scenario repair-desk --engine ray://10.0.0.1:6379 --study repair
    """
    study = open_study(folder)
    if choices is not None:
        if world or asked or yes_pattern or rater or classifier:
            raise UsageError("a file of choices says questions and rater itself.", where="--choices")
        made = _of_file(choices)
    elif classifier:
        if world or yes_pattern or rater:
            raise UsageError("a classifier has its name and its question.", where="--classifier")
        made = [_trained(study, classifier)]
    elif world:
        made = [_of_menu(world)]
    elif asked and yes_pattern:
        made = [_pattern(study, asked, text, (yes_pattern, no_pattern), field, rater)]
    else:
        raise UsageError("say --scenario, --classifier, or --question with --yes-pattern.", where="rate")
    _one_each(study.keep, made)
    by_engine = find_engine(engine)
    told = [_rated(study.keep, question, by, by_engine) for question, by in made]
    emit(as_json, told if choices is not None else told[0], "\n\n".join(map(_text, told)))


def _of_file(path: Path) -> list[Rating]:
    from allegiance.evidence.choosing import read_choices

    return list(read_choices(path))


def _of_menu(world: str) -> Rating:
    from allegiance.evidence.screening import menu_rater
    from allegiance.scenarios import load

    return menu_rater(load(world))


def _pattern(
    study: Study, asked: str, text: str, patterns: tuple[str, str], field: str, rater: str | None
) -> Rating:
    from allegiance.rating.patterns import PatternRater, find_field

    question, (yes, no) = asked_question(study.keep, asked, text), patterns
    return question, PatternRater(name=rater or f"pattern/{asked}", yes=yes, no=no, field=find_field(field))


def _trained(study: Study, name: str) -> Rating:
    from allegiance.cli.options import find_question
    from allegiance.cli.rater_checks import find_encoder
    from allegiance.evidence.classifying import find_model
    from allegiance.rating.classifier import ClassifierRater

    model = find_model(study.folder, name)
    return find_question(study.keep, model.question), ClassifierRater(model, find_encoder(model.encoder))


def _one_each(keep: Keep, made: Sequence[Rating]) -> None:
    """Refuses a question that is asked here in other words, and a name that another rater of it has."""
    for question, by in made:
        same_question(keep, question)
        others = {card.name for card in keep.labels.raters(question.digest) if card.digest != by.card.digest}
        if by.card.name in others:
            raise UsageError(
                f"another {by.card.kind} rates here as {by.card.name!r}.",
                next="Give this one a name: --rater NAME; a classifier gets its own with: allegiance rater train "
                "--name NAME",
            )


def _rated(keep: Keep, question: Question, by: BulkRater, engine: Engine) -> dict[str, object]:
    from allegiance.evidence.screening import rate_all
    from allegiance.evidence.uncorrected import hits_only, remark

    with progress("rating") as shown:
        counts = rate_all(keep, question, by, engine, shown)
    data = {"question": question.name, "rater": by.card.name, "basis": by.card.basis, **counts}
    told = hits_only(question, by.card) or remark(keep, question, by.card)
    return data | ({"missing": told} if told else {})


def _text(data: dict[str, object]) -> str:
    told = data.get("missing", "")
    shown = fields({key: value for key, value in data.items() if key != "missing"})
    return f"{shown}\n{told}" if told else shown


VERBS = (rate,)
