"""Optional packages: loaded when needed, missed with a sentence that says how to install them."""

from __future__ import annotations

from importlib.util import find_spec

from allegiance.errors import MissingExtra


def need(module: str, package: str, extra: str) -> None:
    """Make sure that an optional package is there.

    Raises:
        MissingExtra: It is not; the message names the extra that brings it.
    """
    if find_spec(module) is None:
        raise MissingExtra(package, extra)
