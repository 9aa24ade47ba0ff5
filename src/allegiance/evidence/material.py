"""The material of a claim: all that its number is worked out from, and nothing else.

The checker of a claim has only the material in the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from allegiance.corpus.rows import Row
from allegiance.evidence.forks import changed_after_display, forks
from allegiance.evidence.population import rows_of
from allegiance.evidence.rated import Source
from allegiance.evidence.terms import Terms
from allegiance.ledger.log import Entry
from allegiance.records.canonical import digest_names
from allegiance.records.draw import Draw
from allegiance.records.frame import Frame, Rated
from allegiance.records.label import Label
from allegiance.records.manifest import Manifest
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript


class Material(Record, frozen=True, kw_only=True):
    """What a bundle carries beside the claim.

    Attributes:
        manifest: The version of the corpus.
        rows: The columns of all its members, by name; their names can be recomputed from them.
        draw: The draw, or None for a census.
        labels: All labels of the claim's raters on its question, and of the columns that its filter and design rest
            on, revisions included, in the sample or not: so that none can be left out unseen.
        batches: Number of a log entry, as text → digests of the labels that were saved with it.
        log: The log up to the claim's checkpoint.
        transcripts: The words of the sample; may be left out.
        withdrawn: Members of the version whose words were taken down since, by name: they are not shipped.
    """

    manifest: Manifest
    rows: tuple[Row, ...]
    draw: Draw | None
    labels: tuple[Label, ...]
    batches: Mapping[str, tuple[str, ...]]
    log: tuple[Entry, ...]
    transcripts: tuple[Transcript, ...] = ()
    withdrawn: tuple[str, ...] = ()


def pinned_columns(population: Frame, draw: Draw | None) -> tuple[Rated, ...]:
    """The answers of raters that a population and a draw rest on, each once."""
    design = draw.commitment.design if draw else None
    scored = (design.scored,) if design and design.scored else ()
    strata = design.strata if design else ()
    return tuple(dict.fromkeys((*population.rated, *scored, *(each for part in strata for each in part.rated))))


def source_of(material: Material) -> Source:
    """The labels of a bundle, those of a column at a time."""
    saved = {name: int(seq) for seq, names in material.batches.items() for name in names}

    def held(column: Rated) -> list[Label]:
        return [label for label in material.labels if saved.get(label_name(label), column.before) < column.before]

    return held


def frame_rows(population: Frame, material: Material) -> list[Row]:
    """The rows of a frame, by name, from what a bundle holds."""
    return sorted(rows_of(population, material.rows, source_of(material)), key=lambda row: row.name)


@lru_cache(maxsize=1 << 15)
def label_name(label: Label) -> str:
    """The digest of a label. Making and checking a claim ask for it many times, so the last ones are kept."""
    return label.digest


def labels_digest(labels: Sequence[Label]) -> str:
    """What a claim pins its labels by."""
    return digest_names(label_name(label) for label in labels)


def forks_of(terms: Terms, material: Material) -> dict[str, int]:
    """What else was tried before a claim on these terms; see `forks`."""
    asked = terms.question.digest
    saved = {name: int(seq) for seq, names in material.batches.items() for name in names}
    ours = [label for label in material.labels if label.question == asked]
    changed = changed_after_display(material.log, asked, ours, saved)
    return forks(material.log, terms.question, material.draw.name if material.draw else "", changed)
