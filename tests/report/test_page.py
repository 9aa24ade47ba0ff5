from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from tests.report.pages import JUDGE, MODELS, gap_claim, page, rate_claim, routes, verified

from allegiance.errors import UsageError
from allegiance.records.claim import Check, Claim
from allegiance.report.page import Page, Shown, gap_rows, open_ends, render
from allegiance.report.words import claim_sentence, route_sentence, visible

VOID = {"meta", "link", "br", "hr", "img", "input"}
NO_NEST = {"p": {"p", "div", "ul", "ol", "dl", "table", "section", "article", "blockquote", "h2", "h3", "figure"}}


class Walker(HTMLParser):
    """Reads a page strictly: every tag is closed in order, every attribute is told."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(tag in NO_NEST.get(outer, ()) for outer in self.open), (tag, self.open)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if {"td", "th"} & set(self.open[-2:]):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.words)


@pytest.fixture(scope="module")
def walked(html: str) -> Walker:
    return Walker(html)


def test_every_tag_is_closed_in_order_and_nests(html: str) -> None:
    assert len(Walker(html).tags) > 200


def test_there_is_no_script(walked: Walker) -> None:
    assert not {"script", "iframe", "object", "embed", "form", "link", "base", "img"} & {
        tag for tag, _ in walked.tags
    }
    assert not any(name.startswith("on") for _, attrs in walked.tags for name in attrs)


def test_the_policy_forbids_all_but_inline_styles(walked: Walker) -> None:
    policy = next(a["content"] for tag, a in walked.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert (
        policy
        == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_nothing_outside_the_page_is_referred_to(html: str, walked: Walker) -> None:
    assert set(re.findall(r"https?://[^\"'\s<]+", html)) == {"http://www.w3.org/2000/svg"}
    links = [attrs["href"] for _, attrs in walked.tags if "href" in attrs]
    assert links
    assert all(link and link.startswith("#") for link in links)
    assert not re.search(r"url\(|@import|src=", html.replace("default-src", "").replace("img-src", ""))


def test_links_lead_to_places_on_the_page(walked: Walker) -> None:
    places = [attrs["id"] for _, attrs in walked.tags if "id" in attrs]
    assert len(places) == len(set(places))
    assert {a["href"] for _, a in walked.tags if "href" in a} <= {f"#{place}" for place in places}
    assert {a["aria-labelledby"] for _, a in walked.tags if "aria-labelledby" in a} <= set(places)


def test_sections_stand_in_order(walked: Walker) -> None:
    heads = [attrs["id"] for tag, attrs in walked.tags if tag == "h2"]
    assert heads == ["asked", "plots", "claims", "counts", "conditions", "quotes", "raters", "verify", "missing"]


def test_headers_of_tables_have_a_scope(walked: Walker) -> None:
    scopes = [attrs.get("scope") for tag, attrs in walked.tags if tag == "th"]
    assert len(scopes) > 20
    assert set(scopes) == {"col", "row", "rowgroup"}


def test_there_is_one_main_one_title_and_a_language(walked: Walker) -> None:
    tags = [tag for tag, _ in walked.tags]
    assert [tags.count(tag) for tag in ("main", "h1", "title", "header", "footer")] == [1, 1, 1, 1, 1]
    assert walked.tags[0] == ("html", {"lang": "en"})


def test_claims_stand_in_their_own_sentence_with_their_steps(walked: Walker) -> None:
    told = re.sub(r"\s+", " ", walked.text)
    for row in MODELS:
        finding, _, support = claim_sentence(gap_claim(row)).partition(" (")
        assert finding in told
        assert support.removesuffix(")") in told
    assert told.count("6 of 6 steps passed; grade: local") == 5
    assert told.count("entry 41 of 42, inclusion proven") == 5


def test_counts_in_the_table_are_those_of_the_records(walked: Walker) -> None:
    rows = {(row[0], row[1]): row[2:] for row in walked.rows if len(row) == 11}
    for name, *_, free, paid, unsure in MODELS:
        yes, no = free
        used = yes + no + unsure[0]
        share = f"{100 * yes / (yes + no):.1f} %"
        expected = ["12", str(used), str(yes), str(no), str(unsure[0]), "0", "1", share, JUDGE]
        assert rows[name, "tier free"] == expected
        assert _second(walked.rows, name)[1:5] == ["12", str(sum(paid) + unsure[1]), str(paid[0]), str(paid[1])]
    assert rows["all four models", "all"] == ["", "50", "12", "37", "0", "1", "1", "24.5 %", "trusted rater reader"]


def _second(rows: list[list[str]], name: str) -> list[str]:
    """The row of the second level, which leaves the name to the first."""
    first = next(i for i, row in enumerate(rows) if row[:2] == [name, "tier free"])
    assert rows[first + 1][0] == "tier paid"
    return rows[first + 1]


def test_gaps_in_the_table_are_those_of_the_records(walked: Walker) -> None:
    found = [row for row in walked.rows if row[0] == "quill-8b" and len(row) == 7]
    assert found == [["quill-8b", "−12.7", "−29.0 to 3.6", "12", "119 + 119", "0.032", JUDGE]]


def test_the_plot_shows_the_same_rows_as_the_table() -> None:
    assert [(row.name, row.value, row.low, row.high) for row in gap_rows(page().claims)] == [
        row[:4] for row in MODELS
    ]


def test_every_rate_has_its_basis_beside_it(walked: Walker) -> None:
    with_rate = [row for row in walked.rows if any(cell.endswith(" %") for cell in row)]
    assert len(with_rate) == 10
    assert all(row[-1] in (JUDGE, "trusted rater reader") for row in with_rate)


def test_missing_samples_are_counted(walked: Walker) -> None:
    assert ["tier=free", "480", "478", "2", "4", "truncated 3, error 1"] in walked.rows
    assert ["tier=paid", "not known", "480", "not known", "0", ""] in walked.rows


def test_every_citation_has_its_route(walked: Walker) -> None:
    for route in routes():
        assert walked.text.count(f"Route: {route_sentence(route)};") == 1


def test_every_bundle_has_its_line_of_verification(walked: Walker) -> None:
    assert walked.text.count("allegiance verify claims/") == 5
    assert "sha256:" + "78" * 32 in walked.text


def test_what_is_missing_names_uncorrected_raters_and_the_number_of_claims(walked: Walker) -> None:
    told = open_ends(page())
    assert told[0] == "Two of 480 planned samples of tier free were never made."
    assert any(JUDGE in sentence for sentence in told)
    assert any("Each of the 5 intervals" in sentence for sentence in told)
    assert any("does not show that there is no gap" in sentence for sentence in told)
    assert all(sentence in walked.text for sentence in told)


def test_a_single_trusted_claim_away_from_zero_leaves_nothing_open() -> None:
    alone = Shown(verified=verified(rate_claim()), name="r")
    assert open_ends(Page(title="t", asked="a", claims=(alone,))) == ()


PAYLOADS = [
    '<script>alert("x")</script>',
    "' onmouseover='alert(1)",
    "</style></svg><b>&amp;",
    "{{ 7*7 }}",
    "\u202etxet\x00\ud800",
]


SVG = {"svg", "g", "path", "line", "text", "rect"}


def poisoned(value: Any, payload: str) -> Any:
    """The same record with the payload at the end of every text in it, but for the kind of a claim."""
    if isinstance(value, msgspec.Struct):
        names = [name for name in value.__struct_fields__ if (type(value), name) != (Claim, "kind")]
        return msgspec.structs.replace(value, **{name: poisoned(getattr(value, name), payload) for name in names})
    if isinstance(value, tuple):
        return tuple(poisoned(item, payload) for item in value)
    if isinstance(value, dict):
        return {poisoned(key, payload): poisoned(item, payload) for key, item in value.items()}
    return value + payload if isinstance(value, str) else value


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_in_any_field_are_only_words(payload: str) -> None:
    html = render(poisoned(page(), payload))
    clean, hostile = Walker(render(poisoned(page(), "x"))), Walker(html)
    assert _shape(hostile) == _shape(clean)
    assert visible(payload) in hostile.text
    assert html.encode()


def _shape(walked: Walker) -> list[tuple[str, list[str]]]:
    """Tags and names of attributes, without the inside of plots, whose lines break with the length of words."""
    assert {tag for tag, _ in walked.tags} & SVG == SVG
    return [(tag, sorted(attrs)) for tag, attrs in walked.tags if tag not in SVG]


def test_code_in_a_word_is_not_run() -> None:
    assert "7919" not in render(poisoned(page(), "{{ 7907 + 12 }}"))


def test_a_claim_that_was_not_verified_is_refused() -> None:
    with pytest.raises(UsageError, match="verified claims only"):
        Shown(verified=gap_claim(), name="m")  # type: ignore[arg-type]


def test_a_page_takes_nothing_but_shown_claims() -> None:
    with pytest.raises(UsageError, match="verified claims only"):
        Page(title="t", asked="a", claims=(gap_claim(),))  # type: ignore[arg-type]


def test_a_claim_with_a_failed_step_is_refused() -> None:
    whole = verified(gap_claim())
    failed = msgspec.structs.replace(whole, checks=(Check(step=1, name="n", passed=False, finding="f"),))
    with pytest.raises(UsageError, match="did not pass"):
        Shown(verified=failed, name="m")


def test_a_claim_without_steps_is_refused() -> None:
    with pytest.raises(UsageError, match="did not pass"):
        Shown(verified=msgspec.structs.replace(verified(gap_claim()), checks=()), name="m")


def test_a_study_without_claims_has_a_page_too() -> None:
    bare = Walker(render(Page(title="Nothing yet", asked="What now?")))
    assert "No verified claim yet." in bare.text
    assert "Nothing to plot" in bare.text
    assert bare.text.count("allegiance verify FILE") == 1


def test_two_hundred_claims_fit_on_a_page() -> None:
    many = tuple(Shown(verified=verified(gap_claim(MODELS[i % 4])), name=f"model-{i}") for i in range(200))
    assert "model-199" in Walker(render(Page(title="t", asked="a", claims=many))).text


def test_the_same_study_gives_the_same_page() -> None:
    assert render(page()) == render(page())
