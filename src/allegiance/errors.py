"""Every error that this package raises on purpose.

    AllegianceError
    ├── UsageError            the call itself is wrong: an unknown name, a bad option value
    │   └── UnknownName       a name that is not on the menu; suggests the nearest
    ├── InputError            what was given cannot be read; nothing was changed
    │   ├── ImportRefused     a file is not transcripts, or is damaged
    │   ├── MappingError      a mapping file does not fit its schema, or its data
    │   ├── ScenarioError     a scenario file is wrong; carries line and column
    │   └── NotABundle        what is to be verified is not a bundle at all
    ├── StudyError            the study directory is missing, foreign, newer, or locked
    │   └── CorpusDamaged     stored bytes do not match their name
    ├── NotCanonical          a value has no canonical form (NaN, a lone surrogate, ...)
    ├── Refusal               the evidence does not carry the statement; says what would
    ├── VerificationFailed    a bundle fails one or more numbered steps
    └── RunError              a model run could not start or finish
        └── MissingExtra      an optional part of the package is not installed

Each says *what* went wrong, *where*, and *what next*; the same three are attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class AllegianceError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        what: One sentence: what went wrong.
        where: File, member, line, verb or option; empty if there is none.
        next: One sentence: what to do about it; empty if there is nothing.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        self.what, self.where, self.next = what, where, next
        super().__init__(" ".join(part for part in (f"{where}: {what}" if where else what, next) if part))


class UsageError(AllegianceError):
    """The call is wrong. Nothing was changed."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not on the menu. The message suggests the nearest and lists the menu."""

    def __init__(self, kind: str, name: str, menu: Sequence[str], *, where: str = "") -> None:
        self.name, self.menu = name, tuple(menu)
        near = get_close_matches(name, menu, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(menu) or 'none'}."
        super().__init__(f"there is no {kind} {name!r}.", where=where, next=hint)


class InputError(AllegianceError):
    """What was given cannot be read. Nothing was changed."""


class ImportRefused(InputError):
    """A file is not transcripts, or is damaged. Nothing was imported."""


class MappingError(InputError):
    """A mapping does not fit its schema or its data. Nothing was imported."""


class ScenarioError(InputError):
    """A scenario file is wrong. Carries the line and column, counted from 1, where they are known."""

    def __init__(self, what: str, *, where: str = "", next: str = "", line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        spot = f"{where}:{line}:{column}" if line else where
        super().__init__(what, where=spot, next=next)


class NotABundle(InputError):
    """What is to be verified is no bundle, so that no step can be taken. A bundle that fails has status 1."""

    exit_code = 2


class StudyError(AllegianceError):
    """The study directory is missing, foreign, newer than this version, or in use."""


class CorpusDamaged(StudyError):
    """Stored bytes do not match the digest that names them."""


class NotCanonical(InputError):
    """A value has no canonical form: NaN, infinity, a lone surrogate, an integer beyond 2^53 - 1, ..."""


class Refusal(AllegianceError):
    """The evidence does not carry the statement. The message says what would carry it."""

    exit_code = 3


class VerificationFailed(AllegianceError):
    """A bundle fails one or more numbered steps of verification."""


class RunError(AllegianceError):
    """A model run could not start or finish. Samples that were completed are kept."""


class MissingExtra(RunError):
    """An optional part of the package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package}, which is not installed.",
            next=f"Install it with: pip install 'allegiance[{extra}]'",
        )
