"""A study whose scenario is known: standings on its page, facts in its prompts; and what stands next."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import OURS
from tests.web.hostile import Page, faults

from allegiance.evidence.screening import rate_all
from allegiance.scenarios import load, stage
from allegiance.study import Study
from allegiance.testing import ScriptedRun, ScriptedStandings

pytest.importorskip("duckdb")
DESK = load("repair-desk")
MODEL = ScriptedStandings(scenario=DESK)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study.init(tmp_path_factory.mktemp("known") / "study", "Desk")
    made.keep.add(ScriptedRun(model=MODEL, samples=1)(stage(DESK)))
    for question, by in MODEL.raters():
        rate_all(made.keep, question, by)
    return made


@pytest.fixture(scope="module")
def client_of_desk(desk: Study) -> Iterator[TestClient]:
    from allegiance.web.app import create

    with TestClient(create(desk, "ann"), base_url="http://127.0.0.1:7575") as made:
        yield made


def test_the_matrix_of_standings_is_on_the_page_of_the_study(client_of_desk: TestClient, desk: Study) -> None:
    from allegiance.evidence.standings import matrix
    from allegiance.report.matrix import NOTE, lines

    page = client_of_desk.get("/")
    assert faults(page.text) == []
    assert NOTE in Page(page.text).text
    [part] = matrix(desk.keep, desk.worlds()).parts
    found = re.findall(
        r'<tr><th scope="row">(\w[\w ,-]*)<?.*?</th>((?: <td class="n[^>]*>[\d,]+</td>)+)</tr>', page.text
    )
    shown = [[int(n) for n in re.findall(r">(\d+)<", cells)] for _, cells in found]
    assert shown == [[cell.n for cell in line.cells] for line in lines(part.intents)]


def test_the_parts_of_a_system_prompt_name_their_fact(client_of_desk: TestClient, desk: Study) -> None:
    name = desk.keep.corpus.names()[0]
    page = client_of_desk.get(f"/t/{name}").text
    system = desk.keep.corpus.get(name).messages[0]
    marked = re.findall(r'<mark class="fact-(\w+)" title="([^"]+)">([^<]*)</mark>', page)
    assert {"who", "training"} <= {slot for slot, _, _ in marked}
    assert all(html.unescape(said) in system.parts[0].text for _, _, said in marked)
    covered = sum(len(html.unescape(said)) for _, _, said in marked)
    assert covered > 0.95 * len(system.parts[0].text)


def test_a_transcript_of_no_known_scenario_has_no_colours(client: TestClient, study: Study) -> None:
    assert "fact-" not in client.get(f"/t/{study.keep.corpus.names()[0]}").text


def rows(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'<th scope="row"><a href="(/t/[^"]+)"', page)]


def link(page: str, way: str) -> str:
    found = re.search(rf'<a rel="{way}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


@pytest.mark.parametrize("query", ["where=tier%3Dfree", "sort=-request", "where=tier%3Dpaid&sort=sample&page=1"])
def test_a_transcript_of_a_list_leads_to_its_neighbours(client: TestClient, query: str) -> None:
    all_rows = rows(client.get(f"/corpus?{query}").text)
    walked = [all_rows[0]]
    while after := link(client.get(walked[-1]).text, "next"):
        walked.append(after)
    if len(all_rows) < 50:
        assert walked == all_rows
    else:
        assert walked[: len(all_rows)] == all_rows
    assert link(client.get(walked[2]).text, "prev") == walked[1]
    assert link(client.get(walked[0]).text, "prev") == ""


def test_a_place_in_a_list_that_is_not_its_own_leads_nowhere(client: TestClient, study: Study) -> None:
    name = study.keep.corpus.names()[0]
    page = client.get(f"/t/{name}?list=1&at=7").text
    assert (link(page, "prev"), link(page, "next")) == ("", "")


@pytest.mark.parametrize("query", ["list=1&at=x", "list=1&at=-1", "list=1&at=0&sort=colour"])
def test_a_place_that_is_none_is_refused(client: TestClient, study: Study, query: str) -> None:
    assert client.get(f"/t/{study.keep.corpus.names()[0]}?{query}").status_code in {400, 404}


def test_a_hit_leads_to_the_next_hit(client: TestClient) -> None:
    pytest.importorskip("tantivy")
    found = re.findall(r'href="(/t/[^"]*search=1[^"]*)"', client.get("/corpus?q=thank").text)
    page = client.get(html.unescape(found[0])).text
    assert link(page, "next") == html.unescape(found[1])
    assert "rank 2 of 60" in Page(client.get(link(page, "next")).text).text


def test_neighbours_of_a_draw_are_its_ranks(client: TestClient) -> None:
    client.post("/draws", data={"where": "", "n": "3"}, headers=OURS)
    page = client.get("/draws/1/2").text
    assert (link(page, "prev"), link(page, "next")) == ("/draws/1/1", "/draws/1/3")
