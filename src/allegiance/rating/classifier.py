"""Classifier raters: vectors of an encoder and a logistic regression, trained on the labels at hand.

What it says of a transcript whose label it was trained on comes from a model that did not see that label, nor any
of the same request (cross-fitting), so the same labels can both train and check it. A model is numbers in JSON:
nothing is executed when one is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from allegiance.errors import InputError, MissingExtra, Refusal
from allegiance.rating.patterns import COLUMNS, Field, words
from allegiance.records.canonical import digest_names
from allegiance.records.encoder import Encoder
from allegiance.records.label import UNDECIDED, Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript

FORMAT = "allegiance-classifier/1"
FOLDS = 5
LEAST = 10
"""Labels of an answer, and requests that hold them, before there is anything to train on."""
STRENGTH = 1.0
"""Inverse of the ridge penalty of the regression."""
BATCH = 512
Floats = npt.NDArray[np.float64]


class Line(Record, frozen=True, kw_only=True):
    """One answer against the others: score = slope (weights · vector + bias) + shift, in log odds."""

    weights: tuple[float, ...]
    bias: float
    slope: float
    shift: float


class Model(Record, frozen=True, kw_only=True):
    """A trained classifier.

    Attributes:
        format: `FORMAT`.
        name: Name of the rater.
        question: Digest of the question.
        answers: What it can answer.
        field: Which words it reads.
        encoder, encoder_digest, width: Which encoder made its vectors.
        trained_on: Digest of the names of the labels (by digest) that it was trained on; `labels` of them.
        by: Whose labels they are.
        seed: Of the assignment to folds.
        lines: One for each answer; of two answers, for the first alone.
        held_out: Transcript → scores of its answers by the model that did not see its label.
    """

    format: str = FORMAT
    name: str
    question: str
    answers: tuple[str, ...]
    field: Field
    encoder: str
    encoder_digest: str
    width: int
    trained_on: str
    labels: int
    by: str
    seed: int
    lines: tuple[Line, ...]
    held_out: Mapping[str, tuple[float, ...]] = {}


@dataclass(frozen=True)
class ClassifierRater:
    """A rater that answers by a trained model; its score is the chance of ``yes`` where that is an answer.

    The answer is the one with the greatest chance. Without text, or after an error, it is ``unrated``.
    """

    model: Model
    encoder: Encoder

    def __post_init__(self) -> None:
        if self.encoder.digest != self.model.encoder_digest:
            raise InputError(
                f"the classifier was trained on {self.model.encoder} ({self.model.encoder_digest[:19]}…), "
                f"and this encoder is {self.encoder.name} ({self.encoder.digest[:19]}…).",
                where=self.model.name,
                next="Train it again with this encoder: allegiance rater train",
            )

    @property
    def card(self) -> RaterCard:
        """The card; its settings name the encoder, the labels it was trained on, the seed, and the model."""
        return card_of(self.model)

    def columns(self) -> tuple[str, ...]:
        """The columns of the corpus that `labels` needs."""
        return ("transcript_id", "status", COLUMNS[self.model.field])

    def labels(self, table: pa.Table, question: Question) -> list[Label]:
        """The labels of all rows of a table that has the `columns`."""
        names = table.column("transcript_id").to_pylist()
        texts = [text or "" for text in table.column(COLUMNS[self.model.field]).to_pylist()]
        statuses = table.column("status").to_pylist()
        usable = [bool(text) and status != "error" for text, status in zip(texts, statuses, strict=True)]
        wanted = [at for at, fine in enumerate(usable) if fine and names[at] not in self.model.held_out]
        chances = dict(zip(wanted, self._chances([texts[at] for at in wanted]), strict=True))
        asked, by = question.digest, self.card.digest
        return [self._label(name, chances.get(at), usable[at], asked, by) for at, name in enumerate(names)]

    def __call__(self, item: Transcript, question: Question) -> Label:
        """The label of one transcript."""
        text = words(item, self.model.field)
        usable = bool(text) and item.status != "error"
        fresh = usable and item.name not in self.model.held_out
        given = self._chances([text])[0] if fresh else None
        return self._label(item.name, given, usable, question.digest, self.card.digest)

    def _chances(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        found: list[tuple[float, ...]] = []
        for start in range(0, len(texts), BATCH):
            vectors = np.asarray(self.encoder(texts[start : start + BATCH]), dtype=np.float64)
            found += [tuple(map(float, row)) for row in _apply(self.model.lines, vectors)]
        return found

    def _label(self, name: str, chances: tuple[float, ...] | None, usable: bool, asked: str, by: str) -> Label:
        held = self.model.held_out.get(name)
        given = held if held is not None else chances
        value, score = "unrated", None
        if usable and given is not None:
            value = self.model.answers[int(np.argmax(given))]
            score = given[self.model.answers.index("yes")] if "yes" in self.model.answers else None
        return Label(
            transcript=name,
            question=asked,
            rater=by,
            value=value,
            score=None if score is None else round(score, 6),
        )


def card_of(model: Model) -> RaterCard:
    """The card of a trained model."""
    settings = {
        "field": model.field,
        "encoder": model.encoder,
        "encoder digest": model.encoder_digest,
        "trained on": model.trained_on,
        "labels": str(model.labels),
        "labels by": model.by,
        "folds": str(FOLDS),
        "seed": str(model.seed),
        "model": model.digest,
    }
    return RaterCard(name=model.name, kind="classifier", version=FORMAT, settings=settings)


def train(
    name: str,
    question: Question,
    labels: Mapping[str, Label],
    texts: Mapping[str, str],
    requests: Mapping[str, str],
    encoder: Encoder,
    *,
    by: str,
    field: Field = "answer",
    seed: int = 0,
) -> Model:
    """Trains a classifier on labels, and keeps what it says of each of them when it has not seen it.

    Args:
        name: Name of the rater.
        question: What it is to answer.
        labels: Transcript → label; undecided ones are left out.
        texts, requests: Transcript → its words, and its request (empty: a request of its own).
        encoder: Makes the vectors.
        by: Whose labels they are.
        field: Which words `texts` are.
        seed: Of the assignment of requests to folds.

    Raises:
        Refusal: There are fewer than `LEAST` labels of an answer, or of requests.
        MissingExtra: scikit-learn is not installed.
    """
    known = sorted(
        item for item, label in labels.items() if label.value not in UNDECIDED and texts.get(item, "").strip()
    )
    answers = tuple(answer for answer in question.answers if any(labels[item].value == answer for item in known))
    groups = [requests.get(item) or item for item in known]
    _require_enough(known, answers, groups, labels, by)
    vectors = np.asarray(encoder([texts[item] for item in known]), dtype=np.float64)
    y = np.array([answers.index(labels[item].value) for item in known])
    folds = _folds(groups, y, seed)
    held = np.zeros((len(known), len(answers)))
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any() and not inside.all():
            held[inside] = _apply(_fit(vectors[~inside], y[~inside], folds[~inside], len(answers)), vectors[inside])
    return Model(
        name=name,
        question=question.digest,
        answers=answers,
        field=field,
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        width=int(vectors.shape[1]),
        trained_on=digest_names(labels[item].digest for item in known),
        labels=len(known),
        by=by,
        seed=seed,
        lines=_fit(vectors, y, folds, len(answers)),
        held_out={
            item: tuple(round(float(each), 9) for each in row) for item, row in zip(known, held, strict=True)
        },
    )


def read_model(data: bytes, where: str) -> Model:
    """A model from JSON; `where` names it in errors.

    Raises:
        InputError: It is none, or its numbers do not fit each other.
    """
    try:
        model = msgspec.json.decode(data, type=Model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"this is not a classifier: {error}.", where=where) from None
    size = 1 if len(model.answers) == 2 else len(model.answers)
    odd = model.format != FORMAT or len(model.answers) < 2 or len(model.lines) != size
    odd = odd or any(len(line.weights) != model.width for line in model.lines)
    odd = odd or any(len(row) != len(model.answers) for row in model.held_out.values())
    if odd:
        raise InputError("the parts of this classifier do not fit each other.", where=where)
    return model


def write_model(model: Model) -> bytes:
    """A model as JSON, one way only."""
    return (json.dumps(msgspec.to_builtins(model), sort_keys=True, indent=1) + "\n").encode()


def _require_enough(
    known: Sequence[str], answers: Sequence[str], groups: Sequence[str], labels: Mapping[str, Label], by: str
) -> None:
    for answer in answers:
        inside = {group for item, group in zip(known, groups, strict=True) if labels[item].value == answer}
        n = sum(labels[item].value == answer for item in known)
        if n < LEAST or len(inside) < FOLDS:
            raise Refusal(
                f"{by} answered {answer!r} {n} times, in {len(inside)} requests; a classifier needs {LEAST} in "
                f"{FOLDS} requests of each answer.",
                next="Label more, or draw from those that a pattern finds.",
            )
    if len(answers) < 2:
        raise Refusal(f"{by} gave {len(answers)} different answers; there is nothing to tell apart.")


def _folds(groups: Sequence[str], y: npt.NDArray[np.int_], seed: int) -> npt.NDArray[np.int_]:
    """A fold for each item: whole requests, the rarest answers first, each to the fold that lacks it most.

    Ties go by a shuffle of the seed's own stream, so the same labels and seed give the same folds everywhere.
    """
    names = sorted(set(groups))
    place = {name: at for at, name in enumerate(names)}
    codes = np.array([place[group] for group in groups])
    counts = np.zeros((len(names), int(y.max()) + 1))
    np.add.at(counts, (codes, y), 1)
    rare = 1 / counts.sum(axis=0)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(names))
    order = order[np.argsort(-(counts * rare).max(axis=1)[order], kind="stable")]
    held, chosen = np.zeros((FOLDS, counts.shape[1])), np.zeros(len(names), dtype=np.int64)
    for at in order:
        chosen[at] = int(np.argmin(((held + counts[at]) * rare).max(axis=1) + (held * rare).sum(axis=1)))
        held[chosen[at]] += counts[at]
    return np.asarray(chosen[codes])


def _fit(vectors: Floats, y: npt.NDArray[np.int_], folds: npt.NDArray[np.int_], answers: int) -> tuple[Line, ...]:
    """A line for each answer, calibrated on what models without an item's fold say of it."""
    lines = []
    for answer in range(1 if answers == 2 else answers):
        hit = (y == answer).astype(np.int64)
        weights, bias = _regress(vectors, hit)
        apart = np.full(len(y), np.nan)
        for fold in np.unique(folds):
            inside = folds == fold
            if 0 < hit[~inside].sum() < (~inside).sum():
                slope, shift = _regress(vectors[~inside], hit[~inside])
                apart[inside] = vectors[inside] @ slope + shift
        known = ~np.isnan(apart)
        spread = 0 < hit[known].sum() < known.sum()
        tilt, shift = _regress(apart[known, None], hit[known]) if spread else (np.ones(1), 0.0)
        lines.append(
            Line(weights=tuple(map(float, weights)), bias=bias, slope=max(0.0, float(tilt[0])), shift=shift)
        )
    return tuple(lines)


def _regress(x: Floats, hit: npt.NDArray[np.int_]) -> tuple[Floats, float]:
    """Ridge logistic regression: weights and bias."""
    try:
        from sklearn.linear_model import (  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and slow
            LogisticRegression,
        )
        from threadpoolctl import (  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with scikit-learn
            threadpool_limits,
        )
    except ImportError:
        raise MissingExtra("scikit-learn", "classify") from None
    with threadpool_limits(1):  # the problem is small: threads cost more than they save, and change the last digits
        made = LogisticRegression(C=STRENGTH, max_iter=1000).fit(x, hit)
    return np.asarray(made.coef_[0], dtype=np.float64), float(made.intercept_[0])


def _apply(lines: Sequence[Line], vectors: Floats) -> Floats:
    """The chance of each answer, shape (items, answers); rows add up to 1."""
    odds = [line.slope * (vectors @ np.array(line.weights) + line.bias) + line.shift for line in lines]
    chances = 1 / (1 + np.exp(-np.clip(np.array(odds).T, -30, 30)))
    if chances.shape[1] == 1:
        return np.hstack((chances, 1 - chances))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
