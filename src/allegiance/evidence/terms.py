"""The terms of a claim: what is fixed before its number is known, and which terms do not fit each other."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal, UnknownName
from allegiance.records.claim import Claim, ClaimKind
from allegiance.records.draw import Draw
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record

ALPHAS = (0.001, 0.5)
"""Least and greatest alpha of a claim."""

RATES = ("rate_ci", "rate_upper", "rate_lower")
PAIRED = ("gap", "no_gap")
COMPARED = (*PAIRED, "difference")
LEDGER, ACTIVE = "claim ledger", "active inference"
RESERVED = frozenset({"paired-t", LEDGER, ACTIVE})
"""Names of the lines beside a number that no rater may have."""


QUOTE = Question(
    name="quote", text="Do the words that are cited stand in the transcript?", criteria=("Letter for letter.",)
)
"""What a claim about a quote asks. No rater answers it; the words do."""


class Terms(Record, frozen=True, kw_only=True):
    """What is asked for: the part of a claim that is fixed before its number is known. Fields as in `Claim`."""

    kind: ClaimKind
    question: Question
    raters: tuple[RaterCard, ...] = ()
    answer: str = "yes"
    factor: str = ""
    levels: tuple[str, ...] = ()
    alpha: float = 0.05
    method: str = ""
    bound: float | None = None
    margin: float | None = None
    k: int = 0
    search: int = 0
    citation: int = 0


def terms_of(claim: Claim) -> Terms:
    """The terms that a claim was made on."""
    own = {name: getattr(claim, name) for name in Terms.__struct_fields__ if name != "alpha"}
    return Terms(**own, alpha=claim.estimate.alpha)


def check_terms(terms: Terms) -> None:
    """Refuses terms on which no claim can be made.

    Raises:
        Refusal: Raters of one name, levels that are not two, an odd alpha, a bound or margin that is missing or
            odd.
        UnknownName: The answer is not one of the question's.
    """
    _check_raters(terms)
    if terms.answer not in terms.question.answers:
        raise UnknownName("answer", terms.answer, terms.question.answers, where=terms.question.name)
    two = len(set(terms.levels)) == len(terms.levels) == 2 and bool(terms.factor)
    none = not terms.levels and not terms.factor
    if not (two if terms.kind in COMPARED else none):
        raise Refusal("a gap compares two levels of a factor, and a rate none.", where=" ".join(terms.levels))
    if not ALPHAS[0] <= terms.alpha <= ALPHAS[1]:
        raise Refusal(f"alpha lies between {ALPHAS[0]} and {ALPHAS[1]}.", where=f"alpha {terms.alpha:g}")
    if terms.kind == "no_gap" and not (terms.margin is not None and 0 < terms.margin <= 1):
        raise Refusal("no gap at all cannot be shown; only that it is smaller than a margin.", next="Say --margin.")
    if terms.bound is not None and not 0 < terms.bound < 1:
        raise Refusal("a bound lies between 0 and 1.", where=f"bound {terms.bound:g}")
    if terms.kind in {"at_least_k", "precision_at_k"} and terms.k < 1:
        raise Refusal("how many?", where=terms.kind, next="Say --k, 1 or more.")


def _check_raters(terms: Terms) -> None:
    names = [card.name for card in terms.raters]
    if terms.kind == "quote":
        if names:
            raise Refusal("a quote rests on the words alone, not on a rater.", where=", ".join(names))
        return
    if not names or len(set(names)) != len(names) or RESERVED.intersection(names):
        raise Refusal(
            "the raters of a claim need names that differ.", where=", ".join(names), next="Name one rater."
        )


def check_population(terms: Terms, draw: Draw | None, rows: Sequence[Row]) -> None:
    """Refuses a population or a draw that does not fit the terms.

    Raises:
        Refusal: It does not fit; the message says what would.
    """
    design = draw.commitment.design if draw else None
    if terms.kind in PAIRED and design is not None and design.kind != "census":
        raise Refusal(
            "a gap is paired by request, and a draw of transcripts takes the pairs apart.",
            where=f"draw {draw.commitment.counter}" if draw else "",
            next="Take a census: allegiance draw --census; or claim without a draw.",
        )
    if terms.kind == "difference" and (design is None or design.kind != "stratified"):
        raise Refusal(
            "a difference that is not paired needs a draw with the two parts as strata.",
            next="allegiance draw --stratum 'tier=trained' 50 --stratum 'tier=untrained' 50",
        )
    if terms.kind in {"at_least_k", "precision_at_k", "quote"} and draw is not None:
        raise Refusal("this claim needs no draw.", where=terms.kind, next="Leave --draw out.")
    strangers = {row.condition.levels.get(terms.factor, "unknown") for row in rows} - set(terms.levels)
    if terms.kind in COMPARED and strangers:
        raise Refusal(
            f"the population holds levels of {terms.factor} that are not compared: {', '.join(sorted(strangers))}.",
            next=f"Add {terms.factor}={'|'.join(terms.levels)} to the filter.",
        )
