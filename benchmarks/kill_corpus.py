"""Kill writers of a corpus at random moments; after each kill see what is there, go on, and see again.

    python -m benchmarks.kill_corpus [--kills 200] [--seed 0] [--size 400]

A child imports, builds indexes, merges another study, compacts or takes transcripts down, and gets a SIGKILL at a
random moment of that. Then the corpus must open, `fsck` may find leftovers and nothing else, and the transcripts
must be those of before or those of after, never some of them. The same work is then done again to its end: now the
study with its log must be whole, and the words of what was taken down must stand in no segment of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from allegiance.corpus import segments
from allegiance.corpus.export import export
from allegiance.corpus.importers.stream import Stream
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables.light import light
from allegiance.evidence import versioning, withdrawing
from allegiance.evidence.intake import take_in
from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript
from allegiance.study import Study

JOBS = ("import", "index", "merge", "compact", "purge")
WORDS = "the copper lantern was never lit again".split()  # noqa: SIM905


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        kills: Kills that met a child at work, by what it was doing.
        late: How often the child was done before it was to be killed.
        before, after: How often the transcripts after the kill were those of before, and those of after.
        wrong: What was not as it must be.
    """

    kills: Counter[str] = field(default_factory=Counter)
    late: int = 0
    before: int = 0
    after: int = 0
    wrong: list[str] = field(default_factory=list)


def said(number: int) -> Transcript:
    """A transcript of about 1 KB whose words no other has."""
    chance = random.Random(number)
    text = " ".join(chance.choices(WORDS, k=200))
    return Transcript(
        messages=(
            Message(role="user", parts=(Part(text=f"Question {number}? {text}"),)),
            Message(role="assistant", parts=(Part(text=f"The secret of {number} is {secret(number)}. {text}"),)),
        ),
        source=Source(digest="sha256:" + "0" * 64, file="made.jsonl", record=number, format="jsonl"),
        request=f"q{number}",
        condition=Condition(levels={"tier": "free" if number % 2 else "paid"}),
        model="made",
        sample=0,
    )


def exported(folder: Path, first: int, count: int) -> Path:
    """A file of some transcripts, from which they come back under the same names."""
    scratch, path = folder / "scratch", folder / f"from-{first}.jsonl"
    for old in (scratch, *folder.glob("from-*.jsonl")):
        shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink(missing_ok=True)
    corpus = Corpus.create(scratch)
    corpus.add(said(number) for number in range(first, first + count))
    export(corpus, path, "jsonl")
    return path


def secret(number: int) -> str:
    """Words by which a transcript is found in any file that is not compressed."""
    return f"quillonbrake-{random.Random(-number - 1).getrandbits(64):016x}"


def work(job: str, study: Path, argument: object) -> None:
    """One piece of work, done to its end. The same call again completes what was stopped."""
    with patch.multiple(segments, SEGMENT_ROWS=64, GROUP_ROWS=16):  # many small steps, so that a kill meets each
        _work(job, study, argument)


def _work(job: str, study: Path, argument: object) -> None:
    opened = Study(study)
    keep = opened.keep
    if job == "import":
        take_in(keep, Stream([Path(str(argument))], workers=1))
    elif job == "index":
        keep.corpus.places().make_sure()
        light(keep.corpus)
    elif job == "merge":
        versioning.merge(keep, Corpus.open(Path(str(argument)) / "corpus"), {"study": "other"})
    elif job == "compact":
        versioning.compact(keep)
    else:
        withdrawing.take_down(keep, study, argument, "asked for")


def child(connection: object, job: str, study: Path, argument: object) -> None:
    """Say that the work begins, and do it."""
    connection.send("begin")
    work(job, study, argument)


def kill_and_resume(
    folder: Path, kills: int, seed: int = 0, size: int = 400, tell: Callable[[str], None] | None = None
) -> Outcome:
    """Do it all in an empty folder; see the module.

    Args:
        folder: Where the studies are made.
        kills: How many children are to be killed.
        seed: Of jobs and moments.
        size: Transcripts of an import.
        tell: Told a line after each kill.
    """
    chance, made = random.Random(seed), Outcome()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.kill_corpus"])
    Study.init(folder / "study", "killed")
    work("import", folder / "study", exported(folder, 0, size))
    reach = dict.fromkeys(JOBS, 0.6)
    number = 0
    while sum(made.kills.values()) < kills:
        job = JOBS[number % len(JOBS)]
        number += 1
        _round(folder, job, number * size, size, chance, reach, context, made)
        if tell:
            tell(f"{number}: {job}, {sum(made.kills.values())} met, {len(made.wrong)} wrong")
    return made


def _round(
    folder: Path, job: str, first: int, size: int, chance: random.Random, reach: dict[str, float], context: object,
    made: Outcome,
) -> None:  # fmt: skip
    """One kill, what is there after it, and the work done to its end."""
    study = folder / "study"
    argument = _argument(folder, job, first, size, chance)
    before = set(Corpus.open(study / "corpus").names())
    wanted = _wanted(job, before, argument, first, size)
    mine, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs, job, study, argument))
    process.start()
    mine.recv()
    process.join(chance.uniform(0, reach[job]))
    alive = process.is_alive()
    reach[job] *= 1.15 if alive else 0.7  # so that kills fall on all of the work, however fast the machine is
    process.kill()
    process.join()
    made.kills[job] += alive
    made.late += not alive
    _check_killed(study, job, before, wanted, made)
    work(job, study, argument)
    _check_done(study, job, argument, wanted, made)
    if len(wanted) > 8 * size:
        shutil.rmtree(study)
        Study.init(study, "killed")
        work("import", study, exported(folder, 0, size))


def _argument(folder: Path, job: str, first: int, size: int, chance: random.Random) -> object:
    """What the work is about; work that needs something finds it made."""
    study = folder / "study"
    if job == "import":
        return exported(folder, first, size)
    if job == "index":
        shutil.rmtree(study / "corpus" / "index", ignore_errors=True)
    if job == "merge":
        other = folder / "other"
        shutil.rmtree(other, ignore_errors=True)
        Study.init(other, "other")
        work("import", other, exported(folder, first - size // 2, size))
        return str(other)
    if job == "compact":
        for part in range(3):  # so that there is something to compact
            work("import", study, exported(folder, first + part * 8, 8))
    if job == "purge":
        return chance.sample(Corpus.open(study / "corpus").names(), 3)
    return None


def _wanted(job: str, before: set[str], argument: object, first: int, size: int) -> set[str]:
    """The names that there must be when the work is done."""
    if job == "import":
        return before | {said(number).name for number in range(first, first + size)}
    if job == "merge":
        return before | set(Corpus.open(Path(str(argument)) / "corpus").names())
    return before - set(argument) if job == "purge" else before


def _check_killed(study: Path, job: str, before: set[str], wanted: set[str], made: Outcome) -> None:
    corpus = Corpus.open(study / "corpus")
    damage = [problem for problem in corpus.fsck() if not problem.harmless]
    made.wrong += [f"{job}: {problem.where}: {problem.what}" for problem in damage]
    names = set(corpus.names()) - (set(corpus.taken_down()) if job in ("import", "merge") else set())
    down = set(corpus.taken_down())
    made.before += names == before != wanted
    made.after += names == wanted
    if names not in (before, wanted, before - down, wanted - down):
        made.wrong.append(f"{job}: {len(names)} transcripts, neither those of before nor those of after")


def _check_done(study: Path, job: str, argument: object, wanted: set[str], made: Outcome) -> None:
    keep = Study(study).keep
    made.wrong += [f"{job}, done: {one.where}: {one.what}" for one in keep.fsck() if not one.harmless]
    if set(keep.corpus.names()) != wanted - set(keep.corpus.taken_down()):
        made.wrong.append(f"{job}, done: these are not the transcripts that there must be")
    if job == "purge":
        left = [path for path in study.rglob("*") if path.is_file() and _holds(path, set(argument))]
        made.wrong += [f"purge, done: {path} holds the words" for path in left]


def _holds(path: Path, names: set[str]) -> bool:
    """Whether a segment has the row of one of these, with words."""
    if path.suffix != ".parquet":
        return False
    return any(
        row["transcript_id"] in names and row["messages"]
        for row in segments.scan(path, ("transcript_id", "messages"))
    )


def main() -> None:
    """Do it, and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("kills", 200), ("seed", 0), ("size", 400)):
        parser.add_argument(f"--{name}", type=int, default=number)
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made = kill_and_resume(
            Path(folder), given.kills, given.seed, given.size, lambda line: print(line, flush=True)
        )
    for line in made.wrong:
        print(line)
    print(
        f"{sum(made.kills.values())} kills at work ({dict(made.kills)}), {made.late} too late; after them "
        f"{made.before} times as before, {made.after} times as after, {len(made.wrong)} wrong; "
        f"{time.perf_counter() - began:.0f} s: {'right' if not made.wrong else 'WRONG'}"
    )
    sys.exit(bool(made.wrong))


if __name__ == "__main__":
    main()
