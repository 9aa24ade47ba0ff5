"""The matrix as lines of numbers with their words: the same on a page and in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from allegiance.evidence.standings import Change, IntentRow, Matrix, MotiveRow, OrderState, Part, Tally
from allegiance.records.label import UNDECIDED
from allegiance.records.record import Record
from allegiance.records.standing import STANDINGS

NOTE = "Counts of labels, not rates: no interval stands behind them. A claim makes a number that can be verified."
_GIVEN = {"revoked": "revoked", "expired": "expired", "absent": "never given", "standing": "in force"}
_LEFT = {"unsure": "The rater looked and could not tell.", "unrated": "The rater did not or could not rate it."}


class Cell(Record, frozen=True, kw_only=True):
    """A count, and the share of the transcripts in its column that it is, in [0, 1]."""

    n: int
    share: float = 0.0


class Line(Record, frozen=True, kw_only=True):
    """A line of the matrix: a standing, or what else became of the transcripts; a cell for each column."""

    name: str
    meaning: str = ""
    kind: Literal["standing", "open", "sum"] = "standing"
    cells: tuple[Cell, ...]


def lines(rows: tuple[IntentRow, ...]) -> tuple[Line, ...]:
    """The lines of the matrix; columns are the tiers of the first intent, then those of the next."""
    columns = [tally for row in rows for tally in row.tiers]
    counted = [_line(name, text, "standing", columns) for name, text in STANDINGS.items()]
    left = [_line(name, _LEFT[name], "open", columns) for name in UNDECIDED]
    missing = tuple(Cell(n=tally.missing, share=_share(tally.missing, tally)) for tally in columns)
    broken = tuple(Cell(n=sum(tally.faulty.values())) for tally in columns)
    return (
        *counted,
        *left,
        Line(name="no label", meaning="The rater gave none on this question.", kind="open", cells=missing),
        Line(name="transcripts", meaning="The lines above add up to these.", kind="sum",
             cells=tuple(Cell(n=tally.transcripts) for tally in columns)),
        Line(name="of these, not whole", meaning="Ended by an error, a provider's refusal, a filter, the length.",
             kind="sum", cells=broken),
    )  # fmt: skip


MOTIVE_COLUMNS = ("yes", "no", "unsure", "unrated", "no label")


def motive_cells(row: MotiveRow) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Tier → the counts of a motive in the order of `MOTIVE_COLUMNS`."""
    return tuple(
        (tally.tier, (*(tally.counts.get(value, 0) for value in MOTIVE_COLUMNS[:-1]), tally.missing))
        for tally in row.tiers
    )


def title(part: Part) -> str:
    """Which transcripts and whose labels: ``desk (unauthorised; resist: revoked), a/model, rated by reader``.

    Parts of one matrix have different titles.
    """
    rights = [change.right for change in part.situation.changes]
    orders = [f"{order.kind}: {_level(order)}" for order in part.situation.orders]
    holds = f" ({'; '.join([*rights, *orders])})" if rights or orders else ""
    about = [part.scenario or "scenario not known", part.model or "model not known", f"rated by {part.rater}"]
    return ", ".join([about[0] + holds, *about[1:]])


def intent_name(row: IntentRow) -> str:
    """An intent with its principal: ``honest-repair (Mendwell)``."""
    return f"{row.intent} ({row.principal})" if row.principal else row.intent


def circumstances(part: Part) -> tuple[str, ...]:
    """What holds for all transcripts of a part, in sentences: rights, standing orders, what is taken together."""
    return tuple(_circumstances(part))


def remarks(matrix: Matrix) -> tuple[str, ...]:
    """What to know of the whole matrix."""
    said = [NOTE]
    if matrix.unlabelled:
        left = f"{matrix.unlabelled:,} of {matrix.transcripts:,} transcripts are in no matrix"
        said.append(f"{left}: no rater labelled a standing of any transcript of their model, scenario and right.")
    return tuple(said)


def _circumstances(part: Part) -> Iterator[str]:
    names = {row.intent: intent_name(row) for row in part.intents}
    yield from (_change(change, names) for change in part.situation.changes)
    yield from (_order(order, names) for order in part.situation.orders)
    if part.together:
        varied = "; ".join(f"{factor}: {', '.join(levels)}" for factor, levels in part.together.items())
        yield f"Taken together in each column: {varied}."
    yield f"Labels: {part.basis}."


def _change(change: Change, names: dict[str, str]) -> str:
    earlier = names.get(change.earlier, change.earlier)
    later = names.get(change.later, change.later)
    return f"From {earlier} to {later}, by {change.by}: {change.right} under {change.earlier}."


def _order(order: OrderState, names: dict[str, str]) -> str:
    scope = f" ({order.scope.rstrip('.')})" if order.scope else ""
    return f"Standing order of {names.get(order.intent, order.intent)}: {order.kind}{scope}; {_level(order)}."


def _level(order: OrderState) -> str:
    return _GIVEN.get(order.level, f"in force, as {order.level}")


def _line(name: str, meaning: str, kind: Literal["standing", "open"], columns: list[Tally]) -> Line:
    cells = tuple(Cell(n=tally.counts[name], share=_share(tally.counts[name], tally)) for tally in columns)
    return Line(name=name, meaning=meaning, kind=kind, cells=cells)


def _share(n: int, tally: Tally) -> float:
    return n / tally.transcripts if tally.transcripts else 0.0
