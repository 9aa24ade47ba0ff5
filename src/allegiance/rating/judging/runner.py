"""Judging many transcripts: batches with their canaries, replies kept, and labels as batches end.

The order of replies is whatever the model's is. While one batch waits for its last replies and its twins, the calls
of the next are made.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from allegiance.errors import UsageError
from allegiance.rating.judging import canaries
from allegiance.rating.judging.asking import Ask, Asker, Said
from allegiance.rating.judging.cache import Cache, Forgetful, Kept
from allegiance.rating.judging.canaries import Canary, Tally
from allegiance.rating.judging.costs import Cost, Price, expected, spent
from allegiance.rating.judging.fencing import Fenced
from allegiance.rating.judging.judge import NO_QUOTE, NOT_IN_TEXT, Judge, Vote
from allegiance.rating.judging.verdicts import READ
from allegiance.records.canonical import digest_bytes
from allegiance.records.label import Label
from allegiance.records.transcript import Transcript

BATCH = 1000
"""Transcripts in a batch."""
Item = tuple[str, Transcript]


@dataclass(kw_only=True)
class Counts:
    """What was asked of a judge, and what came back.

    Attributes:
        tally: How the judge did on its canaries.
        parses: How replies to its transcripts were read → how many.
        models: Models that answered, as the provider names them → replies.
        asked, kept: Calls made, and replies that were kept from before.
        sent, back: Tokens.
        flagged: Labels whose quotes are not in the text, or lack.
        shortened: Transcripts of which not all was shown.
    """

    tally: Tally = field(default_factory=Tally)
    parses: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    kept: int = 0
    sent: int = 0
    back: int = 0
    flagged: int = 0
    shortened: int = 0

    def include(self, other: Counts) -> None:
        """Adds what another counted."""
        self.tally.add(other.tally)
        self.parses.update(other.parses)
        self.models.update(other.models)
        for name in ("asked", "kept", "sent", "back", "flagged", "shortened"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Batch(Counts):
    """What became of a batch; the counts are of its transcripts and canaries.

    Attributes:
        seed: What its canaries follow from; names the batch.
        labels: The labels of its transcripts. Those of canaries are nowhere.
        failed: Transcript → why there was no reply; these have no label and can be asked again.
    """

    seed: str
    labels: list[Label] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class _Open:
    """A batch that is under way: what is still out, and what its twins will be made of."""

    batch: Batch
    twins: tuple[str, ...]
    repeats: frozenset[str]
    reserved: float = 0.0
    items: int = 0
    canaries: int = 0
    planted: bool = False
    originals: dict[str, tuple[Transcript, str]] = field(default_factory=dict)


@dataclass(eq=False)
class _Task:
    """A transcript or canary, and its votes so far."""

    open: _Open
    name: str
    item: Transcript
    fenced: Fenced
    canary: Canary | None = None
    votes: dict[int, Vote | None] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class _Out:
    """A call that is under way."""

    task: _Task
    vote: int
    code: str
    key: str
    size: int


class Judging:
    """One judging, of one or more lots of transcripts.

    Attributes:
        stopped: Why it ended before all was judged; empty if it did not.
        spent: Money spent so far, by the price.
    """

    def __init__(
        self,
        judge: Judge,
        asker: Asker,
        *,
        cache: Cache | None = None,
        batch: int = BATCH,
        twins: int = canaries.TWINS,
        price: Price | None = None,
        budget: float | None = None,
        anew: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Readies it; asks nothing.

        Args:
            judge: Who is asked what.
            asker: What reaches the model.
            cache: Where replies are kept.
            batch: Transcripts in a batch.
            twins: Twins in a batch.
            price: Price of a million tokens sent, and of a million that come back.
            budget: Money that may be spent; before a batch begins, the most that it can cost is set aside.
            anew: Whether kept replies that gave no verdict are asked again.
            progress: Told after each transcript how many are done.

        Raises:
            UsageError: A budget without a price, or a batch without transcripts.
        """
        if (budget is not None and price is None) or batch < 1 or twins < 0:
            raise UsageError("a budget needs a price, and a batch at least one transcript.", where="judge")
        self.judge, self._asker, self._cache = judge, asker, cache or Forgetful()
        self._size, self._twins, self._price, self._budget = batch, twins, price, budget
        self._anew, self._progress = anew, progress
        self.stopped, self.spent = "", 0.0
        self._about, self._done, self._numbers, self._wait = judge.about, 0, 0, False
        self._open: set[_Open] = set()
        self._queue: deque[_Task] = deque()
        self._ready: deque[_Task] = deque()
        self._under: dict[str, _Out] = {}
        self._finished: deque[Batch] = deque()
        self._back: list[Item] = []

    def batches(self, items: Iterable[Item]) -> Iterator[Batch]:
        """Judges transcripts, given with their names, and yields each batch when all of it is there."""
        for said in self._asker.ask(self._calls(iter(items))):
            self._receive(said)
            if self._finished:
                self._cache.flush()
            while self._finished:
                yield self._finished.popleft()
        self._cache.flush()
        while self._finished:
            yield self._finished.popleft()

    def _calls(self, items: Iterator[Item]) -> Iterator[Ask | None]:
        """All calls: canaries that are due first, then transcripts; None while only replies can bring more."""
        while True:
            self._cache.flush()
            if not self._queue:
                self._load(items)
            todo = self._ready or self._queue
            if todo:
                yield from self._votes(todo.popleft())
            elif self._open:
                yield None
            else:
                return

    def _load(self, items: Iterator[Item]) -> None:
        """Begins the next batch, if there is one and the budget allows it."""
        if self.stopped or (self._wait and self._open):
            return
        self._back += islice(items, self._size - len(self._back))
        if not self._back:
            return
        seen = [(name, item, self.judge.see(item)) for name, item in self._back]
        count, cost = self._affordable([fenced.size for _, _, fenced in seen])
        self._wait = count < len(seen)
        if not count and not self._open:
            self.stopped = "what is left of the budget does not pay for more"
        if count:
            self._back = self._back[count:]
            self._begin(seen[:count], cost)

    def _affordable(self, sizes: Sequence[int]) -> tuple[int, float]:
        """How many of the next transcripts the budget allows, with their canaries, and what they cost at most."""
        if self._budget is None:
            return len(sizes), 0.0
        left = self._budget - self.spent - sum(one.reserved for one in self._open)
        count = len(sizes)
        while count and (cost := self._cost(sizes[:count])) > left:
            count = min(count - 1, int(count * left / cost))
        return max(count, 0), self._cost(sizes[:count]) if count > 0 else 0.0

    def _cost(self, sizes: Sequence[int]) -> float:
        cost = expected(self.judge, sizes, len(sizes), len(sizes), self._twins)
        return cost.money(self._price) or 0.0

    def _begin(self, seen: Sequence[tuple[str, Transcript, Fenced]], cost: float) -> None:
        """Queues the transcripts of a batch, and the canaries whose answers are known."""
        seed = canaries.seed_of(self.judge.question, self.judge.card_digest, [name for name, _, _ in seen])
        batch = Batch(seed)
        worth = [one for one in seen if not (one[2].empty or one[1].status == "error")]
        twins, repeats = canaries.chosen([name for name, _, _ in worth], self._twins, seed)
        opened = _Open(batch, tuple(twins), frozenset(repeats), cost, len(worth))
        self._open.add(opened)
        if worth:
            self._put(opened, canaries.known(self.judge.question, self.judge.view))
        self._queue.extend(_Task(opened, name, item, fenced) for name, item, fenced in worth)
        for name, item, fenced in seen:
            if fenced.empty or item.status == "error":
                why = "nothing to see in this view" if fenced.empty else "the sample is an error"
                batch.labels.append(self.judge.unseen(name, why))
                self._count_one()
        self._settle(opened)

    def _put(self, opened: _Open, found: Sequence[Canary]) -> None:
        opened.canaries += len(found)
        self._ready.extend(_Task(opened, "", one.item, self.judge.see(one.item), one) for one in found)

    def _votes(self, task: _Task) -> Iterator[Ask]:
        """The calls of one transcript or canary; replies that were kept are read at once instead."""
        for number in range(self.judge.votes):
            kind = task.canary.kind if task.canary and task.canary.kind == "repeat" else ""
            key = digest_bytes(f"{self._about} {task.fenced.digest} {kind} {number}".encode())
            kept = self._cache.get(key)
            if kept is not None and not self._again(kept):
                task.open.batch.kept += 1
                self._take(task, number, self.judge.read(kept.said, kept.code))
                continue
            code = task.fenced.new_code()
            self._numbers += 1
            about = task.canary.about if task.canary else ""
            call = self.judge.call(str(self._numbers), task.fenced, code, about or task.fenced.digest)
            self._under[call.id] = _Out(task, number, code, key, len(call.system) + len(call.text))
            task.open.batch.asked += 1
            yield call

    def _again(self, kept: Kept) -> bool:
        return self._anew and self.judge.read(kept.said, kept.code).verdict.parse not in READ

    def _receive(self, said: Said) -> None:
        """Keeps a reply, and counts it. A reply that belongs to no call is dropped."""
        out = self._under.pop(said.id, None)
        if out is None:
            return
        task = out.task
        if said.outcome == "failed":
            task.error = said.error or "no reply"
            self._take(task, out.vote, None)
            return
        if not (said.text.isascii() and said.model.isascii()):
            said = replace(said, text=_storable(said.text), model=_storable(said.model))
        self._cache.put(out.key, Kept(out.code, said))
        sent, back = spent(said, out.size)
        task.open.batch.sent += sent
        task.open.batch.back += back
        self.spent += Cost(1, sent, back).money(self._price) or 0.0
        self._take(task, out.vote, self.judge.read(said, out.code))

    def _take(self, task: _Task, number: int, vote: Vote | None) -> None:
        task.votes[number] = vote
        if len(task.votes) < self.judge.votes:
            return
        votes = [task.votes[number] for number in sorted(task.votes)]
        given = [one for one in votes if one is not None]
        if task.canary is not None:
            value = self.judge.value([one.verdict for one in given]) if len(given) == len(votes) else None
            task.open.batch.tally.count(task.canary, value)
            task.open.canaries -= 1
        else:
            self._take_item(task, given if len(given) == len(votes) else [])
            task.open.items -= 1
            self._count_one()
        self._settle(task.open)

    def _take_item(self, task: _Task, votes: Sequence[Vote]) -> None:
        """The label of a transcript all of whose votes are there; without a label if one failed."""
        batch = task.open.batch
        batch.parses.update(vote.verdict.parse for vote in votes)
        batch.models.update(vote.said.model for vote in votes)
        if not votes:
            batch.failed[task.name] = task.error
            return
        label = self.judge.label(task.name, task.fenced, votes)
        batch.labels.append(label)
        batch.flagged += NOT_IN_TEXT in label.note or NO_QUOTE in label.note
        batch.shortened += bool(task.fenced.left_out)
        if task.name in task.open.twins and label.value != "unrated":
            task.open.originals[task.name] = (task.item, label.value)

    def _settle(self, opened: _Open) -> None:
        """When all transcripts of a batch are there, its twins are due; when these are too, it is finished."""
        if opened.items:
            return
        if not opened.planted:
            opened.planted = True
            self._put(opened, list(self._twins_of(opened)))
        if not opened.canaries and opened in self._open:
            self._open.remove(opened)
            self._wait = False
            self._finished.append(opened.batch)

    def _twins_of(self, opened: _Open) -> Iterator[Canary]:
        question, view = self.judge.question, self.judge.view
        for name in opened.twins:
            item, value = opened.originals.pop(name, (None, ""))
            if item is None:
                continue
            about = self.judge.see(item).digest
            made = canaries.twin(name, item, value, question, view, opened.batch.seed)
            if made is not None:
                yield replace(made, about=about)
            if name in opened.repeats:
                yield replace(canaries.repeat(item, value), about=about)

    def _count_one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done)


def _storable(text: str) -> str:
    """The text with lone surrogates written out; they have no place in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
