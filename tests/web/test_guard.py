"""What is refused before a page sees it, and what every answer carries."""

from __future__ import annotations

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.web.conftest import OURS

from allegiance.study import Study
from allegiance.web.app import create
from allegiance.web.guard import HEADERS, POLICY
from allegiance.web.routes import TABLE


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7575", "127.0.0.1", "localhost:80", ""])
def test_a_name_that_is_not_ours_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:7575", "localhost:7575", "[::1]:7575"])
def test_our_own_names_are_let_in(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "https://127.0.0.1:7575"},
        {"origin": "http://127.0.0.1:7576"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {**OURS, "sec-fetch-site": "cross-site"}, {},
    ],
)  # fmt: skip
def test_what_would_change_something_from_elsewhere_is_refused_and_changes_nothing(
    client: TestClient, study: Study, headers: dict[str, str]
) -> None:
    before = study.keep.log.checkpoint()
    assert client.post("/draws", data={"where": "", "n": "3"}, headers=headers).status_code == 403
    assert study.keep.log.checkpoint() == before


def test_a_form_of_ours_is_let_in(client: TestClient) -> None:
    assert client.post("/draws", data={"where": "", "n": "3"}, headers=OURS).status_code == 303


@pytest.mark.parametrize("dest", ["image", "iframe", "script", "empty", "frame", "embed"])
def test_a_page_of_ours_is_no_part_of_another_site(client: TestClient, dest: str) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": dest}
    assert client.get("/", headers=headers).status_code == 403


def test_a_link_from_elsewhere_may_be_followed(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["sec-purpose", "purpose"])
def test_nothing_is_fetched_in_advance(client: TestClient, name: str) -> None:
    assert client.get("/", headers={name: "prefetch"}).status_code == 403


def test_a_body_that_is_too_long_is_refused(client: TestClient) -> None:
    data = {"where": "x" * (1 << 20), "n": "3"}
    assert client.post("/draws", data=data, headers=OURS).status_code == 413


def test_a_body_that_hides_its_length_is_cut_off(client: TestClient, study: Study) -> None:
    def pieces():  # type: ignore[no-untyped-def]
        yield b"where="
        yield from (b"x" * (1 << 16) for _ in range(40))

    headers = {**OURS, "content-type": "application/x-www-form-urlencoded"}
    assert client.post("/draws", content=pieces(), headers=headers).status_code == 400
    assert study.keep.log.entries("draw") == []


@pytest.mark.parametrize("path", ["/", "/nothing", "/corpus?where=%3D", "/static/workbench.css", "/t/xyz"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    found = client.get(path).headers
    assert {name: found.get(name) for name in HEADERS} == dict(HEADERS)


def test_the_policy_allows_no_inline_code_and_no_evaluation() -> None:
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_what_a_page_shows_is_kept_by_nobody(client: TestClient) -> None:
    assert client.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/etc/passwd"]
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_only_what_is_in_the_table_can_be_asked_for(study: Study) -> None:
    made = create(study, "ann")
    served = {(route.path, method) for route in made.routes if isinstance(route, Route)
              for method in route.methods or () if method != "HEAD"}  # fmt: skip
    assert served == {(row.path, row.method) for row in TABLE}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/", headers=OURS).status_code == 405


def test_nothing_that_only_reads_writes_the_log(client: TestClient, study: Study) -> None:
    client.post("/draws", data={"where": "", "n": "3"}, headers=OURS)
    before = study.keep.log.checkpoint()
    name = study.keep.corpus.names()[0]
    for row in TABLE:
        if row.effect == "reads" and row.method == "GET":
            path = row.path.format(name=name, other=name, draw=1, rank=1, code="00", file="x", key="x")
            client.get(path)
    assert study.keep.log.checkpoint() == before


def test_an_error_shows_no_traceback(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    from allegiance.web.state import State

    def broken(_self: State) -> object:
        raise RuntimeError("the secret path /home/ann")

    monkeypatch.setattr(State, "keep", property(broken))
    with TestClient(
        create(study, "ann"), base_url="http://127.0.0.1:7575", raise_server_exceptions=False
    ) as client:
        answer = client.get("/draws")
    assert answer.status_code == 500
    assert "secret" not in answer.text
