"""The query language of a search for words: ``lantern "never lit" copp* -role:tool answer:(yes OR no)``.

    query   := all (OR all)*                 one of them
    all     := part (AND? part)*             each of them
    part    := (- | NOT)* (word | word* | "words in a row" | (query) | PLACE:part | role:ROLE)

A word stands anywhere in a transcript unless a place is named. ``role:ROLE`` beside other parts says where they
stand; alone it asks for transcripts in which this role said something. AND, OR and NOT are written in capitals;
quoted they are words. In quotes ``\\"`` is a quote and ``\\\\`` a backslash.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from allegiance.errors import UsageError

PLACES: Mapping[str, tuple[str, ...]] = {
    "text": ("system", "user", "tool", "earlier", "answer", "reasoning", "other"),
    "answer": ("answer",),
    "reasoning": ("reasoning",),
    "assistant": ("earlier", "answer", "reasoning"),
    "system": ("system",),
    "user": ("user",),
    "tool": ("tool",),
}
"""Where words can stand → the fields of the index that hold them. Every word of a transcript is in one field."""
ROLES = ("assistant", "system", "user", "tool")
LONGEST, DEEPEST, MOST = 4_000, 20, 200
"""Characters of a query, groups within groups, and words and phrases of a query, at most."""

_OPERATORS = ("AND", "OR", "NOT")
_BARE = re.compile(r'[^\s()":]+')
_ROW = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ONE_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Word:
    """A word; what is written together but not one word (``don't``, ``x-ray``) is several in a row."""

    text: str
    place: str = "text"

    def __str__(self) -> str:
        return _placed(self.place, self.text)


@dataclass(frozen=True)
class Prefix:
    """All words that begin so."""

    text: str
    place: str = "text"

    def __str__(self) -> str:
        return _placed(self.place, f"{self.text}*")


@dataclass(frozen=True)
class Phrase:
    """Words in a row."""

    text: str
    place: str = "text"

    def __str__(self) -> str:
        return _placed(self.place, '"' + self.text.replace("\\", "\\\\").replace('"', '\\"') + '"')


@dataclass(frozen=True)
class Said:
    """Some words of this role, whichever."""

    role: str

    def __str__(self) -> str:
        return f"role:{self.role}"


@dataclass(frozen=True)
class Not:
    """All transcripts but these."""

    part: Query

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, And | Or) else f"-{self.part}"


@dataclass(frozen=True)
class And:
    """What each of the parts finds; two parts or more."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Or) else _apart(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """What one of the parts finds; two parts or more."""

    parts: tuple[Query, ...]

    def __str__(self) -> str:
        return " OR ".join(_apart(part) for part in self.parts)


Leaf = Word | Prefix | Phrase
Query = Word | Prefix | Phrase | Said | Not | And | Or


def parse(text: str) -> Query:
    """The query of a text. ``parse(str(query)) == query`` for every query that this returns.

    Raises:
        UsageError: It is not a query; a caret shows where.
    """
    return _Reader(text).whole()


def leaves(query: Query) -> Iterator[Leaf]:
    """The words and phrases that a hit can hold: all but those that are left out by a ``-``."""
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from leaves(part)
    elif isinstance(query, Word | Prefix | Phrase):
        yield query


class _Reader:
    """Reads a query from left to right; `at` is how far it has come."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.found, self.depth = text, 0, 0, 0

    def whole(self) -> Query:
        if len(self.text) > LONGEST:
            raise UsageError(f"the query has {len(self.text)} characters, and can have {LONGEST}.", where="query")
        self.skip()
        if self.at == len(self.text):
            self.fail(0, "there is nothing to search for")
        query = self.either()
        if self.at < len(self.text):
            self.fail(self.at, "this closes a group that is not open" if self.next() == ")" else "expected a space")
        return query

    def either(self) -> Query:
        parts = [self.each()]
        while self.word("OR"):
            parts.append(self.each())
        return _joined(Or, parts)

    def each(self) -> Query:
        """Parts that must all hold. A role among them is the place of the others."""
        parts: list[Query] = []
        roles: list[tuple[str, int]] = []
        while True:
            self.skip()
            start, part = self.at, self.part()
            if isinstance(part, _Role):
                roles.append((part.name, start))
            else:
                parts.append(part)
            if not self.word("AND") and (self.at == len(self.text) or self.next() == ")" or self.sees("OR")):
                break
        if len({name for name, _ in roles}) > 1:
            self.fail(roles[-1][1], "two roles stand beside each other; write each before its own words: user:word")
        if not roles:
            return _joined(And, parts)
        name, start = roles[0]
        return self.narrowed(_joined(And, parts), name, start) if parts else Said(name)

    def part(self) -> Query | _Role:
        denied = False
        while self.next() == "-" or self.sees("NOT"):
            self.at += 1 if self.next() == "-" else len("NOT")
            denied = not denied
            self.skip()
        found = self.plain()
        if self.at < len(self.text) and not self.next().isspace() and self.next() != ")":
            self.fail(self.at, "expected a space")
        if not denied:
            return found
        query = Said(found.name) if isinstance(found, _Role) else found
        return query.part if isinstance(query, Not) else Not(query)

    def plain(self) -> Query | _Role:
        """A word, a phrase, a group, or one of these in a place."""
        start = self.at
        if self.next() == "(":
            return self.group()
        if self.next() == '"':
            return self.phrase()
        bare = _BARE.match(self.text, start)
        if bare is None or bare.group() in _OPERATORS:
            self.fail(start, "expected a word" + (f" before {bare.group()}" if bare else ""))
        self.at = bare.end()
        if self.next() == ":":
            self.at += 1
            return self.role() if bare.group() == "role" else self.placed(bare.group(), start)
        return self.bare(bare.group(), start)

    def group(self) -> Query:
        start = self.at
        self.at, self.depth = start + 1, self.depth + 1
        if self.depth > DEEPEST:
            self.fail(start, f"groups within groups go {DEEPEST} deep")
        found = self.either()
        if self.next() != ")":
            self.fail(start, "this group is not closed")
        self.at, self.depth = self.at + 1, self.depth - 1
        return found

    def phrase(self) -> Query:
        start, row = self.at, _ROW.match(self.text, self.at)
        if row is None:
            self.fail(start, "this quote is not closed")
        self.at = row.end()
        text = " ".join(_ESCAPED.sub(r"\1", row.group(1)).split())
        self.spoken(text, start)
        return Phrase(text)

    def bare(self, text: str, start: int) -> Query:
        stem = text.removesuffix("*")
        if "*" in stem:
            self.fail(start + stem.index("*"), "an asterisk stands at the end of a word, after what it begins with")
        self.spoken(stem, start)
        if stem == text:
            return Word(text)
        if _ONE_SIGN.search(stem):
            self.fail(start, "signs that are words of their own begin no longer word; leave the asterisk out")
        if len(stem) < 2 or not all(map(is_of_word, stem)):
            self.fail(start, "what stands before an asterisk is two letters or digits, or more, of one word")
        return Prefix(stem)

    def placed(self, name: str, start: int) -> Query:
        if name not in PLACES:
            hint = f"places are {', '.join(PLACES)} and role; put words with a colon in quotes"
            self.fail(start, f"there is no place {name!r}; {hint}")
        if self.at == len(self.text) or self.next().isspace() or self.next() == "-":
            self.fail(self.at, f"expected a word right after {name}:")
        found = self.plain()
        if isinstance(found, _Role):
            self.fail(start, "a role has no place")
        return self.narrowed(found, name, start)

    def role(self) -> _Role:
        start, bare = self.at, _BARE.match(self.text, self.at)
        if bare is None or bare.group() not in ROLES:
            self.fail(start, f"expected a role: {', '.join(ROLES)}")
        self.at = bare.end()
        return _Role(bare.group())

    def narrowed(self, query: Query, place: str, start: int) -> Query:
        """The same query with its words in this place too, and in none wider than before."""
        if isinstance(query, And | Or):
            return type(query)(tuple(self.narrowed(part, place, start) for part in query.parts))
        if isinstance(query, Not):
            return Not(self.narrowed(query.part, place, start))
        if isinstance(query, Said) or set(PLACES[query.place]) <= set(PLACES[place]):
            return query
        if set(PLACES[place]) <= set(PLACES[query.place]):
            return replace(query, place=place)
        return self.fail(start, f"no word stands in {place} and in {query.place}")

    def spoken(self, text: str, start: int) -> None:
        self.found += 1
        if self.found > MOST:
            self.fail(start, f"a query has {MOST} words and phrases at most")
        if not any(map(str.isalnum, text)):
            self.fail(start, "there is no letter or digit in this")

    def word(self, operator: str) -> bool:
        """Whether this operator follows; reads over it."""
        self.skip()
        if not self.sees(operator):
            return False
        self.at += len(operator)
        self.skip()
        return True

    def sees(self, operator: str) -> bool:
        bare = _BARE.match(self.text, self.at)
        return bare is not None and bare.group() == operator

    def skip(self) -> None:
        while self.next().isspace():
            self.at += 1

    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def fail(self, at: int, what: str) -> NoReturn:
        shown = "".join(" " if sign.isspace() else sign if sign.isprintable() else "\ufffd" for sign in self.text)
        raise UsageError(f"{what}.\n  {shown}\n  {' ' * _width(shown[:at])}^", where="query")


@dataclass(frozen=True)
class _Role:
    """``role:ROLE`` among parts that must all hold."""

    name: str


def is_of_word(sign: str) -> bool:
    """Whether a character belongs to a word: a letter, a digit or a mark on one."""
    return sign.isalnum() or unicodedata.category(sign)[0] == "M"


def _joined(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    flat: list[Query] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else [part]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _placed(place: str, text: str) -> str:
    return text if place == "text" else f"{place}:{text}"


def _apart(part: Query) -> str:
    """A role between other parts would be their place; in a group it stands for itself."""
    return f"({part})" if isinstance(part, Said) else str(part)


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )
