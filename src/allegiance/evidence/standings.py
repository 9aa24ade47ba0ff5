"""The matrix: how many transcripts stand how to each intent, tier by tier; and which motives they show.

Counts of labels, nothing else: no rate, no interval. For each intent every transcript of a part is counted once:
under a standing, as unsure, as unrated, or as missing where the rater gave no label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.errors import UnknownName, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.statements import basis
from allegiance.rating.labels import last
from allegiance.records.intent import OrderKind
from allegiance.records.label import UNDECIDED
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.records.scenario import Scenario
from allegiance.records.standing import MOTIVES, STANDING, STANDINGS, motive_question, standing_question
from allegiance.records.succession import Right, Succession
from allegiance.scenarios.levels import resolve, succession_address

NOT_IN_FORCE = ("revoked", "expired", "absent")
"""Levels of a standing order at which it asks for nothing; at all others it is in force."""


class Change(Record, frozen=True, kw_only=True):
    """A succession as it holds in some conditions: who put `later` in the place of `earlier`, by what right."""

    earlier: str
    later: str
    right: Right
    by: str


class OrderState(Record, frozen=True, kw_only=True):
    """A standing order as it holds in some conditions; `level` is ``standing``, ``revoked``, ``expired``, …"""

    intent: str
    kind: OrderKind
    scope: str = ""
    level: str = "standing"

    @property
    def in_force(self) -> bool:
        """Whether it asks for anything here."""
        return self.level not in NOT_IN_FORCE


class Situation(Record, frozen=True, kw_only=True):
    """By what right intents changed, and which standing orders there are."""

    changes: tuple[Change, ...] = ()
    orders: tuple[OrderState, ...] = ()


class Tally(Record, frozen=True, kw_only=True):
    """What one rater said on one question of the transcripts in one tier.

    Attributes:
        tier: Level of the factor; empty where the condition does not say.
        transcripts: How many there are. `counts` and `missing` add up to it.
        counts: Label value → how many; every answer of the question, ``unsure`` and ``unrated``.
        missing: Without a label of this rater on this question.
        faulty: Of all of them, how many are not whole, by status.
    """

    tier: str
    transcripts: int
    counts: Mapping[str, int]
    missing: int = 0
    faulty: Mapping[str, int] = {}


class IntentRow(Record, frozen=True, kw_only=True):
    """The standings to one intent. `principal` is empty where the scenario is not known."""

    intent: str
    principal: str
    wants: str
    tiers: tuple[Tally, ...]


class MotiveRow(Record, frozen=True, kw_only=True):
    """How many transcripts show one motive: ``yes``, ``no``, ``unsure``, ``unrated``."""

    motive: str
    tiers: tuple[Tally, ...]


class Part(Record, frozen=True, kw_only=True):
    """One rater's matrix of the transcripts of one model in one scenario, where one right and the same orders hold.

    Attributes:
        scenario: Its name; empty if it is not known.
        version: Its digest.
        model: The model.
        situation: Rights and standing orders.
        together: Other factors that vary among these transcripts, with their levels.
        rater: Name of the rater.
        basis: What its labels are worth, as in claims.
        intents: The matrix, intent by intent in order of time.
        motives: Motives on which the rater gave a label.
    """

    scenario: str
    version: str
    model: str
    situation: Situation
    together: Mapping[str, tuple[str, ...]]
    rater: str
    basis: str
    intents: tuple[IntentRow, ...]
    motives: tuple[MotiveRow, ...] = ()


class Matrix(Record, frozen=True, kw_only=True):
    """Intents × tiers × standings of a set of transcripts, a part for each rater, model, scenario and situation.

    Attributes:
        corpus: Version of the corpus.
        predicate: Filter; empty for all.
        factor: The factor whose levels are the tiers.
        transcripts: How many transcripts the filter takes.
        parts: The matrix.
        raters: Cards of the raters whose labels are counted.
        unlabelled: Transcripts in no part, as nobody gave any of their group a label on a standing.
    """

    corpus: str
    predicate: str
    factor: str
    transcripts: int
    parts: tuple[Part, ...]
    raters: tuple[RaterCard, ...] = ()
    unlabelled: int = 0


def matrix(keep: Keep, worlds: Mapping[str, Scenario], predicate: str = "", *, factor: str = "tier",
           rater: str = "") -> Matrix:  # fmt: skip
    """The matrix of a study.

    Args:
        keep: Corpus and labels.
        worlds: Version → scenario, as far as known (`Study.worlds`).
        predicate: Which transcripts.
        factor: The factor whose levels are the tiers.
        rater: Only this rater's; all raters' if empty.

    Raises:
        UnknownName: No rater of this name labelled a standing.
    """
    book = _Book(keep)
    if rater and rater not in book.names:
        raise UnknownName("rater of standings", rater, book.names)
    head = keep.corpus.head().version
    rows = keep.corpus.select(parse(predicate), head)
    groups = _groups(rows, worlds)
    parts: list[Part] = []
    unlabelled = 0
    for key in sorted(groups, key=repr):
        made = [part for name in ([rater] if rater else book.names)
                if (part := _part(book, name, groups[key], worlds.get(key[0]), key, factor))]  # fmt: skip
        parts += made
        unlabelled += 0 if made else len(groups[key])
    return Matrix(corpus=head, predicate=predicate, factor=factor, transcripts=len(rows), parts=tuple(parts),
                  raters=book.cards({part.rater for part in parts}), unlabelled=unlabelled)  # fmt: skip


def situation(world: Scenario, levels: Mapping[str, str]) -> Situation:
    """By what right intents change in a condition, and which standing orders there are.

    A succession that the model is told of has the right that the level of ``succession`` names; any other its own.
    Levels that the scenario does not have, as imported transcripts may state, count as written.
    """
    with suppress(UsageError):
        levels = resolve(world, levels)
    changes = [
        Change(earlier=s.earlier, later=s.later, by=s.by, right=_right(world, s, levels)) for s in world.succession
    ]
    orders = [
        OrderState(intent=intent.name, kind=order.kind, scope=order.scope,
                   level=levels.get(f"order.{order.name}", order.level))
        for intent in world.intents for order in intent.orders
    ]  # fmt: skip
    return Situation(changes=tuple(changes), orders=tuple(orders))


def _right(world: Scenario, change: Succession, levels: Mapping[str, str]) -> Right:
    told = levels.get(succession_address(world, change), "")
    return next((right for right in change.told if right == told), change.right)


_Key = tuple[str, str, Situation]


def _groups(rows: Sequence[Row], worlds: Mapping[str, Scenario]) -> dict[_Key, list[Row]]:
    """Transcripts by version of the scenario, model and situation."""
    seen: dict[tuple[str, str], Situation] = {}
    groups: dict[_Key, list[Row]] = {}
    for row in rows:
        version, name = row.condition.scenario, row.condition.name
        if (version, name) not in seen:
            known = worlds.get(version)
            seen[version, name] = situation(known, row.condition.levels) if known else Situation()
        groups.setdefault((version, row.model, seen[version, name]), []).append(row)
    return groups


@dataclass
class _Asked:
    """A question, and what one rater answered: transcript → value. Without a card it answered nothing."""

    question: Question
    labels: Mapping[str, str]
    card: RaterCard | None = None


class _Book:
    """The labels on standings and motives, each question read once."""

    def __init__(self, keep: Keep) -> None:
        self.found: dict[tuple[str, str], _Asked] = {}
        motives = {motive_question(motive).digest for motive in MOTIVES}
        asked = [q for q in keep.labels.questions() if _is_standing(q) or q.digest in motives]
        for question in asked:
            for card in keep.labels.raters(question.digest):
                labels = last(keep.labels.all(question.digest, card.digest))
                values = {name: label.value for name, label in labels.items()}
                self._enter(question, card, values)
        standing = {q.digest for q in asked if _is_standing(q)}
        self.names = sorted({name for name, question in self.found if question in standing})
        self.standings = [q for q in asked if _is_standing(q)]

    def _enter(self, question: Question, card: RaterCard, values: dict[str, str]) -> None:
        """Two raters of one name are told apart by the digest of the second's card."""
        name = card.name if (card.name, question.digest) not in self.found else f"{card.name} {card.digest[7:15]}"
        self.found[name, question.digest] = _Asked(question, values, card)

    def cards(self, names: set[str]) -> tuple[RaterCard, ...]:
        found = {one.card.digest: one.card for (name, _), one in self.found.items() if name in names and one.card}
        return tuple(found[each] for each in sorted(found))

    def get(self, name: str, question: Question) -> _Asked:
        return self.found.get((name, question.digest)) or _Asked(question, {})


def _is_standing(question: Question) -> bool:
    return question.name.startswith(STANDING) and question.answers == tuple(STANDINGS)


def _part(book: _Book, name: str, rows: list[Row], world: Scenario | None, key: _Key, factor: str) -> Part | None:
    """The part of one rater; None if it labelled no standing here."""
    here = [row.name for row in rows]
    asked = [book.get(name, question) for question, *_ in _intents(book, world)]
    if not any(each in one.labels for one in asked for each in here):
        return None
    tiers = _tiers(rows, world, factor)
    intents = tuple(
        IntentRow(intent=question.intent, principal=who, wants=wants, tiers=_tallies(one, tiers))
        for (question, who, wants), one in zip(_intents(book, world), asked, strict=True)
        if world or any(each in one.labels for each in here)
    )
    given = [(motive, book.get(name, motive_question(motive))) for motive in MOTIVES]
    shown = [(motive, one) for motive, one in given if any(each in one.labels for each in here)]
    return Part(
        scenario=world.name if world else "", version=key[0], model=key[1], situation=key[2],
        together=_together(rows, factor), rater=name, basis=_basis([*asked, *(one for _, one in shown)]),
        intents=intents,
        motives=tuple(MotiveRow(motive=motive, tiers=_tallies(one, tiers)) for motive, one in shown),
    )  # fmt: skip


def _intents(book: _Book, world: Scenario | None) -> Iterator[tuple[Question, str, str]]:
    """Question, principal and what is wanted: of the scenario, or of all that was asked where it is not known."""
    if world:
        for intent in world.intents:
            yield standing_question(world, intent.name), intent.principal, intent.wants
    else:
        yield from ((question, "", question.text) for question in book.standings)


def _tiers(rows: Sequence[Row], world: Scenario | None, factor: str) -> dict[str, list[Row]]:
    """Level → rows, in the order of the scenario's tiers; a level that is not stated last."""
    order = [tier.name for tier in world.tiers] if world and factor == "tier" else []
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.condition.levels.get(factor, ""), []).append(row)
    return {level: found[level] for level in sorted(found, key=lambda one: _place(one, order))}


def _place(level: str, order: Sequence[str]) -> tuple[bool, int, str]:
    return not level, order.index(level) if level in order else len(order), level


def _tallies(asked: _Asked, tiers: Mapping[str, Sequence[Row]]) -> tuple[Tally, ...]:
    menu = (*asked.question.answers, *UNDECIDED)
    made = []
    for tier, rows in tiers.items():
        values = Counter(asked.labels[row.name] for row in rows if row.name in asked.labels)
        faulty = Counter(row.status for row in rows if row.status != "complete")
        made.append(Tally(tier=tier, transcripts=len(rows), counts={value: values[value] for value in menu},
                          missing=len(rows) - values.total(), faulty=dict(sorted(faulty.items()))))  # fmt: skip
    return tuple(made)


def _together(rows: Sequence[Row], factor: str) -> dict[str, tuple[str, ...]]:
    """Factors with more than one level among these rows, apart from those that make the columns and the parts."""
    levels: dict[str, set[str]] = {}
    for condition in {row.condition.name: row.condition for row in rows}.values():
        for name, level in condition.levels.items():
            levels.setdefault(name, set()).add(level)
    apart = (factor, "succession")
    return {
        name: tuple(sorted(found))
        for name, found in sorted(levels.items())
        if len(found) > 1 and name not in apart and not name.startswith("order.")
    }


def _basis(asked: Sequence[_Asked]) -> str:
    return "; ".join(sorted({basis(one.card) for one in asked if one.card}))
