"""Labels from results of scans: each finds its transcript in the corpus, by the id that the scan knew it by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from allegiance.corpus.importers import ImportedLabel, scans
from allegiance.errors import ImportRefused
from allegiance.evidence.intake import save_labels
from allegiance.evidence.keep import Keep
from allegiance.records.record import Record


class Scanned(Record, frozen=True, kw_only=True):
    """What became of scan results.

    Attributes:
        results: How many there are.
        labels: Labels that were new.
        lost: Results about transcripts that are not in the corpus.
    """

    results: int
    labels: int
    lost: int


def take_scans(keep: Keep, files: Sequence[Path]) -> Scanned:
    """Stores the labels of scan results. The same results twice add nothing.

    Of several results of one scanner on one transcript the last counts.

    Raises:
        ImportRefused: None of them is about a transcript of this corpus. Nothing was changed.
    """
    known = _known(keep)
    labels: list[ImportedLabel] = []
    results = 0
    for path in files:
        for name, verdict in scans.read(path):
            results += 1
            if name in known:
                labels.append(
                    ImportedLabel(
                        known[name], verdict.question, verdict.rater, verdict.value, verdict.score, verdict.raw
                    )
                )
    if results and not labels:
        raise ImportRefused(
            f"these {results} scan results are about transcripts that are not in this study.",
            where=", ".join(map(str, files)),
            next="Import the transcripts first.",
        )
    return Scanned(results=results, labels=save_labels(keep, labels), lost=results - len(labels))


def _known(keep: Keep) -> dict[str, str]:
    """Every id that a scan may know a transcript by → its name here."""
    found: dict[str, str] = {}
    for batch in keep.corpus.batches():
        names = batch.column("transcript_id").to_pylist()
        for name, text in zip(names, batch.column("metadata").to_pylist(), strict=True):
            found[name] = name
            if '"uuid"' in text or '"scout"' in text:
                found |= dict.fromkeys(_others(json.loads(text)), name)
    return found


def _others(metadata: dict[str, object]) -> list[str]:
    scout = metadata.get("scout")
    held = [metadata.get("uuid"), scout.get("transcript_id") if isinstance(scout, dict) else None]
    return [one for one in held if isinstance(one, str) and one]
