"""Keeping the full-text index up with the corpus: what is new is indexed, what is gone is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from allegiance.corpus import segments
from allegiance.corpus.files import writing
from allegiance.corpus.places import Held
from allegiance.corpus.search.placing import words_of
from allegiance.corpus.search.port import Entry, TextIndex
from allegiance.corpus.search.text import TantivyIndex, forget
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged
from allegiance.records.condition import Condition
from allegiance.records.split import half

FOLDER = "index/text"
TOGETHER = 4
"""Segments that are committed at once: what a kill undoes at most."""
LOCK_WAIT = 3600.0
"""Seconds that a second builder waits for the first, and then finds nothing left to do."""
COLUMNS = ("transcript_id", "messages", "condition", "model", "request", "run", "status")

_MESSAGES = msgspec.json.Decoder(list[dict[str, object]])
Progress = Callable[[int, int], None]


def text_index(corpus: Corpus) -> TextIndex:
    """The full-text index of a corpus, as far as it has been built.

    Raises:
        MissingExtra: The engine is not installed.
    """
    return TantivyIndex(corpus.folder / FOLDER)


def lacking(corpus: Corpus, index: TextIndex) -> list[Held]:
    """The segments of the current version that the index does not cover."""
    covered = index.covered()
    return [each for each in corpus.held() if covered.get(each.digest, 0) < each.rows]


def build(corpus: Corpus, progress: Progress = lambda _done, _all: None, *, rebuild: bool = False) -> int:
    """Bring the index up to the current version. What was indexed before stays, and so does what a kill cut short.

    Where transcripts were purged, the index is made anew: their words must leave the disk.

    Args:
        corpus: The corpus.
        progress: Is told how many transcripts are indexed, and of how many.
        rebuild: Whether to throw away what is there.

    Returns:
        How many transcripts were indexed now.

    Raises:
        MissingExtra: The engine is not installed.
        StudyError: Another process is still building after an hour; says which.
    """
    folder = corpus.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder, LOCK_WAIT):
        held = corpus.held()
        if rebuild or _purged(corpus, folder):
            forget(folder / "words")
            (folder / "about.json").unlink(missing_ok=True)
        index = text_index(corpus)
        known = {each.digest: each.rows for each in held}
        stale = [digest for digest, rows in index.covered().items() if known.get(digest) != rows]
        if stale:
            index.drop(stale)
        return _add(index, lacking(corpus, index), sum(known.values()), progress)


def purge(corpus: Corpus) -> None:
    """Throw the index away, because words must leave the disk; the next search builds it anew."""
    folder = corpus.folder / FOLDER
    if folder.exists():
        with writing(folder, LOCK_WAIT):
            (folder / "about.json").unlink(missing_ok=True)
            forget(folder / "words")


def _add(index: TextIndex, left: Sequence[Held], of: int, progress: Progress) -> int:
    done = before = of - sum(each.rows for each in left)

    def told(each: Held) -> Iterator[Entry]:
        nonlocal done
        for entry in _entries(each.path):
            yield entry
            done += 1
            if done % 1000 == 0:
                progress(done, of)

    progress(done, of)
    for start in range(0, len(left), TOGETHER):
        some = left[start : start + TOGETHER]
        index.add((each.digest, told(each)) for each in some)
        progress(done, of)
    return done - before


def _purged(corpus: Corpus, folder: Path) -> bool:
    """Whether the index holds segments from which words were taken down for good."""
    gone = {purge.segment for purge in corpus.head().purged}
    return bool(gone) and folder.exists() and not gone.isdisjoint(text_index(corpus).covered())


def _entries(path: Path) -> Iterator[Entry]:
    """The transcripts of a segment as they are indexed."""
    for row in segments.scan(path, COLUMNS):
        name = str(row["transcript_id"])
        try:
            words = words_of(_MESSAGES.decode(str(row["messages"])))
            yield Entry(name, words, _facts(row, name))
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError) as error:
            raise CorpusDamaged(
                f"a stored transcript cannot be read: {error}.", where=name, next="Run: allegiance corpus fsck"
            ) from None


def _facts(row: dict[str, object], name: str) -> dict[str, str]:
    """What a filter sees, as in `rows.Row.fields`."""
    own = {key: str(row[key] or "") for key in ("model", "request", "run", "status")}
    return {**_levels(str(row["condition"])), **own, "split": half(own["request"] or name)}


@lru_cache(maxsize=4096)
def _levels(condition: str) -> dict[str, str]:
    return dict(msgspec.json.decode(condition, type=Condition).levels)
