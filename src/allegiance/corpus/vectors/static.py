"""Static word vectors: the encoder for everything, without a network and without a neural network at run time.

The vectors are those that ship inside the package ``wordllama`` (MIT; "l2 supercat", 256 numbers for each of 32,000
pieces of words). Only its two data files are read, from where it is installed; its code is not imported, and
nothing can be downloaded. A text is the sum of the vectors of its words, made one long; the order of words does not
count. Words are what white space separates, so that the vectors of words are kept from one text to the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from allegiance.corpus.needs import need
from allegiance.errors import RunError
from allegiance.records.canonical import digest, digest_bytes
from allegiance.records.encoder import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WEIGHTS = "weights/l2_supercat_256.safetensors"
PIECES = "tokenizers/l2_supercat_tokenizer_config.json"
TENSOR = "embedding.weight"
LONGEST_WORD = 64
"""Code points; what is longer is cut into words of this length."""
_BLOCK = 1 << 14
"""Words that are looked up at once."""
_KEPT = 1 << 16
"""Words whose vectors are kept; with more, all are forgotten and kept anew."""


class StaticEncoder:
    """The encoder of the module; see `records.encoder.Encoder`. Loading it takes about 0.3 s."""

    def __init__(self) -> None:
        need("wordllama", "semantic")
        need("tokenizers", "semantic")
        spec = find_spec("wordllama")
        assert spec is not None
        places = map(Path, spec.submodule_search_locations or ())
        found = [place for place in places if (place / WEIGHTS).is_file()]
        if not found:
            raise RunError("the package wordllama has no vectors in it.", where=WEIGHTS,
                           next="Install it again: pip install --force-reinstall wordllama")  # fmt: skip
        self._folder = found[0]
        self._pieces = _tensor(self._folder / WEIGHTS, TENSOR)
        self._words: dict[str, int] = {}
        self._table = np.zeros((1024, self.width), np.float32)

    @property
    def name(self) -> str:
        """``wordllama-256``."""
        return f"wordllama-{self.width}"

    @property
    def width(self) -> int:
        """256."""
        return int(self._pieces.shape[1])

    @cached_property
    def digest(self) -> str:
        """Digest of both files and of how texts are cut into words."""
        files = [digest_bytes((self._folder / name).read_bytes()) for name in (WEIGHTS, PIECES)]
        return digest({"files": files, "words": "white space", "longest": LONGEST_WORD, "pool": "sum"})

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """See `records.encoder.Encoder`."""
        made = np.zeros((len(texts), self.width), np.float32)
        for first, counts, words in _blocks(texts):
            ids = self._look_up(words)
            made[first : first + len(counts)] += _sums(self._table, ids, counts)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        found: Vectors = np.divide(made, lengths, out=made, where=lengths > 0)
        return found

    @cached_property
    def _cut(self) -> Tokenizer:
        from tokenizers import Tokenizer  # noqa: PLC0415

        made = Tokenizer.from_file(str(self._folder / PIECES))
        made.no_padding()
        made.no_truncation()
        return made

    def _look_up(self, words: list[str]) -> npt.NDArray[np.int32]:
        """Rows of the table of words; those not there are added."""
        if len(self._words) > _KEPT:
            self._words.clear()
        known = self._words
        if fresh := [word for word in dict.fromkeys(words) if word not in known]:
            self._learn(fresh)
        return np.fromiter(map(known.__getitem__, words), np.int32, len(words))

    def _learn(self, fresh: list[str]) -> None:
        clean = [word.encode("utf-8", "replace").decode() for word in fresh]  # a lone surrogate is no text
        cut = [made.ids for made in self._cut.encode_batch_fast(clean, add_special_tokens=False)]
        counts = np.array([len(ids) for ids in cut])
        flat = np.fromiter((one for ids in cut for one in ids), np.int32, int(counts.sum()))
        used, at = np.unique(flat, return_inverse=True)
        start = len(self._words)
        while len(self._table) < start + len(fresh):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[start : start + len(fresh)] = _sums(
            self._pieces[used].astype(np.float32), at.astype(np.int32), counts
        )
        self._words.update(zip(fresh, range(start, start + len(fresh)), strict=True))


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, list[int], list[str]]]:
    """Words of some texts at a time: the first text, how many words each has, and the words.

    A text is in a block with others or, where it is long, in blocks of its own; so what stands beside it changes
    nothing in the order in which its words are summed.
    """
    first, counts, words = 0, list[int](), list[str]()
    for index, text in enumerate(texts):
        own = _split(text)
        if words and len(words) + len(own) > _BLOCK:
            yield first, counts, words
            first, counts, words = index, [], []
        if len(own) > _BLOCK:
            for at in range(0, len(own), _BLOCK):
                part = own[at : at + _BLOCK]
                yield index, [len(part)], part
            own = []
        counts.append(len(own))
        words += own
    if words:
        yield first, counts, words


def _split(text: str) -> list[str]:
    words = text.split()
    if len(text) <= LONGEST_WORD or max(map(len, words), default=0) <= LONGEST_WORD:
        return words
    return [word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)]


def _sums(table: Vectors, ids: npt.NDArray[np.int32], counts: Sequence[int] | npt.NDArray[np.int64]) -> Vectors:
    """The sum of the rows of each text, given one text's rows after the other's."""
    made: Vectors
    if len(counts) == 1:
        made = table[ids].sum(axis=0, keepdims=True)
        return made
    from scipy.sparse import csr_array  # noqa: PLC0415

    ends = np.concatenate([[0], np.cumsum(counts)])
    made = csr_array((np.ones(len(ids), np.float32), ids, ends), shape=(len(counts), len(table))) @ table
    return made


def _tensor(path: Path, name: str) -> npt.NDArray[np.float16]:
    """A tensor of a safetensors file, memory-mapped: 8 bytes of length, that much JSON, the numbers."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        described = json.loads(file.read(length))[name]
    if described["dtype"] != "F16":
        raise RunError(f"the vectors are {described['dtype']}, not F16.", where=str(path))
    return np.memmap(path, np.float16, "r", 8 + length + described["data_offsets"][0], tuple(described["shape"]))
