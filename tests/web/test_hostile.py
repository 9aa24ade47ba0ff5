"""Words that would be code are words: in every field, on every page."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import OURS
from tests.web.hostile import PAYLOADS, Page, faults

from allegiance.corpus.predicate import Predicate
from allegiance.rating.people import person
from allegiance.records.condition import Condition
from allegiance.records.label import Label, Span
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.report.words import visible
from allegiance.study import Study

pytest.importorskip("duckdb")
pytest.importorskip("tantivy")

NUMBERED = list(enumerate(PAYLOADS))
IDS = [f"payload-{number}" for number, _ in NUMBERED]


def transcript(words: str, number: int) -> Transcript:
    """Has these words wherever a transcript has words."""
    data = {"function": words, "arguments": {words: words}}
    parts = (
        Part(text=words), Part(kind="reasoning", text=words), Part(kind="tool_call", data=data),
        Part(kind="data", data={words: [words]}),
    )  # fmt: skip
    roles = ("system", "user", "assistant", "tool", words)
    return Transcript(
        messages=tuple(Message(role=role, parts=parts) for role in roles),
        source=Source(digest="sha256:" + "0" * 64, file=words, member=words, record=number, format=words),
        request=words, condition=Condition(levels={"tier": words, words: words}), model=words, run=words, sample=0,
        metadata={words: words, "inner": {words: [words]}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    every = " ".join(PAYLOADS[:3])
    made = Study.init(tmp_path_factory.mktemp("hostile") / "study", every, every)
    made.keep.add(transcript(words, number) for number, words in [*NUMBERED, (99, "harmless")])
    for number, words in [*NUMBERED, (99, "harmless")]:
        question = Question(name=words, text=words, criteria=(words,))
        rater = RaterCard(name=words, kind="imported", version=words, settings={words: words})
        name = transcript(words, number).name
        span = Span(message=2, part=0, start=0, end=len(words), text=words)
        label = Label(transcript=name, question=question.digest, rater=rater.digest, value="yes", note=words,
                      spans=(span,))  # fmt: skip
        made.keep.labels.save(question, rater, [label])
    return made


@pytest.fixture(scope="module")
def client(study: Study) -> Iterator[TestClient]:
    from allegiance.web.app import create

    app = create(study, PAYLOADS[5])
    with TestClient(app, base_url="http://127.0.0.1:7575", follow_redirects=False) as made:
        yield made


def assert_inert(page: str, words: str) -> None:
    assert faults(page) == []
    if html.escape(words, quote=False) != words:
        assert words not in page


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_the_words_of_a_transcript_are_shown_and_are_only_words(
    client: TestClient, number: int, words: str
) -> None:
    page = client.get(f"/t/{transcript(words, number).name}").text
    assert_inert(page, words)
    assert Page(page).text.count(visible(words)) >= 5 * 2 + 8


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_words_change_nothing_of_the_shape_of_a_page(client: TestClient, number: int, words: str) -> None:
    mine, plain = (
        Page(client.get(f"/t/{transcript(each, at).name}").text) for each, at in ((words, number), ("harmless", 99))
    )
    assert mine.shape == plain.shape


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_the_raw_record_is_plain_text(client: TestClient, number: int, words: str) -> None:
    answer = client.get(f"/t/{transcript(words, number).name}/raw")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/corpus", "/draws", "/claims", "/claims/new", "/raters", "/conditions"])
def test_no_page_of_a_hostile_study_has_anything_foreign(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert faults(page) == []
    assert all(words not in page for words in PAYLOADS if "<" in words)


def test_the_list_shows_the_words(client: TestClient) -> None:
    said = "".join(Page(client.get(f"/corpus?page={n}").text).text for n in (1, 2))
    assert all(visible(words) in said for words in PAYLOADS)


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_a_filter_for_the_words_finds_their_transcript(client: TestClient, number: int, words: str) -> None:
    where = str(Predicate((("model", (words,)),)))
    page = client.get("/corpus", params={"where": where}).text
    assert_inert(page, words)
    assert "1 transcripts under the filter" in Page(page).text
    assert transcript(words, number).name in page


@pytest.mark.parametrize("parameter", ["where", "q", "by", "sort", "page", "like"])
@pytest.mark.parametrize("words", PAYLOADS, ids=IDS)
def test_parameters_are_words(client: TestClient, words: str, parameter: str) -> None:
    answer = client.get(f"/corpus?{urlencode({parameter: words})}")
    assert answer.status_code in {200, 400, 404, 409}
    assert_inert(answer.text, words)


@pytest.mark.parametrize("path", ["/{}", "/t/{}", "/c/{}", "/draws/{}", "/draws/1/{}", "/claims/{}", "/label/{}",
                                  "/raters?question={}", "/conditions?question={}&by={}"])  # fmt: skip
@pytest.mark.parametrize("words", PAYLOADS, ids=IDS)
def test_addresses_are_words(client: TestClient, words: str, path: str) -> None:
    answer = client.get(path.replace("{}", quote(words, safe="")))
    assert answer.status_code in {200, 400, 404, 405, 409}
    assert_inert(answer.text, words)


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_a_citation_shows_the_words_in_each_form(client: TestClient, number: int, words: str) -> None:
    name = transcript(words, number).name
    client.get(f"/t/{name}")
    made = client.post("/cite", data={"name": name, "words": words}, headers=OURS)
    assert made.status_code == 303, made.text
    address = made.headers["location"]
    page = client.get(address).text
    assert_inert(page, words)
    assert visible(words) in Page(page).text
    kinds = {
        client.get(address + end).headers["content-type"].partition(";")[0] for end in (".md", ".json", ".bib")
    }
    assert kinds == {"text/markdown", "application/json", "text/plain"}


def test_the_bench_shows_the_words(client: TestClient, study: Study) -> None:
    made = client.post("/draws", data={"where": "", "n": str(len(PAYLOADS) + 1)}, headers=OURS)
    number = made.headers["location"].split("/")[2]
    questions = {question.name: question.digest for question in study.keep.labels.questions()}
    for after, words in enumerate(PAYLOADS[::5]):
        page = client.get(f"/label/{number}", params={"question": questions[words], "after": str(after)}).text
        assert_inert(page, words)
        assert visible(words) in Page(page).text


def test_a_note_and_a_question_of_a_form_are_words(client: TestClient, study: Study) -> None:
    number = client.post("/draws", data={"where": "", "n": "1"}, headers=OURS).headers["location"].split("/")[2]
    name = study.keep.find_draw(int(number)).items[0]
    for at, words in enumerate(PAYLOADS[::5]):
        asked = {"name": f"{at} {words}", "text": words}
        made = client.post(f"/label/{number}/question", data=asked, headers=OURS)
        assert made.status_code == 303, made.text
        question = next(one for one in study.keep.labels.questions() if one.name == asked["name"])
        sent = {"question": question.digest, "value": "no", "note": f"note {words}"}
        assert client.post(f"/label/{number}/1", data=sent, headers=OURS).status_code == 303
    page = client.get(f"/t/{name}").text
    assert faults(page) == []
    assert all(visible(f"note {words}") in Page(page).text for words in PAYLOADS[::5])


@pytest.mark.parametrize(("number", "words"), NUMBERED, ids=IDS)
def test_metadata_are_shown_as_json(client: TestClient, number: int, words: str) -> None:
    page = Page(client.get(f"/t/{transcript(words, number).name}").text)
    assert visible(json.dumps({words: [words]}, ensure_ascii=False)[1:-1].partition(":")[0]) in page.text


def test_a_person_of_any_name_can_label(tmp_path: Path) -> None:
    from allegiance.web.app import create

    made = Study.init(tmp_path / "study", "s")
    made.keep.add([transcript("harmless", 99)])
    for words in PAYLOADS[:12]:
        with TestClient(create(made, words), base_url="http://127.0.0.1:7575") as client:
            page = client.get("/").text
            assert_inert(page, words)
            assert visible(words) in Page(page).text
    assert person(PAYLOADS[0]).name == PAYLOADS[0]
