"""The query language: what is a query reads back as itself, what is none says where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.search.query import And, Not, Or, Phrase, Prefix, Said, Word, leaves, parse
from allegiance.errors import UsageError

PIECES = st.sampled_from(
    [*'-()"*: ', "a", "ab", "cde", "OR", "AND", "NOT", "\\", "text:", "answer:", "role:", "role:user",
     "role:assistant", "reasoning:", "user:", '"x y"', "é", "安", "\t", "..."]
)  # fmt: skip


def caret(query: str) -> int:
    """The column of the caret, from 0."""
    with pytest.raises(UsageError) as told:
        parse(query)
    return len(told.value.what.splitlines()[-1]) - 3


@given(
    st.text(max_size=60) | st.lists(PIECES, max_size=14).map(" ".join) | st.lists(PIECES, max_size=14).map("".join)
)
def test_any_text_is_a_query_that_reads_back_as_itself_or_an_error_with_a_caret(text: str) -> None:
    try:
        query = parse(text)
    except UsageError as error:
        last = error.what.splitlines()[-1].strip()
    else:
        last = "^" if parse(str(query)) == query else "it reads back as another"
    assert last == "^"


def test_words_beside_each_other_must_all_be_there() -> None:
    assert parse("copper lantern") == parse("copper AND lantern") == And((Word("copper"), Word("lantern")))


def test_and_binds_closer_than_or() -> None:
    assert parse("a b OR c") == Or((And((Word("a"), Word("b"))), Word("c")))
    assert str(parse("a (b OR c)")) == "a (b OR c)"


def test_a_minus_leaves_out_a_word_a_phrase_or_a_group() -> None:
    assert parse("a -b") == parse("a NOT b") == And((Word("a"), Not(Word("b"))))
    assert parse('-"b c"') == Not(Phrase("b c"))
    assert parse("-(b c)") == Not(And((Word("b"), Word("c"))))
    assert parse("--b") == Word("b")


def test_a_place_stands_before_a_word_a_phrase_a_prefix_or_a_group() -> None:
    assert parse('answer:"b c"') == Phrase("b c", "answer")
    assert parse("reasoning:bc*") == Prefix("bc", "reasoning")
    assert parse("user:(b OR c)") == Or((Word("b", "user"), Word("c", "user")))


def test_a_role_is_the_place_of_what_stands_beside_it() -> None:
    assert parse('role:assistant b reasoning:"c d"') == And((Word("b", "assistant"), Phrase("c d", "reasoning")))
    assert parse("role:user") == Said("user")
    assert parse("b -role:tool") == And((Word("b"), Not(Said("tool"))))


def test_a_quote_in_quotes_is_written_with_a_backslash() -> None:
    assert parse(r'"say \"no\" \\ now"') == Phrase(r'say "no" \ now')


def test_operators_in_quotes_are_words() -> None:
    assert parse('"OR"') == Phrase("OR")


def test_what_is_left_out_is_no_leaf() -> None:
    assert list(leaves(parse("a -b (c OR -d)"))) == [Word("a"), Word("c")]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("", 0), ("a OR", 4), ("(a", 0), ("a)", 1), ('a "b', 2), ("fo*o", 2), ("a *", 2), ("x:y", 0),
        ("answer: a", 7),
        ("role:cat", 5), ("role:user reasoning:a", 0), ("a ... b", 2), ('"a"b', 3), ("AND a", 0), ("e*", 0),
        ("role:user b role:tool", 12), ("安全 )", 5),
    ],
)  # fmt: skip
def test_a_caret_stands_under_the_place(query: str, at: int) -> None:
    assert caret(query) == at


def test_a_query_has_bounds() -> None:
    caret("(" * 21 + "a" + ")" * 21)
    caret("a " * 201)
    with pytest.raises(UsageError, match="4001 characters"):
        parse("a" * 4001)


def test_a_caret_stands_right_where_the_query_holds_control_characters() -> None:
    assert caret("\x1b[31m\n (") == 8
