"""Static vectors: those of the package, made quickly, and the same whatever stands beside a text."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("wordllama")

from allegiance.corpus.vectors.static import LONGEST_WORD, StaticEncoder

ENCODER = StaticEncoder()
TEXTS = ["The model noticed that it was being tested.", "Soak the beans, then cook them slowly.", "日本語 テキスト"]


def test_vectors_are_those_that_the_package_makes_itself() -> None:
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    peer = WordLlamaInference(np.array(ENCODER._pieces), Tokenizer.from_file(str(ENCODER._folder / _pieces())))
    np.testing.assert_allclose(ENCODER(TEXTS), peer.embed(TEXTS, norm=True), atol=1e-6)


def _pieces() -> Path:
    from allegiance.corpus.vectors.static import PIECES

    return Path(PIECES)


def test_the_code_of_the_package_is_not_imported() -> None:
    import subprocess

    code = (
        "import sys; from allegiance.corpus.vectors.static import StaticEncoder; StaticEncoder()(['a']);"
        "print([name for name in ('wordllama', 'requests', 'pydantic') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_a_text_has_the_same_vector_whatever_stands_beside_it(texts: list[str]) -> None:
    together = ENCODER(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(ENCODER([text])[0], vector, atol=1e-6)


def test_vectors_have_unit_length_and_a_text_without_words_has_none() -> None:
    lengths = np.linalg.norm(ENCODER([*TEXTS, "", " \n"]), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 0], atol=1e-6)


def test_a_text_of_many_words_and_one_of_a_single_long_word_are_read() -> None:
    many, long = ENCODER(["apple pear " * 20_000, "x" * (LONGEST_WORD * 1000)])
    np.testing.assert_allclose(many, ENCODER(["apple pear"])[0], atol=1e-3)
    np.testing.assert_allclose(long, ENCODER(["x" * LONGEST_WORD])[0], atol=1e-3)


def test_half_a_surrogate_pair_is_read_as_a_question_mark() -> None:
    np.testing.assert_array_equal(ENCODER(["a \ud800"]), ENCODER(["a ?"]))


def test_texts_of_like_meaning_are_nearer_than_others() -> None:
    asked, near, far = ENCODER(["a cat and a dog", "kittens and puppies", "interest rates on a loan"])
    assert asked @ near > asked @ far + 0.2


def test_forgetting_words_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ENCODER(TEXTS)
    monkeypatch.setattr("allegiance.corpus.vectors.static._KEPT", 0)
    np.testing.assert_array_equal(ENCODER(TEXTS), before)
