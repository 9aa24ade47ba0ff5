"""The sentence encoder: only with the pinned weights; the same vector whatever stands beside a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from allegiance.corpus.vectors.encoders import find_encoder
from allegiance.corpus.vectors.sentence import FOLDER, PIECES, WEIGHTS, SentenceEncoder, installed
from allegiance.errors import RunError, UnknownName

TEXTS = ["A cat sleeps on the mat.", "A kitten naps.", "Interest rates rose again this year, said the bank."]


def test_weights_that_are_not_the_pinned_ones_are_not_run(tmp_path: Path) -> None:
    for name in (WEIGHTS, PIECES):
        (tmp_path / name).write_bytes(b"other")
    with pytest.raises(RunError, match="allegiance model get minilm"):
        SentenceEncoder(tmp_path)


def test_without_weights_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLEGIANCE_CACHE", str(tmp_path))
    assert installed() is None
    with pytest.raises(RunError, match=FOLDER):
        SentenceEncoder()


def test_an_unknown_encoder_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="minilm"):
        find_encoder("minilms")


@pytest.mark.model
def test_vectors_have_unit_length_and_do_not_depend_on_neighbours() -> None:
    from allegiance.bridge.sentence_model import get_sentence_model

    encoder = SentenceEncoder(get_sentence_model())
    together = encoder([*TEXTS, "", "word " * 2_000])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, together, strict=False):
        np.testing.assert_allclose(encoder([text])[0], vector, atol=1e-5)
    assert together[0] @ together[1] > together[0] @ together[2] + 0.3
