"""How long it takes to verify a bundle of 5,000 transcripts, beside reading its members and hashing them once.

CPU seconds in this process, and for one bundle those of a process of its own, start included. Targets: 1 s with an
exact interval, 10 s with a betting sequence, start not included.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from import_rate import Row, cpu_seconds, row, text

from allegiance.evidence.bundle import parse, read_members, write_bundle
from allegiance.evidence.claims import make_claim
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import resolve
from allegiance.evidence.terms import Terms
from allegiance.evidence.verify import verify
from allegiance.records.condition import Condition
from allegiance.records.draw import Design, Draw
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.study import Study

QUESTION = Question(name="complies", text="Does the reply say yes?")
JUDGE = RaterCard(name="judge", kind="judge")
GAP = Terms(kind="gap", question=QUESTION, raters=(JUDGE,), factor="tier", levels=("trained", "untrained"))


def measure(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    count = 500 if quick else 5_000
    with tempfile.TemporaryDirectory() as folder:
        paths = bundles(Path(folder), count)
        made = [_row(f"verify, {name}", path, count) for name, path in paths.items()]
        made += [_process(f"verify, {name}, in a process", path, count) for name, path in list(paths.items())[:1]]
    return made


def bundles(folder: Path, count: int) -> dict[str, Path]:
    """Bundles by what they are, each about so many transcripts, of which a draw takes two in five or all."""
    keep = Study.init(folder / "study", "Bench").keep
    chance = random.Random(4)
    keep.add(_transcript(index, chance) for index in range(count))
    names = keep.corpus.names()
    truth = {name: chance.random() < 0.1 for name in names}
    keep.labels.save(QUESTION, JUDGE, [_label(name, JUDGE, truth[name], chance) for name in names])
    scored = resolve(keep.labels, "complies@judge", keep.log.checkpoint().size)
    some = len(names) * 2 // 5
    designs = {
        "uniform draw, 2 in 5": Design(n=some),
        "uniform draw, all labelled, without words": Design(n=len(names)),
        "open draw, 2 in 5": Design(n=some, stop="open"),
        "open draw, all labelled": Design(n=len(names), stop="open"),
        "weighted draw, 2 in 5": Design(kind="weighted", n=some, stop="open", scored=scored),
        "weighted draw, all labelled": Design(kind="weighted", n=len(names), stop="open", scored=scored),
    }
    found = {"gap by census": _write(folder, "gap", keep, GAP, None)}
    for name, design in designs.items():
        draw, reader = keep.draw(design), RaterCard(name=f"reader {len(found)}", kind="person", basis="trusted")
        keep.labels.save(QUESTION, reader, [_label(item, reader, truth[item], chance) for item in draw.items])
        terms = Terms(kind="rate_ci", question=QUESTION, raters=(reader,))
        found[name] = _write(folder, str(len(found)), keep, terms, draw)
    return found


def _transcript(index: int, chance: random.Random) -> Transcript:
    """One of four of a request: two tiers, two samples; a reply of about 1.6 KB."""
    request, rest = divmod(index, 4)
    said = (("user", f"Question {request}?"), ("assistant", text(chance, 300)))
    return Transcript(
        messages=tuple(Message(role=role, parts=(Part(text=words),)) for role, words in said),
        source=Source(digest="sha256:" + "0" * 64, file="made", record=index), request=f"q{request}", model="m",
        sample=rest % 2, condition=Condition(levels={"tier": ("trained", "untrained")[rest // 2]}),
    )  # fmt: skip


def _label(name: str, rater: RaterCard, yes: bool, chance: random.Random) -> Label:
    score = round(min(max(0.15 + 0.6 * yes + chance.gauss(0, 0.15), 0.01), 0.99), 3) if rater is JUDGE else None
    return Label(
        transcript=name, question=QUESTION.digest, rater=rater.digest, value="yes" if yes else "no", score=score
    )


def _write(folder: Path, name: str, keep: Keep, terms: Terms, draw: Draw | None) -> Path:
    path = folder / f"{name}.claim"
    write_bundle(path, *make_claim(keep, terms, draw=draw))
    return path


def _row(what: str, path: Path, count: int) -> Row:
    assert verify(path).passed, what
    return row(what, cpu_seconds(lambda: verify(path), 2), _floor(path), None, "CPU s", count)


def _floor(path: Path) -> float:
    return cpu_seconds(lambda: parse(read_members(path)), 2)


def _process(what: str, path: Path, count: int) -> Row:
    ours = _child(["-m", "allegiance", "verify", str(path)])
    return row(f"{what} (floor: Python)", ours, _child(["-c", "pass"]), None, "CPU s", count)


def _child(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
