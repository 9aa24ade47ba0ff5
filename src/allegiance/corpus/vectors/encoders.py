"""Which encoder is meant: by name, or the best for which a corpus has an index."""

from __future__ import annotations

from functools import lru_cache

from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.index import home
from allegiance.corpus.vectors.sentence import SentenceEncoder, installed
from allegiance.corpus.vectors.static import StaticEncoder
from allegiance.errors import UnknownName
from allegiance.records.encoder import Encoder

NAMES = ("static", "minilm")
"""``static``: word vectors, quick, and blunt; ``minilm``: a sentence encoder, some 300 times slower, and better."""


@lru_cache(maxsize=len(NAMES))
def find_encoder(name: str) -> Encoder:
    """An encoder by its name.

    Raises:
        UnknownName: There is none of this name.
        MissingExtra: What it needs is not installed.
        RunError: Its weights are not in the cache.
    """
    if name == "static":
        return StaticEncoder()
    if name == "minilm":
        return SentenceEncoder()
    raise UnknownName("encoder", name, NAMES)


def reader() -> Encoder | None:
    """The encoder that reads the best hits again; None where it is not installed."""
    return find_encoder("minilm") if installed() is not None else None


def of_index(corpus: Corpus) -> Encoder:
    """The encoder whose index a search of this corpus uses: the sentence encoder if it has one, else the static.

    Raises:
        MissingExtra: What it needs is not installed.
    """
    better = reader()
    if better is not None and any(home(corpus, better).glob("*/starts.npy")):
        return better
    return find_encoder("static")
