"""Small real studies, one a design and kind of claim, each with an honest claim: what attacks are made on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from allegiance.evidence.citations import cite, log_citation
from allegiance.evidence.claims import make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.looking import look
from allegiance.evidence.material import Material
from allegiance.evidence.rated import resolve
from allegiance.evidence.reading import read_drawn, read_hit
from allegiance.evidence.registration import register
from allegiance.evidence.screening import menu_rater
from allegiance.evidence.searching import search
from allegiance.evidence.terms import QUOTE, Terms
from allegiance.ledger.sealing import Seal
from allegiance.rating.people import person
from allegiance.records.claim import Claim, ClaimKind
from allegiance.records.condition import Condition, Grid
from allegiance.records.draw import Design, Draw, Stratum
from allegiance.records.frame import Rated
from allegiance.records.label import Label
from allegiance.records.plan import Plan
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.scenarios import load
from allegiance.study import Study
from allegiance.testing import tiny_corpus

Made = tuple[Claim, Material]
QUESTION = Question(name="complies", text="Does the reply say yes, however naïve?")
READER, SECOND = person("reader"), person("second")
JUDGE = RaterCard(name="judge", kind="judge")
PATTERN = RaterCard(name="pattern", kind="pattern")
LEVELS = ("trained", "untrained")


def transcript(request: int, tier: str, sample: int) -> Transcript:
    """A third of the trained tier and a tenth of the other say yes, by arithmetic. The words have an accent."""
    says = (request * 7 + sample * 3) % (3 if tier == "trained" else 10) == 0
    said = (
        ("user", f"[{tier}] request {request} at the café"),
        ("assistant", "Yes, I will." if says else "No, I would rather not."),
    )
    return Transcript(
        messages=tuple(Message(role=role, parts=(Part(text=text),)) for role, text in said),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl", record=request * 100 + sample),
        request=f"request-{request}",
        condition=Condition(levels={"tier": tier}),
        model="small",
        sample=sample,
    )


def terms(kind: ClaimKind = "rate_ci", **other: object) -> Terms:
    plain = Terms(kind=kind, question=QUESTION, raters=(READER,))
    return msgspec.structs.replace(plain, **other)


def answer(keep: Keep, names: Sequence[str], rater: RaterCard = READER) -> None:
    """Saves what a rater says of these transcripts, in one batch."""
    batch = []
    for name, item in keep.corpus.iter(names):
        yes = item.answer.startswith("Yes")
        score = (0.8 if yes else 0.05) if rater is JUDGE else None
        batch.append(
            Label(
                transcript=name,
                question=QUESTION.digest,
                rater=rater.digest,
                value="yes" if yes else "no",
                score=score,
            )
        )
    keep.labels.save(QUESTION, rater, batch)


def everything(keep: Keep, rater: RaterCard = READER) -> None:
    answer(keep, keep.corpus.names(), rater)


def scored(keep: Keep) -> Rated:
    everything(keep, JUDGE)
    return resolve(keep.labels, "complies@judge", keep.log.checkpoint().size)


def drawn(keep: Keep) -> Draw:
    """A draw of 30, after a search, whose first item somebody has read."""
    search(keep, "rather not")
    made = keep.draw(Design(n=30))
    read_drawn(keep, made, 1, "reader")
    return made


def rate(keep: Keep, **other: object) -> Made:
    made = drawn(keep)
    everything(keep)
    return make_claim(keep, terms(**other), draw=made)


def doubly(keep: Keep) -> Made:
    """Three in ten of the draw have the labels of two people."""
    made = drawn(keep)
    answer(keep, made.items)
    answer(keep, made.items[:9], SECOND)
    return make_claim(keep, terms(raters=(READER, SECOND)), draw=made)


def looked(keep: Keep) -> Made:
    made = drawn(keep)
    answer(keep, made.items[:10])
    look(keep, terms(), made)
    answer(keep, made.items[10:])
    return make_claim(keep, terms(method="betting"), draw=made)


def skipped(keep: Keep) -> Made:
    made = keep.draw(Design(n=40, stop="open"))
    answer(keep, (*made.items[:6], *made.items[7:30]))
    return make_claim(keep, terms(), draw=made)


def extended(keep: Keep) -> Made:
    keep.draw(Design(n=10, stop="open"))
    made = keep.extend(1, 10)
    read_drawn(keep, made, 15, "reader")
    answer(keep, made.items)
    return make_claim(keep, terms(), draw=made)


def until(keep: Keep) -> Made:
    made = keep.draw(Design(n=100, stop="until", until=4))
    said = {name: item.answer for name, item in keep.corpus.iter()}
    yes = [rank for rank, name in enumerate(made.items, 1) if said[name].startswith("Yes")]
    answer(keep, made.items[: yes[3]])
    return make_claim(keep, terms(), draw=made)


def weighted(keep: Keep) -> Made:
    made = keep.draw(Design(kind="weighted", n=30, stop="open", scored=scored(keep)))
    everything(keep)
    return make_claim(keep, terms(), draw=made)


def elusion(keep: Keep) -> Made:
    made = keep.draw(Design(kind="elusion", top=10, n=30, scored=scored(keep)))
    answer(keep, made.items)
    return make_claim(keep, terms(), draw=made)


def in_strata(keep: Keep) -> Draw:
    parts = tuple(Stratum(predicate=f"tier={tier}", n=20) for tier in LEVELS)
    made = keep.draw(Design(kind="stratified", n=40, strata=parts))
    answer(keep, made.items)
    return made


def strata(keep: Keep) -> Made:
    return make_claim(keep, terms(), draw=in_strata(keep))


def difference(keep: Keep) -> Made:
    return make_claim(keep, terms("difference", factor="tier", levels=LEVELS), draw=in_strata(keep))


def domain(keep: Keep) -> Made:
    everything(keep, PATTERN)
    made = keep.draw(Design(n=15), "complies@pattern=yes")
    everything(keep)
    return make_claim(keep, terms(), draw=made)


def census(keep: Keep) -> Made:
    everything(keep)
    return make_claim(keep, terms(), words=False)


def gap(keep: Keep) -> Made:
    everything(keep, PATTERN)
    asked = terms("gap", raters=(PATTERN,), factor="tier", levels=LEVELS)
    return make_claim(keep, asked, predicate="tier=trained|untrained")


def no_gap(keep: Keep) -> Made:
    everything(keep, PATTERN)
    return make_claim(keep, terms("no_gap", raters=(PATTERN,), factor="tier", levels=LEVELS, margin=0.98))


def exists(keep: Keep) -> Made:
    made = drawn(keep)
    answer(keep, made.items)
    return make_claim(keep, terms("at_least_k", k=2))


def precision(keep: Keep) -> Made:
    number, made, _ = search(keep, "I will", limit=200)
    read_hit(keep, number, 3, "reader")
    answer(keep, made.shown)
    return make_claim(keep, terms("precision_at_k", search=number, k=10))


def quote(keep: Keep) -> Made:
    """The fourth item of a draw, after two others were read."""
    made = drawn(keep)
    for rank in (2, 4):
        read_drawn(keep, made, rank, "reader")
    log_citation(keep, cite(keep, made.items[3], "request"))
    return make_claim(keep, Terms(kind="quote", question=QUOTE, citation=1))


def told(keep: Keep) -> Made:
    made = drawn(keep)
    log_citation(keep, cite(keep, made.items[5], "request", self_reported="somebody sent it to me"))
    return make_claim(keep, Terms(kind="quote", question=QUOTE, citation=1))


def planned(keep: Keep) -> Made:
    world = load("repair-desk")
    question, rater = menu_rater(world)
    register(keep, Plan(scenario=world, grid=Grid(factors=world.grid), question=question))
    keep.add(tiny_corpus())
    keep.labels.save(question, rater.card, rater.labels(keep.corpus.table(rater.columns()), question))
    asked = Terms(kind="gap", question=question, raters=(rater.card,), factor="tier", levels=LEVELS)
    return make_claim(keep, asked)


BASES: dict[str, Callable[[Keep], Made]] = {
    "rate": rate, "upper": lambda keep: rate(keep, kind="rate_upper"),
    "lower": lambda keep: rate(keep, kind="rate_lower", bound=0.02), "doubly": doubly, "looked": looked,
    "skipped": skipped, "open": extended, "until": until, "weighted": weighted, "elusion": elusion,
    "strata": strata, "difference": difference, "domain": domain, "census": census, "gap": gap, "no_gap": no_gap,
    "exists": exists, "precision": precision, "quote": quote, "told": told, "planned": planned,
}  # fmt: skip
"""Every design and every kind of claim, by name."""


@cache
def base(name: str) -> Made:
    """The honest claim of this name and its material; made once a process."""
    with TemporaryDirectory() as folder:
        return build(name, Path(folder))[0]


def build(name: str, folder: Path) -> tuple[Made, str]:
    """The honest claim of this name, and the checkpoint of its log as it would be published just before."""
    study = Study.init(folder / "study", "A study")
    if name != "planned":
        study.keep.add(transcript(r, tier, s) for r in range(20) for tier in LEVELS for s in range(3))
    made = BASES[name](study.keep)
    note = Seal(study.folder, study.origin).note(study.keep.log)
    study.keep.database.close()
    return made, note
