"""Claims in words that cannot be misread."""

from __future__ import annotations

import json

from allegiance.evidence import judged
from allegiance.evidence.material import Material
from allegiance.evidence.terms import Terms
from allegiance.evidence.working import cited, searched
from allegiance.records.claim import Counts, Estimate
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame
from allegiance.records.rater import RaterCard


def basis(rater: RaterCard) -> str:
    """What the labels of a rater are worth, as it stands beside every number made from them."""
    match rater.basis:
        case "exact by construction":
            return "exact by construction"
        case "trusted":
            return f"trusted rater {rater.name}"
        case _:
            return f"as rated by {rater.name}, uncorrected"


def standing(plan: str, entered: int) -> str:
    """Whether a claim was registered, in words: its plan (empty for none), and how many plans the log has."""
    if not plan:
        return "not pre-registered"
    return "registered before the first transcript" + (f", under one of {entered} plans" if entered > 1 else "")


def statement(
    terms: Terms,
    population: Frame,
    material: Material,
    estimate: Estimate,
    registered: str = "not pre-registered",
) -> str:
    """The claim in words, which follow from its parts; `registered` is what `standing` says."""
    match terms.kind:
        case "gap" | "no_gap" | "difference":
            said = _compared(terms, population, estimate)
        case "at_least_k":
            said = _existence(terms, population, estimate)
        case "precision_at_k":
            said = _precision(terms, material, estimate)
        case "quote":
            return _quote(terms, population, material)
        case _:
            said = _rate(terms, population, material.draw, estimate)
    told = "".join(judged.remark(material.log, terms.question, card) for card in terms.raters)
    return f"{said}; {_counts(estimate.counts)}; {registered}; {basis(terms.raters[0])}{told}."


def _rate(terms: Terms, frame: Frame, draw: Draw | None, made: Estimate) -> str:
    return (
        f"Of {frame.n} transcripts ({_where(frame)}), the share answered '{terms.answer}' to "
        f'"{terms.question.text}" is {_share(terms, made)}; '
        f"from {_how(draw, made)}"
    )


def _share(terms: Terms, made: Estimate) -> str:
    match terms.kind:
        case "rate_upper":
            bound = terms.bound if terms.bound is not None else made.high
            return f"at most {_percent(bound)}, at {_confidence(made)} confidence"
        case "rate_lower":
            bound = terms.bound if terms.bound is not None else made.low
            return f"at least {_percent(bound)}, at {_confidence(made)} confidence"
        case _:
            return f"{_percent(made.value)}{_of_decided(made)}, {_interval(made)}"


def _how(draw: Draw | None, made: Estimate) -> str:
    """The design in words, which say what was read of what was drawn."""
    if draw is None or draw.commitment.design.kind == "census":
        return "all"
    design, used, name = draw.commitment.design, made.counts.used, f"draw {draw.commitment.counter}"
    parts = ", ".join(f"{each.n} of {each.predicate or 'all'}" for each in design.strata)
    how = {
        "fixed": f"{used} drawn uniformly ({name}, ranks 1-{used})",
        "until": f"a uniform draw, read until {design.until} were found ({name}, ranks 1-{used})",
        "open": f"a uniform draw, every look allowed for ({name}, ranks 1-{used} read)",
        "weighted": f"a draw weighted by a rater's scores, every look allowed for ({name}, ranks 1-{used} read)",
        "elusion": f"all of the {design.top} highest scores and {design.n} drawn from the rest ({name})",
        "stratified": f"a draw by strata ({name}: {parts})",
    }
    return how[design.stop if design.kind == "uniform" else design.kind]


def _compared(terms: Terms, frame: Frame, made: Estimate) -> str:
    first, second = made.arms
    return (
        f"In {frame.n} transcripts ({_where(frame)}), the share answered '{terms.answer}' to "
        f'"{terms.question.text}" is {_known(first.rate)} at {terms.factor}={terms.levels[0]} and '
        f"{_known(second.rate)} at {terms.factor}={terms.levels[1]}{_of_decided(made)}: {_gap(terms, made)}"
    )


def _gap(terms: Terms, made: Estimate) -> str:
    ends = f"{_points(made.low)} to {_points(made.high)}"
    paired = f"paired by {made.arms[0].requests} requests{_left_out(made)}"
    match terms.kind:
        case "no_gap":
            return (
                f"a gap of less than {100 * (terms.margin or 0):g} points, at {_confidence(made)} confidence "
                f"(between {ends} points), {paired}"
            )
        case "difference":
            return f"a difference of {_points(made.value)} points, {_confidence(made)} interval {ends}, not paired"
        case _:
            return f"a gap of {_points(made.value)} points, {_confidence(made)} interval {ends}, {paired}"


def _existence(terms: Terms, frame: Frame, made: Estimate) -> str:
    return (
        f"At least {terms.k} of {frame.n} transcripts ({_where(frame)}) are answered '{terms.answer}' to "
        f'"{terms.question.text}"; {made.counts.used} were looked at, however they were found, so this says '
        f"nothing of how often"
    )


def _precision(terms: Terms, material: Material, made: Estimate) -> str:
    found = searched(terms, material.log)
    return (
        f"Of the first {terms.k} of {found.hits} hits of search {terms.search} ({_quoted(found.query)}), the share "
        f"answered '{terms.answer}' to \"{terms.question.text}\" is {_percent(made.value)}{_of_decided(made)}; it "
        f"is about these {terms.k} alone"
    )


def _quote(terms: Terms, frame: Frame, material: Material) -> str:
    found = cited(terms, material.log)
    return (
        f"These words stand in transcript {found.transcript}, message {found.span.message}, part "
        f"{found.span.part}, characters {found.span.start} to {found.span.end}; it is one of {frame.n}; "
        f"{found.before} had been read before it. It shows that there is one, and not how many."
    )


def basis_of(terms: Terms) -> str:
    """What the labels of a claim are worth; a quote needs none."""
    return basis(terms.raters[0]) if terms.raters else "the words themselves"


def _where(frame: Frame) -> str:
    return frame.predicate or "the whole corpus"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _of_decided(estimate: Estimate) -> str:
    """Where labels are undecided, the point is the share among the others; the interval is not."""
    return " of those decided" if estimate.counts.unsure + estimate.counts.unrated else ""


def _left_out(estimate: Estimate) -> str:
    return f" ({estimate.dropped} more, seen at one level only, are left out)" if estimate.dropped else ""


def _counts(counts: Counts) -> str:
    text = f"{counts.yes} yes, {counts.no} no, {counts.unsure} unsure, {counts.unrated} unrated"
    text += f" ({counts.missing} of them without any label)" if counts.missing else ""
    return f"{text}, {counts.faulty} not whole" if counts.faulty else text


def _interval(estimate: Estimate) -> str:
    return f"{_confidence(estimate)} interval {_percent(estimate.low)} to {_percent(estimate.high)}"


def _confidence(estimate: Estimate) -> str:
    return f"{100 * (1 - estimate.alpha):g} %"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _known(share: float | None) -> str:
    return "unknown" if share is None else _percent(share)


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"
