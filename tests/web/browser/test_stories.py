"""The two stories that the workbench is for, walked in a browser with a mouse, and again with keys alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.browser.conftest import Live

from allegiance.evidence.citations import cite, log_citation
from allegiance.evidence.reading import read_drawn
from allegiance.records.draw import Design
from allegiance.study import Study
from allegiance.web.pages.citing import code

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect
from tests.web.browser.hands import Hand, Keys, Mouse, label

HANDS = pytest.mark.parametrize("hands", [Mouse, Keys], ids=["mouse", "keys"])


def begin(hand: Hand) -> None:
    """Asks a question of the draw that is open, and stands before its first item."""
    page = hand.page
    hand.press(page.get_by_role("link", name="Label this draw"))
    hand.write(page.get_by_label("Short name"), "polite")
    hand.write(page.get_by_label("The question, in a sentence"), "Is it polite?")
    hand.press(page.get_by_role("button", name="Ask it"))
    expect(page.get_by_text(re.compile(r"^0 of \d+ answered"))).to_be_visible()


@HANDS
def test_the_researcher(page: Page, study: Study, hands: type[Hand]) -> None:
    hand = hands(page)
    page.goto("/")
    hand.press(page.get_by_role("link", name="tier=free", exact=True).first)
    hand.press(page.locator("al-list a[data-at]").first)
    hand.press(page.get_by_role("link", name="Beside tier=paid").first)
    expect(page.get_by_text("they differ in tier")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ words differ"))).to_be_visible()

    hand.press(page.get_by_role("link", name="Corpus", exact=True))
    hand.write(page.get_by_label("at random from this filter"), "24")
    hand.press(page.get_by_role("button", name="Draw"))
    begin(hand)
    label(hand, "2221", 24)
    hand.press(page.get_by_role("link", name="Claims", exact=True))
    hand.press(page.get_by_role("link", name="Make one"))
    hand.press(page.get_by_role("button", name="Look"))
    expect(page.get_by_text("4 of 80 read")).to_be_visible()
    wide = float(page.locator(".reach").get_attribute("width") or 0)

    hand.press(page.get_by_role("link", name="Go on labelling"))
    label(hand, "222222", 24)
    page.go_back()
    hand.press(page.get_by_role("button", name="Look again"))
    expect(page.get_by_text("10 of 80 read")).to_be_visible()
    assert float(page.locator(".reach").get_attribute("width") or 0) < wide
    assert len(study.keep.log.entries("look")) >= 2


@HANDS
def test_the_sceptic(page: Page, live: Live, study: Study, hands: type[Hand], tmp_path: Path) -> None:
    made = study.keep.draw(Design(kind="uniform", n=3), "tier=free")
    name = read_drawn(study.keep, made, 2, "ben").transcript
    citation = cite(study.keep, name, "Let me see.")
    log_citation(study.keep, citation)

    hand = hands(page)
    page.goto(f"/c/{code(citation)}")
    expect(page.get_by_role("strong")).to_contain_text("2nd of 3 drawn uniformly from 40")
    hand.press(page.get_by_role("link", name=name))
    expect(page.locator(".words", has_text="Let me see.")).to_be_visible()
    assert page.evaluate("[...CSS.highlights.get('al-linked')].map(String)") == ["Let me see."]
    page.go_back()
    hand.press(page.get_by_role("button", name="Draw"))
    expect(page.get_by_text("1st of 20 drawn uniformly from 40")).to_be_visible()
    begin(hand)
    label(hand, "2" * 20, 20)
    hand.press(page.get_by_role("link", name="Claim a rate"))
    expect(page.get_by_text("20 of 40 read")).to_be_visible()
    hand.press(page.get_by_role("button", name="Make the claim"))
    expect(page.get_by_text("verified", exact=True)).to_be_visible()
    with page.expect_download() as coming:
        hand.press(page.get_by_role("link", name="Download the bundle"))
    bundle = tmp_path / coming.value.suggested_filename
    coming.value.save_as(bundle)
    done = subprocess.run(
        [sys.executable, "-m", "allegiance", "verify", str(bundle)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
