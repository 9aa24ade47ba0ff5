"""Transcripts whose replies are nearly the same words: found by hashing, told only after they were compared.

Of each reply (reasoning and last answer, lower case, without punctuation) the runs of five words are hashed. One
permutation of the hashes, cut into `BINS`, gives a signature; empty bins borrow from the next full one. Replies
that agree in all of a band of the signature are candidates, and only candidates are compared: by the share of runs
that they have in common (Jaccard). Sources: Broder 1997 (resemblance); Li, Owen and Zhang 2012 (one permutation);
Shrivastava and Li 2014 (rotation for empty bins).

The transcripts are gone through in the order of their names. Each joins the first group whose first member it is
near enough to, or begins one: so the same transcripts give the same groups in whatever order they were imported.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allegiance.corpus import segments
from allegiance.corpus.digests import Digests, packed, texts
from allegiance.corpus.store import Corpus
from allegiance.errors import UsageError

BINS = 64
RUN = 5
"""Words in a run; a shorter reply is one run."""
COMPARED = 64
"""Groups that a transcript is compared with at most; with more candidates than that some likeness may be missed."""
_MISSED = 0.01
"""Share of pairs at the threshold that the bands may miss, about."""
_LETTERS = re.compile(r"\w+")
_KEPT = 1 << 18
_PRIME = np.uint64(0x9E3779B97F4A7C15)
Hashes = npt.NDArray[np.uint32]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Group:
    """Transcripts that say nearly the same.

    Attributes:
        first: The one that the others were compared with: the first of them by name.
        members: The others, by name, each with its likeness to the first, from the threshold to 1.
        exact: How many of the others say the same words in the whole conversation.
    """

    first: str
    members: tuple[tuple[str, float], ...]
    exact: int


def groups(
    corpus: Corpus,
    threshold: float = 0.8,
    among: Collection[str] | None = None,
    progress: Progress | None = None,
) -> list[Group]:
    """All groups of two transcripts or more, the largest first, then by name.

    Replies without words are in no group unless their whole conversations are equal. Memory: about 400 bytes for a
    transcript, and 4 more for each word of those that are candidates.

    Args:
        corpus: The corpus.
        threshold: Least likeness of a member to the first of its group, above 0.3 and up to 1.
        among: Names to look among; all if None.
        progress: Is told how many transcripts were read, and of how many.

    Raises:
        UsageError: The threshold is out of range.
    """
    if not 0.3 < threshold <= 1:
        raise UsageError(f"the threshold must be above 0.3 and at most 1; it is {threshold:g}.", where="threshold")
    within = None if among is None else frozenset(among)
    names, signatures, same = _signed(corpus, within, progress)
    order = np.array(sorted(range(len(names)), key=lambda at: names[at].tobytes()), np.int64)
    heads = order[np.sort(np.unique(same[order], return_index=True)[1])] if len(order) else order
    keys = _bands(signatures[heads], threshold)
    candidates = heads[(keys >= 0).any(axis=1)]
    sets = dict(zip(candidates.tolist(), _sets(corpus, within, candidates), strict=True))
    found = _grouped(heads, keys, sets, threshold)
    alike = defaultdict(list)
    for at in order.tolist():
        alike[int(same[at])].append(at)
    named = texts(names)
    made = [_group(named, same, alike, first, others) for first, others in found.items()]
    return sorted((one for one in made if one.members), key=lambda one: (-len(one.members), one.first))


def likeness(one: str, other: str) -> float:
    """The share of runs of words that two texts have in common, from 0 to 1; 0 if one has no words."""
    hasher = _Words()
    return _jaccard(np.unique(hasher.runs(one)), np.unique(hasher.runs(other)))


class _Words:
    """Hashes of words, the same on every machine; those seen last are kept."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def runs(self, text: str) -> Hashes:
        """The hash of each run of words of a text."""
        if len(self._known) > _KEPT:
            self._known.clear()
        words = _LETTERS.findall(text.lower())
        known = self._known
        for word in set(words):
            if word not in known:
                made = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                known[word] = int.from_bytes(made, "little")
        values = np.fromiter(map(known.__getitem__, words), np.uint64, len(words))
        count = max(len(values) - RUN + 1, min(len(values), 1))
        mixed = np.zeros(count, np.uint64)
        for at in range(min(RUN, len(values))):
            mixed = (mixed ^ values[at : at + count]) * _PRIME
            mixed ^= mixed >> np.uint64(29)
        found: Hashes = (mixed >> np.uint64(32)).astype(np.uint32)
        return found


def _signed(
    corpus: Corpus, among: frozenset[str] | None, progress: Progress | None
) -> tuple[Digests, Hashes, npt.NDArray[np.int64]]:
    """Names and signatures of all transcripts, and a number that is the same for equal conversations."""
    hasher, held = _Words(), corpus.held()
    total, numbers = sum(one.rows for one in held), dict[bytes, int]()
    names, signatures, same = list[bytes](), np.full((total, BINS), 0xFFFFFFFF, np.uint32), list[int]()
    for name, text_digest, reply in _replies(corpus, among):
        _sign(hasher.runs(reply), signatures[len(names)])
        names.append(packed([name]).tobytes())
        same.append(numbers.setdefault(packed([text_digest]).tobytes(), len(numbers)))
        if progress is not None and len(names) % 1000 == 0:
            progress(len(names), total)
    found = np.frombuffer(b"".join(names), np.uint8).reshape(-1, 32)
    return found, _filled(signatures[: len(names)]), np.array(same, np.int64)


def _replies(corpus: Corpus, among: frozenset[str] | None) -> Iterator[tuple[str, str, str]]:
    """Name, text digest and reply of every transcript, in the order of storage."""
    out = set(corpus.head().withdrawn)
    for held in corpus.held():
        for row in segments.scan(held.path, ("transcript_id", "text_digest", "reasoning", "answer")):
            name = str(row["transcript_id"])
            if name not in out and (among is None or name in among):
                reply = f"{row['reasoning'] or ''}\n{row['answer'] or ''}"
                yield name, str(row["text_digest"]), reply


def _sign(runs: Hashes, into: Hashes) -> None:
    """The least hash in each bin; bins without one stay as they are."""
    if len(runs):
        np.minimum.at(into, runs >> np.uint32(26), (runs & np.uint32(0x3FFFFFF)))


def _filled(signatures: Hashes) -> Hashes:
    """Signatures whose empty bins have the value of the next full bin, marked with how far away it is."""
    empty = signatures == 0xFFFFFFFF
    filled = signatures.copy()
    for step in range(1, BINS):
        if not empty.any():
            break
        ahead, full = np.roll(signatures, -step, axis=1), np.roll(signatures != 0xFFFFFFFF, -step, axis=1)
        take = empty & full
        filled[take] = ahead[take] + np.uint32(step << 26)
        empty &= ~take
    return filled


def _bands(signatures: Hashes, threshold: float) -> npt.NDArray[np.int64]:
    """For each signature and band, the number of those that agree in the band; -1 where no other does.

    A band is as long as it may be without missing more than `_MISSED` of the pairs at the threshold.
    """
    length = max((r for r in (1, 2, 4, 8, 16) if (1 - threshold**r) ** (BINS // r) <= _MISSED), default=1)
    made = np.full((len(signatures), BINS // length), -1, np.int64)
    wordless = (signatures == 0xFFFFFFFF).all(axis=1)
    for band in range(made.shape[1]):
        part = np.ascontiguousarray(signatures[:, band * length : (band + 1) * length])
        _, number, count = np.unique(part.view(f"V{4 * length}")[:, 0], return_inverse=True, return_counts=True)
        made[:, band] = np.where((count[number] > 1) & ~wordless, number, -1)
    return made


def _sets(corpus: Corpus, among: frozenset[str] | None, candidates: npt.NDArray[np.int64]) -> Iterator[Hashes]:
    """The runs of each candidate, in their order; reads the corpus again."""
    hasher, wanted, found = _Words(), set(candidates.tolist()), dict[int, Hashes]()
    if wanted:
        for at, (_, _, reply) in enumerate(_replies(corpus, among)):
            if at in wanted:
                found[at] = np.unique(hasher.runs(reply))
    return (found[at] for at in candidates.tolist())


def _grouped(
    heads: npt.NDArray[np.int64], keys: npt.NDArray[np.int64], sets: dict[int, Hashes], threshold: float
) -> dict[int, list[tuple[int, float]]]:
    """The first of each group with the others, in the order of `heads`."""
    firsts: dict[tuple[int, int], list[int]] = defaultdict(list)
    found: dict[int, list[tuple[int, float]]] = {}
    for index, at in enumerate(heads.tolist()):
        bands = [(band, key) for band, key in enumerate(keys[index].tolist()) if key >= 0]
        near = dict.fromkeys(first for band in bands for first in firsts[band][:COMPARED])
        for first in list(near)[:COMPARED]:
            alike = _jaccard(sets[at], sets[first])
            if alike >= threshold:
                found[first].append((at, alike))
                break
        else:
            found[at] = []
            for band in bands:
                firsts[band].append(at)
    return found


def _group(
    named: Sequence[str],
    same: npt.NDArray[np.int64],
    alike: dict[int, list[int]],
    first: int,
    others: Sequence[tuple[int, float]],
) -> Group:
    """A group with all conversations that equal one of its members."""
    equal = [at for at in alike[int(same[first])] if at != first]
    members = [(named[at], 1.0) for at in equal]
    members += [(named[at], near) for head, near in others for at in alike[int(same[head])]]
    return Group(named[first], tuple(sorted(members)), len(equal))


def _jaccard(one: Hashes, other: Hashes) -> float:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(len(one) + len(other) - common, 1)
