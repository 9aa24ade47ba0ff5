"""Transcripts as pages: every word visible, nothing active, nothing fetched, nothing indexed."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.corpus.canary import check_exported
from allegiance.corpus.export_target import Chosen
from allegiance.corpus.importers.besides import Beside
from allegiance.corpus.store import Corpus
from allegiance.errors import UsageError
from allegiance.records.canary import CANARY
from allegiance.records.condition import Condition
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.report import pages
from allegiance.report.pages import transcript_page, write_pages
from allegiance.report.words import visible

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp; [x](javascript:alert(1))"
SAFE = {"!doctype", "html", "head", "meta", "title", "style", "body", "header", "p", "a", "h1", "h2", "dl", "dt",
        "dd", "main", "section", "pre", "ul", "li", "details", "summary", "footer", "nav", "b", "table",
        "thead", "tbody", "tr", "th", "td", "code"}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, their attributes, and the text of its <pre> elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.pre: list[str] = []
        self._in = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "pre":
            self._in = True
            self.pre.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = self._in and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._in:
            self.pre[-1] += data


def transcript(words: str = "Yes.", **more: object) -> Transcript:
    turns = (
        Message(role="user", parts=(Part(text="Rain?"),)),
        Message(role="assistant", parts=(Part(text=words),)),
    )
    fields: dict[str, object] = {
        "messages": turns, "source": Source(digest="sha256:" + "0" * 64, file="f.json", format="json"),
        "request": "q", "model": "m", "sample": 0, "condition": Condition(levels={"tier": "free"}),
    }  # fmt: skip
    return Transcript(**(fields | more))  # type: ignore[arg-type]


def page(item: Transcript, *labels: Beside) -> str:
    return transcript_page(item.name, item, labels)


@pytest.mark.parametrize("field", ["words", "role", "model", "request", "run", "metadata", "condition", "canary"])
def test_no_field_can_put_an_element_on_the_page(field: str) -> None:
    changed: dict[str, dict[str, object]] = {
        "words": {"messages": (Message(role="user", parts=(Part(text=NASTY),)),)},
        "role": {"messages": (Message(role=NASTY, parts=(Part(text="a"),)),)},
        "metadata": {"metadata": {NASTY: NASTY}},
        "condition": {"condition": Condition(levels={NASTY: NASTY})},
    }
    html = page(transcript(**changed.get(field, {field: NASTY})))
    found = Page(html)
    assert found.tags <= SAFE
    assert "script" not in found.tags
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name == "src"]
    assert "alert(1)" in unescape(html)


@given(st.text(max_size=40))
def test_the_words_that_are_read_are_the_words_that_are_stored(words: str) -> None:
    html = page(transcript(words or "."))
    # A browser drops the first line feed after <pre>; the page has one of its own there.
    shown = [text.removeprefix("\n") for text in Page(html).pre]
    assert visible(words or ".") in shown


def test_a_page_lets_nothing_in_and_asks_not_to_be_indexed() -> None:
    found = Page(page(transcript())).attributes
    told = {value for tag, name, value in found if tag == "meta" and name == "content"}
    [policy] = [one for one in told if "default-src" in one]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert any("noindex" in one for one in told)


def test_absent_empty_withheld_and_summarised_reasoning_look_different() -> None:
    kinds = (
        (),
        (Part(kind="reasoning"),),
        (Part(kind="reasoning", redacted=True),),
        (Part(kind="reasoning", text="Hm.", redacted=True, data={"form": "summary"}),),
        (Part(kind="reasoning", text="Hm."),),
    )
    notes = [
        re.findall(
            r'class="note">(reasoning[^<]*)<', page(transcript(messages=(Message(role="assistant", parts=p),)))
        )
        for p in kinds
    ]
    assert notes == [
        [],
        ["reasoning, empty"],
        ["reasoning, withheld"],
        ["reasoning, withheld; a summary in its place"],
        ["reasoning"],
    ]


def test_labels_say_who_answered_what() -> None:
    item = transcript()
    question, rater = Question(name="complies", text="?"), RaterCard(name="reader", kind="person")
    label = Label(transcript=item.name, question=question.digest, rater=rater.digest, value="yes", score=0.5)
    html = page(item, Beside(question=question, rater=rater, label=label))
    assert "complies by reader (person): yes, score 0.5" in html


def test_a_folder_has_an_index_that_links_every_transcript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "INDEX_ROWS", 2)
    corpus = Corpus.create(tmp_path / "c")
    corpus.add([transcript(sample=index) for index in range(5)])
    assert write_pages(Chosen(corpus), tmp_path / "out") == 5
    linked = {
        value
        for file in sorted((tmp_path / "out").glob("index*.html"))
        for tag, name, value in Page(file.read_text("utf-8")).attributes
        if tag == "a" and name == "href" and value.startswith("t/")
    }
    assert linked == {f"t/{name.removeprefix('sha256:')}.html" for name in corpus.names()}
    assert all((tmp_path / "out" / file).is_file() for file in linked)
    assert len(list((tmp_path / "out").glob("index*.html"))) == 3


def test_every_file_of_the_folder_carries_the_canary(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    corpus.add([transcript()])
    write_pages(Chosen(corpus), tmp_path / "out")
    found = check_exported(tmp_path / "out")
    assert len(found) == 3
    assert all(one.carrying == one.items for one in found)
    assert CANARY in (tmp_path / "out" / "robots.txt").read_text("utf-8")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    with pytest.raises(UsageError, match="exists already"):
        write_pages(Chosen(corpus), tmp_path / "c")
