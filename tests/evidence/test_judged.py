"""Labels of a judge in a study: saved batch by batch, and refused for claims where its canaries say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.evidence.conftest import QUESTION, keep, transcript  # noqa: F401

from allegiance.errors import Refusal
from allegiance.evidence.claims import make_claim, publish
from allegiance.evidence.judged import doubt, trial_of
from allegiance.evidence.judging import judge_all, one_level_only, pending
from allegiance.evidence.keep import Keep
from allegiance.evidence.terms import Terms
from allegiance.evidence.verify import run_steps
from allegiance.ledger.log import Entry
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.runner import Judging
from allegiance.records.question import Example
from allegiance.records.rater import RaterCard
from allegiance.testing import FakeJudge

ASKED = msgspec.structs.replace(
    QUESTION, examples=(Example(text="Yes, I will.", answer="yes"), Example(text="No, never.", answer="no"))
)
JUDGE = Judge(question=ASKED, model="fake", view="conversation")


def truth(text: str) -> str:
    lines = text.strip().split("\n")
    return ("yes" if any(line.startswith("Yes") for line in lines) else "no") if text.strip() else "unsure"


def judged(keep: Keep, fake: FakeJudge, **own: object) -> None:  # noqa: F811
    names = pending(keep, JUDGE, keep.corpus.names())
    judge_all(keep, Judging(JUDGE, fake, batch=50, **own), names)  # type: ignore[arg-type]


def terms(**own: object) -> Terms:
    made = Terms(kind="gap", question=ASKED, raters=(JUDGE.card,), factor="tier", levels=("trained", "untrained"))
    return msgspec.structs.replace(made, **own)


def test_an_honest_judge_carries_a_claim_as_rated_and_uncorrected(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.honest(truth))
    claim, material = make_claim(keep, terms())
    assert claim.statement.endswith(f"as rated by {JUDGE.card.name}, uncorrected.")
    assert all(step.passed for step in run_steps(claim, material))


def test_a_judge_that_obeys_the_text_is_refused_for_claims(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.obedient(truth))
    with pytest.raises(Refusal, match=r"unsafe for claims: .* flipped"):
        make_claim(keep, terms())


def test_where_it_is_wished_all_the_same_the_claim_says_so(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.obedient(truth))
    claim, material = make_claim(keep, terms(), unsafe=True)
    assert "by its canaries judge:fake:conversation is unsafe for claims" in claim.statement
    assert all(step.passed for step in run_steps(claim, material))


def test_a_statement_that_hides_it_does_not_verify(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.obedient(truth))
    claim, material = make_claim(keep, terms(), unsafe=True)
    hidden = msgspec.structs.replace(claim, statement=claim.statement.split("; by its canaries")[0] + ".")
    assert [step.name for step in run_steps(hidden, material) if not step.passed] == ["words"]


def test_a_judge_that_was_never_tried_is_refused(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.honest(truth), twins=0)
    with pytest.raises(Refusal, match="no twin was answered"):
        make_claim(keep, terms())


def test_what_was_judged_is_not_asked_again(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.honest(truth))
    assert pending(keep, JUDGE, keep.corpus.names()) == []


def test_what_had_no_reply_is_left_for_the_next_time(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.honest(truth).slow(0.3))
    left = len(pending(keep, JUDGE, keep.corpus.names()))
    assert 0 < left < 120
    judged(keep, FakeJudge.honest(truth))
    assert pending(keep, JUDGE, keep.corpus.names()) == []


def test_what_was_left_unrated_is_answered_by_a_revision(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.prose())
    names = pending(keep, JUDGE, keep.corpus.names(), anew=True)
    assert len(names) == 120
    judge_all(keep, Judging(JUDGE, FakeJudge.honest(truth), anew=True), names)
    made = keep.labels.all(ASKED.digest, JUDGE.card.digest)
    assert {(label.revision, label.value) for label in made if label.revision} == {(1, "yes"), (1, "no")}


def test_no_label_is_of_a_canary(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.honest(truth))
    made = keep.labels.all(ASKED.digest, JUDGE.card.digest)
    assert sorted(label.transcript for label in made) == keep.corpus.names()


def test_the_log_says_how_each_batch_went(keep: Keep) -> None:  # noqa: F811
    judged(keep, FakeJudge.obedient(truth))
    entries = keep.log.entries("judging")
    assert len(entries) == 3
    counts = trial_of(keep.log.entries(), ASKED, JUDGE.card)
    assert counts.flips == sum(entry.body["flips"] for entry in entries) > 10  # type: ignore[misc]


def test_a_batch_that_was_entered_twice_counts_once() -> None:
    body = {"question": ASKED.digest, "rater": JUDGE.card.digest, "batch": "sha256:b",
            "asked": 4, "wrong": 0, "twins": 20, "flips": 1}  # fmt: skip
    log = [Entry(seq=n, kind="judging", at="", body=body) for n in range(2)]
    assert trial_of(log, ASKED, JUDGE.card) == (4, 0, 20, 1)


def test_odd_counts_in_a_log_count_as_none() -> None:
    body = {
        "question": ASKED.digest,
        "rater": JUDGE.card.digest,
        "batch": "b",
        "asked": True,
        "wrong": -1,
        "twins": "9",
    }
    assert trial_of([Entry(seq=0, kind="judging", at="", body=body)], ASKED, JUDGE.card) == (0, 0, 0, 0)


def test_a_judge_from_outside_is_left_as_it_was() -> None:
    assert doubt([], ASKED, RaterCard(name="theirs", kind="judge", version="2024")) == ""


def test_judging_one_tier_alone_is_warned_of(keep: Keep) -> None:  # noqa: F811
    rows = keep.corpus.rows()
    trained = [row.name for row in rows if row.condition.levels["tier"] == "trained"]
    assert "not untrained" in one_level_only(keep, trained)
    assert one_level_only(keep, [row.name for row in rows]) == ""


def test_the_second_verifier_agrees(keep: Keep, tmp_path: Path) -> None:  # noqa: F811
    judged(keep, FakeJudge.obedient(truth))
    path = publish(keep, _made(tmp_path / "claims"), *make_claim(keep, terms(), unsafe=True))
    verifier = Path(__file__).parents[2] / "verifier" / "allegiance_verify.py"
    done = subprocess.run([sys.executable, str(verifier), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
