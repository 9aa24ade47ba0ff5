"""Importing transcripts from elsewhere: see `plan_import`."""

from allegiance.corpus.importers.found import FileReport, ImportedLabel, ImportResult, Reject
from allegiance.corpus.importers.plan import plan_import, recognise

__all__ = ["FileReport", "ImportResult", "ImportedLabel", "Reject", "plan_import", "recognise"]
