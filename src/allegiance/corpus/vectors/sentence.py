"""A sentence encoder, all-MiniLM-L6-v2 (Apache-2.0): slower than static vectors, and it reads words in order.

Its weights are an ONNX file of 8-bit numbers (23 MB), run by onnxruntime on the processor; `allegiance model get
minilm` puts them in the cache. The file holds standard operators only and refers to no other file. Texts are cut
after 256 pieces of words, about 190 words, as in the model's own settings; the rest of a text is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from allegiance.corpus.cache import cache_folder
from allegiance.corpus.needs import need
from allegiance.errors import RunError
from allegiance.records.canonical import digest, digest_bytes
from allegiance.records.encoder import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

FOLDER = "minilm-l6-v2-int8"
WEIGHTS, PIECES = "model.onnx", "tokenizer.json"
WEIGHTS_SHA256 = "sha256:8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
PIECES_SHA256 = "sha256:be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LONGEST = 256
"""Pieces of words that are read of a text."""
_MOST = 4_096
"""Pieces of words that are run at once."""


class SentenceEncoder:
    """The encoder of the module; see `records.encoder.Encoder`."""

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        """Checks that the weights are the pinned ones.

        Args:
            folder: Where they are; in the cache if None.
            threads: Processor threads to use; as many as there are cores if 0.

        Raises:
            RunError: They are not there, or are other ones.
        """
        need("onnxruntime", "semantic")
        need("tokenizers", "semantic")
        self._folder, self._threads = folder or cache_folder() / FOLDER, threads
        for name, pinned in ((WEIGHTS, WEIGHTS_SHA256), (PIECES, PIECES_SHA256)):
            path = self._folder / name
            if not path.is_file() or digest_bytes(path.read_bytes()) != pinned:
                raise RunError("the weights of the sentence encoder are not there, or are other ones.",
                               where=str(path), next="Get them with: allegiance model get minilm")  # fmt: skip

    @property
    def name(self) -> str:
        """``minilm-l6-v2-int8``."""
        return FOLDER

    @property
    def width(self) -> int:
        """384."""
        return 384

    @cached_property
    def digest(self) -> str:
        """Digest of weights, tokenizer and settings."""
        return digest({"files": [WEIGHTS_SHA256, PIECES_SHA256], "longest": LONGEST, "pool": "mean"})

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """See `records.encoder.Encoder`. Texts of equal length are run together, so that none is padded."""
        clean = [text.encode("utf-8", "replace").decode() for text in texts]  # a lone surrogate is no text
        cut = [made.ids for made in self._cut.encode_batch(clean)]
        made = np.zeros((len(texts), self.width), np.float32)
        by_length: dict[int, list[int]] = {}
        for index, ids in enumerate(cut):
            by_length.setdefault(len(ids), []).append(index)
        for length, indexes in by_length.items():
            step = max(1, _MOST // length)
            for at in range(0, len(indexes), step):
                some = indexes[at : at + step]
                made[some] = self._run(np.array([cut[index] for index in some], np.int64))
        return made

    def _run(self, ids: np.ndarray) -> Vectors:
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = np.asarray(self._session.run(["last_hidden_state"], given)[0], np.float32)
        pooled = states.mean(axis=1)
        found: Vectors = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return found

    @cached_property
    def _session(self) -> InferenceSession:
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        weights = str(self._folder / WEIGHTS)
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _cut(self) -> Tokenizer:
        from tokenizers import Tokenizer  # noqa: PLC0415

        made = Tokenizer.from_file(str(self._folder / PIECES))
        made.enable_truncation(LONGEST)
        made.no_padding()
        return made


def installed(folder: Path | None = None) -> SentenceEncoder | None:
    """The sentence encoder if what it needs is installed and its weights are in the cache; None if not."""
    there = folder or cache_folder() / FOLDER
    if not (there / WEIGHTS).is_file() or not find_spec("onnxruntime") or not find_spec("tokenizers"):
        return None
    return SentenceEncoder(folder)
