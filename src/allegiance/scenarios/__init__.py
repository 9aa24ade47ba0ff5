"""Worlds: from a scenario in YAML to the exact messages that a model sees in each condition.

Pure, except that `load` and `source` read a file. Nothing here meets a model.
"""

from __future__ import annotations

from allegiance.scenarios.grammar import grammar
from allegiance.scenarios.grids import factors
from allegiance.scenarios.shelf import check, check_file, library, load, parse, source
from allegiance.scenarios.sources import with_requests
from allegiance.scenarios.staging import stage

__all__ = [
    "check",
    "check_file",
    "factors",
    "grammar",
    "library",
    "load",
    "parse",
    "source",
    "stage",
    "with_requests",
]
