"""A keep: a corpus together with the log and the labels that belong to it.

Whatever adds to it, chooses from it or opens a part of it goes through here, and leaves its entry in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from allegiance.corpus.fsck import Problem, Progress
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Added, Corpus
from allegiance.errors import Refusal, UnknownName
from allegiance.evidence import tickets
from allegiance.evidence.columns import Chosen, First, carry_out, frame_of, with_scores
from allegiance.evidence.drawing import announcement, growth
from allegiance.evidence.population import columns_digest_of, passing, pinned
from allegiance.evidence.rated import source
from allegiance.ledger.database import Database
from allegiance.ledger.log import Entry, Log, append, count, next_seq
from allegiance.rating.labels import LabelStore
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
        self.source = source(self.labels)

    def add(self, transcripts: Iterable[Transcript], source: Mapping[str, object] | None = None) -> Added:
        """Stores transcripts and logs the version of the corpus that results. What is there already adds nothing.

        Args:
            transcripts: What to store.
            source: What the log is to say about where they came from: file digests and counts, no words.
        """
        before = self.corpus.head().version
        return self.entered(before, self.corpus.add(transcripts), source)

    def entered(self, before: str, added: Added, source: Mapping[str, object] | None = None) -> Added:
        """Logs what was added to the corpus since the version `before`, with its columns, unless it is logged."""
        if added.version != before or not self._logged(added.version):
            body = {"from": before, "to": added.version, "new": added.new, "duplicates": added.duplicates}
            body["columns"] = columns_digest_of(self.corpus, added.version)
            self.log.append("import", body | {"source": dict(source or {})})
        return added

    def draw(self, design: Design, predicate: str = "", first: First = tickets.first) -> Draw:
        """Draws by a probability design, and announces it in the log before anyone can have read what was drawn.

        `first` hashes the tickets; the draw is the same, whoever does.

        Raises:
            Refusal: The frame is empty, or smaller than the number to be drawn.
        """
        with self.database.write() as connection:
            population, chosen, held = pinned(self.corpus, predicate, self.labels, next_seq(connection))
            commitment = Commitment(
                counter=count(connection, "draw") + 1,
                frame=population,
                design=with_scores(design, chosen, held),
                algorithm=ALGORITHM,
            )
            made = carry_out(commitment, chosen, held, first=first)
            append(connection, "draw", announcement(made))
        return made

    def extend(self, counter: int, more: int) -> Draw:
        """Draws further items, where the design lets reading go on; those drawn before keep their ranks.

        Raises:
            UnknownName: There is no draw of this number.
            Refusal: Its size was declared, or there are no more to draw.
        """
        made = self.find_draw(counter)
        design, size = made.commitment.design, len(made.items) + more
        if design.stop == "fixed":
            raise Refusal(
                f"draw {counter} was declared to have {len(made.items)} items, and stays so.",
                next="Draw anew with --open, to read on as long as you like.",
            )
        if not len(made.items) < size <= made.commitment.frame.n:
            raise Refusal(
                f"draw {counter} has {len(made.items)} of {made.commitment.frame.n} items, and not {more} more.",
                next="Draw fewer.",
            )
        grown = self._redo(made.commitment, size)
        self.log.append("extension", growth(grown))
        return grown

    def draws(self) -> list[Draw]:
        """All draws in order, carried out again from what the log says of them."""
        return [self._as_logged(entry) for entry in self.log.entries("draw")]

    def find_draw(self, counter: int) -> Draw:
        """The draw with this number.

        Raises:
            UnknownName: There is none.
        """
        entries = self.log.entries("draw")
        if not 1 <= counter <= len(entries):
            known = [str(number) for number in range(1, len(entries) + 1)]
            raise UnknownName("draw", str(counter), known)
        return self._as_logged(entries[counter - 1])

    def announced(self, made: Draw) -> int:
        """The number of the log entry that announced a draw."""
        return next(entry.seq for entry in self.log.entries("draw") if entry.body["draw"] == made.name)

    def rows(self, population: Frame) -> list[Row]:
        """The rows of a frame, from the version that it pins."""
        return frame_of(population, self.corpus, self.labels)[0].rows()

    def select(self, predicate: str = "") -> list[Row]:
        """The rows of the newest version that pass a filter, by name; none if none does.

        Raises:
            UnknownName: The filter names a field, question or rater that there is not.
        """
        return self.choose(predicate).rows()

    def choose(self, predicate: str = "") -> Chosen:
        """As `select`, but as columns, in a small part of the time: their number, their names.

        Raises:
            UnknownName: The filter names a field, question or rater that there is not.
        """
        return passing(self.corpus, predicate, self.labels, self.log.checkpoint().size)[0]

    def fsck(self, jobs: int = 1, progress: Progress | None = None) -> list[Problem]:
        """What is wrong with corpus and log, read back in full; empty if nothing. Changes nothing.

        Args:
            jobs: How many processes read the corpus; see `corpus.fsck.check`.
            progress: Told how many transcripts were checked, of how many.
        """
        head = self.corpus.head()
        damage = [Problem(what, "study.sqlite") for what in self.database.fsck()]
        if damage:
            return [*self.corpus.fsck(jobs, progress), *damage]
        told = [*self.log.fsck(), *self.labels.fsck()]
        problems = [*self.corpus.fsck(jobs, progress), *(Problem(what, "study.sqlite") for what in told)]
        if head.count and not self._logged(head.version):
            what = "the current version was never entered in the log; do again what made it, as the same import"
            problems.append(Problem(what, "corpus/HEAD"))
        return problems

    def _as_logged(self, entry: Entry) -> Draw:
        commitment = msgspec.convert(entry.body["commitment"], Commitment)
        sizes = [
            later.body["size"]
            for later in self.log.entries("extension")
            if later.body["draw"] == entry.body["draw"]
        ]
        return self._redo(commitment, msgspec.convert(sizes[-1], int) if sizes else None)

    def _redo(self, commitment: Commitment, size: int | None = None) -> Draw:
        return carry_out(commitment, *frame_of(commitment.frame, self.corpus, self.labels), size)

    def _logged(self, version: str) -> bool:
        return any(entry.body["to"] == version for entry in self.log.entries("import"))
