"""Near-duplicates: equal and nearly equal replies together, others apart, whatever the order of import."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.corpus.made import said

from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.near import groups, likeness
from allegiance.errors import UsageError
from allegiance.records.transcript import Transcript

WORDS = [f"word{i}" for i in range(5_000)]


def text(chance: random.Random, count: int = 200) -> str:
    return " ".join(chance.choices(WORDS, k=count))


def changed(chance: random.Random, words: str, count: int) -> str:
    made = words.split()
    for at in chance.sample(range(len(made)), count):
        made[at] = "other"
    return " ".join(made)


def corpus(folder: Path, items: list[Transcript]) -> Corpus:
    made = Corpus.create(folder)
    made.add(items)
    return made


def test_replies_that_differ_in_a_word_are_a_group_and_others_are_not(tmp_path: Path) -> None:
    chance = random.Random(1)
    first = text(chance)
    near, far = said(1, changed(chance, first, 1)), said(2, text(chance))
    (found,) = groups(corpus(tmp_path / "c", [said(0, first), near, far]))
    assert {found.first, *(name for name, _ in found.members)} == {said(0, first).name, near.name}
    assert 0.8 <= found.members[0][1] < 1


def test_the_likeness_of_a_member_is_the_share_of_common_runs(tmp_path: Path) -> None:
    one, other = "a b c d e f g h i j", "a b c d e f g h i k"
    made = corpus(tmp_path / "c", [said(0, one), said(1, other)])
    assert groups(made, 0.7)[0].members[0][1] == pytest.approx(5 / 7) == likeness(one, other)


def test_equal_conversations_are_exact_members(tmp_path: Path) -> None:
    made = corpus(tmp_path / "c", [said(0, "Same words here.", sample=i) for i in range(3)])
    (found,) = groups(made)
    assert (len(found.members), found.exact) == (2, 2)


def test_case_and_punctuation_do_not_count(tmp_path: Path) -> None:
    made = corpus(
        tmp_path / "c", [said(0, "One, two three four: five six."), said(1, "one two THREE four five six")]
    )
    assert groups(made, 1.0)[0].members[0][1] == 1.0


def test_replies_without_words_are_in_no_group(tmp_path: Path) -> None:
    assert groups(corpus(tmp_path / "c", [said(0, ""), said(1, "..."), said(2, "")])) == []


def test_the_order_of_import_changes_nothing(tmp_path: Path) -> None:
    chance = random.Random(2)
    items = []
    for i in range(12):
        base = text(chance, 120)
        items += [said(3 * i + k, changed(chance, base, 2 * k)) for k in range(3)]
    forward = groups(corpus(tmp_path / "a", items), 0.7)
    chance.shuffle(items)
    assert forward == groups(corpus(tmp_path / "b", items), 0.7)
    assert len(forward) == 12


def test_few_pairs_at_the_threshold_are_missed(tmp_path: Path) -> None:
    chance, items, pairs = random.Random(3), list[Transcript](), 0
    for i in range(200):
        base = text(chance, 150)
        other = changed(chance, base, 3)
        pairs += likeness(base, other) >= 0.8
        items += [said(2 * i, base), said(2 * i + 1, other)]
    assert pairs > 100
    assert len(groups(corpus(tmp_path / "c", items), 0.8)) >= 0.97 * pairs


def test_short_replies_are_compared_too(tmp_path: Path) -> None:
    made = corpus(tmp_path / "c", [said(0, "Yes."), said(1, "yes"), said(2, "No.")])
    (found,) = groups(made)
    assert len(found.members) == 1


@pytest.mark.parametrize("threshold", [0.3, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(tmp_path: Path, threshold: float) -> None:
    with pytest.raises(UsageError, match="threshold"):
        groups(Corpus.create(tmp_path / "c"), threshold)


def test_an_empty_corpus_has_no_groups(tmp_path: Path) -> None:
    assert groups(Corpus.create(tmp_path / "c")) == []
