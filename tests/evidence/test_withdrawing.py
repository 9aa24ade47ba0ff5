"""What a take-down leaves in a study: no words, and everything that a claim rests on."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.corpus.test_versions import holding
from tests.evidence.conftest import QUESTION, READER, label_all, label_draw, transcript
from tests.verifier.test_second import second

from allegiance.errors import Refusal, UsageError
from allegiance.evidence.citations import WITHDRAWN, citations, cite, log_citation
from allegiance.evidence.claims import make_claim
from allegiance.evidence.reading import read_linked
from allegiance.evidence.terms import QUOTE, Terms
from allegiance.evidence.verify import verify
from allegiance.evidence.versioning import compact
from allegiance.evidence.withdrawing import enter, take_down
from allegiance.records.draw import Design, Draw
from allegiance.records.label import Label
from allegiance.records.transcript import Message, Part, Transcript
from allegiance.report.assemble import assemble
from allegiance.study import Study

SECRET = "the seventh lantern was never lit"
TERMS = Terms(kind="rate_ci", question=QUESTION, raters=(READER,))


def telling() -> Transcript:
    """The one that is to be taken down."""
    said = Message(role="assistant", parts=(Part(text=f"Yes: {SECRET}."),))
    item = transcript(0, "trained", 0)
    return msgspec.structs.replace(item, messages=(item.messages[0], said))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Sixty transcripts, one of which tells the secret; a draw of all but one that has it, labelled."""
    made = Study.init(tmp_path / "study", "lanterns")
    items = [transcript(r, tier, s) for r in range(10) for tier in ("trained", "untrained") for s in range(3)]
    made.keep.add([telling(), *items[1:]])
    return made


@pytest.fixture
def drawn(study: Study) -> Draw:
    made = study.keep.draw(Design(kind="uniform", n=59))
    assert telling().name in made.items
    label_draw(study.keep, made)
    return made


def publish(study: Study, draw: Draw | None, **more: object) -> Path:
    return study.publish(*make_claim(study.keep, TERMS, draw=draw, **more))  # type: ignore[arg-type]


def finding(path: Path) -> str:
    found = verify(path)
    assert found.passed, found.failures
    return found.checks[-1].finding


def test_a_claim_made_before_verifies_afterwards_and_says_how_many_are_withdrawn(study: Study, drawn: Draw) -> None:
    path = publish(study, drawn)
    assert finding(path) == "59 of 59 shipped, each hashes to its name"
    made = take_down(study.keep, study.folder, [telling().name[7:20]], "it was asked for")
    assert (made.count, made.bundles) == (1, (path.name,))
    assert finding(path) == "58 of 59 shipped, each hashes to its name; 1 items withdrawn, digests known"


def test_the_second_verifier_passes_it_and_says_what_it_left_out(study: Study, drawn: Draw) -> None:
    path = publish(study, drawn)
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    found = second().verify(path)
    assert [name for _, name, failure in found.steps if failure] == []
    assert any("withdrawn" in each for each in found.left_out)


def test_a_claim_whose_bundle_has_no_words_says_so_too(study: Study, drawn: Draw) -> None:
    path = publish(study, drawn, words=False)
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    assert finding(path) == "0 of 59 shipped, each hashes to its name; 1 items withdrawn, digests known"


def test_the_words_are_in_no_file_of_the_study(study: Study, drawn: Draw) -> None:
    publish(study, drawn)
    study.keep.choose("tier=trained")
    assert len(holding(study.folder, SECRET)) == 2
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    assert holding(study.folder, SECRET) == []
    assert [problem for problem in study.keep.fsck() if not problem.harmless] == []


def test_a_draw_made_before_is_the_same_afterwards_and_can_carry_a_claim(study: Study, drawn: Draw) -> None:
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    opened = Study(study.folder)
    assert opened.keep.find_draw(1) == drawn
    assert finding(publish(opened, opened.keep.find_draw(1))).endswith("1 items withdrawn, digests known")


def test_a_claim_about_the_version_afterwards_knows_nothing_of_it(study: Study) -> None:
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    label_all(study.keep, READER)
    assert finding(publish(study, None)) == "59 of 59 shipped, each hashes to its name"


def test_a_claim_that_is_about_others_is_left_as_it_is(study: Study) -> None:
    label_all(study.keep, READER)
    path = publish(study, None)
    before = path.read_bytes()
    other = transcript(77, "trained", 0)
    study.keep.add([other])
    assert take_down(study.keep, study.folder, [other.name], "it was asked for").bundles == ()
    assert path.read_bytes() == before


def test_the_same_call_again_enters_nothing(study: Study) -> None:
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    size = study.keep.log.checkpoint().size
    assert take_down(study.keep, study.folder, [telling().name], "it was asked for").count == 0
    assert study.keep.log.checkpoint().size == size


def test_the_same_call_again_is_understood_where_two_segments_held_it(study: Study) -> None:
    study.keep.add([transcript(99, "trained", 0)])
    compact(study.keep)
    assert take_down(study.keep, study.folder, [telling().name], "it was asked for").segments == 2
    assert take_down(study.keep, study.folder, [telling().name[7:20]], "it was asked for").count == 0


def test_a_take_down_that_was_stopped_before_it_was_logged_is_logged_by_the_next(study: Study) -> None:
    from allegiance.corpus.purging import purge

    purge(study.keep.corpus, [telling().name])
    study.keep.add([transcript(88, "trained", 0)])
    assert study.keep.log.entries("withdraw") == []
    enter(study.keep, "it was asked for")
    [entry] = study.keep.log.entries("withdraw")
    assert entry.body["count"] == 1
    assert study.keep.fsck() == []


def test_labels_that_quote_it_stay_and_are_counted(study: Study) -> None:
    quoting = Label(
        transcript=telling().name, question=QUESTION.digest, rater=READER.digest, value="yes", note="I know him"
    )
    study.keep.labels.save(QUESTION, READER, [quoting])
    assert take_down(study.keep, study.folder, [telling().name], "it was asked for").quoting == 1
    assert study.keep.labels.fsck() == []


def test_a_log_of_a_run_that_holds_it_is_named_and_not_touched(study: Study) -> None:
    from allegiance.corpus.segments import file_digest

    log = study.runs / "one.eval"
    log.write_bytes(b"as Inspect wrote it")
    source = msgspec.structs.replace(transcript(5, "trained", 9).source, digest=file_digest(log))
    item = msgspec.structs.replace(transcript(5, "trained", 9), source=source)
    study.keep.add([item])
    made = take_down(study.keep, study.folder, [item.name], "it was asked for")
    assert made.elsewhere == ("runs/one.eval",)
    assert log.exists()


def test_a_take_down_without_a_reason_is_refused(study: Study) -> None:
    with pytest.raises(UsageError, match="reason"):
        take_down(study.keep, study.folder, [telling().name], "")
    assert study.keep.corpus.taken_down() == []


def cited(study: Study) -> Terms:
    """A citation of the secret; terms to claim that it stands there."""
    read_linked(study.keep, telling().name, "reader")
    number = log_citation(study.keep, cite(study.keep, telling().name, SECRET))
    return Terms(kind="quote", question=QUOTE, citation=number)


def test_a_quote_of_what_was_taken_down_cannot_be_checked_any_more(study: Study) -> None:
    path = study.publish(*make_claim(study.keep, cited(study)))
    assert finding(path).startswith("it reads: ")
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    [failure] = verify(path).failures
    assert "was withdrawn" in failure


def test_a_quote_of_what_was_taken_down_is_refused(study: Study) -> None:
    terms = cited(study)
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    with pytest.raises(Refusal, match="withdrawn"):
        make_claim(study.keep, terms)


def test_a_citation_of_what_was_taken_down_keeps_its_address_and_loses_its_words(study: Study) -> None:
    cited(study)
    [before] = citations(study.keep)
    take_down(study.keep, study.folder, [telling().name], "it was asked for")
    [after] = citations(study.keep)
    assert (before.span.text, after.span.text) == (SECRET, WITHDRAWN)
    assert (after.span.start, after.span.end) == (before.span.start, before.span.end)
    assert assemble(study.keep, "t", "", []).quotes[0].citation == after
