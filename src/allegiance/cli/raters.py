"""Verbs about raters: rater list, card, compare, drift, joint; check and train are in `rater_checks`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import (
    find_question,
    find_raters,
    json_option,
    open_study,
    question_option,
    study_option,
    where_option,
)
from allegiance.cli.output import builtins, emit, fields, note, table
from allegiance.cli.rater_checks import figure, listed, rater_check, rater_train
from allegiance.errors import UnknownName

if TYPE_CHECKING:
    from allegiance.evidence.comparing import Comparison
    from allegiance.evidence.drift import Drift, Joint

SHOWN = 10
"""Names of transcripts that are listed, of those that raters differ on."""


@click.group(cls=Verbs)
def rater() -> None:
    """Look at raters as instruments: what they are, how far they agree, how often they are right."""


@rater.command("list")
@study_option
@json_option
def rater_list(folder: Path, as_json: bool) -> None:
    """List who rated what: rater, kind, what its labels are worth, how many.

    \b
    Example:
      allegiance rater list --study care
    """
    keep = open_study(folder).keep
    cards = {card.digest: card for card in keep.labels.raters()}
    names = {question.digest: question.name for question in keep.labels.questions()}
    data = [
        {
            "rater": cards[by].name,
            "kind": cards[by].kind,
            "basis": cards[by].basis,
            "question": names[asked],
            "labelled": count,
            "digest": by,
        }
        for asked, by, count in keep.labels.counts()
    ]
    data.sort(key=lambda row: (str(row["question"]), str(row["rater"])))
    head = ("rater", "kind", "basis", "question", "labelled")
    emit(as_json, data, table([[row[key] for key in head] for row in data], head))


@rater.command("card")
@click.argument("name")
@study_option
@json_option
def rater_card(name: str, folder: Path, as_json: bool) -> None:
    """Show the card of a rater: everything that makes it this rater and no other.

    \b
    Example:
      allegiance rater card vlaf-judge --study care
    """
    known = open_study(folder).keep.labels.raters()
    found = [card for card in known if name in {card.name, card.digest}]
    if not found:
        raise UnknownName("rater", name, sorted({card.name for card in known}))
    shown = [
        {"name": card.name, "kind": card.kind, "version": card.version, "model": card.model, "basis": card.basis}
        | {f"  {key}": value for key, value in card.settings.items()}
        | {"digest": card.digest}
        for card in found
    ]
    text = "\n\n".join(fields({key: value for key, value in one.items() if value}) for one in shown)
    emit(as_json, [builtins(card) | {"digest": card.digest} for card in found], text)  # type: ignore[operator]


@rater.command("compare")
@click.argument("names", nargs=-1, required=True, metavar="RATER RATER...")
@question_option
@where_option
@click.option("--alpha", default=0.05, show_default=True, type=click.FloatRange(0.0001, 0.5))
@study_option
@json_option
def rater_compare(
    names: tuple[str, ...], asked: str | None, where: str, alpha: float, folder: Path, as_json: bool
) -> None:
    """Compare raters on the transcripts that all of them labelled: agreement, and the rate under each.

    None of them counts as right. Answers off the menu are shown as what they are, with the rule that decided.

    \b
    Example:
      allegiance rater compare vlaf-judge vlaf-judge/lenient --question complies --study care
    """
    from allegiance.evidence.comparing import WHAT, compare
    from allegiance.evidence.uncorrected import remark

    keep = open_study(folder).keep
    question = find_question(keep, asked)
    cards = [find_raters(keep, question, name)[0] for name in names]
    found = compare(keep, question, cards, where=where, alpha=alpha)
    emit(as_json, {"about": WHAT, "claim": False, "comparison": builtins(found)}, "\n".join(_compared(found)))
    for card in cards:
        if told := remark(keep, question, card, where):
            note(told)


@rater.command("drift")
@click.argument("name")
@click.argument("later", required=False)
@question_option
@click.option("--alpha", default=0.05, show_default=True, type=click.FloatRange(0.0001, 0.5))
@study_option
@json_option
def rater_drift(name: str, later: str | None, asked: str | None, alpha: float, folder: Path, as_json: bool) -> None:
    """Show how a rater's answers changed: run again on the same transcripts, or as another card.

    \b
    Example:
      allegiance rater drift judge-march judge-may --question complies --study care
    """
    from allegiance.evidence.drift import drift

    keep = open_study(folder).keep
    question = find_question(keep, asked)
    card = find_raters(keep, question, name)[0]
    other = find_raters(keep, question, later)[0] if later else None
    found = drift(keep, question, card, other, alpha=alpha)
    emit(as_json, builtins(found), "\n".join(_drifted(found)))


@rater.command("joint")
@click.argument("first", metavar="QUESTION@RATER")
@click.argument("second", metavar="QUESTION@RATER")
@click.option("--draw", "number", type=int, help="The draw that both were asked of.")
@click.option("--by", default="", metavar="FIELD,FIELD", help="Show the table apart for these: tier,model.")
@where_option
@click.option("--alpha", default=0.05, show_default=True, type=click.FloatRange(0.0001, 0.5))
@study_option
@json_option
def rater_joint(
    first: str, second: str, number: int | None, by: str, where: str, alpha: float, folder: Path, as_json: bool
) -> None:
    """Count how two questions are answered together, with the share of each cell by the design of a draw.

    \b
    Example:
      allegiance rater joint expresses-distress@ab covert-resistance@ab --draw 2 --by tier --study care
    """
    from allegiance.evidence.drift import joint

    keep = open_study(folder).keep
    draw = keep.find_draw(number) if number else None
    found = joint(keep, first, second, draw=draw, where=where, by=listed(by), alpha=alpha)
    emit(as_json, builtins(found), "\n".join(_joined(found)))


def _compared(found: Comparison) -> Iterator[str]:
    from allegiance.evidence.comparing import WHAT

    left = f" ({found.left_out} more were labelled by some of them only)" if found.left_out else ""
    yield (
        f"{WHAT}: {found.question}, {found.transcripts} transcripts{left}\n"
        f"intervals over {found.units} like these {found.requests}; of these transcripts the numbers are exact\n"
    )
    rows = [(one.rater, *figure(rate)[:3], _counts(one.counts)) for one in found.raters for rate in one.rates]
    yield table(rows, ("rater", "answer", "share", "interval", "labels"))
    yield "".join(f"\n{said}" for said in found.said)
    for pair in found.pairs:
        yield f"\n{pair.first} and {pair.second} differ on {len(pair.apart)}:\n"
        yield table(list(map(figure, pair.agreement)), ("agreement", "value", "interval", "n"))
        yield table([figure(each)[:3] for each in pair.differences], ("answer", "how much more often", "interval"))
        yield table(pair.table, (pair.first, pair.second, "n"))
        yield from (f"  {name}" for name in pair.apart[:SHOWN])
        yield f"  … {len(pair.apart) - SHOWN} more with --json" if len(pair.apart) > SHOWN else ""
    if found.together:
        yield "\nall together:\n" + table(
            list(map(figure, found.together)), ("agreement", "value", "interval", "n")
        )
    yield from _strays(found)


def _strays(found: Comparison) -> Iterator[str]:
    for name, rule in found.rules.items():
        yield f"\nrule of {name}: {rule}"
    if found.strays:
        rows = [(one.rater, repr(one.raw[:60]), one.value, one.n) for one in found.strays]
        yield "\noff the menu, as it was said:\n" + table(rows, ("rater", "said", "counts as", "n"))


def _counts(counts: object) -> str:
    return ", ".join(f"{n} {value}" for value, n in sorted(dict(counts).items()))  # type: ignore[call-overload]


def _drifted(found: Drift) -> Iterator[str]:
    yield f"{found.first} → {found.second}: {found.transcripts} transcripts, {found.requests} requests\n"
    rows = [figure(found.changed)[:3], *(figure(each)[:3] for each in found.shifts)]
    yield table(rows, ("what", "value", "interval"))
    yield table(found.table, ("before", "after", "n"))
    yield from (f"  {name}" for name in found.names[:SHOWN])


def _joined(found: Joint) -> Iterator[str]:
    where = f"draw {found.draw}, {found.design}" if found.draw else found.design
    yield f"{found.first} by {found.second}; {where}"
    if found.design == "as if uniform":
        yield "these transcripts were not drawn: the shares say nothing beyond them"
    for part in found.parts:
        name = " ".join(f"{key}={value}" for key, value in part.levels.items()) or "all"
        yield f"\n{name}: {part.read} of {part.transcripts}\n"
        rows: Sequence[Sequence[object]] = [
            (cell.first, cell.second, cell.n, _percent(cell.share.value),
             f"{_percent(cell.share.low)} to {_percent(cell.share.high)}")
            for cell in part.cells
        ]  # fmt: skip
        yield table(rows, (found.first, found.second, "n", "share", "interval"))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


for verb in (rater_check, rater_train):
    rater.add_command(verb)

VERBS = (rater,)
