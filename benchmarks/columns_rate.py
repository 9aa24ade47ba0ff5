"""What is done with columns, at a million transcripts: draws, facets, pages, a join with labels, the light columns.

The corpus here is made of columns alone, as the index of a real one would hold them, since nothing of this reads a
word; `COUNT` is how many. Seconds are of CPU, of this process. Beside each stands the least that the job could
cost: the hashes of a draw, a copy of the codes, or the same counts by numpy over the same codes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pyarrow as pa
from import_rate import Row, cpu_seconds, row

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.tables import digests, looking
from allegiance.corpus.tables.engine import Tables
from allegiance.corpus.tables.light import CODED, SCHEMA, Light
from allegiance.corpus.tables.masks import Answers
from allegiance.evidence import tickets
from allegiance.stats.designs import draw_weights

COUNT, QUICK = 1_000_000, 20_000
DRAWN = 1_000
MODELS = ("ada-1", "ada-2", "bel-large", "bel-small", "cyr-7b")
SEED = bytes(32)


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count, times = (QUICK, 2) if quick else (COUNT, 5)
    light = columns(count)
    return [*draws(light, count), *looks(light, count, times)]


def columns(count: int) -> Light:
    """The light columns of a made-up version: five models, two tiers, ten samples of each request."""
    chance = np.random.default_rng(3)
    digits = np.sort(chance.integers(0, 2**62, count))
    names = [f"sha256:{hashlib.sha256(int(x).to_bytes(8)).hexdigest()}" for x in digits.tolist()]
    names.sort()
    words = {
        "condition": [f'{{"levels":{{"tier":"{tier}"}}}}' for tier in ("free", "paid")],
        "model": list(MODELS), "status": ["complete", "truncated"], "source_digest": ["sha256:" + "0" * 64],
    }  # fmt: skip
    coded = {name: _coded(chance, words.get(name, [""]), count) for name in CODED}
    plain = {
        "transcript_id": pa.array(names, pa.large_string()),
        "text_digest": pa.array(names[::-1], pa.large_string()),
        "request": pa.array([f"q{at}" for at in chance.integers(0, count // 10 + 1, count).tolist()]),
        "sample": pa.array(chance.integers(0, 10, count)),
        "source_record": pa.array(np.arange(count)),
        "message_count": pa.array(chance.integers(2, 30, count)),
        "confirm": pa.array(chance.random(count) < 0.5),
    }
    return Light("made", pa.table(plain | coded).select(SCHEMA.names).cast(SCHEMA))


def draws(light: Light, count: int) -> list[Row]:
    """What a draw costs beyond reading the columns: digests, weights and tickets, beside the hashes alone."""
    names = light.names()
    weights = draw_weights(np.random.default_rng(4).beta(0.6, 3, count))

    def uniform() -> None:
        digests.members_digest(light)
        digests.columns_digest(light)
        tickets.first(SEED, light.names(), DRAWN)

    def hashes(each: int) -> float:
        sha, message = hashlib.sha256, SEED + b"\x1f" + names[0] + b"\x1f0"
        return cpu_seconds(lambda: [sha(message).digest() for _ in range(each)], 1)

    weighted = cpu_seconds(lambda: tickets.first(SEED, names, DRAWN, weights.tolist()), 1)
    total = int(weights.sum())
    return [
        row(f"frame and uniform draw of {DRAWN}", cpu_seconds(uniform, 2), hashes(count), None, "CPU s", count),
        row(
            f"weighted draw of {DRAWN}, tickets ({total / count:.1f} each)",
            weighted,
            hashes(total),
            None,
            "CPU s",
            count,
        ),
        row(
            "digest of the columns",
            cpu_seconds(lambda: digests.columns_digest(light), 2),
            _sha(light),
            None,
            "CPU s",
            count,
        ),
    ]


def looks(light: Light, count: int, times: int) -> list[Row]:
    """Facets, pages and group counts by DuckDB, beside numpy."""
    answers = Answers(np.random.default_rng(5).integers(-1, 2, count).astype(np.int32), ("no", "yes"))
    load = cpu_seconds(lambda: Tables(light), 2)
    asked = Tables(light)
    join = cpu_seconds(lambda: asked.join("complies@small", answers), 1)
    codes = [light.codes(name) for name in CODED] + [light.requests[0], answers.codes]
    copied = cpu_seconds(lambda: [column.copy() for column in codes], 2)
    some = parse("model=ada-1|bel-small tier=free")
    mask = np.isin(light.codes("model"), [0, 3]) & (light.codes("condition") == 0)
    jobs: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("facets", lambda: looking.facets(FROM, some), lambda: _counted(light, mask)),
        ("facets, everything", lambda: looking.facets(FROM), lambda: _counted(light, None)),
        ("first page", lambda: looking.page(FROM, some), lambda: np.flatnonzero(mask)[:50]),
        (
            "page from the middle, by request",
            lambda: looking.page(FROM, Predicate(), "-request", count // 2),
            lambda: np.argsort(-light.requests[0].astype(np.int64), kind="stable")[count // 2 :][:50],
        ),
        (
            "group counts with labels",
            lambda: looking.group_counts(FROM, ["tier", "complies@small"], some, {"complies@small": answers}),
            lambda: np.bincount(answers.codes[mask] + 1),
        ),
    ]
    made = [
        row("tables loaded", load, copied, None, "CPU s", count),
        row("labels joined", join, copied, None, "CPU s", count),
    ]
    with patch.object(looking, "tables", lambda _corpus: asked):
        for name, ours, floor in jobs:
            made.append(row(name, _ms(ours, times), _ms(floor, times), None, "CPU ms", count))
    return made


FROM = None  # the tables are given; there is no corpus behind them


def _coded(chance: np.random.Generator, words: list[str], count: int) -> pa.DictionaryArray:
    codes = pa.array(chance.integers(0, len(words), count).astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.large_string()))


def _counted(light: Light, mask: np.ndarray | None) -> None:
    at = slice(None) if mask is None else mask
    for name in ("model", "status", "condition", "source_format"):
        np.bincount(light.codes(name)[at])
    np.count_nonzero(np.bincount(light.requests[0][at]))


def _sha(light: Light) -> float:
    """CPU seconds of hashing the canonical rows alone."""
    pieces = [bytes(piece) for piece in digests.canonical_rows(light)]
    return cpu_seconds(lambda: [hashlib.sha256(piece).digest() for piece in pieces], 1)


def _ms(work: Callable[[], object], times: int) -> float:
    return 1e3 * cpu_seconds(work, times)
