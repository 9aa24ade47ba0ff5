"""What the elements add to the pages, and that a page without them is whole."""

from __future__ import annotations

import json

import pytest
from tests.web.browser.conftest import Live, Watch
from tests.web.conftest import QUESTION, transcript

from allegiance.evidence.citations import citations
from allegiance.rating.people import person
from allegiance.records.draw import Design
from allegiance.records.label import Label
from allegiance.study import Study

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, Route, expect

ODD = "Fine\u202e \U0001f642 and\x00 so <b>on</b>"
"""Characters that are written out, one outside the first plane, and what looks like a tag."""


def drawn(study: Study, n: int = 4, where: str = "") -> str:
    """Announces a draw and asks a question; where to label it."""
    made = study.keep.draw(Design(kind="uniform", n=n), where)
    study.keep.labels.put(QUESTION)
    return f"/label/{made.commitment.counter}?question={QUESTION.name}"


def labels(study: Study) -> list[Label]:
    """What ann answered, in the order of the log."""
    keep, rater = study.keep, person("ann").digest
    known = {label.digest: label for label in keep.labels.all(QUESTION.digest, rater)}
    found = keep.labels.batches(QUESTION.digest, [rater], before=keep.log.checkpoint().size)
    return [known[digest] for _, digests in sorted(found.items()) for digest in digests]


def values(study: Study) -> list[str]:
    return [label.value for label in labels(study)]


def select(page: Page, words: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Selects from a place to a place in the last words of this text: number of the text node, and offset in it."""
    page.locator(".words", has_text=words).last.evaluate(
        """(words, [from, to]) => {
          const nodes = [], walk = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) nodes.push(walk.currentNode);
          getSelection().setBaseAndExtent(nodes[from[0]], from[1], nodes[to[0]], to[1]);
        }""",
        [list(start), list(end)],
    )


def rows(route: Route) -> None:
    """Answers for a list of a million."""
    from urllib.parse import parse_qs, urlsplit

    asked = parse_qs(urlsplit(route.request.url).query)
    offset = int(asked["offset"][0])
    made = [{"short": f"row {offset + n}", "address": f"/t/{offset + n}", "sample": 0} for n in range(100)]
    route.fulfill(json={"rows": made, "count": 1_000_000, "offset": offset, "predicate": ""})


# The list


def test_the_list_goes_by_keys_and_its_place_is_in_the_address(page: Page, study: Study) -> None:
    names = [name.removeprefix("sha256:")[:12] for name in sorted(study.keep.corpus.names())]
    page.goto("/corpus")
    here = page.locator("al-list tr.here a")
    expect(here).to_have_text(names[0])
    for key, at in [("j", 1), ("j", 2), ("k", 1), ("G", -1), ("g", -1), ("g", 0)]:
        page.keyboard.press(key)
        expect(here).to_have_text(names[at])
    page.keyboard.press("Shift+G")
    page.wait_for_url("**/corpus?page=*")
    page.reload()
    assert "offset=" in page.url
    expect(page.locator("al-list a", has_text=names[-1])).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("article.transcript")).to_be_visible()


def test_a_million_rows_are_reached_at_both_ends_and_between(page: Page) -> None:
    page.goto("/corpus")
    page.route("**/api/page*", rows)
    page.locator("al-list").evaluate(
        """list => {
          const made = document.createElement('al-list');
          made.dataset.count = '1000000';
          made.append(list.querySelector('table').cloneNode(true));
          list.replaceWith(made);
        }"""
    )
    expect(page.locator("al-list a", has_text="row 0")).to_be_visible()
    page.keyboard.press("Shift+G")
    expect(page.locator("tr.here a")).to_have_text("row 999999")
    expect(page.locator("tr.here")).to_be_in_viewport()
    page.locator(".window").evaluate("box => { box.scrollTop = box.scrollHeight / 2 }")
    expect(page.get_by_role("status").filter(has_text="of 1,000,000")).to_contain_text("500,")
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.locator("tr.here a")).to_have_text("row 0")
    assert page.locator("al-list tr").count() < 60


def test_the_list_writes_out_what_has_no_shape_and_runs_no_text(page: Page, study: Study) -> None:
    from msgspec.structs import replace

    study.keep.add([replace(transcript(99, "free", 0), model="\u202eevil <img src=x onerror=alert(1)>")])
    page.goto("/corpus?where=request%3Drequest-99")
    expect(page.locator("al-list td").first).to_have_text("⟦U+202E⟧evil <img src=x onerror=alert(1)>")


# Keys


def test_keys_are_not_heard_in_a_field(page: Page, study: Study) -> None:
    page.goto(drawn(study))
    note = page.get_by_role("textbox", name="Note")
    note.focus()
    page.keyboard.type("12 yes, n? z")
    assert note.input_value() == "12 yes, n? z"
    assert labels(study) == []
    assert not page.locator("dialog[open]").count()


def test_keys_can_be_turned_off_and_stay_off(page: Page, study: Study) -> None:
    page.goto("/corpus")
    page.keyboard.press("?")
    page.get_by_label("Single keys do something").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto(drawn(study))
    page.keyboard.press("1")
    page.keyboard.press("?")
    assert not page.locator("dialog[open]").count()
    assert labels(study) == []
    page.get_by_role("button", name="Keys").click()
    expect(page.locator("dialog")).to_be_visible()


def test_a_key_can_be_changed_and_stays_changed(page: Page, study: Study) -> None:
    page.goto(drawn(study))
    page.keyboard.press("?")
    page.get_by_role("button", name="Another key for: unsure").click()
    page.keyboard.press("x")
    expect(page.get_by_text("x is taken")).to_be_visible()
    page.keyboard.press("d")
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("u")
    page.keyboard.press("d")
    expect(page.get_by_text("1 of 4 answered")).to_be_visible()
    assert values(study) == ["unsure"]


# The bench


def test_one_key_answers_and_opens_the_next_without_a_new_page(page: Page, study: Study) -> None:
    page.goto(drawn(study))
    page.evaluate("window.same = true")
    page.keyboard.press("1")
    expect(page.get_by_text("1 of 4 answered")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_text("draw 1, rank 3")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("0 of 4 answered")).to_be_visible()
    expect(page.get_by_text("draw 1, rank 1")).to_be_visible()
    assert page.evaluate("window.same")
    label = labels(study)[0]
    assert label.seconds is not None
    assert 0 <= label.seconds < 60


def test_a_quote_on_the_bench_is_stored_as_the_words_stand(page: Page, study: Study) -> None:
    study.keep.add([transcript(99, "odd", 0, ODD)])
    page.goto(drawn(study, 1, "tier=odd"))
    select(page, "Fine", (0, 2), (4, 2))
    page.keyboard.press("v")
    expect(page.locator(".quoted")).to_have_count(1)
    page.keyboard.press("1")
    expect(page.get_by_text("is labelled")).to_be_visible()
    [span] = labels(study)[0].spans
    assert (span.start, span.end) == (2, 14)
    assert span.text == ODD[2:14] == "ne\u202e \U0001f642 and\x00 s"


def test_answers_wait_for_a_server_that_is_away_and_are_sent_when_it_is_back(
    page: Page, study: Study, live: Live, watch: Watch
) -> None:
    page.goto(drawn(study))
    live.stop()
    page.keyboard.press("2")
    expect(page.get_by_text("1 answer not sent yet")).to_be_visible()
    assert labels(study) == []
    live.start()
    expect(page.get_by_text("1 of 4 answered")).to_be_visible()
    expect(page.get_by_text("not sent yet")).to_have_count(0)
    assert values(study) == ["no"]
    # The browser itself reports each request that found nobody.
    assert all("ERR_CONNECTION_REFUSED" in line for line in watch.said)
    watch.said.clear()


def test_what_was_not_sent_outlives_the_page_and_keeps_its_order(page: Page, study: Study, watch: Watch) -> None:
    page.goto(drawn(study))
    draw, question = study.keep.draws()[0].name, QUESTION.digest
    fields = {"question": question, "blind": "", "note": "", "quotes": "", "seconds": "1.0"}
    kept = [{"id": str(rank), "rank": rank, "address": f"/label/1/{rank}", "fields": {**fields, "value": value}}
            for rank, value in [(1, "yes"), (2, "perhaps"), (3, "no")]]  # fmt: skip
    place = "allegiance.unsent " + json.dumps([draw, question, "ann"], separators=(",", ":"))
    page.evaluate("([place, kept]) => localStorage.setItem(place, kept)", [place, json.dumps(kept)])
    with page.expect_response("**/label/1/2") as refused:
        page.reload()
    assert refused.value.status == 404
    expect(page.get_by_text("The answer to rank 2 (perhaps) was refused")).to_be_visible()
    assert values(study) == ["yes", "no"]
    assert [line.rpartition("status of ")[2] for line in watch.said] == ["404 (Not Found)"]
    watch.said.clear()


# Reading


def test_selected_words_are_cited_as_they_are_stored(page: Page, study: Study) -> None:
    name = transcript(99, "odd", 0, ODD).name
    study.keep.add([transcript(99, "odd", 0, ODD)])
    page.goto(f"/t/{name}")
    select(page, "Fine", (0, 2), (4, 2))
    link = page.get_by_role("link", name="Link to these words").get_attribute("href")
    assert link is not None
    assert link.endswith("?span=2-14#m2p1")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/*")
    [citation] = citations(study.keep)
    assert citation.span.text == ODD[2:14]
    page.goto(link)
    assert page.evaluate("[...CSS.highlights.get('al-linked')].map(String)") == [
        "ne⟦U+202E⟧ \U0001f642 and⟦U+0000⟧ s"
    ]


def test_two_transcripts_scroll_together_and_show_where_they_differ(page: Page, study: Study) -> None:
    tall = "\n".join(f"line {n}" for n in range(200))
    two = [transcript(99, tier, 0, f"{tall}\nThe tier is {tier}.") for tier in ("free", "paid")]
    study.keep.add(two)
    page.goto(f"/t/{two[0].name}/beside/{two[1].name}")
    expect(page.get_by_text("words differ")).to_be_visible()
    marked = page.evaluate("[...CSS.highlights.get('al-differs')].map(String)")
    assert sorted(marked) == ["free", "free", "paid", "paid"]
    left, right = page.locator(".panes .conversation").all()
    left.evaluate("pane => { pane.scrollTop = 1500 }")
    expect(right).to_have_js_property("scrollTop", left.evaluate("pane => pane.scrollTop"))


@pytest.mark.parametrize("path", ["/", "/corpus", "/corpus?page=2", "/draws", "/claims", "/t/NAME"])
def test_a_page_is_whole_without_scripts(browser: Browser, live: Live, study: Study, path: str) -> None:
    context = browser.new_context(base_url=live.base, java_script_enabled=False)
    page = context.new_page()
    page.goto(path.replace("NAME", study.keep.corpus.names()[0]))
    assert page.get_by_role("heading").count()
    assert path != "/corpus?page=2" or page.locator("table.list tbody tr").count() == 30
    assert page.locator("dialog, .offer, .window").count() == 0
    context.close()
