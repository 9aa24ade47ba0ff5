"""How a reader goes about a page: with a mouse, or with nothing but keys."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

FURTHEST = 150
"""Presses of Tab until what is looked for has the focus, at most."""


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, what: Locator, text: str) -> None:
        what.fill(text)

    def answer(self, key: str) -> None:
        value = {"1": "yes", "2": "no"}[key]
        self.page.get_by_role("button", name=value, exact=False).first.click()


class Keys:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")

    def write(self, what: Locator, text: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def answer(self, key: str) -> None:
        self.page.keyboard.press(key)

    def _reach(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(FURTHEST):
            if what.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {what}")


Hand = Mouse | Keys


def label(hand: Hand, keys: str, of: int) -> None:
    """Answers one item a key; the bench must have counted each before the next is pressed."""
    page = hand.page
    done = int(page.locator("progress").get_attribute("value") or 0)
    for at, key in enumerate(keys, done + 1):
        hand.answer(key)
        told = page.get_by_text(f"{at} of {of} answered" if at < of else "is labelled")
        expect(told).to_be_visible()
