"""What is seen is what is stored: the words of a page, with written-out characters as themselves, are the text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.report.rendering import Mark, text_of, turns
from allegiance.study import Study
from allegiance.web.state import house

ODD = (
    "\x00\t\n\r\x0b\x0c\x1b\x1f\x7f\x80\x85\x9b\xa0\xad\u061c\u200b\u200d\u200e\u2028\u2029\u202e\u2066\u2069\ufeff"
    "\ufffa\ufffd\ufffe\uffff\U000e0041\U0001f468\U0001f3fd\u0301\u0435<>&\"'`⟦⟧{}%# -"
)
ALPHABET = st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"]))
TEXTS = st.text(ALPHABET, max_size=80)
MACRO = '{% from "turns.html.j2" import turns with context %}{{ turns(all, ("system",)) }}'
KNOWN = {
    "right to left": "\u202eabc\u202c \u05d0\u05d1\u05d2 \u2067x\u2069 \u061c",
    "zero width": "a\u200bb\u200cc\u200dd\ufeffe\u2060f\u00adg",
    "astral": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348 \U000e0041\U000e007f",
    "terminal": "\x1b]0;title\x07\x1b[2J\x1b]52;c;YQ==\x1b\\\x9b31m\r over",
    "nul": "a\x00b\x00\x00",
    "line ends": "one\r\ntwo\rthree\n\n\nfour\u2028five\x85six\n",
    "leading line": "\n\nafter two line ends",
    "spaces": "  two   three\t\ttabs \u00a0 \u3000 end  ",
    "looks written out": "⟦U+202E⟧ &#8238; &lt;b&gt; &amp;amp; ⟦U+0000⟧",
    "combining": "Z\u0351\u036b\u0343 e\u0301 \u00e9 \ufb01 \u1e9e",
    "markup": "<p>one</p><!-- two --><![CDATA[three]]><script>four</script>",
    "one megabyte": "The model said \u201cyes\u201d. " * 50_000,
    "one long word": "x" * 1_000_000,
    "a megabyte with no shape": ("word \u200b" * 20_000) + "y" * 900_000,
    "empty": "",
}


class Shown(HTMLParser):
    """What each part of a page says: its id → its words, written-out characters as themselves again."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: dict[str, str] = {}
        self._part = ""
        self._depth = 0
        self._code = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "div":
            if self._depth:
                self._depth += 1
            elif given.get("class") == "words":
                self._depth = 1
                self.words[self._part] = ""
            elif str(given.get("class")).startswith("part "):
                self._part = str(given["id"])
        if tag == "span" and self._depth and given.get("class") == "unseen":
            self._code = str(given["data-code"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._depth:
            self._depth -= 1
        if tag == "span":
            self._code = ""

    def handle_data(self, data: str) -> None:
        if self._depth:
            assert not self._code or data == f"⟦U+{self._code}⟧"
            self.words[self._part] += chr(int(self._code, 16)) if self._code else data


def transcript(text: str, role: str = "assistant") -> Transcript:
    return Transcript(
        messages=(
            Message(role="system", parts=(Part(text=text),)),
            Message(role=role, parts=(Part(kind="reasoning", text=text), Part(text=text))),
        ),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl"),
    )


def shown(item: Transcript, marks: tuple[Mark, ...] = ()) -> dict[str, str]:
    page = house().from_string(MACRO).render(all=turns(item, marks))
    # What a browser does to a page before it reads it: line ends become one, and NUL is lost.
    return Shown(page.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")).words


@given(TEXTS, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4))
def test_the_pieces_of_a_part_are_its_text(text: str, edges: list[tuple[int, int]]) -> None:
    marks = [Mark(message=1, part=1, start=min(edge), end=max(edge), kind="hit") for edge in edges]
    for turn in turns(transcript(text), marks):
        assert [text_of(block) for block in turn.blocks] == [text] * len(turn.blocks)


@given(TEXTS, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4))
def test_the_words_of_a_page_are_the_stored_words(text: str, edges: list[tuple[int, int]]) -> None:
    marks = tuple(Mark(message=1, part=1, start=min(edge), end=max(edge), kind="label") for edge in edges)
    found = shown(transcript(text), marks)
    assert list(found.values()) == [text] * (3 if text else 0)


@given(TEXTS, TEXTS)
def test_a_mark_stands_on_the_words_that_it_names(before: str, marked: str) -> None:
    mark = Mark(message=0, part=0, start=len(before), end=len(before) + len(marked), kind="quote")
    pieces = turns(transcript(before + marked + "."), [mark])[0].blocks[0].pieces
    on = "".join(chr(int(piece.code, 16)) if piece.code else piece.text for piece in pieces if piece.marks)
    assert on == marked


@given(st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_data_are_shown_as_json_that_reads_back(data: dict[str, str]) -> None:
    import json

    item = Transcript(
        messages=(Message(role="tool", parts=(Part(kind="data", data=data),)),),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl"),
    )
    assert json.loads(shown(item)["m0p0"]) == data


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study.init(tmp_path_factory.mktemp("visible") / "study", "s")
    made.keep.add(transcript(text) for text in KNOWN.values())
    return made


@pytest.mark.parametrize("what", KNOWN)
def test_a_stored_transcript_is_read_as_it_is(study: Study, what: str) -> None:
    from allegiance.web.app import create

    text = KNOWN[what]
    with TestClient(create(study, "ann"), base_url="http://127.0.0.1:7575") as client:
        page = client.get(f"/t/{transcript(text).name}").content.decode("utf-8")
    assert "\r" not in page
    assert "\x00" not in page
    assert set(Shown(page).words.values()) == ({text} if text else set())


def test_the_shown_words_have_a_test_of_their_own(tmp_path: Path) -> None:
    assert Shown('<div class="part text" id="m0p0"><div class="words">a&lt;<mark>b</mark></div></div>').words == {
        "m0p0": "a<b"
    }
