"""Where weights that were downloaded are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where weights are kept: ``ALLEGIANCE_CACHE``, else ``allegiance`` in ``XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("ALLEGIANCE_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "allegiance"
