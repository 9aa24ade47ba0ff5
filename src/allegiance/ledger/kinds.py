"""What an entry of the log can be, and what it must say."""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.errors import UnknownName, UsageError

SAYS: Mapping[str, tuple[str, ...]] = {
    "start": ("study",),
    "import": ("from", "to", "new", "duplicates", "columns", "source"),
    "withdraw": ("from", "to", "count", "names", "reason"),
    "run": ("log", "samples"),
    "plan": ("plan", "scenario"),
    "rubric": ("question", "name"),
    "search": ("search",),
    "filter": ("reader", "predicate", "corpus", "n"),
    "draw": ("draw", "commitment", "seed", "items"),
    "extension": ("draw", "items", "size"),
    "reading": ("reading",),
    "labels": ("question", "rater", "count", "labels"),
    "judging": ("question", "rater", "batch", "asked", "wrong", "twins", "flips"),
    "look": ("draw", "question", "n"),
    "split": ("rule", "on"),
    "unlock": ("reader", "split", "reason"),
    "citation": ("citation",),
    "claim": ("claim", "kind", "question"),
    "charter": ("lineage", "charter"),
    "generation": ("lineage", "generation", "evaluation"),
    "examination": ("lineage", "generation"),
    "link": ("lineage", "link", "generation", "evaluation"),
    "override": ("lineage", "override"),
    "anchor": ("size", "root", "note", "file", "signed"),
}
"""Kind → the keys without which an entry of it is half an entry. More may be said. See docs/formats.md."""

KINDS = tuple(SAYS)
"""What an entry can be."""


def check_body(kind: str, body: Mapping[str, object]) -> None:
    """Refuses an entry of a kind that there is not, or one that lacks a part. Entries once written stay readable.

    Raises:
        UnknownName: There is no such kind.
        UsageError: A key is missing.
    """
    if kind not in SAYS:
        raise UnknownName("kind of log entry", kind, KINDS)
    if lacking := [key for key in SAYS[kind] if key not in body]:
        raise UsageError(
            f"a log entry of kind {kind!r} must also say: {', '.join(lacking)}.",
            next=f"It says: {', '.join(SAYS[kind])}. Nothing was logged.",
        )
