"""A gap for each model of a study."""

from __future__ import annotations

from pathlib import Path

import msgspec

from allegiance.cli.unsafe import unsafe_wished
from allegiance.corpus.predicate import Predicate, parse
from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.claims import compared, make_claim, preview
from allegiance.evidence.terms import Terms
from allegiance.records.claim import Claim
from allegiance.study import Study


def gaps_by_model(study: Study, terms: Terms, levels: tuple[str, ...], where: str) -> list[tuple[str, Claim, Path]]:
    """A claim for each model that has both levels, with its bundle. None is published unless all can be made.

    Raises:
        Refusal: No model has both levels, or the evidence does not carry one of the claims.
    """
    if levels and len(levels) != 2:
        raise UsageError("a gap has two sides.", where="--levels", next="Write them as --levels free,paid")
    rows = study.keep.corpus.select(parse(where))
    sides = (levels[0], levels[1]) if levels else compared(rows, terms.factor)
    known = sorted({row.condition.levels[terms.factor] for row in rows if terms.factor in row.condition.levels})
    for level in sides:
        if level not in known:
            raise UnknownName(f"level of {terms.factor}", level, known)
    asked = msgspec.structs.replace(terms, levels=sides)
    models = sorted({row.model for row in rows if row.condition.levels.get(terms.factor) in sides})
    if not models:
        raise Refusal(f"no transcript has {terms.factor}={'|'.join(sides)}.", where=where or "the corpus")
    for name in models:
        preview(study.keep, asked, predicate=_of_model(asked, where, name))
    return [(name, *_publish(study, asked, _of_model(asked, where, name))) for name in models]


def _publish(study: Study, terms: Terms, where: str) -> tuple[Claim, Path]:
    """One claim after the other, so that each counts those before it."""
    claim, material = make_claim(study.keep, terms, predicate=where, unsafe=unsafe_wished())
    return claim, study.publish(claim, material)


def _of_model(terms: Terms, where: str, model: str) -> str:
    chosen = dict(parse(where).terms) | {"model": (model,), terms.factor: tuple(sorted(terms.levels))}
    return str(Predicate(tuple(sorted(chosen.items()))))
