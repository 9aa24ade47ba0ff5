"""What all records share: frozen, keyword-only, strict about unknown fields."""

from __future__ import annotations

import msgspec

from allegiance.records.canonical import digest


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A frozen value. Subclasses say ``kw_only=True`` themselves. Fields at their default are left out of the canonical form, so adding one renames nothing."""

    @property
    def digest(self) -> str:
        """The content name of this record."""
        return digest(self)
