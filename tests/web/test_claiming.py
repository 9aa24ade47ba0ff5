"""Claims on pages: the designs that carry one, the plot of those that verify, and verification run again."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import OURS, QUESTION
from tests.web.hostile import Page, faults

from allegiance.evidence.claims import make_claim
from allegiance.evidence.terms import Terms
from allegiance.rating.people import person
from allegiance.records.label import Label
from allegiance.records.rater import RaterCard
from allegiance.stats.planning import floor_labels
from allegiance.study import Study


def words(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert faults(answer.text) == []
    return re.sub(r"\s+", " ", Page(answer.text).text)


def save(study: Study, card: RaterCard, where: str = "") -> None:
    made = [
        Label(
            transcript=row.name, question=QUESTION.digest, rater=card.digest,
            value="yes" if row.condition.levels["tier"] == "free" else "no",
        )
        for row in study.keep.select(where)
    ]  # fmt: skip
    study.keep.labels.save(QUESTION, card, made)


@pytest.fixture
def claimed(study: Study) -> Study:
    """A gap and a rate, both from a census by a person."""
    save(study, person("cy"))
    rate = Terms(kind="rate_ci", question=QUESTION, raters=(person("cy"),))
    gap = Terms(kind="gap", question=QUESTION, raters=(person("cy"),), factor="tier", levels=("free", "paid"))
    study.publish(*make_claim(study.keep, rate))
    study.publish(*make_claim(study.keep, gap))
    return study


def test_designs_are_shown_for_the_filter_with_their_labels(client: TestClient) -> None:
    page = words(client, "/claims/new?where=tier%3Dfree&most=10")
    assert "Of 30 transcripts (tier=free)" in page
    assert f"at most 10 %, if none is found uniform draw of declared size {floor_labels(0.1, 0.05, 30)} " in page


def test_a_design_of_the_form_can_be_drawn_at_once(client: TestClient, study: Study) -> None:
    data = {"where": "tier=free", "n": "5", "stop": "open"}
    assert client.post("/draws", data=data, headers=OURS).status_code == 303
    assert study.keep.find_draw(1).commitment.design.stop == "open"


@pytest.mark.parametrize("data", [{"n": "5", "stop": "until"}, {"n": "5", "kind": "census"}, {"n": "0"}])
def test_other_designs_are_refused(client: TestClient, study: Study, data: dict[str, str]) -> None:
    assert client.post("/draws", data=data, headers=OURS).status_code in {400, 404}
    assert study.keep.draws() == []


@pytest.mark.parametrize("query", ["width=3", "most=x", "guess=-1", "where=colour%3Dred"])
def test_numbers_that_are_not_on_the_menu_are_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/claims/new?{query}").status_code in {400, 404}


def test_a_census_that_is_there_takes_no_more_labels(client: TestClient, study: Study) -> None:
    save(study, RaterCard(name="judge", kind="judge"), "tier=free")
    assert "census by judge there already" in words(client, "/claims/new?where=tier%3Dfree&question=polite")
    assert "census by" not in words(client, "/claims/new?question=polite")


def test_the_page_of_the_study_plots_what_is_claimed(client: TestClient, claimed: Study) -> None:
    page = client.get("/").text
    assert page.count("<svg") == 4
    assert "+100.0" in page
    assert "50.0 %" in page


def test_a_claim_that_does_not_verify_is_in_no_plot(client: TestClient, claimed: Study) -> None:
    for path in claimed.claims:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    page = client.get("/").text
    assert "<svg" not in page
    assert "This claim does not verify." in page


def test_verification_can_be_run_again(client: TestClient, claimed: Study) -> None:
    path = claimed.claims[0]
    before = claimed.keep.log.checkpoint()
    page = client.post(f"/claims/{path.name}/verify", headers=OURS)
    assert page.status_code == 200
    assert "Run again just now" in page.text
    assert claimed.keep.log.checkpoint() == before


def test_verification_run_again_reads_the_file_and_not_what_is_remembered(
    client: TestClient, claimed: Study
) -> None:
    path = claimed.claims[0]
    assert "verified" in words(client, f"/claims/{path.name}")
    path.write_bytes(path.read_bytes()[:-40])
    page = client.post(f"/claims/{path.name}/verify", headers=OURS)
    assert page.status_code == 400 or "this claim does not verify" in page.text


def test_only_a_page_of_ours_runs_it(client: TestClient, claimed: Study) -> None:
    assert client.post(f"/claims/{claimed.claims[0].name}/verify").status_code == 403
