"""What Inspect finds under the name ``allegiance``: the model provider, and a task for each scenario.

::

    inspect eval allegiance/repair-desk --model mockllm/model
    inspect eval allegiance/scenario -T name=mine.yaml -T requests=4 --model allegiance/smollm2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from inspect_ai import Task, task
from inspect_ai.model import ModelAPI, modelapi

from allegiance import scenarios
from allegiance.bridge.asking import ask, samples
from allegiance.records.condition import Grid

GridArgument = Mapping[str, str | Sequence[str]]


@modelapi(name="allegiance")
def allegiance() -> type[ModelAPI]:
    """The local model; its engine is loaded only when it is used."""
    from allegiance.bridge.provider import LocalAPI  # noqa: PLC0415

    return LocalAPI


@task
def scenario(
    name: str = "repair-desk", requests: int | None = None, grid: GridArgument | None = None, seed: int = 0
) -> Task:
    """A scenario as an Inspect task: one sample for each request and condition; ``--epochs`` repeats them.

    Args:
        name: Name in the library, or path of a YAML file.
        requests: How many requests, from the first on; all if None.
        grid: Factor → level or levels; the scenario's own grid if None.
        seed: Seed of the run, for models that take one.
    """
    return _task(name, requests, grid, seed)


def _offered(name: str) -> Callable[..., Task]:
    """A scenario of the library as a task of its own name, with the arguments of `scenario` but for the name."""

    @task(name=name)
    def named(requests: int | None = None, grid: GridArgument | None = None, seed: int = 0) -> Task:
        return _task(name, requests, grid, seed)

    return named


def _task(name: str, requests: int | None, grid: GridArgument | None, seed: int) -> Task:
    world = scenarios.load(name)
    prompts = scenarios.stage(world, _grid(grid), requests)
    note = {"scenario": world.name, "version": world.version, "canary": world.canary}
    return Task(dataset=samples(prompts), solver=ask(seed), metadata={"allegiance": note})


def _grid(grid: GridArgument | None) -> Grid | None:
    if grid is None:
        return None
    return Grid(factors={k: (v,) if isinstance(v, str) else tuple(v) for k, v in grid.items()})


TASKS = {name: _offered(name) for name in scenarios.library()}
"""Name of each scenario of the library → its task."""
