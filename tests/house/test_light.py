"""`allegiance --help` is quick, because nothing heavy is imported for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.house.sources import PACKAGE, ROOT

HEAVY = (
    "altair", "duckdb", "inspect_ai", "jinja2", "numpy", "openai", "pandas", "polars", "pyarrow", "scipy",
    "sqlalchemy", "torch", "transformers", "vl_convert", "xllamacpp",
)  # fmt: skip

HELP = """
import json, sys, time
sys.path.insert(0, {src!r})
sys.argv = ["allegiance", "--help"]
from allegiance.cli import main
try:
    main()
except SystemExit:
    pass
print(json.dumps([sorted(sys.modules), time.process_time()]))
"""


def run(code: str) -> tuple[str, set[str], float]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    told, _, last = done.stdout.rstrip().rpartition("\n")
    names, seconds = json.loads(last)
    return told, set(names), seconds


@pytest.mark.skipif(not (PACKAGE / "cli" / "__init__.py").exists(), reason="there is no command line yet")
def test_help_imports_nothing_heavy() -> None:
    told, names, seconds = run(HELP.format(src=str(PACKAGE.parent)))
    print(f"allegiance --help: {seconds:.2f} CPU s")
    assert "Usage" in told or "usage" in told
    assert [name for name in HEAVY if name in names] == []


def test_the_face_imports_nothing_heavy() -> None:
    code = f"import sys, json, time; sys.path.insert(0, {str(PACKAGE.parent)!r}); import allegiance; print('face')"
    _, names, _ = run(f"{code}; print(json.dumps([sorted(sys.modules), time.process_time()]))")
    assert "allegiance" in names
    assert [name for name in (*HEAVY, "msgspec", "click") if name in names] == []


def test_a_heavy_module_would_be_seen() -> None:
    _, names, _ = run("import json, sys, numpy; print('heavy'); print(json.dumps([sorted(sys.modules), 0]))")
    assert "numpy" in names
