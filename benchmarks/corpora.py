"""Make corpora to measure on: JSONL of conversations of 4 to 7 KB, with words as frequent as words are.

    python -m benchmarks.corpora FOLDER [COUNT ...]

writes ``FOLDER/COUNT.jsonl`` for each count (20,000, 100,000 and 1,000,000 if none is given). The same count gives
the same bytes. A larger file starts with the smaller ones, up to whole blocks.

Words follow Zipf's law with exponent 1 over a vocabulary of 60,000; the most frequent are English stop words, the
others are made of syllables. System prompts are shared: eight of them. Six in ten replies carry reasoning. Planted,
so that a search has known answers: `RARE` in one of 50,000, `SELDOM` in one of 500, `PHRASE` in one of 1,000.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

BLOCK = 10_000
SIZES = (20_000, 100_000, 1_000_000)
RARE, SELDOM, PHRASE = "quillonbrake", "vesperlane", "the copper lantern was never lit"
MODELS = ("ada-1", "ada-2", "bel-large", "bel-small", "cyr-7b")
STOP = """
the of and to in a is that for it as was with be by on not he his but at are this have from or had an
they which one you were her all she there would their we him been has when who will more no if out so
said what up its about into than them can only other new some could time these two may then do first any
my now such like our over man me even most made after also did many before must through back years where
much your way well down should because
""".split()  # noqa: SIM905
_SYLLABLES = """
ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu zan bel cor den fal gar hes tor mil nor
""".split()  # noqa: SIM905


def vocabulary(size: int = 60_000) -> np.ndarray:
    """The words, most frequent first."""
    chance = np.random.default_rng(20241218)
    words, seen = list(STOP), set(STOP)
    while len(words) < size:
        made = "".join(chance.choice(_SYLLABLES, size=int(chance.integers(2, 5))))
        if made not in seen:
            seen.add(made)
            words.append(made)
    return np.array(words, dtype=object)


def records(count: int) -> Iterator[dict[str, object]]:
    """So many conversations, in blocks that depend on their number alone."""
    words = vocabulary()
    edges = np.cumsum(1 / np.arange(1, len(words) + 1))
    edges /= edges[-1]
    prompts = _prompts(words, edges)
    for block in range(0, count, BLOCK):
        yield from _block(block, min(BLOCK, count - block), words, edges, prompts)


def write(path: Path, count: int) -> None:
    """Write so many conversations as JSONL."""
    with path.open("wb") as file:
        for record in records(count):
            file.write(orjson.dumps(record))
            file.write(b"\n")


def _prompts(words: np.ndarray, edges: np.ndarray) -> list[str]:
    chance = np.random.default_rng(7)
    return [" ".join(words[np.searchsorted(edges, chance.random(160))]) + "." for _ in range(8)]


def _block(
    start: int, count: int, words: np.ndarray, edges: np.ndarray, prompts: list[str]
) -> Iterator[dict[str, object]]:
    chance = np.random.default_rng([1, start])
    lengths = chance.integers([60, 80, 200], [180, 240, 520], size=(count, 3))
    drawn = words[np.searchsorted(edges, chance.random(int(lengths.sum())))]
    told, at = chance.random((count, 4)), 0
    for index in range(count):
        parts = []
        for length in lengths[index]:
            parts.append(" ".join(drawn[at : at + length]) + ".")
            at += length
        yield _record(start + index, parts, told[index], prompts)


def _record(number: int, parts: list[str], told: np.ndarray, prompts: list[str]) -> dict[str, object]:
    asked, thought, reply = parts
    reply += "".join(
        f" {planted}."
        for planted, every in ((RARE, 50_000), (SELDOM, 500), (PHRASE, 1_000))
        if (number * 7919) % every == 0
    )
    said: object = reply
    if told[0] < 0.6:
        said = [{"type": "reasoning", "reasoning": thought}, {"type": "text", "text": reply}]
    return {
        "id": f"q{number // 10}",
        "model": MODELS[int(told[1] * len(MODELS))],
        "tier": "free" if number % 2 else "paid",
        "epoch": number % 10,
        "messages": [
            {"role": "system", "content": prompts[int(told[2] * 8)]},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": said},
        ],
    }


def main(arguments: list[str]) -> None:
    """Write what was asked for, and say how large it is."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for count in [int(one) for one in arguments[1:]] or SIZES:
        path = folder / f"{count}.jsonl"
        write(path, count)
        print(f"{path}  {path.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
