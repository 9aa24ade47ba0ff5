"""Full text: what the index finds is what a scan finds; it grows, forgets and outlives a kill."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from allegiance.corpus.search.building import FOLDER, build, text_index
from allegiance.corpus.search.placing import pieces
from allegiance.corpus.search.port import Entry, Within
from allegiance.corpus.search.query import PLACES, And, Not, Or, Phrase, Prefix, Query, Said, Word, parse
from allegiance.corpus.search.text import TantivyIndex, fact, tokens
from allegiance.corpus.search.words import by_words
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged, UnknownName
from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript

VOCABULARY = (
    "the", "of", "and", "lantern", "copper", "never", "lit", "don't", "naïve", "re-lit", "安全", "été",
    "Ünder_score", "x86",
)  # fmt: skip
ROLES = ("system", "user", "assistant", "tool", "critic")


def made(index: int) -> Transcript:
    chance = random.Random(index)

    def text() -> str:
        return chance.choice([" ", ", ", "\n"]).join(chance.choices(VOCABULARY, k=chance.randint(1, 12)))

    turns = []
    for _ in range(chance.randint(1, 5)):
        role = chance.choice(ROLES)
        parts = [Part(text=text())]
        if role == "assistant":
            parts += [Part(kind="reasoning", text=text())] * chance.randint(0, 1)
            parts += [
                Part(kind="tool_call", data={"function": "light", "arguments": {"what": text()}})
            ] * chance.randint(0, 1)
        turns.append(Message(role=role, parts=tuple(parts)))
    return Transcript(
        messages=tuple(turns),
        source=Source(digest="sha256:" + "0" * 64, file="made.json", record=index),
        request=f"q{index % 7}",
        condition=Condition(levels={"tier": "free" if index % 2 else "paid"}),
        model="m",
        sample=index,
    )


@pytest.fixture
def filled(corpus: Corpus) -> Corpus:
    corpus.add(made(i) for i in range(120))
    build(corpus)
    return corpus


def holds(item: Transcript, query: Query) -> bool:
    """Whether a transcript is a hit, by a scan of its words."""
    match query:
        case And(parts):
            return all(holds(item, part) for part in parts)
        case Or(parts):
            return any(holds(item, part) for part in parts)
        case Not(part):
            return not holds(item, part)
        case Said(role):
            return any(piece.field in PLACES[role] for piece in pieces(item.messages))
        case Word(text, place) | Prefix(text, place) | Phrase(text, place):
            row = " ".join(token.text for token in tokens(text))
            end = "" if isinstance(query, Prefix) else "(?= |$)"
            there = (
                " " + " ".join(token.text for token in tokens(piece.text))
                for piece in pieces(item.messages) if piece.field in PLACES[place]
            )  # fmt: skip
            return any(re.search(f" {re.escape(row)}{end}", text) for text in there)


@pytest.mark.parametrize(
    "query",
    [
        "lantern", "LANTERN", '"copper lantern"', '"the of the"', "lan*", "don't", "naïve", "安", "全安", '"安 全"',
        "under", "reasoning:lantern", 'answer:"never lit"', "role:tool copper", "role:tool", "-role:tool",
        "-lantern",
        "-the -of", "lantern OR copper", "copper (lit OR never) -user:the", 'assistant:"lantern copper"', "x86 été",
        "never*", "re-lit",
        "system:the user:of", 'role:assistant "of and" reasoning:the', "nowhere", "light",
    ],
)  # fmt: skip
def test_the_index_finds_what_a_scan_finds(filled: Corpus, query: str) -> None:
    asked = parse(query)
    wanted = {name for name, item in filled.iter() if holds(item, asked)}
    hits = by_words(filled, query, limit=120)
    assert {hit.name for hit in hits.hits} == wanted
    assert (hits.found, hits.exact, hits.searched, hits.missing) == (len(wanted), True, 120, 0)


def test_all_hits_are_counted_whatever_is_shown(filled: Corpus) -> None:
    assert by_words(filled, "the", limit=1).found == by_words(filled, "the", limit=120).found > 1


def test_a_filter_is_applied_in_the_index(filled: Corpus) -> None:
    hits = by_words(filled, "lantern", 120, predicate="request=q1|q2 tier=free")
    rows = {row.name: row for row in filled.rows()}
    assert hits.found > 0
    assert all(
        rows[hit.name].request in {"q1", "q2"} and rows[hit.name].condition.levels["tier"] == "free"
        for hit in hits.hits
    )
    assert hits.searched == sum(
        r.request in {"q1", "q2"} and r.condition.levels["tier"] == "free" for r in rows.values()
    )


def test_a_filter_by_the_split_is_that_of_the_rows(filled: Corpus) -> None:
    explored = {row.name for row in filled.rows() if row.fields()["split"] == "explore"}
    assert {hit.name for hit in by_words(filled, "-nowhere", 120, predicate="split=explore").hits} == explored


def test_a_search_can_be_among_some_names(filled: Corpus) -> None:
    some = filled.names()[:10]
    hits = by_words(filled, "-nowhere", 120, among=some)
    assert ({hit.name for hit in hits.hits}, hits.found, hits.searched) == (set(some), 10, 10)
    assert by_words(filled, "the", 120, among=[]).found == 0


def test_a_field_that_no_transcript_has_is_named(filled: Corpus) -> None:
    with pytest.raises(UnknownName, match=r"'teir'.*Did you mean 'tier'"):
        by_words(filled, "the", predicate="teir=free")


def test_equal_scores_are_ordered_by_name(filled: Corpus) -> None:
    assert [hit.name for hit in by_words(filled, "-nowhere", 120).hits] == filled.names()
    assert [hit.name for hit in by_words(filled, "-nowhere", 7).hits] == filled.names()[:7]


def test_a_hit_says_which_words_stand_where(corpus: Corpus) -> None:
    turns = (
        Message(role="user", parts=(Part(text="Is the lantern lit?"),)),
        Message(
            role="assistant",
            parts=(Part(kind="reasoning", text="lantern"), Part(text="🙂 The Lantern: a lantern.")),
        ),
    )
    corpus.add([msgspec.structs.replace(made(1), messages=turns)])
    build(corpus)
    (hit,) = by_words(corpus, "answer:lantern lit").hits
    assert hit.why == "lit: user 1; answer:lantern: answer 2"
    (hit,) = by_words(corpus, "answer:lantern").hits
    assert hit.snippet == "🙂 The Lantern: a lantern."
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["Lantern", "lantern"]


def test_what_is_not_indexed_is_counted_as_missing(filled: Corpus) -> None:
    filled.add([made(1000), made(1001)])
    before = by_words(filled, "-nowhere")
    assert (before.found, before.searched, before.missing) == (120, 120, 2)
    assert by_words(filled, "-nowhere", predicate="tier=free").missing == 1
    assert build(filled) == 2
    after = by_words(filled, "-nowhere")
    assert (after.found, after.searched, after.missing) == (122, 122, 0)


def test_what_was_indexed_is_not_indexed_again(filled: Corpus) -> None:
    assert build(filled) == 0
    assert build(filled, rebuild=True) == 120


def test_an_older_version_is_searched_as_it_was(filled: Corpus) -> None:
    old = filled.head().version
    filled.add([made(1000)])
    build(filled)
    hits = by_words(filled.at(old), "-nowhere")
    assert (hits.found, hits.searched, hits.missing) == (120, 120, 0)


def test_an_index_of_another_format_is_made_anew(filled: Corpus) -> None:
    (filled.folder / FOLDER / "about.json").write_text("{}")
    assert by_words(filled, "the").missing == 120
    assert build(filled) == 120


def test_a_damaged_index_says_how_to_make_it_anew(filled: Corpus) -> None:
    (filled.folder / FOLDER / "words" / "meta.json").write_text("no")
    with pytest.raises(CorpusDamaged, match="--rebuild"):
        by_words(filled, "the")
    assert build(filled, rebuild=True) == 120


def test_a_segment_of_which_half_was_read_when_it_failed_is_not_in_the_index(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "index")

    def broken() -> object:
        yield Entry("sha256:" + "1" * 64, {"answer": ["lantern"]}, {"model": "m"})
        raise KeyError("lost")

    with pytest.raises(KeyError):
        index.add([("sha256:" + "a" * 64, broken())])  # type: ignore[arg-type]
    assert dict(TantivyIndex(tmp_path / "index").covered()) == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from allegiance.corpus.search import building
from allegiance.corpus.store import Corpus
building.TOGETHER = 1
seen = []
def stop(done, of):
    seen.append(done)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
building.build(Corpus.open(Path(sys.argv[1])), stop)
"""


def test_a_build_that_is_killed_goes_on_where_it_was(corpus: Corpus) -> None:
    for start in range(0, 40, 10):
        corpus.add(made(i) for i in range(start, start + 10))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(corpus.folder)], env=os.environ, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert by_words(corpus, "-nowhere").missing == 20
    assert build(corpus) == 20
    assert by_words(corpus, "-nowhere").found == 40


def test_a_segment_that_is_forgotten_is_not_found(filled: Corpus) -> None:
    index = text_index(filled)
    index.drop(list(index.covered()))
    assert index.search(parse("the"), Within(), 5).count == 0


def test_words_are_runs_of_letters_marks_and_digits_in_lower_case() -> None:
    found = [token.text for token in tokens("Don't nai\u0308ve_X86 हिन्दी 安全な, ΑΣ")]
    assert found == ["don", "t", "nai\u0308ve", "x86", "हिन्दी", "安", "全", "な", "ασ"]


def test_a_long_value_of_a_filter_is_one_term_all_the_same() -> None:
    assert fact("run", "x" * 100_000) != fact("run", "y" * 100_000)
    assert len(fact("run", "x" * 100_000)) < 100
