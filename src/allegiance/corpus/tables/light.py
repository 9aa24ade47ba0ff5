"""The light columns of a corpus: all that is known of its transcripts but their words, in memory as Arrow.

    corpus/index/columns/<hex of the segment>.arrow

holds them for one segment, mapped into memory when they are read, with its check sum in a file beside it. The
files are derived: whoever deletes them only makes the next reader write them again, from the segment. Where they
cannot be written, reading goes on without.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus import segments
from allegiance.corpus.files import PARTIAL, settle, sync_file
from allegiance.corpus.places import Held
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged
from allegiance.records.condition import Condition
from allegiance.records.split import half

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Codes = NDArray[np.int32]
    Mask = NDArray[np.bool_]

FOLDER = "index/columns"
_SUM = ".crc32"
_TEXT, _CODED = pa.large_string(), pa.dictionary(pa.int32(), pa.large_string())
CODED = ("condition", "model", "run", "status", "source_digest", "source_member", "source_format")
"""Columns of few different values, kept as codes."""
_READ = ("transcript_id", "text_digest", "request", "sample", "source_record", "message_count", *CODED)
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in ("transcript_id", "text_digest", "request")),
        *((name, pa.int64()) for name in ("sample", "source_record", "message_count")),
        *((name, _CODED) for name in CODED),
        ("confirm", pa.bool_()),
    ],
    metadata={b"allegiance": b"allegiance-columns/1"},
)
"""Columns of such a file; `confirm` says in which half of a split the transcript is."""
NAME_BYTES = len("sha256:") + 64


@dataclass(frozen=True)
class Light:
    """The transcripts of one version without their words, in order of name.

    Attributes:
        version: The version.
        table: Their columns, see `SCHEMA`; what stands in `CODED` has one dictionary for all.
    """

    version: str
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def codes(self, column: str) -> Codes:
        """The codes of a coded column; `words` says what each means."""
        return np.asarray(self._coded(column).indices)

    def words(self, column: str) -> list[str]:
        """Code → value of a coded column."""
        return [str(value) for value in self._coded(column).dictionary.to_pylist()]

    def ints(self, column: str) -> Ints:
        """A column of whole numbers."""
        return np.asarray(whole(self.table[column]))

    @cached_property
    def confirm(self) -> Mask:
        """Whether each is in the half to confirm."""
        return np.asarray(whole(self.table["confirm"]).to_numpy(zero_copy_only=False))

    @cached_property
    def conditions(self) -> list[Condition]:
        """Code → condition."""
        return [condition_of(text) for text in self.words("condition")]

    @cached_property
    def requests(self) -> tuple[Codes, pa.Array]:
        """The code of the request of each, and code → request, in ascending order."""
        coded = whole(self.table["request"]).dictionary_encode()
        order = np.asarray(pc.sort_indices(coded.dictionary)).astype(np.int64)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank[np.asarray(coded.indices)], coded.dictionary.take(pa.array(order))

    def factors(self, codes: Collection[int] | None = None) -> set[str]:
        """The factors of all conditions, or of those with these codes."""
        chosen = range(len(self.conditions)) if codes is None else codes
        return {factor for code in chosen for factor in self.conditions[code].levels}

    def names(self, at: Ints | None = None) -> list[bytes]:
        """The names at these positions, or all of them, as UTF-8."""
        column = whole(self.table["transcript_id"])
        return spelled(column if at is None else column.take(pa.array(at)))

    def find(self, names: pa.Array) -> Ints:
        """For each transcript the place of its name among these, of which none is there twice; -1 if it is not."""
        own = whole(self.table["transcript_id"])
        mine, theirs = _matrix(own), _matrix(names)
        if mine is not None and theirs is not None:
            order = np.argsort(others := _keys(theirs))
            found = order[np.minimum(np.searchsorted(others[order], keys := _keys(mine)), len(order) - 1)]
            near, apart = others[found] == keys, others[order][1:] != others[order][:-1]
            if bool(apart.all()) and bool((mine[near] == theirs[found[near]]).all()):
                return np.where(near, found, -1)
        return np.asarray(pc.fill_null(pc.index_in(own, value_set=names), -1)).astype(np.int64)

    def rows(self, at: Ints) -> list[Row]:
        """The transcripts at these positions as rows."""
        part = self.table.take(pa.array(at))
        conditions, codes = self.conditions, self.codes("condition")[at].tolist()
        names = ("transcript_id", "text_digest", "request", "model", "run", "sample", "status")
        columns = [part[name].to_pylist() for name in (*names, "source_digest", "source_member", "source_record")]
        return [
            Row(
                name=one[0], text_digest=one[1], request=one[2], condition=conditions[code], model=one[3],
                run=one[4], sample=one[5], status=one[6], source=one[7], member=one[8], record=one[9],
            )
            for code, *one in zip(codes, *columns, strict=True)
        ]  # fmt: skip

    @cached_property
    def _dictionaries(self) -> Mapping[str, pa.DictionaryArray]:
        return {name: whole(self.table[name]) for name in CODED}

    def _coded(self, column: str) -> pa.DictionaryArray:
        return self._dictionaries[column]


def light(corpus: Corpus, version: str | None = None) -> Light:
    """The light columns of a version (the current one if None).

    The last two that were asked for stay in memory, at about 250 bytes a transcript.

    Raises:
        StudyError: There is no such version.
        CorpusDamaged: A segment is missing or cannot be read.
    """
    return _kept(corpus.folder, corpus.head().version if version is None else version, corpus.newest().version)


def make_sure(corpus: Corpus, version: str | None = None) -> None:
    """Throw away the files of a version whose bytes are not those that were written; they are made again."""
    for held in corpus.held(version, columns=True):
        kept = _file(corpus.folder / FOLDER, held.digest)
        with suppress(OSError):
            if kept.with_suffix(_SUM).read_text() != _sum(kept):
                kept.unlink()
                _kept.cache_clear()


def condition_of(text: str) -> Condition:
    """The condition that is stored as this text.

    Raises:
        CorpusDamaged: It is none.
    """
    try:
        return msgspec.json.decode(text, type=Condition)
    except msgspec.MsgspecError as error:
        raise CorpusDamaged(
            f"a stored condition cannot be read: {error}.", next="Run: allegiance corpus fsck"
        ) from None


def spelled(names: pa.Array) -> list[bytes]:
    """Texts as UTF-8, quickly where they are names by content."""
    fixed = _matrix(names)
    if fixed is None:
        return [name.encode() for name in names.to_pylist()]
    found: list[bytes] = fixed.view(f"S{NAME_BYTES}").ravel().tolist()
    return found


@lru_cache(maxsize=2)
def _kept(folder: Path, version: str, _newest: str) -> Light:
    # What was taken down since is part of the version; where its columns are, the newest version says.
    corpus = Corpus(folder)
    parts = [kept_or_made(folder / FOLDER, held, SCHEMA, _made) for held in corpus.held(version, columns=True)]
    all_ = pa.concat_tables([SCHEMA.empty_table(), *parts]).unify_dictionaries()
    if withdrawn := corpus.manifest(version).withdrawn:
        gone = pa.array(withdrawn, _TEXT)
        all_ = all_.filter(pc.invert(pc.is_in(all_["transcript_id"], value_set=gone)))
    order = _by_name(whole(all_["transcript_id"]))
    # Column by column, so that each takes the memory that the one before gave back.
    return Light(version, pa.table([whole(column).take(order) for column in all_.columns], schema=SCHEMA))


def kept_or_made(folder: Path, held: Held, schema: pa.Schema, make: Callable[[Held], pa.Table]) -> pa.Table:
    """The derived table of a segment: that in the folder; where there is none that fits, made and kept there."""
    kept = _file(folder, held.digest)
    try:
        with pa.memory_map(str(kept)) as file:
            table = pa.ipc.open_file(file).read_all()
        if table.schema.equals(schema, check_metadata=True) and table.num_rows == held.rows:
            return table
    except (OSError, pa.ArrowException):
        pass  # not there, cut short, or of another version: made anew
    made = make(held)
    _keep(kept, made)
    return made


def make_columns(folder: Path, held: Held) -> None:
    """Make the light columns of a segment of the corpus in this folder, unless they are there."""
    kept_or_made(folder / FOLDER, held, SCHEMA, _made)


def _file(folder: Path, digest: str) -> Path:
    return folder / f"{digest.removeprefix('sha256:')}.arrow"


def _sum(path: Path) -> str:
    return f"{zlib.crc32(path.read_bytes()):08x}"


def _made(held: Held) -> pa.Table:
    path = held.path
    read = segments.table([path], _READ, ())
    columns = {name: whole(read[name]) for name in _READ}
    for name, column in columns.items():
        if column.null_count:
            raise CorpusDamaged(f"the column {name} of this segment has gaps.", where=str(path))
    coded = {name: column.dictionary_encode().cast(_CODED) for name, column in columns.items() if name in CODED}
    made = pa.table(columns | coded | {"confirm": _confirm(columns)}).select(SCHEMA.names).cast(SCHEMA)
    try:
        made.validate(full=True)
    except pa.ArrowInvalid as error:
        raise CorpusDamaged(f"this segment cannot be read: {error}.", where=str(path)) from None
    return made


def _confirm(columns: Mapping[str, pa.Array]) -> pa.Array:
    asked = columns["request"].dictionary_encode()
    halves = [half(request) == "confirm" for request in asked.dictionary.to_pylist()]
    known = pa.array(halves, pa.bool_()).take(asked.indices)
    if "" not in asked.dictionary.to_pylist():
        return known
    own = pa.array([half(name) == "confirm" for name in columns["transcript_id"].to_pylist()], pa.bool_())
    return pc.if_else(pc.equal(columns["request"], ""), own, known)


def _keep(path: Path, table: pa.Table) -> None:
    """Write a derived file; a folder in which nothing can be written is no reason to stop."""
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pa.OSFile(str(partial), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
        sync_file(partial)
        path.with_suffix(_SUM).write_text(_sum(partial))
        settle(partial, path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _by_name(names: pa.Array) -> pa.Array:
    """Positions in order of name; of names by content the first 16 digits decide, if they tell all apart."""
    fixed = _matrix(names)
    if fixed is not None:
        keys, digits = _keys(fixed), fixed[:, 7:23]
        order = np.argsort(keys)
        ordered = keys[order]
        # What is packed keeps the order of hexadecimal digits only; bytes wrap below the first of each range.
        hexadecimal = ((digits - 0x30) < 10) | ((digits - 0x61) < 6)
        if bool(hexadecimal.all()) and bool((ordered[1:] != ordered[:-1]).all()):
            return pa.array(order)
    return pc.sort_indices(names)


def _keys(names: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A number for each name by content, from its first 16 digits."""
    return (_packed(names[:, 7:15]) << np.uint64(32)) | _packed(names[:, 15:23])


def _packed(digits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Eight hexadecimal digits in ASCII, a row, as one number."""
    text = np.ascontiguousarray(digits).view(">u8").ravel().astype(np.uint64)
    value = (text & np.uint64(0x0F0F0F0F0F0F0F0F)) + ((text >> np.uint64(6)) & np.uint64(0x0101010101010101)) * 9
    value = (value | (value >> np.uint64(4))) & np.uint64(0x00FF00FF00FF00FF)
    value = (value | (value >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    return np.asarray((value | (value >> np.uint64(16))) & np.uint64(0xFFFFFFFF))


def _matrix(names: pa.Array) -> NDArray[np.uint8] | None:
    """The bytes of names by content, one name a row; None if some are of another form."""
    if len(names) == 0 or names.type != _TEXT:
        return None
    offsets = np.frombuffer(names.buffers()[1], np.int64, len(names) + 1, names.offset * 8)
    if not bool((np.diff(offsets) == NAME_BYTES).all()):
        return None
    data = np.frombuffer(names.buffers()[2], np.uint8, len(names) * NAME_BYTES, int(offsets[0]))
    matrix = data.reshape(len(names), NAME_BYTES)
    return matrix if bool((matrix[:, :7] == _HEAD).all()) else None


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [_none(column)])
    return column


def _none(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], column.type)


_HEAD = np.frombuffer(b"sha256:", np.uint8)
