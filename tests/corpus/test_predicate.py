from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.predicate import Predicate, parse
from allegiance.errors import UsageError

KEYS = st.from_regex(r"[a-z_][a-z0-9_.\-/]{0,8}", fullmatch=True)
TERMS = st.dictionaries(KEYS, st.sets(st.text(st.characters(exclude_categories=["Cs"])), min_size=1), max_size=4)


@given(TERMS)
def test_writing_and_parsing_is_the_identity(terms: dict[str, set[str]]) -> None:
    predicate = Predicate(tuple(sorted((key, tuple(sorted(values))) for key, values in terms.items())))
    assert parse(str(predicate)) == predicate


@given(TERMS)
def test_a_row_made_of_alternatives_passes(terms: dict[str, set[str]]) -> None:
    predicate = Predicate(tuple((key, tuple(values)) for key, values in terms.items()))
    assert predicate.matches({key: min(values) for key, values in terms.items()})


def test_order_and_repetition_do_not_matter() -> None:
    assert str(parse("tier=b|a|b  model=m")) == str(parse("model=m tier=a|b")) == "model=m tier=a|b"


def test_all_fields_must_hold() -> None:
    predicate = parse("model=gpt-5 tier=trained|untrained")
    assert predicate.matches({"model": "gpt-5", "tier": "untrained"})
    assert not predicate.matches({"model": "gpt-5", "tier": "other"})
    assert not predicate.matches({"model": "gpt-5"})


def test_values_may_be_quoted_in_two_ways() -> None:
    assert parse("""request="a b|c" run='x y'""").terms == (("request", ("a b|c",)), ("run", ("x y",)))


def test_the_empty_text_passes_everything() -> None:
    assert parse("  ").matches({})


@pytest.mark.parametrize(
    ("text", "column"),
    [("tier", 4), ("tier=", 5), ("=x", 0), ("tier=a|", 7), ('tier="a', 5), ("a=b c=d a=e", 8), ('a="b"c', 5)],
)
def test_an_error_points_at_its_place(text: str, column: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    lines = caught.value.what.splitlines()
    assert lines[1] == "  " + text
    assert lines[2].index("^") == column + 2
