"""Optional packages of the corpus: loaded when needed, missed with a sentence that says how to install them."""

from __future__ import annotations

from importlib.util import find_spec

from allegiance.errors import MissingExtra


def need(module: str, extra: str) -> None:
    """Make sure that an optional package is there, before it is imported.

    Args:
        module: The top-level module that is about to be imported.
        extra: The part of this package that brings it, as in ``pip install 'allegiance[search]'``.

    Raises:
        MissingExtra: It is not there; the message names the extra.
    """
    if find_spec(module) is None:
        raise MissingExtra(module, extra)
