"""A study made by the command line, and a way to run verbs in a process of their own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def allegiance(
    *words: str, cwd: Path | None = None, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a verb as a user would."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALLEGIANCE_")}
    return subprocess.run(
        [sys.executable, "-m", "allegiance", *words],
        cwd=cwd,
        env=kept | environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def ok(*words: str) -> str:
    """Runs a verb that must succeed; what it printed."""
    done = allegiance(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with the digest of its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def chats(path: Path, requests: int = 6, samples: int = 2) -> Path:
    """A file of chats in two tiers."""
    rows = [
        {
            "id": f"r{request}",
            "tier": tier,
            "k": k,
            "model": "small",
            "messages": [
                {"role": "user", "content": f"[{tier}] request {request}"},
                {
                    "role": "assistant",
                    "content": "Yes." if (request + k) % (2 if tier == "free" else 5) == 0 else "No.",
                },
            ],
        }
        for request in range(requests)
        for tier in ("free", "paid")
        for k in range(samples)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("filled")
    study = base / "study"
    ok("init", str(study), "--question", "Does it comply?")
    mapping = base / "chats.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    ok("import", str(chats(base / "chats.jsonl")), "--mapping", str(mapping), "--study", str(study))
    ok(
        "rate",
        "--question",
        "complies",
        "--text",
        "Does it say yes?",
        "--yes-pattern",
        "^Yes",
        "--study",
        str(study),
    )
    return study


@pytest.fixture
def study(_filled: Path, tmp_path: Path) -> Path:
    """A copy of a study with 24 transcripts and one pattern rater."""
    import shutil

    return Path(shutil.copytree(_filled, tmp_path / "study"))


MAPPING = """\
allegiance-mapping: 1
title: Chats in two tiers
format: jsonl
files: ["*.jsonl"]
messages:
  from: record.messages
request:
  from: record.id
model:
  from: record.model
sample:
  from: record.k
condition:
  tier:
    from: record.tier
"""
