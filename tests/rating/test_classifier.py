"""Classifiers: trained on labels, calibrated, and never asked about a label that they saw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from allegiance.errors import InputError, Refusal
from allegiance.rating.classifier import ClassifierRater, Model, card_of, read_model, train, write_model
from allegiance.records.canonical import digest
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.transcript import Message, Part, Source, Transcript

pytest.importorskip("sklearn")
QUESTION = Question(name="agrees", text="Does it agree?")
TONES = Question(name="tone", text="Which tone?", answers=("warm", "cool", "dry"))
WORDS = ("yes", "no", "glad", "cold", "plain", "word", "chair", "oak")


class Words:
    """An encoder that counts a few words."""

    def __init__(self, words: Sequence[str] = WORDS) -> None:
        self.words = tuple(words)
        self.name, self.width, self.digest = "counts", len(words), digest(list(words))

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The counts as unit vectors."""
        rows = np.array([[text.split().count(word) for word in self.words] for text in texts], dtype=np.float32)
        return rows / np.maximum(1e-9, np.linalg.norm(rows, axis=1, keepdims=True))


def made(n: int, seed: int, *, flip: float = 0.1) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Texts, answers and requests; one in ten answers is against what the text says."""
    rng = np.random.default_rng(seed)
    texts, answers, requests = {}, {}, {}
    for i in range(n):
        yes = bool(rng.random() < 0.5)
        texts[f"t{i:03d}"] = ("yes " if yes else "no ") + " ".join(rng.choice(WORDS[2:], 3))
        answers[f"t{i:03d}"] = "yes" if yes != (rng.random() < flip) else "no"
        requests[f"t{i:03d}"] = f"r{i // 2}"
    return texts, answers, requests


def label(name: str, value: str, question: Question = QUESTION) -> Label:
    return Label(transcript=name, question=question.digest, rater="r", value=value)


@cache
def model(seed: int = 0) -> Model:
    texts, answers, requests = made(120, 1)
    labels = {name: label(name, value) for name, value in answers.items()}
    return train("classifier/agrees", QUESTION, labels, texts, requests, Words(), by="ab", seed=seed)


def table(texts: dict[str, str], status: str = "complete") -> pa.Table:
    columns = {"transcript_id": list(texts), "status": [status] * len(texts), "answer": list(texts.values())}
    return pa.table(columns)


def test_it_learns_what_the_texts_show() -> None:
    texts, _, _ = made(200, 2)
    fresh = {f"new-{name}": text for name, text in texts.items()}
    found = ClassifierRater(model(), Words()).labels(table(fresh), QUESTION)
    right = [each.value == ("yes" if fresh[each.transcript].startswith("yes") else "no") for each in found]
    assert np.mean(right) > 0.97


def test_its_scores_are_about_right() -> None:
    texts, answers, _ = made(600, 3)
    fresh = {f"new-{name}": text for name, text in texts.items()}
    found = ClassifierRater(model(), Words()).labels(table(fresh), QUESTION)
    high = [answers[each.transcript[4:]] == "yes" for each in found if each.score is not None and each.score > 0.5]
    mean = np.mean([each.score for each in found if each.score is not None and each.score > 0.5])
    assert abs(np.mean(high) - mean) < 0.08


def test_a_label_that_it_was_trained_on_is_answered_by_a_model_that_did_not_see_it() -> None:
    texts, answers, requests = made(120, 4, flip=0.5)  # nothing to learn: seen labels would be known by heart
    encoder = Words([f"only-{name}" for name in texts] + list(WORDS))
    own = {name: f"{text} only-{name}" for name, text in texts.items()}
    labels = {name: label(name, value) for name, value in answers.items()}
    found = train("c", QUESTION, labels, own, requests, encoder, by="ab")
    rated = ClassifierRater(found, encoder).labels(table(own), QUESTION)
    assert np.mean([each.value == answers[each.transcript] for each in rated]) < 0.65
    unseen = msgspec.structs.replace(found, held_out={})
    again = ClassifierRater(unseen, encoder).labels(table(own), QUESTION)
    assert np.mean([each.value == answers[each.transcript] for each in again]) > 0.65


def test_requests_stay_together_so_a_repeat_of_a_trained_one_is_not_known_by_heart() -> None:
    texts, answers, requests = made(120, 5, flip=0.0)
    twins = {name: f"only-{requests[name]}" for name in texts}  # the words tell the request and nothing else
    same = {request: answers[name] for name, request in requests.items()}
    labels = {name: label(name, same[requests[name]]) for name in texts}
    encoder = Words([f"only-{request}" for request in set(requests.values())])
    rated = ClassifierRater(train("c", QUESTION, labels, twins, requests, encoder, by="ab"), encoder)
    hits = [each.value == labels[each.transcript].value for each in rated.labels(table(twins), QUESTION)]
    assert np.mean(hits) < 0.7


def test_one_transcript_is_rated_as_a_table_of_them() -> None:
    text = "yes oak plain"
    item = Transcript(
        messages=(Message(role="assistant", parts=(Part(text=text),)),),
        source=Source(digest="sha256:" + "0" * 64, file="f"),
        status="complete",
    )
    rater = ClassifierRater(model(), Words())
    (row,) = rater.labels(table({item.name: text}), QUESTION)
    assert rater(item, QUESTION) == row


def test_no_text_and_an_error_are_unrated() -> None:
    rater = ClassifierRater(model(), Words())
    assert [each.value for each in rater.labels(table({"a": ""}), QUESTION)] == ["unrated"]
    assert [each.value for each in rater.labels(table({"a": "yes"}, "error"), QUESTION)] == ["unrated"]


def test_three_answers_have_three_lines_and_no_score_of_yes() -> None:
    rng = np.random.default_rng(6)
    marks = {"warm": "glad", "cool": "cold", "dry": "plain"}
    answers = {f"t{i}": list(marks)[i % 3] for i in range(90)}
    texts = {name: f"{marks[value]} {rng.choice(WORDS[5:])}" for name, value in answers.items()}
    labels = {name: label(name, value, TONES) for name, value in answers.items()}
    found = train("tones", TONES, labels, texts, {}, Words(), by="ab")
    rated = ClassifierRater(found, Words()).labels(table({f"n{k}": v for k, v in texts.items()}), TONES)
    assert len(found.lines) == 3
    assert all(each.value == answers[each.transcript[1:]] and each.score is None for each in rated)


def test_the_same_labels_and_seed_give_the_same_model_and_another_seed_another_card() -> None:
    again = model.__wrapped__(0)
    assert again.digest == model().digest
    assert card_of(again).digest == card_of(model()).digest
    assert card_of(model(1)).digest != card_of(model()).digest


def test_the_card_says_which_labels_which_encoder_and_whose() -> None:
    said = card_of(model()).settings
    assert said["encoder digest"] == Words().digest
    assert said["labels"] == "120"
    assert said["labels by"] == "ab"
    assert said["trained on"].startswith("sha256:")


def test_a_model_comes_back_from_its_file_as_it_was() -> None:
    assert read_model(write_model(model()), "m") == model()


@pytest.mark.parametrize("change", [
    {"format": "other/1"}, {"lines": ()}, {"answers": ("yes",)}, {"width": 3}, {"held_out": {"a": (0.1,)}},
])  # fmt: skip
def test_a_model_whose_parts_do_not_fit_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read_model(write_model(msgspec.structs.replace(model(), **change)), "m")


@pytest.mark.parametrize("data", [b"\x80\x04\x95.", b"{}", b"[1]", b'{"format": "allegiance-classifier/1"}'])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_model(data, "m")


def test_another_encoder_than_it_was_trained_with_is_refused() -> None:
    with pytest.raises(InputError, match="counts"):
        ClassifierRater(model(), Words(WORDS[1:]))


@pytest.mark.parametrize("n", [0, 12])
def test_too_few_labels_are_refused_with_how_many_it_takes(n: int) -> None:
    texts, answers, requests = made(n, 7)
    labels = {name: label(name, value) for name, value in answers.items()}
    with pytest.raises(Refusal):
        train("c", QUESTION, labels, texts, requests, Words(), by="ab")
