"""What a gap is averaged over, in sentences that stand beside a claim and are none."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from allegiance.evidence.spread import Averaged, Spread, likely
from allegiance.report.words import plural, points

FEW = 5
"""With so many wordings or fewer, the sentence says how little their spread tells."""


def sentences(found: Averaged) -> tuple[str, ...]:
    """One for each random factor, and one for the other factors that vary."""
    varied = "; ".join(f"{name}: {', '.join(some or 'not named' for some in levels)}"
                       for name, levels in found.together.items())  # fmt: skip
    more = (f"taken together, each by its number of samples: {varied}",) if varied else ()
    return (*map(sentence, found.spreads), *more)


def sentence(found: Spread) -> str:
    """``averaged over 3 wordings; by wording: a +12.0, b +9.1, c +14.4 (spread 2.7 points over 3 wordings; …)``."""
    n = len(found.gaps)
    each = ", ".join(f"{level} {points(gap)}" for level, gap in found.gaps.items())
    many = plural(n, found.factor)
    about = [f"spread {_size(found.sd)} points over {many}",
             f"{_size(found.by_chance)} would come of sampling alone"]  # fmt: skip
    if found.left_out:
        every = plural(found.requests + found.left_out, "request")
        about.append(f"by {found.requests:,} of {every}, those with all of them")
    few = f". {_few(found, many)}" if n <= FEW else ""
    return f"averaged over {many}; by {found.factor}: {each} ({'; '.join(about)}){few}"


def _few(found: Spread, many: str) -> str:
    """How little a spread over few wordings tells, in numbers."""
    if found.sd == 0:
        return f"{many[:1].upper()}{many[1:]} are few to tell of others"
    low, high = likely(found.sd, len(found.gaps))
    return (
        f"{many} tell little of others: if the spread between all there could be were {_size(found.sd)} points, "
        f"{len(found.gaps)} of them would show from {_size(low)} to {_size(high)} in 19 of 20 cases"
    )


def _size(share: float) -> str:
    return str((Decimal(repr(share)) * 100).quantize(Decimal("0.1"), ROUND_HALF_EVEN))
