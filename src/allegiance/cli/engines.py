"""The option that says who does what is done to every transcript: this process, Daft, or Daft on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from allegiance.errors import UnknownName

if TYPE_CHECKING:
    from allegiance.corpus.bulk import Engine

F = TypeVar("F", bound=Callable[..., object])
ENGINES = ("local", "daft", "ray://HOST:PORT")


def engine_option(verb: F) -> F:
    """``--engine ENGINE``."""
    return click.option(
        "--engine",
        envvar="ALLEGIANCE_ENGINE",
        default="local",
        show_default=True,
        metavar="|".join(ENGINES),
        help="Who does it: this process, all cores of this machine, or a Ray cluster. The result is the same.",
    )(verb)


def find_engine(name: str) -> Engine:
    """The engine of this name.

    Raises:
        UnknownName: There is none.
        UsageError: The address of the cluster is none.
        MissingExtra: It is not installed.
    """
    from allegiance.corpus.bulk import Local

    if name == "local":
        return Local()
    if name != "daft" and not name.startswith("ray://"):
        raise UnknownName("engine", name, ENGINES, where="--engine")
    from allegiance.bridge.bulk.daft import Daft, DaftOnRay

    return Daft() if name == "daft" else DaftOnRay(name)
