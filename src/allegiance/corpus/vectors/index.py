"""The vectors of all passages of a corpus: derived from its segments, one folder for each, thrown away at will.

    corpus/index/vectors/<encoder and cut>/centre.npy       what signs are taken against
    corpus/index/vectors/<encoder and cut>/<segment>/       all of a segment, or not there
        names.npy     (rows, 32) bytes: the transcripts, in the order of the segment
        vectors.npy   (n, width) f16: each passage once, however often it occurs
        signs.npy     (ceil(width / 64), n) u64: whether each number is above the centre
        places.npy    where the passages are, in the order of their vectors
        starts.npy    (n + 1) u32: the places of vector i are ``places[starts[i]:starts[i + 1]]``

A folder gets its name when it is finished, so that a killed `build` goes on where it stopped. Vectors cannot be
read back as words, yet they are made of words: `build` and `purge` remove those of segments that are gone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from allegiance.corpus import segments
from allegiance.corpus.bulk import Engine
from allegiance.corpus.digests import Digests, packed
from allegiance.corpus.files import PARTIAL, settle, sync_directory, sync_file, writing
from allegiance.corpus.messages import from_stored
from allegiance.corpus.places import Held
from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.passages import LENGTH, MOST, SHORT, passages
from allegiance.corpus.vectors.static import StaticEncoder
from allegiance.errors import CorpusDamaged
from allegiance.records.canonical import digest, digest_bytes
from allegiance.records.encoder import Encoder, Vectors

FOLDER = "index/vectors"
PLACE = np.dtype([("row", "<u4"), ("message", "<u4"), ("part", "<u4"), ("start", "<u4"), ("end", "<u4")])
"""A passage: row in the segment, message, part, start and end in code points."""
WAIT = 30.0
_BATCH = 2_048
"""Passages that are embedded at once."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Shelf:
    """The vectors of one segment, memory-mapped; see the module."""

    segment: str
    names: Digests
    vectors: npt.NDArray[np.float16]
    signs: npt.NDArray[np.uint64]
    places: np.ndarray
    starts: npt.NDArray[np.uint32]

    @cached_property
    def rows(self) -> npt.NDArray[np.uint32]:
        """The row of each place, in memory."""
        return np.ascontiguousarray(self.places["row"])


@dataclass(frozen=True)
class Index:
    """What of a version of a corpus can be searched by meaning.

    Attributes:
        version: The version.
        shelves: The vectors of its segments, as far as they were made.
        centre: What signs are taken against.
        withdrawn: Transcripts that do not count.
        searched: How many transcripts are covered.
        missing: How many are not, because their segments were not indexed.
    """

    version: str
    shelves: tuple[Shelf, ...]
    centre: Vectors
    withdrawn: frozenset[str]
    searched: int
    missing: int


def home(corpus: Corpus, encoder: Encoder) -> Path:
    """The folder of the index of a corpus made with an encoder."""
    cut = {"length": LENGTH, "most": MOST, "short": SHORT, "by_sentence": by_sentence(encoder)}
    return (
        corpus.folder
        / FOLDER
        / digest({"encoder": encoder.digest, "cut": cut, "format": "vectors/1"}).removeprefix("sha256:")[:32]
    )


def by_sentence(encoder: Encoder) -> bool:
    """Whether an index made with an encoder has a vector for each sentence: with all but word vectors.

    Word vectors are quick, so that they serve for corpora in which that would take too much room.
    """
    return not isinstance(encoder, StaticEncoder)


def build(corpus: Corpus, encoder: Encoder, progress: Progress | None = None, engine: Engine | None = None) -> int:
    """Index the current version by meaning, as far as that is not done; may be killed and called again.

    Args:
        corpus: What to index. Only its folder ``index`` is written to.
        encoder: What makes vectors of passages.
        progress: Told after every batch how many transcripts are done, and how many there are to do.
        engine: Who does it, segments at a time; None for this process.

    Returns:
        How many transcripts were indexed by this call.

    Raises:
        StudyError: Another process is building this index.
        CorpusDamaged: A segment cannot be read. The segments before it are indexed.
    """
    folder, held = home(corpus, encoder), corpus.held()
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder, WAIT):
        _sweep(folder, corpus)
        left = [one for one in held if _load(folder / _hex(one.digest), one.digest, one.rows) is None]
        total, done = sum(one.rows for one in left), 0
        while left and (engine is None or not (folder / "centre.npy").is_file()):  # the first makes the centre
            one, before = left.pop(0), done
            tell = None if progress is None else lambda rows, at=before: progress(at + rows, total)
            make_shelf(one.path, folder, encoder, tell)
            done += one.rows
        if left and engine is not None:
            _share(left, folder, encoder, engine, lambda rows: progress and progress(done + rows, total))
            done = total
    return done


def load(corpus: Corpus, encoder: Encoder) -> Index:
    """The index of the current version as far as it was built; of nothing if it was not."""
    manifest, folder, held = corpus.head(), home(corpus, encoder), corpus.held()
    found = [_load(folder / _hex(one.digest), one.digest, one.rows) for one in held]
    shelves = tuple(one for one in found if one is not None)
    rows = sum(len(one.names) for one in shelves)
    lost = sum(one.rows for one in held) - rows
    out = _withdrawn(shelves, manifest.withdrawn)
    centre = np.load(folder / "centre.npy", allow_pickle=False) if shelves else np.zeros(encoder.width, np.float32)
    return Index(manifest.version, shelves, centre, frozenset(manifest.withdrawn), rows - out,
                 lost - (len(manifest.withdrawn) - out))  # fmt: skip


def signs(vectors: Vectors, centre: Vectors) -> npt.NDArray[np.uint64]:
    """Whether each number of each vector is above that of the centre, as bits: shape (ceil(width / 64), n)."""
    bits = np.packbits(vectors > centre, axis=1)
    whole = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), np.uint8)
    whole[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(whole.view("<u8").T)


def make_shelf(path: Path, folder: Path, encoder: Encoder, tell: Callable[[int], None] | None = None) -> None:
    """Index one segment into the folder of an index; its own folder appears whole."""
    partial = folder / f"{PARTIAL}{os.urandom(8).hex()}"
    partial.mkdir()
    made = _Growing(encoder)
    for row, (name, found) in enumerate(_read(path, cut=by_sentence(encoder))):
        made.add(row, name, found)
        if tell is not None and row % 256 == 255:
            tell(row + 1)
    vectors, places, starts = made.finish()
    centre = _centre(folder, vectors)
    for name, array in (
        ("names", packed(made.names)), ("vectors", vectors), ("places", places), ("starts", starts),
        ("signs", _all_signs(vectors, centre)),
    ):  # fmt: skip
        np.save(partial / f"{name}.npy", array)
        sync_file(partial / f"{name}.npy")
    sync_directory(partial)
    shutil.rmtree(folder / path.stem, ignore_errors=True)
    settle(partial, folder / path.stem)
    if tell is not None:
        tell(len(made.names))


def _share(
    left: Sequence[Held], folder: Path, encoder: Encoder, engine: Engine, tell: Callable[[int], object]
) -> None:
    """Let an engine index segments; what is there of them is not whole."""
    from allegiance.corpus.vectors.sharing import make  # noqa: PLC0415  (only where there is an engine)

    for one in left:
        shutil.rmtree(folder / _hex(one.digest), ignore_errors=True)
    make(folder, left, encoder, engine, tell)


class _Growing:
    """Vectors and places of the passages of a segment while it is read; the same passage is embedded once."""

    def __init__(self, encoder: Encoder) -> None:
        self.names: list[str] = []
        self._encoder = encoder
        self._seen: dict[bytes, int] = {}
        self._waiting: list[str] = []
        self._vectors: list[npt.NDArray[np.float16]] = []
        self._places: list[tuple[int, ...]] = []
        self._of: list[int] = []

    def add(self, row: int, name: str, found: Sequence[tuple[int, int, int, int, str]]) -> None:
        self.names.append(name)
        for message, part, start, end, text in found:
            key = bytes.fromhex(digest_bytes(text.encode())[7:39])
            if (at := self._seen.get(key)) is None:
                at = self._seen[key] = len(self._seen)
                self._waiting.append(text)
            self._of.append(at)
            self._places.append((row, message, part, start, end))
        if len(self._waiting) >= _BATCH:
            self._embed()

    def finish(self) -> tuple[npt.NDArray[np.float16], np.ndarray, npt.NDArray[np.uint32]]:
        """Vectors, places in their order, and where the places of each vector start."""
        self._embed()
        none = np.zeros((0, self._encoder.width), np.float16)
        of = np.array(self._of, np.int64)
        places = np.array(self._places, PLACE)[np.argsort(of, kind="stable")]
        counts = np.bincount(of, minlength=len(self._seen))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype("<u4")
        return np.concatenate([none, *self._vectors]), places, starts

    def _embed(self) -> None:
        if self._waiting:
            self._vectors.append(self._encoder(self._waiting).astype(np.float16))
            self._waiting = []


def _read(path: Path, *, cut: bool) -> Iterator[tuple[str, list[tuple[int, int, int, int, str]]]]:
    """The name and the passages of each row of a segment."""
    for row in segments.scan(path, ("transcript_id", "messages")):
        try:
            stored = json.loads(str(row["messages"]))
            found = passages([from_stored(raw, index) for index, raw in enumerate(stored)], by_sentence=cut)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusDamaged(f"a stored transcript cannot be read: {error}.", where=str(path),
                                next="Run: allegiance corpus fsck") from None  # fmt: skip
        yield str(row["transcript_id"]), [(p.message, p.part, p.start, p.end, p.text) for p in found]


def _centre(folder: Path, vectors: npt.NDArray[np.float16]) -> Vectors:
    """The centre of an index: the mean of the segment that was indexed first, kept from then on."""
    path = folder / "centre.npy"
    if not path.is_file():
        mean = vectors[:65_536].astype(np.float32).mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1])
        partial = folder / f"{PARTIAL}{os.getpid()}.npy"
        np.save(partial, mean.astype(np.float32))
        sync_file(partial)
        settle(partial, path)
    found: Vectors = np.load(path, allow_pickle=False)
    return found


def _all_signs(vectors: npt.NDArray[np.float16], centre: Vectors) -> npt.NDArray[np.uint64]:
    """`signs` of many vectors, some at a time."""
    step = 65_536
    parts = (vectors[at : at + step] for at in range(0, max(len(vectors), 1), step))
    made = [signs(part.astype(np.float32), centre) for part in parts]
    return np.concatenate(made, axis=1)


def _load(folder: Path, segment: str, rows: int) -> Shelf | None:
    """The vectors of a segment; None if they are not there, or not whole."""
    try:
        read = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in ("names", "vectors", "signs", "places", "starts")
        }
    except (OSError, ValueError, EOFError):
        return None
    made = Shelf(segment=segment, **read)
    n = len(made.vectors)
    fits = len(made.names) == rows and made.signs.shape[1:] == (n,) and made.starts.shape == (n + 1,)
    return made if fits and made.places.dtype == PLACE and made.starts[-1] == len(made.places) else None


def _withdrawn(shelves: Sequence[Shelf], names: Sequence[str]) -> int:
    """How many of these names the shelves hold."""
    wanted = {row.tobytes() for row in packed(names)} if names else set()
    return sum(row.tobytes() in wanted for shelf in shelves for row in shelf.names) if wanted else 0


def purge(corpus: Corpus) -> None:
    """Remove the vectors of segments that the corpus does not have any more, because words must leave the disk."""
    for folder in (corpus.folder / FOLDER).glob("*"):
        with writing(folder, WAIT):
            _sweep(folder, corpus)


def _sweep(folder: Path, corpus: Corpus) -> None:
    """Remove what a killed build left, and the vectors of segments whose files are gone."""
    kept = {path.stem for path in (corpus.folder / "segments").glob("*.parquet")}
    for path in folder.iterdir():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path)
        elif path.name.startswith(PARTIAL):
            path.unlink()


def _hex(name: str) -> str:
    return name.removeprefix("sha256:")
