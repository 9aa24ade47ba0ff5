"""What Inspect finds under the name ``allegiance``: the model provider, a task for each scenario, and raters.

::

    inspect eval allegiance/repair-desk --model mockllm/model
    inspect eval allegiance/helpful-only -T grid=paraphrases -T requests_from=mine.txt --model allegiance/smollm2
    inspect eval allegiance/scenario -T name=mine.yaml -T requests=4 --model allegiance/smollm2
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from inspect_ai import Task, task
from inspect_ai.model import ModelAPI, modelapi

from allegiance import scenarios
from allegiance.bridge.asking import ask, samples
from allegiance.bridge.scorers import pattern as pattern  # noqa: PLC0414  (found in here by Inspect)
from allegiance.records.scenario import Scenario
from allegiance.scenarios.grids import AnyGrid, in_every_tier
from allegiance.scenarios.sources import with_requests

Levels = Mapping[str, str | Sequence[str]]
GridArgument = str | Levels | Sequence[Levels]
RequestsArgument = int | str | Sequence[str]


@modelapi(name="allegiance")
def allegiance() -> type[ModelAPI]:
    """The local model; its engine is loaded only when it is used."""
    from allegiance.bridge.provider import LocalAPI  # noqa: PLC0415

    return LocalAPI


@task
def scenario(
    name: str = "repair-desk",
    requests: RequestsArgument | None = None,
    grid: GridArgument | None = None,
    requests_from: str = "",
    seed: int = 0,
) -> Task:
    """A scenario as an Inspect task: one sample for each request and condition; ``--epochs`` repeats them.

    Args:
        name: Name in the library, or path of a YAML file.
        requests: How many requests, from the first on, or the ids of those wanted; all if None.
        grid: Factor → level or levels, in every tier if it names none; or the name of one of the scenario's grids;
            or several products of levels, taken together. The scenario's own grid if None.
        requests_from: Path of a file of your own requests, in place of the scenario's of the same kind.
        seed: Seed of the run, for models that take one.
    """
    return _task(name, requests, grid, requests_from, seed)


def _offered(name: str) -> Callable[..., Task]:
    """A scenario of the library as a task of its own name, with the arguments of `scenario` but for the name."""

    @task(name=name)
    def named(
        requests: RequestsArgument | None = None,
        grid: GridArgument | None = None,
        requests_from: str = "",
        seed: int = 0,
    ) -> Task:
        return _task(name, requests, grid, requests_from, seed)

    return named


def _task(
    name: str, requests: RequestsArgument | None, grid: GridArgument | None, requests_from: str, seed: int
) -> Task:
    world = scenarios.load(name)
    if requests_from:
        world = with_requests(world, requests_from)
    wanted = (requests,) if isinstance(requests, str) else requests
    prompts = scenarios.stage(world, _grid(world, grid), wanted)
    note = {"scenario": world.name, "version": world.version, "canary": world.canary}
    return Task(dataset=samples(prompts), solver=ask(seed), metadata={"allegiance": note})


def _grid(world: Scenario, grid: GridArgument | None) -> AnyGrid:
    if grid is None or isinstance(grid, str):
        return grid
    if isinstance(grid, Mapping):
        return in_every_tier(world, _levels(grid))
    return tuple(map(_levels, grid))


def _levels(given: Levels) -> dict[str, tuple[str, ...]]:
    return {factor: (some,) if isinstance(some, str) else tuple(some) for factor, some in given.items()}


TASKS = {name: _offered(name) for name in scenarios.library()}
"""Name of each scenario of the library → its task."""

if "inspect_scout" in sys.modules:  # Scout is asking: what it may scan with is found here, too
    from allegiance.bridge import scanners  # noqa: F401
