"""An entry of the log."""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.records.record import Record


class Entry(Record, frozen=True, kw_only=True):
    """One entry.

    Attributes:
        seq: Its place, from 0, without gaps.
        kind: One of `kinds.KINDS`.
        at: UTC time to the second by this machine's clock.
        body: What happened.
    """

    seq: int
    kind: str
    at: str
    body: Mapping[str, object]
