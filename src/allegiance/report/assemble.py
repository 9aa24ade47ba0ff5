"""From a study to its page: every bundle is verified on the way, and nothing else gets a number onto it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from allegiance import __version__
from allegiance.evidence.citations import citations
from allegiance.evidence.keep import Keep
from allegiance.evidence.overview import overview
from allegiance.evidence.spread import of_claim
from allegiance.evidence.standings import Matrix
from allegiance.evidence.verify import verify
from allegiance.records.canary import CANARY
from allegiance.records.claim import Claim, VerifiedClaim
from allegiance.records.rater import RaterCard
from allegiance.records.route import Citation
from allegiance.records.scenario import Scenario
from allegiance.report import spreading
from allegiance.report.page import ConditionRow, Line, Page, Quote, Shown


def assemble(keep: Keep, title: str, asked: str, bundles: Sequence[Path], scenario: Scenario | None = None,
             standings: Matrix | None = None, worlds: Mapping[str, Scenario] | None = None) -> Page:  # fmt: skip
    """The page of a study.

    Args:
        keep: Its corpus, log and labels.
        title: For people.
        asked: The question of the study in a sentence.
        bundles: Its claims.
        scenario: The world in which the transcripts were made, if it is known.
        standings: The matrix of the study, if a standing was labelled. Its counts are of labels and make no claim.
        worlds: Version → scenario, as far as known: they say over which random factors, such as wordings, a gap is
            averaged. How far it differs between these stands beside the claim.

    Raises:
        VerificationFailed: A bundle does not verify. No page is made from such a study.
    """
    shown = _told_apart([_beside(_shown(path), keep, worlds or {}) for path in bundles])
    point = keep.log.checkpoint()
    claims = [item.verified.claim for item in shown]
    return Page(
        title=title,
        asked=asked or next((claim.question.text for claim in claims), ""),
        scenario=_lines(scenario) if scenario else (),
        design=" ".join(_designs(claims)),
        claims=tuple(shown),
        standings=standings if standings and standings.parts else None,
        conditions=tuple(_conditions(keep)),
        quotes=tuple(_quote(keep, citation) for citation in citations(keep)),
        raters=_raters(claims, standings),
        log_size=point.size,
        log_root=point.root,
        version=__version__,
        missing=tuple(_missing(claims)),
        next=("allegiance verify FILE: work any of these claims out again, offline.",),
        canaries=_canaries(keep),
    )


def named(claims: Sequence[tuple[VerifiedClaim, str]]) -> list[Shown]:
    """Verified claims, each with its bundle's name, as they appear on a page: no two under the same name."""
    return _told_apart([Shown(verified=one, name=_name(one.claim), file=f"claims/{file}") for one, file in claims])


def _shown(path: Path) -> Shown:
    verified: VerifiedClaim = verify(path).verified()
    return Shown(verified=verified, name=_name(verified.claim), file=f"claims/{path.name}")


def _beside(shown: Shown, keep: Keep, worlds: Mapping[str, Scenario]) -> Shown:
    """The claim with what stands beside it, if the study still has the transcripts that it is about."""
    claim = shown.verified.claim
    if claim.frame.corpus not in keep.corpus.versions():
        return shown
    return msgspec.structs.replace(shown, beside=spreading.sentences(of_claim(keep, worlds, claim)))


def _told_apart(shown: list[Shown]) -> list[Shown]:
    """Claims of one name get their answer, direction and rater added; what is then still alike, a number."""
    longer = [_longer(one) if _alike(one, shown) > 1 else one for one in shown]
    numbered = [
        f"{one.name} #{place}" if _alike(one, longer) > 1 else one.name for place, one in enumerate(longer, 1)
    ]
    return [msgspec.structs.replace(one, name=name) for one, name in zip(longer, numbered, strict=True)]


def _alike(one: Shown, shown: list[Shown]) -> int:
    kind = one.verified.claim.kind
    return sum(other.name == one.name and other.verified.claim.kind == kind for other in shown)


def _longer(one: Shown) -> Shown:
    claim = one.verified.claim
    direction = " − ".join(claim.levels)
    parts = (one.name, claim.question.name, claim.answer, direction, claim.raters[0].name)
    return msgspec.structs.replace(one, name=", ".join(filter(None, parts)))


def _name(claim: Claim) -> str:
    filters = dict(part.split("=", 1) for part in claim.frame.predicate.split() if "=" in part)
    return filters.get("model") or claim.frame.predicate or claim.question.name


def _lines(scenario: Scenario) -> tuple[Line, ...]:
    about = [Line(name=scenario.title, text=scenario.summary)]
    about += [Line(name=f"{who.name} ({who.role})", text=who.description) for who in scenario.principals]
    about += [Line(name=f"Intent of {i.principal}: {i.name}", text=i.wants) for i in scenario.intents]
    about += [Line(name=f"Tier: {tier.name}", text=tier.description) for tier in scenario.tiers]
    return tuple(about)


def _designs(claims: Sequence[Claim]) -> list[str]:
    gaps, rates = (sum(claim.kind == kind for claim in claims) for kind in ("gap", "rate_ci"))
    drawn = sum(claim.kind == "rate_ci" and bool(claim.draw) for claim in claims)
    said = []
    if gaps:
        said.append(
            f"{gaps} gaps: a census of both tiers, paired by request, repeated samples averaged within each."
            if gaps > 1
            else "One gap: a census of both tiers, paired by request, repeated samples averaged within each."
        )
    if rates:
        said.append(f"Rates: {drawn} from uniform draws announced in the log beforehand, {rates - drawn} censuses.")
    return said


def _conditions(keep: Keep) -> list[ConditionRow]:
    groups = overview(keep).groups
    several = len({group.model for group in groups}) > 1
    return [
        ConditionRow(
            name=f"{group.model}: {group.condition}" if several else group.condition or "unknown",
            kept=group.transcripts,
            faulty=group.faulty,
        )
        for group in groups
    ]


def _quote(keep: Keep, citation: Citation) -> Quote:
    if citation.transcript in keep.corpus.taken_down():
        return Quote(citation=citation, speaker="taken down", model="", condition="")
    item = keep.corpus.get(citation.transcript)
    return Quote(
        citation=citation,
        speaker=item.messages[citation.span.message].role,
        model=item.model,
        condition=item.condition.name,
    )


def _canaries(keep: Keep) -> tuple[str, ...]:
    """That of this package, and those of the scenarios that made the transcripts."""
    there = keep.corpus.table(("canary",))["canary"].unique().to_pylist()
    return (CANARY, *sorted(filter(None, there)))


def _raters(claims: Sequence[Claim], standings: Matrix | None) -> tuple[RaterCard, ...]:
    used = [card for claim in claims for card in claim.raters] + list(standings.raters if standings else ())
    found = {card.digest: card for card in used}
    return tuple(found[name] for name in sorted(found))


def _missing(claims: Sequence[Claim]) -> list[str]:
    if not claims:
        return ["There is no claim yet: nothing here says how often anything happens."]
    return []
