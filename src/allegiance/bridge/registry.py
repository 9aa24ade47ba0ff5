"""What Inspect finds under the name ``allegiance``: the model provider and the scenario task.

::

    inspect eval allegiance/scenario -T scenario=repair-desk --model mockllm/model
    inspect eval allegiance/scenario -T requests=4 --model allegiance/smollm2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspect_ai import Task, task
from inspect_ai.model import ModelAPI, modelapi

from allegiance import scenarios
from allegiance.bridge.asking import ask, samples
from allegiance.records.condition import Grid


@modelapi(name="allegiance")
def allegiance() -> type[ModelAPI]:
    """The local model; its engine is loaded only when it is used."""
    from allegiance.bridge.provider import LocalAPI  # noqa: PLC0415

    return LocalAPI


@task
def scenario(
    scenario: str = "repair-desk",
    requests: int | None = None,
    grid: Mapping[str, str | Sequence[str]] | None = None,
    seed: int = 0,
) -> Task:
    """A scenario as an Inspect task: one sample for each request and condition; ``--epochs`` repeats them.

    Args:
        scenario: Name in the library, or path of a YAML file.
        requests: How many requests, from the first on; all if None.
        grid: Factor → level or levels; the scenario's own grid if None.
        seed: Seed of the run, for models that take one.
    """
    world = scenarios.load(scenario)
    prompts = scenarios.stage(world, _grid(grid), requests)
    note = {"scenario": world.name, "version": world.version, "canary": world.canary}
    return Task(dataset=samples(prompts), solver=ask(seed), metadata={"allegiance": note})


def _grid(grid: Mapping[str, str | Sequence[str]] | None) -> Grid | None:
    if grid is None:
        return None
    return Grid(factors={k: (v,) if isinstance(v, str) else tuple(v) for k, v in grid.items()})
