"""Facts about the engines behind the bridge, without loading any of them."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from allegiance.bridge.local_model import GGUF_SHA256, cached

PACKAGES = ("inspect-ai", "xllamacpp", "openai")


def versions() -> dict[str, str]:
    """Engine → installed version; empty text if it is not installed."""
    return {package: _version(package) for package in PACKAGES}


def facts(cache: Path | None = None) -> dict[str, str]:
    """What `doctor` prints: versions, where the local model is if it is there, its digest, its threads."""
    where = cached(cache)
    model = {"local model": str(where) if where else "not downloaded yet", "local model digest": GGUF_SHA256}
    return versions() | model | {"threads for the local model": str(threads())}


def threads() -> int:
    """Threads that the local model uses: one less than the cores that this process may use, at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
