"""The trunk: stage → run → keep → draw → label → estimate; and the directory in which a study lives."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from allegiance.corpus.store import Corpus
from allegiance.errors import StudyError
from allegiance.evidence.claims import make_claim, publish
from allegiance.evidence.keep import Keep
from allegiance.evidence.material import Material
from allegiance.evidence.registration import register, write_plan
from allegiance.evidence.terms import Terms
from allegiance.evidence.worlds import keep_scenario, scenarios_of
from allegiance.ledger.database import Database
from allegiance.records.claim import Claim
from allegiance.records.draw import Draw
from allegiance.records.plan import Plan
from allegiance.records.prompt import Run
from allegiance.records.rater import Rater
from allegiance.records.record import Record
from allegiance.records.scenario import Scenario
from allegiance.scenarios import library, load, stage

FORMAT = "allegiance-study/1"
FOLDERS = ("runs", "claims", "reports")


def study(plan: Plan, run: Run, keep: Keep, label: Rater) -> tuple[Claim, Material]:
    """A whole study: from a plan to a claim and the material that proves it."""
    register(keep, plan)  # before there is anything that it could be fitted to
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
    return make_claim(keep, terms, draw=sample)


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

    def keep_scenario(self, scenario: Scenario) -> Path:
        """Keeps the scenario of a run, so that its transcripts can be read by who wanted what; see `worlds`."""
        return keep_scenario(self.folder, scenario)

    def worlds(self) -> dict[str, Scenario]:
        """Version → scenario of the transcripts: those kept here, then those of the library.

        Raises:
            StudyError: A kept scenario is damaged, or from a newer version.
        """
        made_by = {row.condition.scenario for row in self.keep.corpus.rows()} - {""}
        known = scenarios_of(self.folder)
        shelf = map(load, library()) if made_by - known.keys() else ()
        return {world.version: world for world in shelf if world.version in made_by} | known

    def keep_plan(self, plan: Plan) -> Path:
        """Keeps the words of a plan, of which the log has the digest, under ``plans/``; returns where."""
        path = self.folder / "plans" / f"{plan.digest.removeprefix('sha256:')}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_plan(path, plan)
        return path

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
