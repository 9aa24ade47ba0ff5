"""The pages: what they show is what is stored, what is looked at is logged first, and bad questions are told so."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import OURS, log_of, transcript

from allegiance.study import Study

READ = ["/", "/corpus", "/draws", "/claims", "/claims/new"]


def words(page: str) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def draw(client: TestClient, n: int = 4, where: str = "") -> None:
    assert client.post("/draws", data={"where": where, "n": str(n)}, headers=OURS).status_code == 303


def ask(client: TestClient) -> str:
    found = client.post("/label/1/question", data={"name": "polite", "text": "Is it polite?"}, headers=OURS)
    assert found.status_code == 303
    return found.headers["location"].partition("question=")[2]


@pytest.mark.parametrize("path", READ)
def test_the_pages_are_there_in_a_study_with_transcripts(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", READ)
def test_the_pages_are_there_in_an_empty_study(tmp_path, path: str) -> None:  # type: ignore[no-untyped-def]
    from allegiance.web.app import create

    with TestClient(create(Study.init(tmp_path / "s", "Empty"), "ann"), base_url="http://127.0.0.1:7575") as empty:
        assert empty.get(path).status_code == 200


def test_the_study_page_links_each_condition_to_its_transcripts(client: TestClient) -> None:
    page = client.get("/").text
    found = re.search(r'href="(/corpus\?where=[^"]*free[^"]*)"', page)
    assert found
    assert "30 transcripts" in words(client.get(html.unescape(found[1])).text)


def test_facets_count_under_the_filter(client: TestClient) -> None:
    page = words(client.get("/corpus?where=tier%3Dfree").text)
    assert re.search(r"small\s+30", page)


def test_a_filter_that_is_malformed_is_told_with_a_caret(client: TestClient) -> None:
    answer = client.get("/corpus?where=tier%3D")
    assert answer.status_code == 400
    assert "     ^" in answer.text


def test_an_unknown_field_is_told(client: TestClient) -> None:
    assert client.get("/corpus?where=colour%3Dred").status_code == 404


def test_a_query_that_is_malformed_is_told(client: TestClient) -> None:
    pytest.importorskip("tantivy")
    assert client.get("/corpus?q=%22open").status_code == 400


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=1e9", "sort=colour", "by=magic&q=a", "where=a&where=b"]
)
def test_odd_parameters_are_refused_and_not_guessed(client: TestClient, query: str) -> None:
    assert client.get(f"/corpus?{query}").status_code in {400, 404}


def test_a_search_is_in_the_log_with_its_hits(client: TestClient, study: Study) -> None:
    pytest.importorskip("tantivy")
    page = words(client.get("/corpus?q=thank").text)
    assert "of 60, counted exactly" in page
    assert len(log_of(study, "search")) == 1


def test_opening_a_hit_is_logged_as_found_by_that_search(client: TestClient, study: Study) -> None:
    pytest.importorskip("tantivy")
    page = client.get("/corpus?q=thank").text
    hit = re.search(r'href="(/t/[^"]*search=1[^"]*)"', page)
    assert hit
    assert "rank 1 of 60" in words(client.get(html.unescape(hit[1])).text)
    assert log_of(study, "reading")[0]["reading"]["route"]["type"] == "searched"  # type: ignore[index]


def test_opening_from_the_list_is_logged_as_browsed(client: TestClient, study: Study) -> None:
    page = client.get("/corpus?where=tier%3Dfree").text
    row = re.search(r'<th scope="row"><a href="([^"]+)"', page)
    assert row
    assert "browsed in list order under the filter 'tier=free', reading 1" in words(
        client.get(html.unescape(row[1])).text
    )


def test_a_bare_link_is_logged_as_opened_by_its_name(client: TestClient, study: Study) -> None:
    name = study.keep.corpus.names()[0]
    assert "opened by its name, reading 1 of this study" in words(client.get(f"/t/{name}").text)


def test_the_words_of_a_transcript_are_on_its_page(client: TestClient, study: Study) -> None:
    name = study.keep.corpus.names()[0]
    page = words(client.get(f"/t/{name}").text)
    for message in study.keep.corpus.get(name).messages:
        assert all(part.text in page for part in message.parts)


def test_reasoning_stands_apart_from_the_answer(client: TestClient, study: Study) -> None:
    page = client.get(f"/t/{study.keep.corpus.names()[0]}").text
    assert 'class="part reasoning"' in page


def test_an_unknown_transcript_is_not_there(client: TestClient) -> None:
    assert client.get("/t/" + "f" * 64).status_code == 404


def test_a_draw_is_announced_and_leads_to_its_first_item(client: TestClient, study: Study) -> None:
    answer = client.post("/draws", data={"where": "tier=free", "n": "5"}, headers=OURS)
    assert answer.headers["location"] == "/draws/1/1"
    assert len(log_of(study, "draw")) == 1
    assert "1st of 5 drawn uniformly from 30" in words(client.get("/draws/1/1").text)


def test_a_draw_of_more_than_there_is_is_refused(client: TestClient, study: Study) -> None:
    assert client.post("/draws", data={"where": "", "n": "61"}, headers=OURS).status_code == 409
    assert log_of(study, "draw") == []


def test_the_page_of_a_draw_says_who_opened_what(client: TestClient) -> None:
    draw(client)
    client.get("/draws/1/2")
    assert re.search(r"2\s*[0-9a-f]{12}\s*ann", words(client.get("/draws/1").text))


@pytest.mark.parametrize("path", ["/draws/1/9", "/draws/2/1", "/draws/0/1", "/draws/x/1"])
def test_ranks_and_draws_that_there_are_not_are_refused(client: TestClient, path: str) -> None:
    draw(client)
    assert client.get(path).status_code in {400, 404}


def test_two_tiers_of_one_request_stand_side_by_side(client: TestClient, study: Study) -> None:
    one, other = (transcript(1, tier, 0).name for tier in ("free", "paid"))
    page = words(client.get(f"/t/{one}/beside/{other}").text)
    assert "they differ in tier" in page
    assert page.count("Do request 1.") == 2


def test_a_citation_carries_its_route_and_can_be_carried_away(client: TestClient, study: Study) -> None:
    draw(client)
    name = study.keep.find_draw(1).items[0]
    client.get("/draws/1/1")
    made = client.post("/cite", data={"name": name, "words": "Let me see."}, headers=OURS)
    address = made.headers["location"]
    assert "1st of 4 drawn uniformly from 60" in words(client.get(address).text)
    assert "Let me see." in client.get(f"{address}.md").text
    assert client.get(f"{address}.json").json()[0]["archive_location"] == name
    assert client.get(f"{address}.bib").text.startswith("@misc{")


def test_words_that_are_not_there_cannot_be_cited(client: TestClient, study: Study) -> None:
    name = study.keep.corpus.names()[0]
    client.get(f"/t/{name}")
    assert client.post("/cite", data={"name": name, "words": "never said"}, headers=OURS).status_code == 409


def test_what_nobody_opened_cannot_be_cited(client: TestClient, study: Study) -> None:
    data = {"name": study.keep.corpus.names()[0], "words": "Let me see."}
    assert client.post("/cite", data=data, headers=OURS).status_code == 409


def test_a_draw_is_labelled_item_by_item_and_claimed(client: TestClient, study: Study) -> None:
    draw(client)
    question = ask(client)
    for rank in range(1, 5):
        assert f"rank {rank}" in words(client.get(f"/label/1?question={question}").text)
        sent = {
            "question": question.replace("%3A", ":"),
            "value": "yes",
            "seconds": "2.5",
            "note": "",
            "quotes": "",
            "blind": "",
        }
        assert client.post(f"/label/1/{rank}", data=sent, headers=OURS).status_code == 303
    assert "is labelled" in words(client.get(f"/label/1?question={question}").text)
    asked = {"draw": "1", "question": "polite", "rater": "ann"}
    assert "4 of 60 read" in words(client.get("/claims/new", params=asked).text)
    made = client.post("/claims", data=asked, headers=OURS)
    assert made.status_code == 303, made.text
    page = words(client.get(made.headers["location"]).text)
    assert "verified" in page
    assert client.get(made.headers["location"] + "/bundle").content[:2] == b"PK"


def test_an_answer_can_be_taken_back(client: TestClient) -> None:
    draw(client)
    question = ask(client).replace("%3A", ":")
    client.post("/label/1/1", data={"question": question, "value": "no"}, headers=OURS)
    assert client.post("/label/1/undo", data={"question": question}, headers=OURS).status_code == 303
    assert client.get("/api/standing/1", params={"question": question}).json()["answered"] == 0


def test_a_blind_bench_hides_what_tells_the_tier(client: TestClient) -> None:
    draw(client)
    page = client.get(f"/label/1?blind=1&question={ask(client)}").text
    assert "tier." not in words(page.partition("<main")[2])


def test_an_answer_that_is_not_on_the_menu_is_refused(client: TestClient, study: Study) -> None:
    draw(client)
    question = ask(client).replace("%3A", ":")
    answer = client.post("/label/1/1", data={"question": question, "value": "maybe"}, headers=OURS)
    assert answer.status_code == 404
    assert log_of(study, "labels") == []


def test_a_field_that_a_form_does_not_have_is_refused(client: TestClient, study: Study) -> None:
    assert client.post("/draws", data={"where": "", "n": "3", "seed": "1"}, headers=OURS).status_code == 400
    assert log_of(study, "draw") == []


def test_a_bundle_is_found_by_name_among_those_of_the_study_alone(client: TestClient) -> None:
    assert client.get("/claims/..%2Fstudy.yaml/bundle").status_code == 404
    assert client.get("/claims/study.yaml/bundle").status_code == 404
