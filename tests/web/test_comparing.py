"""Raters and conditions compared, and answers adjudicated, on pages."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import OURS, QUESTION, log_of
from tests.web.hostile import Page, faults

from allegiance.evidence.grouped import grouped
from allegiance.rating.people import person
from allegiance.records.label import Label, Span
from allegiance.records.rater import RaterCard
from allegiance.study import Study

JUDGE = RaterCard(name="judge", kind="judge", model="m")


def save(study: Study, card: RaterCard, values: dict[str, str], note: str = "") -> None:
    span = Span(message=2, part=0, start=0, end=6, text="Let me")
    made = [
        Label(transcript=name, question=QUESTION.digest, rater=card.digest, value=value, note=note, spans=(span,))
        for name, value in values.items()
    ]
    study.keep.labels.save(QUESTION, card, made)


def words(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert faults(answer.text) == []
    return re.sub(r"\s+", " ", Page(answer.text).text)


@pytest.fixture
def rated(study: Study) -> Study:
    """A judge that says yes in the tier free alone, and a person who says yes throughout."""
    rows = study.keep.select()
    save(study, JUDGE, {row.name: "yes" if row.condition.levels["tier"] == "free" else "no" for row in rows})
    save(study, person("cy"), {row.name: "yes" for row in rows})
    return study


@pytest.mark.parametrize("path", ["/raters", "/conditions"])
def test_a_study_without_labels_says_so(client: TestClient, path: str) -> None:
    assert "Nobody has answered a question here yet" in words(client, path)


def test_each_rater_has_its_rate_and_what_its_labels_are_worth(client: TestClient, rated: Study) -> None:
    page = words(client, "/raters?question=polite")
    assert "judge judge as rated by judge, uncorrected 50.0 %" in page
    assert "cy person trusted rater cy 100.0 %" in page


def test_agreement_and_the_transcripts_apart_are_shown(client: TestClient, rated: Study) -> None:
    page = client.get("/raters").text
    assert "They differ on 30" in Page(page).text
    assert page.count('class="mono" href="/t/sha256:') == 30
    assert re.search(r"raw agreement\s*50.0 %", Page(page).text)


def test_one_rater_alone_is_listed_and_not_compared(client: TestClient, study: Study) -> None:
    save(study, JUDGE, {row.name: "no" for row in study.keep.select()})
    page = words(client, "/raters")
    assert "judge judge as rated by judge, uncorrected 0.0 %" in page
    assert "On the same transcripts" not in page


def test_holding_a_rater_against_a_trusted_one_on_a_draw_is_logged(client: TestClient, rated: Study) -> None:
    client.post("/draws", data={"where": "", "n": "10"}, headers=OURS)
    save(rated, person("ben"), dict.fromkeys(rated.keep.find_draw(1).items, "no"))
    page = words(client, f"/raters?rater={JUDGE.digest}&trusted={person('ben').digest}")
    assert "On draw 1: 10 read, of 60 transcripts" in page
    assert log_of(rated, "look")[0]["checks"] == JUDGE.digest


def test_rates_stand_by_condition_with_their_numbers(client: TestClient, rated: Study) -> None:
    page = words(client, f"/conditions?question=polite&rater={JUDGE.digest}&by=tier")
    assert re.search(r"free 100\.0 % \S+ to 100\.0 30 0 10 Read them", page)
    assert re.search(r"paid 0\.0 % 0\.0 to \S+ 30 0 10 Read them", page)
    assert "As rated by judge, uncorrected." in page


def test_the_table_and_the_plot_have_the_same_rows(client: TestClient, rated: Study) -> None:
    page = client.get("/conditions?by=tier,model").text
    assert page.count("<svg") == 2
    assert page.count("tier=free") >= 2


@pytest.mark.parametrize("query", ["by=colour", "rater=nobody", "question=nothing", "answer=perhaps", "where=x%3D"])
def test_what_is_not_there_is_told(client: TestClient, rated: Study, query: str) -> None:
    assert client.get(f"/conditions?{query}").status_code in {400, 404}


def test_undecided_answers_widen_an_interval(rated: Study) -> None:
    rows = rated.keep.select()
    unsure = RaterCard(name="unsure", kind="judge")
    save(rated, unsure, {row.name: "unsure" if row.sample == 0 else "yes" for row in rows})
    [sure], [open_] = (grouped(rated.keep, QUESTION, card, ()) for card in (person("cy"), unsure))
    assert (open_.undecided, open_.rates[0].value) == (20, 1.0)
    assert open_.rates[0].low < sure.rates[0].low


def test_what_a_rater_did_not_label_is_in_no_group(rated: Study) -> None:
    few = RaterCard(name="few", kind="judge")
    save(rated, few, {row.name: "no" for row in rated.keep.select("tier=paid")})
    [group] = grouped(rated.keep, QUESTION, few, ("tier",))
    assert (group.levels, group.labelled, group.where) == ({"tier": "paid"}, 30, "tier=paid")


@pytest.fixture
def disputed(client: TestClient, study: Study) -> Study:
    """Ben and Cy answered draw 1: alike at ranks 1 and 2, differently at 3 and 4."""
    client.post("/draws", data={"where": "", "n": "4"}, headers=OURS)
    items = study.keep.find_draw(1).items
    save(study, person("ben"), dict(zip(items, ("yes", "no", "yes", "yes"), strict=True)), "ben's note")
    save(study, person("cy"), dict(zip(items, ("yes", "no", "no", "no"), strict=True)), "cy's note")
    return study


def form(value: str = "yes") -> dict[str, str]:
    return {"question": QUESTION.digest, "readers": "ben,cy", "value": value}


def test_the_pairs_that_can_be_adjudicated_are_offered(client: TestClient, disputed: Study) -> None:
    assert "ben and cy" in words(client, "/adjudicate/1")


def test_both_answers_stand_beside_what_is_disputed(client: TestClient, disputed: Study) -> None:
    page = words(client, "/adjudicate/1?question=polite&readers=ben,cy")
    assert "0 of 2 decided" in page
    assert "rank 3" in page
    assert all(each in page for each in ("ben yes", "cy no", "ben's note", "cy's note"))
    assert log_of(disputed, "reading")[-1]["reading"]["route"]["rank"] == 3  # type: ignore[index]


def test_decisions_are_settled_as_labels_of_a_rater_of_their_own(client: TestClient, disputed: Study) -> None:
    for rank, value in ((3, "yes"), (4, "no")):
        assert client.post(f"/adjudicate/1/{rank}", data=form(value), headers=OURS).status_code == 303
    assert "All is decided" in words(client, "/adjudicate/1?question=polite&readers=ben,cy")
    made = client.post("/adjudicate/1/settle", data={k: v for k, v in form().items() if k != "value"}, headers=OURS)
    assert made.status_code == 303
    card = next(card for card in disputed.keep.labels.raters() if card.name == "ben+cy/ann")
    given = {one.transcript: one.value for one in disputed.keep.labels.all(QUESTION.digest, card.digest)}
    assert [given[name] for name in disputed.keep.find_draw(1).items] == ["yes", "no", "yes", "no"]
    assert "4 of 60 read" in words(client, made.headers["location"])


def test_what_is_not_disputed_cannot_be_decided(client: TestClient, disputed: Study) -> None:
    before = disputed.keep.log.checkpoint()
    assert client.post("/adjudicate/1/1", data=form(), headers=OURS).status_code == 400
    assert disputed.keep.log.checkpoint() == before


def test_nobody_adjudicates_their_own_answers(client: TestClient, disputed: Study) -> None:
    assert client.get("/adjudicate/1?question=polite&readers=ann,ben").status_code == 409
    assert client.get("/adjudicate/1?question=polite&readers=ben").status_code == 409
