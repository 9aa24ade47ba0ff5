"""Verbs that make things ready: init, doctor, model, scenario, plan."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, percent, study_option
from allegiance.cli.output import emit, fields, note, table
from allegiance.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", default="", help="Title for people; the name of the directory if none is given.")
@click.option("--question", default="", help="What the study is about, in a sentence.")
@json_option
def init(folder: Path, title: str, question: str, as_json: bool) -> None:
    """Make an empty study.

    \b
    Example:
      allegiance init care --question "Does the model comply more when it is trained?"
    """
    from allegiance.study import Study

    study = Study.init(folder, title or folder.resolve().name, question)
    data = {"study": str(folder), "id": study.settings.id, "title": study.settings.title}
    emit(as_json, data, f"made the study {study.settings.title!r} in {folder}")


@click.command()
@study_option
@json_option
def doctor(folder: Path, as_json: bool) -> None:
    """Look for known faults of this machine and of the study; change nothing.

    \b
    Example:
      allegiance doctor --study care
    """
    from allegiance.cli.health import findings

    found = findings(folder)
    lines = [f"{'ok  ' if item.ok else 'WARN'}  {item.what}" for item in found]
    emit(as_json, [{"ok": item.ok, "what": item.what} for item in found], "\n".join(lines))


@click.group(cls=Verbs)
def model() -> None:
    """Get or show the small local model."""


@model.command("get")
@json_option
def model_get(as_json: bool) -> None:
    """Download the weights of the local model (about 100 MB), check their digest, keep them in a cache.

    \b
    Example:
      allegiance model get
    """
    from allegiance.bridge.local_model import get_model

    path = get_model()
    emit(as_json, {"path": str(path), "bytes": path.stat().st_size}, f"the model is at {path}")


@click.group(cls=Verbs)
def scenario() -> None:
    """List, show or check scenarios."""


@scenario.command("list")
@json_option
def scenario_list(as_json: bool) -> None:
    """List the scenarios that come with the package.

    \b
    Example:
      allegiance scenario list
    """
    from allegiance.scenarios import library, load

    found = [load(name) for name in library()]
    data = [{"name": item.name, "title": item.title, "requests": len(item.requests)} for item in found]
    emit(
        as_json, data, table([(d["name"], d["requests"], d["title"]) for d in data], ("name", "requests", "title"))
    )


@scenario.command("show")
@click.argument("name")
@json_option
def scenario_show(name: str, as_json: bool) -> None:
    """Show a scenario: who wants what, since when, and what the model is told. NAME may be a file.

    \b
    Example:
      allegiance scenario show repair-desk
    """
    from allegiance.records.canonical import plain
    from allegiance.scenarios import factors, load, source

    item = load(name)
    data = {"version": item.version, "factors": factors(item), "scenario": plain(item)}
    emit(as_json, data, f"{source(name)[1].rstrip()}\n\n# version {item.version}")


@scenario.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def scenario_check(file: Path, as_json: bool) -> None:
    """Check a scenario file; say line and column of what is wrong.

    \b
    Example:
      allegiance scenario check my-world.yaml
    """
    from allegiance.scenarios import check, load, source

    where, text = source(file)
    found = check(text, where)
    for problem in found[:-1]:
        note(f"error: {problem}")
    if found:
        raise found[-1]
    item = load(file)
    data = {"ok": True, "version": item.version, "requests": len(item.requests)}
    emit(as_json, data, f"{file} is a scenario with {len(item.requests)} requests; version {item.version}")


@click.group(cls=Verbs)
def plan() -> None:
    """Say how much a claim will take, before anything is spent."""


@plan.command("rate")
@click.option("--at-most", "at_most", metavar="SHARE", help="To be able to say 'at most this', with no positives.")
@click.option("--half-width", "half_width", metavar="SHARE", help="To be able to say a rate to within this.")
@click.option("--guess", default="10%", show_default=True, metavar="SHARE", help="Rate that you expect.")
@click.option("--population", default=10_000, show_default=True, type=click.IntRange(1), help="Size of the frame.")
@click.option("--alpha", default=0.05, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True))
@json_option
def plan_rate(
    at_most: str | None, half_width: str | None, guess: str, population: int, alpha: float, as_json: bool
) -> None:
    """How many labels a rate takes, by a uniform draw.

    \b
    Example:
      allegiance plan rate --at-most 1% --population 10000
    """
    from allegiance.stats import planning

    if (at_most is None) == (half_width is None):
        raise UsageError("say one of --at-most and --half-width.", where="plan rate")
    if at_most is not None:
        n = planning.floor_labels(percent(at_most), alpha, population)
        why = "no design and no judge needs fewer: by fewer, all positives can be missed"
    else:
        n = planning.rate_labels(percent(half_width or ""), percent(guess), alpha, population)
        why = f"by the exact interval, at the rate of {guess} that you expect"
    emit(as_json, {"labels": n, "population": population, "alpha": alpha}, f"{n} labels of {population}: {why}.")


@plan.command("gap")
@click.option("--detect", default="10%", show_default=True, metavar="SHARE", help="Smallest gap to be found.")
@click.option(
    "--samples", default=1, show_default=True, type=click.IntRange(1), help="Replies to each request and tier."
)
@click.option(
    "--first", default="50%", show_default=True, metavar="SHARE", help="Rate that you expect in one tier."
)
@click.option("--second", default="40%", show_default=True, metavar="SHARE", help="Rate in the other.")
@click.option(
    "--spread", default="20%", show_default=True, metavar="SHARE", help="How much requests differ (s.d.)."
)
@json_option
def plan_gap(detect: str, samples: int, first: str, second: str, spread: str, as_json: bool) -> None:
    """How many requests a gap takes, paired by request, at 80 % power.

    \b
    Example:
      allegiance plan gap --detect 10% --samples 5
    """
    from allegiance.stats import planning

    within = planning.within_variance(percent(first), percent(second))
    requests = planning.gap_requests(percent(detect), samples=samples, spread=percent(spread), within=within)
    sure = planning.gap_requests_interval(percent(detect), samples=samples, spread=percent(spread), within=within)
    data = {"requests": sure, "samples": samples, "calls": sure * samples * 2, "requests_for_the_test": requests}
    words = (
        "requests: for the interval to leave zero out; requests_for_the_test: for the sign-flip test alone.\n"
        "More requests help more than more samples of each."
    )
    emit(as_json, data, f"{fields(data)}\n{words}")


VERBS = (init, doctor, model, scenario, plan)
