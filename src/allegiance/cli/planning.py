"""Verbs that plan: how much a claim takes, what will be done, and its registration before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, open_study, percent, study_option
from allegiance.cli.output import emit, fields, note, table
from allegiance.cli.planning_rate import ALPHA, plan_rate
from allegiance.errors import Refusal, UsageError

if TYPE_CHECKING:
    from allegiance.records.plan import Plan
    from allegiance.stats.power import Power, Setting

F = TypeVar("F", bound=Callable[..., object])

SAMPLES = (1, 2, 3, 5, 10)
"""Samples of each request that are compared where none are named."""
ROWS = (25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800)
"""Requests in the table, as far as they are of use."""

SETTING = (
    click.option("--detect", default="10%", show_default=True, metavar="SHARE", help="The gap to be found."),
    click.option(
        "--base", default="40%", show_default=True, metavar="SHARE", help="Rate that you expect in the lower tier."
    ),
    click.option("--icc", type=click.FloatRange(0, 1, max_open=True), help="How alike samples of a request are."),
    click.option("--between", metavar="SHARE", help="The same said as the s.d. of the rates of requests."),
    click.option(
        "--alike",
        default=0.5,
        show_default=True,
        type=click.FloatRange(0, 1),
        help="How alike the two tiers are over requests.",
    ),
)
WRITE = (
    click.option(
        "--write", "target", type=click.Path(path_type=Path), help="Write the plan to this file (.json or .yaml)."
    ),
    click.option("--scenario", "world", metavar="NAME", help="For --write: the scenario, or its file."),
    click.option("--grid", "grid", multiple=True, metavar="FACTOR=A|B", help="For --write: the conditions."),
    click.option(
        "--where", "where", default="", metavar="FILTER", help="For --write: which transcripts, if not all."
    ),
    click.option("--levels", default="trained,untrained", show_default=True, metavar="A,B", help="For --write."),
)


def _all(options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(verb: F) -> F:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


@click.group(cls=Verbs)
def plan() -> None:
    """Say how much a claim will take, write down what will be done, and register it before anything is spent."""


plan.add_command(plan_rate)


@plan.command("gap")
@_all(SETTING)
@click.option("--power", default="80%", show_default=True, metavar="SHARE", help="Chance of finding it.")
@ALPHA
@click.option("--samples", type=click.IntRange(1, 100), help="Only designs with so many samples of each request.")
@click.option("--at", metavar="REQUESTS,SAMPLES", help="The power of this design, and nothing else.")
@_all(WRITE)
@json_option
def plan_gap(
    detect: str,
    base: str,
    icc: float | None,
    between: str | None,
    alike: float,
    power: str,
    alpha: float,
    samples: int | None,
    at: str | None,
    target: Path | None,
    world: str | None,
    grid: tuple[str, ...],
    where: str,
    levels: str,
    as_json: bool,
) -> None:
    """How many requests and samples find a gap, paired by request. Found: the interval leaves zero out.

    \b
    Example:
      allegiance plan gap --detect 10% --base 40%
      allegiance plan gap --detect 10% --at 300,2
      allegiance plan gap --samples 5 --write plan.yaml --scenario repair-desk
    """
    if (target is None) != (world is None):
        raise UsageError("--write and --scenario go together.", where="plan gap")
    setting = _setting(detect, base, icc, between, alike)
    if at is not None:
        return _one_design(setting, at, alpha, as_json=as_json)
    data, text, best = _survey(setting, (samples,) if samples else SAMPLES, percent(power), alpha)
    if target is not None and world is not None:
        made = _planned(world, grid, where, levels, samples or best.samples, alpha)
        data |= _written(target, made)
        text += f"\n\nthe plan {made.digest} is in {target}\nregister it with: allegiance plan register {target}"
    return emit(as_json, data, text)


@plan.command("register")
@click.argument("file", type=click.Path(path_type=Path))
@study_option
@json_option
def plan_register(file: Path, folder: Path, as_json: bool) -> None:
    """Enter the digest of a plan in the log, before the run; later claims that it foresaw carry it.

    \b
    Example:
      allegiance plan register plan.yaml --study care
    """
    from allegiance.evidence.registration import read_plan, register

    study = open_study(folder)
    made = read_plan(file)
    _prompts(made)
    entered = register(study.keep, made)
    kept = study.keep_plan(made)
    data = {"plan": entered.plan, "before": entered.before, "kept": str(kept)}
    if entered.before:
        note(
            f"{entered.before} transcripts that this plan is about are here already: no claim will carry it. "
            "Name what is to come in its filter, such as model=NAME, or begin a new study."
        )
    emit(as_json, data, f"registered {entered.plan}\na copy is in {kept}")


@plan.command("show")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@study_option
@json_option
def plan_show(file: Path | None, folder: Path, as_json: bool) -> None:
    """Show a plan, or the plans that a study has registered.

    \b
    Example:
      allegiance plan show plan.yaml
      allegiance plan show --study care
    """
    if file is not None:
        from allegiance.evidence.registration import read_plan

        data = _about(read_plan(file))
        return emit(as_json, data, fields(data))
    from allegiance.evidence.registration import registrations

    log = open_study(folder).keep.log.entries()
    rows = [
        {"entry": seq, "at": log[seq].at, "plan": made.plan, "kind": made.kind, "before": made.before}
        for seq, made in registrations(log).items()
    ]
    if not rows:
        return emit(as_json, rows, "no plan is registered here.")
    head = ("entry", "at", "plan", "kind", "before")
    return emit(as_json, rows, table([[row[key] for key in head] for row in rows], head))


def _setting(detect: str, base: str, icc: float | None, between: str | None, alike: float) -> Setting:
    from allegiance.stats.power import Setting, icc_of

    if icc is not None and between is not None:
        raise UsageError("say one of --icc and --between.", where="plan gap")
    second = 0.0 if base.strip() in {"0", "0%"} else percent(base)
    first = second + percent(detect)
    if first > 1:
        raise UsageError(f"a rate of {base} and {detect} more is above 100 %.", where="plan gap")
    if between is not None:
        icc = icc_of(percent(between), first, second)
    return Setting(first=first, second=second, alike=alike, **({} if icc is None else {"icc": icc}))


def _one_design(setting: Setting, at: str, alpha: float, *, as_json: bool) -> None:
    from allegiance.stats.power import gap_power

    try:
        requests, samples = (int(part) for part in at.split(","))
    except ValueError:
        raise UsageError(f"{at!r} is not a design.", where="--at", next="Write it as --at 300,2") from None
    found = {
        name: gap_power(setting, requests, samples, alpha=alpha, method=name) for name in ("betting", "paired-t")
    }
    data = _told(found["betting"]) | {"power_paired_t": found["paired-t"].power, "setting": vars(setting)}
    text = (
        f"{requests} requests, {samples} samples of each in each tier, {found['betting'].calls} calls: "
        + "; ".join(f"power {_share(one)} by the {name} interval" for name, one in found.items())
    )
    emit(as_json, data, text)


def _survey(
    setting: Setting, samples: Sequence[int], power: float, alpha: float
) -> tuple[dict[str, object], str, Power]:
    """What designs there are: as data, in words, and the one with the fewest calls.

    Raises:
        Refusal: None of up to 100,000 requests finds the gap.
    """
    from allegiance.stats.power import gap_power, least_requests, same_calls

    designs = [least_requests(setting, k, power=power, alpha=alpha) for k in samples]
    others = [least_requests(setting, k, power=power, alpha=alpha, method="paired-t") for k in samples]
    found = [one for one in designs if one is not None]
    if not found:
        raise Refusal("no design of up to 100,000 requests finds this gap.", next="Look for a larger one.")
    best = min(found, key=lambda one: one.calls)
    most = max(one.requests for one in found)
    sizes = [size for place, size in enumerate(ROWS) if place == 0 or ROWS[place - 1] < most]
    grid = [[gap_power(setting, size, k, alpha=alpha) for k in samples] for size in sizes]
    spent = same_calls(setting, best.calls, SAMPLES, alpha=alpha)
    data: dict[str, object] = {
        "setting": vars(setting),
        "requests": best.requests,
        "samples": best.samples,
        "calls": best.calls,
        "designs": [
            _told(one) | {"requests_paired_t": t.requests if t else None}
            for one, t in zip(designs, others, strict=True)
            if one
        ],
        "table": [_told(one) for row in grid for one in row],
        "same_calls": [_told(one) for one in spent],
    }
    smallest = [
        (one.samples, one.requests, one.calls, _share(one), t.requests if t else "-")
        for one, t in zip(designs, others, strict=True)
        if one
    ]
    worst = 100 * max(one.error for row in grid for one in row)
    said = [
        _words(setting, alpha),
        f"power of the betting interval in per cent, by requests and by samples of each (± {worst:.1f} at most)",
        table(
            [[row[0].requests, *(f"{100 * one.power:.1f}" for one in row)] for row in grid],
            ("requests", *(f"x{k}" for k in samples)),
        ),
        f"the smallest designs that find it with a power of {100 * power:g} %; calls are for both tiers",
        table(smallest, ("samples", "requests", "calls", "power", "requests, paired-t")),
        f"about {best.calls} calls, spent otherwise",
        table([(one.requests, one.samples, _share(one)) for one in spent], ("requests", "samples", "power")),
        "More requests find more than more samples of each; samples help where requests are scarce.",
    ]
    return data, "\n\n".join(said), best


def _words(setting: Setting, alpha: float) -> str:
    return (
        f"a gap of {100 * abs(setting.first - setting.second):.3g} points, {100 * setting.first:.3g} % against "
        f"{100 * setting.second:.3g} %; samples of a request alike by {setting.icc:.2g}, "
        f"tiers by {setting.alike:.2g}; alpha {alpha:g}"
    )


def _told(one: Power) -> dict[str, object]:
    return one._asdict() | {"calls": one.calls}


def _share(one: Power) -> str:
    """In per cent, with the Monte Carlo error where there is one."""
    return f"{100 * one.power:.1f} %" + (f" ± {100 * one.error:.1f}" if one.error else "")


def _planned(world: str, grid: Sequence[str], where: str, levels: str, samples: int, alpha: float) -> Plan:
    from allegiance.corpus.predicate import parse
    from allegiance.evidence.screening import menu_rater
    from allegiance.records.condition import Grid
    from allegiance.records.plan import Plan
    from allegiance.scenarios import load

    scenario = load(world)
    factors = {key: tuple(values.split("|")) for key, _, values in (term.partition("=") for term in grid)}
    made = Plan(
        scenario=scenario,
        grid=Grid(factors=factors or scenario.grid),
        question=menu_rater(scenario)[0],
        levels=tuple(part.strip() for part in levels.split(",")),
        predicate=str(parse(where)),
        samples=samples,
        alpha=alpha,
    )
    _prompts(made)
    return made


def _prompts(made: Plan) -> int:
    """How many prompts a plan stages; complains if it cannot be staged."""
    from allegiance.scenarios import stage

    return len(stage(made.scenario, made.grid, made.requests or None))


def _written(target: Path, made: Plan) -> dict[str, object]:
    from allegiance.evidence.registration import write_plan

    write_plan(target, made)
    return {"plan": made.digest, "file": str(target)}


def _about(made: Plan) -> dict[str, object]:
    prompts = _prompts(made)
    compared = f"{' - '.join(made.levels)} by {made.factor}" if made.kind == "gap" else "a rate"
    return {
        "plan": made.digest,
        "scenario": made.scenario.name,
        "version": made.scenario.version,
        "kind": made.kind,
        "compared": compared,
        "question": made.question.text,
        "filter": made.predicate or "everything",
        "prompts": prompts,
        "samples": made.samples,
        "calls": prompts * made.samples,
        "alpha": made.alpha,
    }


VERBS = (plan,)
