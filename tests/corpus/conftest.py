"""A corpus and a folder of input files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from allegiance.corpus.store import Corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus.create(tmp_path / "corpus")


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, object], Path]:
    """Write a file: bytes and text as they are, anything else as JSON."""

    def write(name: str, content: object) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)
        return path

    return write
