"""What all records share: frozen, keyword-only, strict about unknown fields."""

from __future__ import annotations

import msgspec

from allegiance.records.canonical import digest


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen value.

    Subclasses repeat ``frozen=True, kw_only=True``: type checkers want the one, msgspec the other.

    Its canonical form leaves out the fields that are at their default (see `canonical.plain`).
    """

    @property
    def digest(self) -> str:
        """The content name of this record."""
        return digest(self)
