"""The trunk: stage → run → keep → draw → label → estimate; and the directory in which a study lives."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from allegiance.corpus.store import Corpus
from allegiance.errors import StudyError
from allegiance.evidence.claims import claim_gap, claim_rate, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material, Terms
from allegiance.ledger.database import Database
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.plan import Plan
from allegiance.records.prompt import Run
from allegiance.records.rater import Rater
from allegiance.records.record import Record
from allegiance.scenarios import stage

FORMAT = "allegiance-study/1"
FOLDERS = ("runs", "claims", "reports")


def study(plan: Plan, run: Run, keep: Keep, label: Rater) -> tuple[Claim, Material]:
    """A whole study: from a plan to a claim and the material that proves it."""
    keep.log.append("plan", {"plan": plan.digest, "scenario": plan.scenario.digest})
    prompts = stage(plan.scenario, plan.grid, plan.requests or None)  # one a condition and request
    transcripts = run(prompts)  # the only line that meets a model
    keep.add(transcripts)  # named, sealed, logged
    sample = keep.draw(plan.design, plan.predicate)  # logged before anyone has read
    labels = [label(keep.corpus.get(name), plan.question) for name in sample.items]
    keep.labels.save(plan.question, label.card, labels)
    return estimate(plan, keep, sample, label)


def estimate(plan: Plan, keep: Keep, sample: Draw, label: Rater) -> tuple[Claim, Material]:
    """The claim that a plan asks for, from what was drawn and labelled.

    Raises:
        Refusal: The evidence does not carry it.
    """
    gap = plan.kind == "gap"
    terms = Terms(
        kind=plan.kind,
        question=plan.question,
        raters=(label.card,),
        factor=plan.factor if gap else "",
        levels=plan.levels if gap else (),
        alpha=plan.alpha,
    )
    return (claim_gap if gap else claim_rate)(keep, terms, draw=sample)


class Settings(Record, frozen=True, kw_only=True):
    """What ``study.yaml`` says. No secrets belong here.

    Attributes:
        format: `FORMAT`.
        id: Identity of the study, given once; the origin of its log.
        title: For people.
        question: What the study is about, in a sentence.
    """

    format: str
    id: str
    title: str
    question: str = ""


class Study:
    """A study directory: settings, corpus, log and labels, runs, claims and reports."""

    def __init__(self, folder: Path) -> None:
        """Opens a study.

        Raises:
            StudyError: There is none here, it is damaged, or it is from a newer version.
        """
        self.folder = folder
        self.settings = _settings(folder)
        self.keep = Keep(Corpus.open(folder / "corpus"), Database(folder / "study.sqlite"))

    @classmethod
    def init(cls, folder: Path, title: str, question: str = "") -> Study:
        """Makes a study in a new or empty directory.

        Raises:
            StudyError: There is something in it already.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StudyError("this is not an empty directory.", where=str(folder), next="Choose another name.")
        folder.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            (folder / name).mkdir()
        Corpus.create(folder / "corpus")
        Database.create(folder / "study.sqlite").close()
        settings = Settings(format=FORMAT, id=uuid.uuid4().hex, title=title, question=question)
        with (folder / "study.yaml").open("w", encoding="utf-8") as out:
            YAML().dump(msgspec.to_builtins(settings), out)
        made = cls(folder)
        made.keep.log.append("start", {"study": settings.id})
        return made

    @property
    def runs(self) -> Path:
        """Where logs of runs are kept."""
        return self.folder / "runs"

    @property
    def claims(self) -> list[Path]:
        """The bundles, in the order in which they were made."""
        return sorted((self.folder / "claims").glob("*.claim"))

    def publish(self, claim: Claim, material: Material) -> Path:
        """Enters a claim in the log and writes its bundle; see `claims.publish`."""
        return publish(self.keep, self.folder / "claims", claim, material)

    @property
    def origin(self) -> str:
        """The name of the log in checkpoints."""
        return f"allegiance/study/{self.settings.id}"


def _settings(folder: Path) -> Settings:
    path = folder / "study.yaml"
    if not path.is_file():
        raise StudyError("there is no study here.", where=str(folder), next="Make one with: allegiance init DIR")
    try:
        settings = msgspec.convert(YAML(typ="safe", pure=True).load(path.read_text("utf-8")), Settings)
    except (YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise StudyError(f"the settings cannot be read: {error}.", where=str(path)) from error
    if settings.format != FORMAT:
        raise StudyError(
            f"the study has format {settings.format!r}; this version knows {FORMAT!r}.",
            where=str(path),
            next="Install a newer version of the package.",
        )
    return settings
