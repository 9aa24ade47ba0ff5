"""A study as one self-contained HTML page: opens offline, needs no script, fetches nothing.

Only verified claims and routed citations are accepted. All text is escaped; characters without a visible shape are
written out, so that what is read is what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allegiance.errors import UsageError
from allegiance.evidence.standings import Matrix
from allegiance.records.canary import CANARY
from allegiance.records.claim import VerifiedClaim
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record
from allegiance.records.route import Citation
from allegiance.report import matrix, plots, words
from allegiance.report.framings import summaries

WIDEST = 60
"""With more gaps than this the second plot, of the rates behind them, is left to the table."""


class Line(Record, frozen=True, kw_only=True):
    """A named line of text, for example an intent and what it asks for."""

    name: str
    text: str


class Shown(Record, frozen=True, kw_only=True):
    """A verified claim as it appears on a page.

    Attributes:
        verified: The claim. Anything but a `VerifiedClaim` whose steps all passed is refused.
        name: Its short name in plots and tables, for example the model.
        file: Name of its bundle, for the line that says how to verify it.
        beside: Sentences that stand beside it and are no part of it, such as the gap at each wording.
    """

    verified: VerifiedClaim
    name: str
    file: str = ""
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.verified, VerifiedClaim):
            raise UsageError(
                f"a report shows verified claims only; this is a {type(self.verified).__name__}.",
                where=self.name,
                next="Verify its bundle with `allegiance verify FILE` and pass what that returns.",
            )
        if not self.verified.checks or not all(check.passed for check in self.verified.checks):
            raise UsageError("this claim did not pass every step of verification.", where=self.name)


class ConditionRow(Record, frozen=True, kw_only=True):
    """What became of the samples of one condition.

    Attributes:
        name: The condition, and the model where there are several.
        planned: Samples that were to be made; None if unknown, as for imported transcripts.
        kept: Transcripts in the corpus.
        faulty: Of these, how many are not whole, by status.
    """

    name: str
    planned: int | None = None
    kept: int
    faulty: Mapping[str, int] = {}

    @property
    def missing(self) -> int | None:
        """Planned but not kept; None if the plan is unknown."""
        return None if self.planned is None else self.planned - self.kept


class Quote(Record, frozen=True, kw_only=True):
    """A routed citation with what is needed to read it.

    Attributes:
        citation: The span and how it was reached.
        speaker: Role of the message, for example ``assistant``.
        model, condition: Where known.
        note: Why it is quoted.
    """

    citation: Citation
    speaker: str = ""
    model: str = ""
    condition: str = ""
    note: str = ""


class Page(Record, frozen=True, kw_only=True):
    """All that a report page shows.

    Attributes:
        title: Of the study.
        asked: The question that the study asks, in a sentence.
        scenario: The world in lines: what it is, its intents, its tiers.
        design: How transcripts were made or found, chosen and compared.
        claims: Verified claims.
        standings: How transcripts stand to each intent, in counts; None if nobody labelled that.
        conditions: What became of the samples, condition by condition.
        quotes: Routed citations.
        raters: Cards of all raters whose labels are used.
        log_size, log_root: Checkpoint of the log when the page was made.
        version: Version of Allegiance that made it.
        missing: What the study does not show, one sentence each.
        next: What to do next, one sentence or command each.
        canaries: Strings by which training data can leave the page out.
    """

    title: str
    asked: str
    scenario: tuple[Line, ...] = ()
    design: str = ""
    claims: tuple[Shown, ...] = ()
    standings: Matrix | None = None
    conditions: tuple[ConditionRow, ...] = ()
    quotes: tuple[Quote, ...] = ()
    raters: tuple[RaterCard, ...] = ()
    log_size: int = 0
    log_root: str = ""
    version: str = ""
    missing: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    canaries: tuple[str, ...] = (CANARY,)

    def __post_init__(self) -> None:
        for shown in self.claims:
            if not isinstance(shown, Shown):
                raise UsageError(f"a report shows verified claims only; this is a {type(shown).__name__}.")


def render(page: Page) -> str:
    """The page as HTML, in UTF-8 when written. It contains no script and refers to nothing outside itself."""
    gaps, rates = gap_rows(page.claims), rate_rows(page.claims)
    few = gaps if len(gaps) <= WIDEST else []
    drawn = {
        "gaps": _both(plots.gap_plot(gaps), plots.gap_plot(gaps, narrow=True)),
        "arms": _both(plots.arm_plot(few), plots.arm_plot(few, narrow=True)),
        "rates": _both(plots.rate_plot(rates), plots.rate_plot(rates, narrow=True)),
    }
    found = open_ends(page)
    template = _house().get_template("page.html.j2")
    shown = _framed(page.standings) if page.standings else ()
    return template.render(page=page, words=words, plots=drawn, missing=found, widest=WIDEST, told=matrix,
                           framed=shown)  # fmt: skip


def _framed(found: Matrix) -> list[dict[str, object]]:
    """The parts of a matrix, each with its framings."""
    return [{"part": part, "summaries": summaries(part, found.factor)} for part in found.parts]


def gap_rows(claims: Sequence[Shown]) -> list[plots.GapRow]:
    """The gaps among these claims, as rows of a plot."""
    return [_gap_row(shown) for shown in claims if shown.verified.claim.kind == "gap"]


def rate_rows(claims: Sequence[Shown]) -> list[plots.RateRow]:
    """The rates among these claims, as rows of a plot."""
    return [_rate_row(shown) for shown in claims if shown.verified.claim.kind == "rate_ci"]


def open_ends(page: Page) -> tuple[str, ...]:
    """What the page does not show: what the study says of itself, and what follows from its claims."""
    claims = [shown.verified.claim for shown in page.claims]
    bases = sorted({claim.basis for claim in claims if claim.basis.startswith("as rated")})
    found = [
        f"Numbers that stand {basis}, carry that rater's errors: no trusted sample corrects them."
        for basis in bases
    ]
    if len(claims) > 1:
        found.append(
            f"Each of the {len(claims)} intervals holds by itself; they are not widened for being {len(claims)}."
        )
    if any(claim.kind == "gap" and claim.estimate.low <= 0 <= claim.estimate.high for claim in claims):
        found.append("An interval that includes zero does not show that there is no gap.")
    return (*page.missing, *found)


def _gap_row(shown: Shown) -> plots.GapRow:
    claim = shown.verified.claim
    first, second = claim.estimate.arms
    return plots.GapRow(
        name=shown.name,
        value=claim.estimate.value,
        low=claim.estimate.low,
        high=claim.estimate.high,
        requests=words.requests(claim.estimate),
        samples=words.decided(first.counts) + words.decided(second.counts),
        levels=(first.level, second.level),
        rates=(first.rate, second.rate),
    )


def _rate_row(shown: Shown) -> plots.RateRow:
    estimate = shown.verified.claim.estimate
    samples = words.decided(estimate.counts)
    return plots.RateRow(
        name=shown.name, value=estimate.value, low=estimate.low, high=estimate.high, samples=samples
    )


def _both(wide: str, narrow: str) -> dict[str, Markup]:
    """The same plot twice, for pages and for small screens. Both are ours, with their words escaped."""
    return {"wide": Markup(wide), "narrow": Markup(narrow)}  # noqa: S704


@cache
def _house() -> Environment:
    house = Environment(
        loader=PackageLoader("allegiance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    house.filters["visible"] = words.visible
    return house


def _shown(value: object) -> object:
    """Text with unseen characters written out; markup, which we made, as it is."""
    return words.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
