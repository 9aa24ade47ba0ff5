"""What a gap is averaged over stands on the page, and is said to be no part of the claim."""

from __future__ import annotations

import msgspec
from tests.report.pages import page

from allegiance.report.page import render


def test_what_a_gap_is_averaged_over_is_shown_escaped_and_apart_from_the_claim() -> None:
    made = page()
    first = msgspec.structs.replace(made.claims[0], beside=("averaged over 3 wordings; by <wording>: a +1.0",))
    html = render(msgspec.structs.replace(made, claims=(first, *made.claims[1:])))
    assert "averaged over 3 wordings; by &lt;wording&gt;: a +1.0." in html
    assert "no part of them: no interval, and nothing that was verified" in html


def test_where_nothing_is_averaged_the_page_has_no_such_part() -> None:
    assert "What the gaps are averaged over" not in render(page())
