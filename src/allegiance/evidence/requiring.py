"""What the steps of verification have in common: how a rule is demanded, and where in the log things stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allegiance.errors import VerificationFailed
from allegiance.evidence.material import Material
from allegiance.ledger.log import Entry


def require(holds: bool, otherwise: str) -> None:
    """A rule of a step. Each catches an attack that no other rule of its step does (tests/evidence/test_rules.py).

    Raises:
        VerificationFailed: It does not hold.
    """
    if not holds:
        raise VerificationFailed(otherwise + ".")


def announced(material: Material) -> Entry:
    """The log entry that announces the draw of a claim.

    Raises:
        VerificationFailed: There is none, or no draw.
    """
    made = material.draw
    for entry in material.log:
        if made is not None and entry.kind == "draw" and entry.body.get("draw") == made.name:
            return entry
    raise VerificationFailed("the draw was never announced in the log.")


def grown(material: Material) -> list[Entry]:
    """The log entries by which the draw of a claim grew, in order."""
    name = material.draw.name if material.draw else ""
    return [entry for entry in material.log if entry.kind == "extension" and entry.body.get("draw") == name]


def reading(entry: Entry) -> Mapping[str, object]:
    """What a log entry says of a reading; empty for other entries."""
    found = entry.body.get("reading") if entry.kind == "reading" else None
    return found if isinstance(found, dict) else {}


def route(found: Mapping[str, object]) -> Mapping[str, object]:
    """The route of a reading."""
    told = found.get("route")
    return told if isinstance(told, dict) else {}


def readings_before(log: Iterable[Entry], seq: int) -> list[Mapping[str, object]]:
    """The readings before a log entry, in order."""
    return [reading(entry) for entry in log if entry.kind == "reading" and entry.seq < seq]


def saved_with(material: Material) -> dict[str, int]:
    """Digest of a label → number of the log entry that it was saved with."""
    return {name: int(seq) for seq, names in material.batches.items() for name in names}
