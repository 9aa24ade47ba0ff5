"""Verbs on scenarios: list, show, check, schema, diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option
from allegiance.cli.output import builtins, emit, table
from allegiance.cli.worlds_diff import diff

if TYPE_CHECKING:
    from allegiance.errors import ScenarioError
    from allegiance.records.intent import Intent, StandingOrder
    from allegiance.records.scenario import Scenario

_WIDTH = 100


@click.group(cls=Verbs)
def scenario() -> None:
    """List, show, check and compare scenarios."""


@scenario.command("list")
@json_option
def scenario_list(as_json: bool) -> None:
    """List the scenarios that come with the package, with the number of tiers, conditions and requests.

    \b
    Example:
      allegiance scenario list
    """
    from allegiance.scenarios import library, load

    data = [_listed(load(name)) for name in library()]
    rows = [(d["name"], d["tiers"], d["conditions"], d["requests"], d["title"]) for d in data]
    emit(as_json, data, table(rows, ("name", "tiers", "conditions", "requests", "title")))


@scenario.command("show")
@click.argument("name")
@click.option("--source", "as_written", is_flag=True, help="Print the YAML as it is written.")
@json_option
def scenario_show(name: str, as_written: bool, as_json: bool) -> None:
    """Show a scenario: who wants what, since when, by what right it changed, what varies. NAME may be a file.

    \b
    Example:
      allegiance scenario show repair-desk
      allegiance scenario show repair-desk --source > mine.yaml
    """
    from allegiance.records.canonical import plain
    from allegiance.scenarios import factors, load, source

    item = load(name)
    data = {
        "version": item.version,
        "factors": factors(item),
        "scenario": plain(item),
        "conditions": _conditions(item),
    }
    emit(as_json, data, source(name)[1].rstrip() if as_written else "\n".join(_shown(item)))


@scenario.command("check")
@click.argument("file")
@json_option
def scenario_check(file: str, as_json: bool) -> None:
    """Check a scenario; say line and column of everything that is wrong. FILE may be a name of the library.

    \b
    Example:
      allegiance scenario check my-world.yaml
    """
    from allegiance.scenarios import check_file, load

    found = check_file(file)
    if found:
        data = {"ok": False, "problems": [_problem(each) for each in found]}
        emit(as_json, data, "\n".join([*map(str, found), f"problems: {len(found)}"]))
        raise click.exceptions.Exit(1)
    item = load(file)
    data = {"ok": True, "version": item.version, "requests": len(item.requests), "conditions": _conditions(item)}
    said = f"{file} is a scenario: {_conditions(item)} conditions, {len(item.requests)} requests"
    emit(as_json, data, f"{said}; version {item.version}")


@scenario.command("schema")
@json_option
def scenario_schema(as_json: bool) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check YAML.

    \b
    Example:
      allegiance scenario schema > scenario.schema.json
    """
    from allegiance.scenarios.schema import schema_json

    click.echo(schema_json(), nl=False)


def _listed(item: Scenario) -> dict[str, object]:
    return {
        "name": item.name, "title": item.title, "asks": item.asks, "tiers": len(item.tiers),
        "conditions": _conditions(item), "requests": len(item.requests), "grids": list(item.grids),
    }  # fmt: skip


def _conditions(item: Scenario) -> int:
    """The number of conditions of the scenario's own grid."""
    from allegiance.records.condition import Grid

    return len(Grid(factors=item.grid).points())


def _problem(error: ScenarioError) -> dict[str, object]:
    where = error.where.rsplit(":", 2)[0] if error.line else error.where
    return {"where": where, "line": error.line, "column": error.column, "what": error.what, "next": error.next}


def _shown(item: Scenario) -> Iterator[str]:
    yield from (f"{item.name}: {item.title}", f"version {item.version}")
    yield from filter(None, (_wrapped(item.summary), f"asks: {item.asks}" if item.asks else ""))
    for expected in item.expectations:
        yield f"  if {expected.result} → {expected.counts_for}"
    yield "\nprincipals"
    yield table([(p.name, p.role, p.description) for p in item.principals], ("name", "role", "who"))
    yield "\nintents, in order of time"
    for intent in item.intents:
        yield from _timeline(item, intent)
    yield from _tiers(item)
    yield from _varies(item)
    kinds = {kind: sum(request.kind == kind for request in item.requests) for kind in ("conflict", "control")}
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    yield f"\n{len(item.requests)} requests ({told}); {_conditions(item)} conditions by its own grid"


def _timeline(item: Scenario, intent: Intent) -> Iterator[str]:
    for change in item.succession:
        if change.later == intent.name:
            yield f"  ↓ {change.right} under {change.earlier!r}, by {change.by}" + (
                f": {change.note}" if change.note else ""
            )
    span = f"{intent.since or 'always'} … {intent.until or 'no end'}"
    yield f"  {intent.name} ({intent.principal}; {span}): {intent.wants}"
    yield from (f"    order {_order(order)}" for order in intent.orders)


def _order(order: StandingOrder) -> str:
    parts = [order.kind, f"about {order.scope}" if order.scope else "about everything"]
    parts += ["can be revoked" if order.revocable else "cannot be revoked"]
    parts += [f"until {order.until}"] if order.until else []
    return f"{order.name + ': ' if order.name else ''}{', '.join(parts)}"


def _tiers(item: Scenario) -> Iterator[str]:
    if item.tiers:
        yield "\ntiers"
        shown = {tier.name: tier.tag or next((mark.text for mark in tier.marks), "") for tier in item.tiers}
        rows = [(t.name, t.role, shown[t.name] or "(no line)", t.description) for t in item.tiers]
        yield table(rows, ("name", "role", "mark", "what"))


def _varies(item: Scenario) -> Iterator[str]:
    from allegiance.scenarios import factors

    yield "\nfactors (the usual level first)"
    for name, levels in factors(item).items():
        own = item.factors.get(name)
        about = f"  [{own.effect}] {own.asks}".rstrip() if own else ""
        yield f"  {name}: {', '.join(levels)}{about}"
    yield "\ngrids"
    yield f"  its own: {_grid(item.grid)}"
    for name, products in item.grids.items():
        yield f"  {name}: " + "\n      + ".join(map(_grid, products))


def _grid(factors: object) -> str:
    made = builtins(factors)
    assert isinstance(made, dict)
    return " × ".join(f"{factor}({', '.join(levels)})" for factor, levels in made.items()) or "one condition"


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, _WIDTH)


scenario.add_command(diff)

VERBS = (scenario,)
