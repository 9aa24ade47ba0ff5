"""The wheel holds the elements of the workbench, serves them without Node, and is not built without them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.house.sources import ROOT

BUILT = "allegiance/web/static/built/workbench.js"
UV = Path(sys.executable).with_name("uv")
SERVED = """
import re, sys, threading, time, urllib.request, socket
from pathlib import Path
import uvicorn
import allegiance.web
from allegiance.study import Study
from allegiance.web.app import create
assert "site-packages" in allegiance.web.__file__
listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]
app = create(Study.init(Path(sys.argv[1]), "Care"), "ann", port=port)
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
thread.start()
base = f"http://127.0.0.1:{port}"
page = urllib.request.urlopen(base + "/").read().decode()
for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
    print(address.partition("?")[0], len(urllib.request.urlopen(base + address).read()))
server.should_exit = True
thread.join(10)
"""


def run(*words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from."""
    if not UV.is_file():
        pytest.skip("uv is not installed")
    if not (ROOT / "src" / BUILT).is_file():
        pytest.skip("the elements are not built; run: make assets")
    made = tmp_path_factory.mktemp("wheel") / "sources"
    shutil.copytree(ROOT / "src", made / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, made / name)
    return made


@pytest.mark.slow
def test_a_fresh_environment_serves_the_wheel_and_its_elements(sources: Path, tmp_path: Path) -> None:
    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", sources)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    assert BUILT in zipfile.ZipFile(wheel).namelist()
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", python, f"{wheel}[web]")
    served = run(python, "-I", "-c", SERVED, tmp_path / "study").stdout.split()
    assert "/static/built/workbench.js" in served
    assert "/static/workbench.css" in served
    assert all(int(size) > 100 for size in served[1::2])


@pytest.mark.slow
def test_no_wheel_is_built_without_the_elements(sources: Path, tmp_path: Path) -> None:
    shutil.copytree(sources, tmp_path / "bare", ignore=shutil.ignore_patterns("built"))
    done = run(UV, "build", "--wheel", "--out-dir", tmp_path / "dist", tmp_path / "bare", check=False)
    assert done.returncode != 0
    assert "make assets" in done.stderr
    assert not list((tmp_path / "dist").glob("*.whl"))
