"""The split of a study into a half to explore and a half to confirm: hidden from search until it is unlocked."""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.keep import Keep
from allegiance.ledger.log import Entry
from allegiance.records.split import RULE

EXPLORE, CONFIRM = ("split", ("explore",)), ("split", ("confirm",))


def turn_on(keep: Keep) -> bool:
    """Splits a study, from now on; one that is split stays as it is.

    Returns:
        Whether it was not split before.
    """
    if is_split(keep.log.entries()):
        return False
    keep.log.append("split", {"rule": RULE, "on": True})
    return True


def unlock(keep: Keep, reader: str, reason: str) -> None:
    """Opens the half to confirm to search and lists, for good. Every later claim counts it.

    Raises:
        Refusal: The study is not split, or is open already.
    """
    if not locked(keep.log.entries()):
        raise Refusal("there is nothing to unlock: the study is not split, or was unlocked before.")
    keep.log.append("unlock", {"reader": reader, "split": RULE, "reason": reason})


def is_split(log: Iterable[Entry]) -> bool:
    """Whether a study is split."""
    return any(entry.kind == "split" for entry in log)


def locked(log: Iterable[Entry]) -> bool:
    """Whether the half to confirm is hidden."""
    kinds = {entry.kind for entry in log}
    return "split" in kinds and "unlock" not in kinds


def visible(keep: Keep, predicate: str) -> str:
    """The filter under which a search or a list may look: it leaves out what is hidden.

    Raises:
        Refusal: It asks for the hidden half by name.
    """
    chosen = parse(predicate)
    if not locked(keep.log.entries()):
        return str(chosen)
    if any(key == "split" and values != EXPLORE[1] for key, values in chosen.terms):
        raise Refusal(
            "the half to confirm is hidden from search and lists.",
            where=predicate,
            next="Draw from it: allegiance draw --where split=confirm; or unlock it for good: allegiance unlock",
        )
    terms = dict(chosen.terms) | dict([EXPLORE])
    return str(Predicate(tuple(sorted(terms.items()))))


def require_visible(keep: Keep, row: Row) -> None:
    """Refuses to open a transcript of the hidden half by its name.

    Raises:
        Refusal: It is hidden.
    """
    if row.fields()["split"] == "confirm" and locked(keep.log.entries()):
        raise Refusal(
            "this transcript is in the half to confirm, which is hidden until it is unlocked.",
            where=row.name,
            next="Read it as an item of a draw, or unlock the half for good: allegiance unlock",
        )


def to_confirm(log: Iterable[Entry], question: str) -> str:
    """The filter that a claim or a draw takes by default: the half to confirm, in a study that is split.

    A question (by digest) that was in the log before the first transcript needs no such care: nothing that was read
    can have suggested it.
    """
    entries = list(log)
    first = next((entry.seq for entry in entries if entry.kind == "import"), len(entries))
    before = (entry for entry in entries[:first] if entry.kind in {"rubric", "plan"})
    foreseen = any(entry.body.get("question") == question for entry in before)
    return "split=confirm" if is_split(entries) and not foreseen else ""
