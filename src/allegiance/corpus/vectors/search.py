"""Search by meaning: to a text, to a transcript, and together with full text."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import numpy as np
from msgspec.structs import replace

from allegiance.corpus.predicate import parse
from allegiance.corpus.search.hits import Hit, Hits, Kind
from allegiance.corpus.search.query import leaves
from allegiance.corpus.search.query import parse as parse_query
from allegiance.corpus.search.words import ranked_by_words
from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.encoders import of_index
from allegiance.corpus.vectors.index import by_sentence, load
from allegiance.corpus.vectors.nearest import Near, Scope
from allegiance.corpus.vectors.passages import passages, sentences
from allegiance.errors import UsageError
from allegiance.records.encoder import Encoder
from allegiance.records.transcript import Message

AGAIN = 200
"""How many of the best hits the sentence encoder reads again."""
DEPTH = 200
"""How many hits of each list are fused."""
CONSTANT = 60
"""k of reciprocal rank fusion, as in its source."""


def by_meaning(
    corpus: Corpus,
    text: str,
    limit: int = 20,
    among: Collection[str] | None = None,
    predicate: str = "",
    *,
    encoder: Encoder | None = None,
    again: Encoder | None = None,
) -> Hits:
    """The transcripts with a passage that is nearest in meaning to a text; each hit shows that passage.

    Everything is near to something, so nothing is counted. The best `AGAIN` are read again, and ordered anew, by
    `again`; by none if it is the encoder of the index.

    Args:
        corpus: The corpus.
        text: What is looked for, best in the words that a transcript would use.
        limit: How many hits to return.
        among: Names to search among; None for all.
        predicate: A filter over what is known of transcripts; with `among`, only its text, for the record.
        encoder: The encoder of the index; `encoders.of_index` if None.
        again: The encoder that reads the best hits again; nothing is read again if None (see `encoders.reader`).

    Raises:
        UsageError: There is nothing to look for, or the filter is malformed.
        MissingExtra: The encoder is not installed.
    """
    started = time.perf_counter()
    scope, found = _found(corpus, text, limit, among, predicate, encoder, again)
    return _hits("meaning", text, predicate, scope, _shown(corpus, found[:limit]), started)


def more_like(
    corpus: Corpus,
    name: str,
    limit: int = 20,
    among: Collection[str] | None = None,
    predicate: str = "",
    *,
    encoder: Encoder | None = None,
) -> Hits:
    """The transcripts that are most like another one, which is not among them.

    Likeness is the mean, over the passages of that transcript, of the similarity of the nearest passage of the
    other. A transcript is measured if, for one of the passages, it is among those that are nearest.

    Args:
        corpus: The corpus.
        name: The transcript, or a prefix of its name.
        limit, among, predicate, encoder: As in `by_meaning`.

    Raises:
        UnknownName: There is no such transcript.
        UsageError: It has no words that are searched.
    """
    started = time.perf_counter()
    full, using = corpus.resolve(name), encoder or of_index(corpus)
    own = passages(corpus.get(full).messages, by_sentence=by_sentence(using))
    if not own:
        raise UsageError("this transcript has no words of a user or a model.", where=full)
    vectors = using([passage.text for passage in own])
    scope = Scope(load(corpus, using), _chosen(corpus, among, predicate))
    found = [near for near in scope.like(vectors, limit + 1) if near.name != full][:limit]
    why = f"mean similarity {{:.2f}} over {len(own)} passages ({using.name}); the nearest passage is shown"
    shown = _shown(corpus, [(near, why.format(near.similarity)) for near in found])
    return _hits("like", full, predicate, scope, shown, started)


def by_both(
    corpus: Corpus,
    query: str,
    limit: int = 20,
    among: Collection[str] | None = None,
    predicate: str = "",
    *,
    encoder: Encoder | None = None,
    again: Encoder | None = None,
) -> Hits:
    """Full text and meaning together, by reciprocal rank fusion: the sum over both lists of 1 / (60 + rank).

    The query is read as full text (see `search.query`); its words alone are what is looked for by meaning. Of each
    list the best `DEPTH` count. Source: Cormack, Clarke and Büttcher (SIGIR 2009), equation 1.

    Args:
        corpus: The corpus.
        query: As in full text.
        limit, among, predicate, encoder, again: As in `by_meaning`.

    Raises:
        UsageError: The query is malformed; a caret shows where.
        MissingExtra: An engine is not installed.
    """
    started, depth = time.perf_counter(), max(DEPTH, limit)
    text = " ".join(leaf.text for leaf in leaves(parse_query(query)))
    chosen = _chosen(corpus, among, predicate)
    filtered = predicate if among is None else ""
    words, by_words = ranked_by_words(corpus, query, limit, depth, among, filtered)
    scope, found = _found(corpus, text, depth, chosen, "", encoder, again)
    near = {one.name: (rank, one, why) for rank, (one, why) in enumerate(found[:depth], 1)}
    told, ranks = {hit.name: hit for hit in words.hits}, {name: rank for rank, name in enumerate(by_words, 1)}
    hits = [
        _fused(corpus, Hit(rank=rank, name=name, score=score), ranks.get(name, 0), told.get(name), near.get(name))
        for rank, (name, score) in enumerate(fuse(by_words, list(near))[:limit], 1)
    ]
    made = _hits("both", query, predicate, scope, hits, started)
    return replace(made, missing=max(words.missing, scope.missing))


def fuse(*lists: Sequence[str]) -> list[tuple[str, float]]:
    """Ranked lists of names as one, best first: each with the sum of 1 / (`CONSTANT` + rank); equals by name."""
    scores: dict[str, float] = {}
    for names in lists:
        for rank, name in enumerate(names, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _found(
    corpus: Corpus,
    text: str,
    limit: int,
    among: Collection[str] | None,
    predicate: str,
    encoder: Encoder | None,
    again: Encoder | None,
) -> tuple[Scope, list[tuple[Near, str]]]:
    """What was searched, and the nearest with the reason for each."""
    if not text.strip():
        raise UsageError("there is nothing to search for.")
    using = encoder or of_index(corpus)
    scope = Scope(load(corpus, using), _chosen(corpus, among, predicate))
    reread = again is not None and again.digest != using.digest
    found = scope.nearest(using([text])[0], max(AGAIN, limit) if reread else limit)
    if again is not None and reread:
        return scope, _read_again(corpus, again, text, found)
    return scope, [(near, f"similarity {near.similarity:.2f} ({using.name})") for near in found]


def _read_again(corpus: Corpus, again: Encoder, text: str, found: Sequence[Near]) -> list[tuple[Near, str]]:
    """The best in the order of another encoder's similarity of the nearest sentence of each; then the others."""
    best, rest = found[:AGAIN], found[AGAIN:]
    pieces, of = list[tuple[int, int]](), list[int]()
    texts = [text]
    for at, near in enumerate(best):
        whole = _text(corpus.get(near.name).messages, near)
        for start, end in sentences(whole[near.start : near.end]):
            pieces.append((near.start + start, near.start + end))
            texts.append(whole[near.start + start : near.start + end])
            of.append(at)
    cosines = again(texts)
    scores, seen, made = cosines[1:] @ cosines[0], set[int](), list[tuple[Near, str]]()
    for at in np.argsort(-scores, kind="stable").tolist():
        if of[at] not in seen:
            seen.add(of[at])
            near, score, (start, end) = best[of[at]], float(scores[at]), pieces[at]
            why = f"similarity {score:.2f} ({again.name}); rank {of[at] + 1} before, with {near.similarity:.2f}"
            made.append((near._replace(similarity=score, start=start, end=end), why))
    return made + [
        (near._replace(similarity=-1.0), f"not read again; {near.similarity:.2f} before") for near in rest
    ]


def _chosen(corpus: Corpus, among: Collection[str] | None, predicate: str) -> Collection[str] | None:
    """The names to search among; a filter is applied unless names were given."""
    if among is not None or not predicate.strip():
        return among
    return [row.name for row in corpus.select(parse(predicate))]


def _shown(corpus: Corpus, found: Sequence[tuple[Near, str]]) -> list[Hit]:
    return [_hit(corpus, rank, near, why) for rank, (near, why) in enumerate(found, 1)]


def _hit(corpus: Corpus, rank: int, near: Near, why: str) -> Hit:
    messages = corpus.get(near.name).messages
    place = messages[near.message]
    said = "reasoning" if place.parts[near.part].kind == "reasoning" else place.role
    return Hit(
        rank=rank,
        name=near.name,
        score=near.similarity,
        why=f"{said}: {why}",
        snippet=_text(messages, near)[near.start : near.end].strip(),
    )


def _fused(
    corpus: Corpus, hit: Hit, by_words: int, words: Hit | None, meaning: tuple[int, Near, str] | None
) -> Hit:
    """A hit of one list or both; it shows the words that matched, or else the nearest passage."""
    reasons = [f"rank {by_words} by words" if by_words else "not by words"]
    if words is not None:
        reasons = [f"{reasons[0]} ({words.why})"]
        hit = replace(hit, snippet=words.snippet, marks=words.marks)
    if meaning is None:
        reasons.append(f"not among the nearest {DEPTH}")
    else:
        own = _hit(corpus, hit.rank, meaning[1], meaning[2])
        reasons.append(f"rank {meaning[0]} by meaning ({own.why})")
        hit = hit if hit.snippet else replace(hit, snippet=own.snippet)
    return replace(hit, why="; ".join(reasons))


def _text(messages: Sequence[Message], near: Near) -> str:
    """The part of a message that a passage is in."""
    return messages[near.message].parts[near.part].text


def _hits(kind: Kind, query: str, predicate: str, scope: Scope, hits: Sequence[Hit], started: float) -> Hits:
    return Hits(
        kind=kind,
        query=query,
        predicate=predicate,
        hits=tuple(hits),
        found=-1,
        searched=scope.searched,
        missing=scope.missing,
        seconds=time.perf_counter() - started,
    )
