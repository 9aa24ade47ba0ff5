"""A keep: a corpus together with the log and the labels that belong to it.

Whatever adds to it, chooses from it or opens a part of it goes through here, and leaves its entry in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from allegiance.corpus.fsck import Problem
from allegiance.corpus.predicate import parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Added, Corpus
from allegiance.errors import Refusal, UnknownName
from allegiance.evidence import tickets
from allegiance.evidence.population import columns_digest, frame
from allegiance.ledger.database import Database
from allegiance.ledger.log import Entry, Log, append, count
from allegiance.rating.labels import LabelStore
from allegiance.records.canonical import digest_names, plain
from allegiance.records.draw import ALGORITHM, Commitment, Design, Draw
from allegiance.records.frame import Frame
from allegiance.records.transcript import Transcript


class Keep:
    """Corpus, log and labels of one study."""

    def __init__(self, corpus: Corpus, database: Database) -> None:
        self.corpus = corpus
        self.database = database
        self.log = Log(database)
        self.labels = LabelStore(database)

    def add(self, transcripts: Iterable[Transcript], source: Mapping[str, object] | None = None) -> Added:
        """Stores transcripts and logs the version of the corpus that results. What is there already adds nothing.

        Args:
            transcripts: What to store.
            source: What the log is to say about where they came from: file digests and counts, no words.
        """
        before = self.corpus.head().version
        added = self.corpus.add(transcripts)
        if added.version != before or not self._logged(added.version):
            columns = columns_digest(self.corpus.rows(added.version))
            body = {"from": before, "to": added.version, "new": added.new, "duplicates": added.duplicates}
            body["columns"] = columns
            self.log.append("import", body | {"source": dict(source or {})})
        return added

    def draw(self, design: Design, predicate: str = "") -> Draw:
        """Draws by a probability design, and announces it in the log before anyone can have read what was drawn.

        Raises:
            Refusal: The frame is empty, or smaller than the number to be drawn.
        """
        population, rows = frame(self.corpus, predicate)
        _check_size(design, population)
        with self.database.write() as connection:
            commitment = Commitment(
                counter=count(connection, "draw") + 1, frame=population, design=design, algorithm=ALGORITHM
            )
            made = carry_out(commitment, [row.name for row in rows])
            append(connection, "draw", announcement(made))
        return made

    def draws(self) -> list[Draw]:
        """All draws in order, carried out again from what the log says of them."""
        return [self._redo(entry) for entry in self.log.entries("draw")]

    def find_draw(self, counter: int) -> Draw:
        """The draw with this number.

        Raises:
            UnknownName: There is none.
        """
        entries = self.log.entries("draw")
        if not 1 <= counter <= len(entries):
            known = [str(number) for number in range(1, len(entries) + 1)]
            raise UnknownName("draw", str(counter), known)
        return self._redo(entries[counter - 1])

    def announced(self, made: Draw) -> int:
        """The number of the log entry that announced a draw."""
        return next(entry.seq for entry in self.log.entries("draw") if entry.body["draw"] == made.digest)

    def rows(self, population: Frame) -> list[Row]:
        """The rows of a frame, from the version that it pins."""
        return self.corpus.select(parse(population.predicate), population.corpus)

    def fsck(self) -> list[Problem]:
        """What is wrong with corpus and log, read back in full; empty if nothing. Changes nothing."""
        head = self.corpus.head()
        damage = [Problem(what, "study.sqlite") for what in self.database.fsck()]
        if damage:
            return [*self.corpus.fsck(), *damage]
        told = [*self.log.fsck(), *self.labels.fsck()]
        problems = [*self.corpus.fsck(), *(Problem(what, "study.sqlite") for what in told)]
        if head.count and not self._logged(head.version):
            what = "the current version was never entered in the log; import the same files again"
            problems.append(Problem(what, "corpus/HEAD"))
        return problems

    def _redo(self, entry: Entry) -> Draw:
        commitment = msgspec.convert(entry.body["commitment"], Commitment)
        return carry_out(commitment, [row.name for row in self.rows(commitment.frame)])

    def _logged(self, version: str) -> bool:
        return any(entry.body["to"] == version for entry in self.log.entries("import"))


def carry_out(commitment: Commitment, names: Iterable[str]) -> Draw:
    """The draw that follows from a commitment and the names of its frame; a census takes all of them."""
    seed = tickets.seed_of(commitment)
    ranked = tickets.order(seed, names)
    n = commitment.design.n if commitment.design.kind == "uniform" else len(ranked)
    return Draw(commitment=commitment, seed=seed.hex(), items=tuple(ranked[:n]))


def announcement(draw: Draw) -> dict[str, object]:
    """What the log says about a draw."""
    return {
        "draw": draw.digest,
        "commitment": plain(draw.commitment),
        "seed": draw.seed,
        "items": digest_names(draw.items),
    }


def _check_size(design: Design, population: Frame) -> None:
    if design.kind == "uniform" and not 1 <= design.n <= population.n:
        raise Refusal(
            f"{design.n} cannot be drawn from {population.n} transcripts.",
            where=population.predicate or "the corpus",
            next=f"Draw between 1 and {population.n}, or take a census.",
        )
