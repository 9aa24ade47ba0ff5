"""Choosing what is exported: transcripts by a filter and a version, and all labels on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from allegiance.corpus.export_target import Chosen
from allegiance.corpus.importers.besides import Beside, Labels
from allegiance.corpus.predicate import parse
from allegiance.errors import UsageError
from allegiance.evidence.keep import Keep
from allegiance.rating.labels import last


def choose(keep: Keep, where: str = "", version: str = "", *, labels: bool = False) -> Chosen:
    """The transcripts of a version that pass a filter, with the labels that count on them if those are wanted.

    Args:
        keep: Where they are.
        where: The filter; empty for all. Answers of raters may be named for the newest version alone.
        version: The version; empty for the newest.
        labels: Whether labels go along.

    Raises:
        UsageError: Nothing passes the filter.
        UnknownName: The filter names a field that there is not.
        StudyError: There is no such version.
    """
    names: frozenset[str] | None = None
    if where:
        rows = keep.corpus.select(parse(where), version) if version else keep.select(where)
        names = frozenset(row.name for row in rows)
        if not names:
            raise UsageError("no transcript passes this filter.", where=where, next="See: allegiance corpus info")
    return Chosen(keep.corpus, version, names, labels_of(keep, names) if labels else None)


def labels_of(keep: Keep, names: Collection[str] | None = None) -> Labels:
    """The labels that count, by transcript: of each rater on each question the last."""
    found: dict[str, list[Beside]] = defaultdict(list)
    for question in keep.labels.questions():
        for rater in keep.labels.raters(question.digest):
            for name, label in last(keep.labels.all(question.digest, rater.digest)).items():
                if names is None or name in names:
                    found[name].append(Beside(question=question, rater=rater, label=label))
    return found
