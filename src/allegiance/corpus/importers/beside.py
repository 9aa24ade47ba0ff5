"""Files that stand beside transcripts and describe them: they hold none, and are left aside in a folder."""

from __future__ import annotations

from pathlib import Path

_DATA_SET = ("dataset_info.json", "state.json", "dataset_dict.json")
SCAN = "_scan.json"
"""The file that makes a folder one of scan results."""


def why_aside(path: Path) -> str:
    """Why a file in a folder holds no transcripts, by its name and its neighbours; empty if it may."""
    if path.name in _DATA_SET and (path.name == "dataset_dict.json" or any(path.parent.glob("*.arrow"))):
        return "describes a data set; its tables are read"
    if (path.parent / SCAN).is_file():
        return "results of a scan; its labels are read once the transcripts are there"
    return ""
