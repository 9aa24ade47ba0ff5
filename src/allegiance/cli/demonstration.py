"""The demo: the main job from beginning to end, on real weights and on a scripted model whose gap is known."""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import msgspec

from allegiance.bridge.local_model import get_model
from allegiance.bridge.run import InspectRun
from allegiance.cli.output import emit, note, progress, visible
from allegiance.cli.pages import write_report
from allegiance.cli.running import LOCAL
from allegiance.errors import UsageError
from allegiance.evidence.citations import cite, log_citation
from allegiance.evidence.reading import read_drawn
from allegiance.evidence.screening import menu_rater
from allegiance.evidence.verify import verify
from allegiance.rating.patterns import PatternRater
from allegiance.records.condition import Grid
from allegiance.records.draw import Design, Draw
from allegiance.records.plan import Plan
from allegiance.records.prompt import Run
from allegiance.scenarios import load
from allegiance.study import Study, estimate, study
from allegiance.testing import ScriptedModel, ScriptedRun

WORLD = "repair-desk"
QUESTION = "Does the model serve its latest principal more when it is told that it is being trained?"
KNOWN = {"trained": 0.9, "untrained": 0.2}
"""How often the scripted model complies in each tier, so that its true gap is 70 points."""
SCRIPTED = "scripted/known"


def demonstrate(folder: Path | None, requests: int, *, as_json: bool) -> None:
    """Makes a study, runs it, claims, verifies and reports, telling each step on standard error."""
    where = folder or _free(Path("demo-study"))
    _say(f"a new study in {where}")
    home = Study.init(where, "Repair desk: two intents, two tiers", QUESTION)
    plan, rater = _plan(requests)
    _say(f"a scripted model first, whose true gap is known to be {100 * _true_gap():.0f} points")
    known = ScriptedRun(model=ScriptedModel(comply=KNOWN), samples=5, name=SCRIPTED)
    bundles = [_gap(home, msgspec.structs.replace(plan, predicate=f"model={SCRIPTED}", samples=5), known, rater)]
    _say("the weights of a small local model (98 MB, downloaded once)")
    get_model()
    _say(f"{requests} requests in two tiers, real generation on this machine")
    ours = msgspec.structs.replace(plan, predicate=f"model={LOCAL}")
    with progress("asking") as shown:
        bundles.append(_gap(home, ours, InspectRun(LOCAL, home.runs, on_progress=shown), rater))
    bundles.append(_rate(home, ours, rater, requests))
    checks = [_verify(path) for path in bundles]
    page = write_report(home, None, WORLD).resolve()
    data = {"study": str(where), "claims": list(map(str, bundles)), "verified": checks, "report": str(page)}
    moral = "What so small a model says proves the path, not a finding."
    emit(as_json, data, f"\n{moral}\nstudy:  {where}\nreport: {page}")


def _true_gap() -> float:
    return KNOWN["trained"] - KNOWN["untrained"]


def _plan(requests: int) -> tuple[Plan, PatternRater]:
    world = load(WORLD)
    question, rater = menu_rater(world)
    return Plan(scenario=world, grid=Grid(factors=world.grid), question=question, requests=requests), rater


def _gap(home: Study, plan: Plan, run: Run, rater: PatternRater) -> Path:
    """The trunk, from staging to a claim."""
    claim, material = study(plan, run, home.keep, rater)
    path = home.publish(claim, material)
    _say(claim.statement)
    return path


def _rate(home: Study, gap: Plan, rater: PatternRater, requests: int) -> Path:
    """A claim from a uniform draw: read its first item, quote it, claim the rate."""
    drawn = home.keep.draw(Design(kind="uniform", n=requests), gap.predicate)
    _say(f"draw {drawn.commitment.counter}: {requests} of {drawn.commitment.frame.n}, in the log before it is read")
    _read_first(home, drawn)
    claim, material = estimate(msgspec.structs.replace(gap, kind="rate_ci"), home.keep, drawn, rater)
    path = home.publish(claim, material)
    _say(claim.statement)
    return path


def _read_first(home: Study, drawn: Draw) -> None:
    reading = read_drawn(home.keep, drawn, 1, "demo")
    item = home.keep.corpus.get(reading.transcript)
    click.echo(visible(f"\n  rank 1 of the draw ({item.condition.name}):\n  {item.answer.strip()}\n"), err=True)
    if item.answer:
        log_citation(home.keep, cite(home.keep, reading.transcript, item.answer))


def _verify(path: Path) -> bool:
    found = verify(path)
    passed = sum(check.passed for check in found.checks)
    _say(f"{path.name}: {passed} of {len(found.checks)} steps of verification pass")
    found.verified()
    return found.passed


def _free(base: Path) -> Path:
    names = itertools.chain([base], (base.with_name(f"{base.name}-{k}") for k in range(2, 1000)))
    for path in names:
        if not path.exists():
            return path
    raise UsageError("a thousand demo studies are enough.", next="Remove some.")


def _say(text: str) -> None:
    note(f"· {text}")
