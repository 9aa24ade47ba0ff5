"""No page has a serious or critical finding of axe, in light and in dark, at 200 % and where it is narrow."""

from __future__ import annotations

import pytest
from tests.house.sources import ROOT
from tests.web.browser.conftest import Watch
from tests.web.conftest import QUESTION

from allegiance.evidence.citations import cite, log_citation
from allegiance.evidence.claims import make_claim
from allegiance.evidence.labelling import Desk
from allegiance.evidence.reading import read_drawn
from allegiance.evidence.terms import Terms
from allegiance.records.draw import Design
from allegiance.study import Study
from allegiance.web.pages.citing import code

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
RUN = "rules => axe.run(document, {resultTypes: ['violations'], ...rules}).then(found => found.violations)"
CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.fixture
def addresses(study: Study) -> list[str]:
    """Every kind of page, in a study where there is something on each."""
    draw = study.keep.draw(Design(kind="uniform", n=4))
    study.keep.labels.put(QUESTION)
    desk = Desk.of(study.keep, QUESTION, "ann", 1)
    for rank in range(1, 5):
        desk.answer(rank, "no")
    for reader, value in (("ben", "no"), ("cy", "yes")):
        Desk.of(study.keep, QUESTION, reader, 1).answer(1, value)
    name = read_drawn(study.keep, draw, 1, "ann").transcript
    other = next(one for one in study.keep.corpus.names() if one != name)
    citation = cite(study.keep, name, "Let me see.")
    log_citation(study.keep, citation)
    terms = Terms(kind="rate_ci", question=QUESTION, raters=(desk.card,))
    claim = study.publish(*make_claim(study.keep, terms, draw=draw))
    study.keep.draw(Design(kind="uniform", n=4))
    asked = f"question={QUESTION.digest}"
    return [
        "/", "/corpus", "/corpus?q=thank", "/corpus?where=%3D", f"/t/{name}", f"/t/{name}/beside/{other}", "/draws",
        "/draws/1", "/draws/1/2", f"/c/{code(citation)}", "/label/1", f"/label/1?{asked}", f"/label/2?{asked}",
        "/claims", "/claims/new", f"/claims/new?draw=1&{asked}&rater=ann", f"/claims/{claim.name}",
        "/raters", f"/raters?{asked}", "/conditions", f"/conditions?{asked}",
        f"/adjudicate/1?{asked}", f"/adjudicate/1?{asked}&readers=ben,cy",
    ]  # fmt: skip


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed; run: make assets")
def test_axe_finds_nothing_grave_on_any_page(page: Page, watch: Watch, addresses: list[str]) -> None:
    source, found = AXE.read_text("utf-8"), []
    for address in addresses:
        page.goto(address)
        page.evaluate(source)
        found += _grave(page, address, {})
        page.emulate_media(color_scheme="dark")
        found += _grave(page, f"{address} in dark", CONTRAST)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 640})  # 1280 pixels at 400 %
        found += _grave(page, f"{address} where it is narrow", {})
        page.set_viewport_size({"width": 1280, "height": 800})
    assert found == []
    # The pages of refusals are refused.
    assert all("status of 400" in line or "status of 404" in line for line in watch.said)
    watch.said.clear()


def _grave(page: Page, where: str, rules: dict[str, object]) -> list[str]:
    return [
        f"{where}: {one['id']}: {node['target']}: {node.get('failureSummary')}"
        for one in page.evaluate(RUN, rules) if one["impact"] in GRAVE for node in one["nodes"]
    ]  # fmt: skip
