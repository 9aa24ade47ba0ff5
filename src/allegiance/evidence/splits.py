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
IN_CONFIRM = "split=confirm"

WHAT = (
    "the corpus is in two halves, by request: searches and lists show the half to explore; the half to confirm is "
    "hidden from them, and draws and claims are about it unless told otherwise"
)
"""What a split is, for people."""

BOTH = "the half that was explored is in it"
"""What a claim about a split study says if it is not about the half to confirm alone; see `remark`."""

LOOKED = ("search", "filter")
"""Entries by which somebody saw what a split would have hidden."""


def turn_on(keep: Keep) -> bool:
    """Splits a study, from now on; one that is split stays as it is.

    Returns:
        Whether it was not split before.

    Raises:
        Refusal: It was searched, or read in list order or by name: what would be hidden now has been seen.
    """
    log = keep.log.entries()
    if is_split(log):
        return False
    if seen := sum(map(_shows, log)):
        raise Refusal(
            f"this study was looked through before ({seen} searches, filters and readings): what a split would "
            "hide now has been seen.",
            next="Split a new study, when it is made: allegiance import FILES --split",
        )
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


def to_confirm(log: Iterable[Entry], question: str, predicate: str = "") -> str:
    """The filter that a claim or a draw takes by default: the half to confirm, in a study that is split.

    A question (by digest) that was in the log before the first transcript needs no such care: nothing that was read
    can have suggested it. Nor does one of a registered plan, about what the plan foresaw: none of that was there.
    """
    entries = list(log)
    if not is_split(entries):
        return ""
    first = next((at for at, entry in enumerate(entries) if entry.kind == "import"), len(entries))
    asked = [at for at, entry in enumerate(entries) if _asks(entry, question)]
    foreseen = any(at < first or _covers(entries[at], predicate) for at in asked)
    return "" if foreseen else IN_CONFIRM


def by_default(keep: Keep, predicate: str, question: str = "") -> str:
    """The population of a draw or a claim by default: what a filter says and, unless it names a half, `to_confirm`.

    Args:
        keep: The study.
        predicate: The filter.
        question: Digest of what is asked; empty where it is not known yet.
    """
    chosen = parse(predicate)
    half = to_confirm(keep.log.entries(), question, str(chosen))
    if not half or "split" in dict(chosen.terms):
        return str(chosen)
    return str(Predicate(tuple(sorted((*chosen.terms, CONFIRM)))))


def remark(log: Iterable[Entry], question: str, predicate: str) -> str:
    """What a claim must say of its population: `BOTH`, if it is about more than `to_confirm` allows; or nothing."""
    half = to_confirm(log, question, predicate)
    return BOTH if half and dict(parse(predicate).terms).get("split") != CONFIRM[1] else ""


def _asks(entry: Entry, question: str) -> bool:
    return entry.kind in {"rubric", "plan"} and bool(question) and entry.body.get("question") == question


def _covers(entry: Entry, predicate: str) -> bool:
    """Whether a plan was about transcripts of which none was there, and this filter chooses no others."""
    if entry.kind != "plan" or entry.body.get("before") != 0:
        return False
    mine, theirs = dict(parse(predicate).terms), dict(parse(str(entry.body.get("predicate", ""))).terms)
    return all(key in mine and set(mine[key]) <= set(values) for key, values in theirs.items())


def _shows(entry: Entry) -> bool:
    """Whether by this entry somebody saw a transcript that no draw had chosen."""
    if entry.kind != "reading":
        return entry.kind in LOOKED
    reading = entry.body.get("reading")
    route = reading.get("route") if isinstance(reading, dict) else None
    return not (isinstance(route, dict) and "draw" in route)
