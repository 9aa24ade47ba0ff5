"""Classifiers of a study: trained on a rater's labels, kept in its directory, read back as data."""

from __future__ import annotations

from pathlib import Path

from allegiance.corpus.files import write_whole
from allegiance.errors import InputError, Refusal, UnknownName
from allegiance.evidence.keep import Keep
from allegiance.rating.classifier import Model, read_model, train, write_model
from allegiance.rating.labels import last
from allegiance.rating.patterns import Field, words
from allegiance.records.draw import Draw
from allegiance.records.encoder import Encoder
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

FOLDER = "raters"
MOST_BYTES = 1 << 28


def train_on(
    keep: Keep,
    question: Question,
    by: RaterCard,
    encoder: Encoder,
    *,
    name: str,
    draw: Draw | None = None,
    field: Field = "answer",
    seed: int = 0,
) -> Model:
    """A classifier trained on one rater's labels, all of them or those of a draw.

    Raises:
        Refusal: There are too few labels.
    """
    labels = last(keep.labels.all(question.digest, by.digest))
    if draw is not None:
        labels = {item: labels[item] for item in draw.items if item in labels}
    items = dict(keep.corpus.iter(sorted(labels)))
    if not items:
        raise Refusal(
            f"{by.name} has answered nothing of {question.name!r} here.", next="Label first: allegiance label"
        )
    texts = {item: words(found, field) for item, found in items.items()}
    requests = {item: found.request for item, found in items.items()}
    return train(name, question, labels, texts, requests, encoder, by=by.name, field=field, seed=seed)


def keep_model(folder: Path, model: Model) -> Path:
    """Writes a model into a study's directory, under its digest; one that is there already stays as it is."""
    home = folder / FOLDER
    home.mkdir(exist_ok=True)
    path = home / f"{model.digest.removeprefix('sha256:')}.json"
    if not path.exists():
        write_whole(path, write_model(model))
    return path


def models(folder: Path) -> list[Model]:
    """The models in a study's directory, by name and digest.

    Raises:
        InputError: A file there is none, or not the one that its name says.
    """
    home = folder / FOLDER
    paths = sorted(home.glob("*.json")) if home.is_dir() else []
    return sorted(map(_read, paths), key=lambda model: (model.name, model.digest))


def find_model(folder: Path, name: str) -> Model:
    """The model of this name or digest.

    Raises:
        UnknownName: There is none.
        Refusal: There are several of this name.
    """
    known = models(folder)
    found = [model for model in known if name in {model.name, model.digest}]
    if not found:
        raise UnknownName("classifier", name, sorted({model.name for model in known}))
    if len(found) > 1:
        digests = ", ".join(model.digest for model in found)
        raise Refusal(f"{len(found)} classifiers are called {name!r}.", next=f"Name one by its digest: {digests}")
    return found[0]


def _read(path: Path) -> Model:
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"this is larger than {MOST_BYTES} bytes, and no classifier.", where=str(path))
    model = read_model(path.read_bytes(), str(path))
    if model.digest != f"sha256:{path.stem}":
        raise InputError(
            "this classifier is not the one that its name says: it was changed.",
            where=str(path),
            next="Remove the file, and train again: allegiance rater train",
        )
    return model
