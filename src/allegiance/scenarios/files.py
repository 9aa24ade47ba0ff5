"""Files of worlds: those of the library, a user's own, and those that a scenario names beside itself.

A scenario can come from a stranger, and what it names is sent to a model. So a file that a *scenario* names is read
only if it is an ordinary file that is not reached through a link, not hidden, and none of the system's own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePath

from allegiance.errors import ScenarioError, UnknownName
from allegiance.scenarios.nodes import MAX_BYTES

SUFFIXES = (".yaml", ".yml")
_SYSTEM = frozenset({"proc", "sys", "dev", "etc", "run", "boot"})


@dataclass(frozen=True)
class Origin:
    """A scenario as written.

    Attributes:
        where: Its file, for messages.
        text: Its YAML text.
        folder: Directory from which the paths in it start.
        stem: File name without suffix; empty if the text is not from a file.
        identity: What tells it from other files.
    """

    where: str
    text: str
    folder: Path
    stem: str = ""
    identity: str = ""


def library() -> tuple[str, ...]:
    """Names of the scenarios that come with the package, sorted."""
    return _names(shipped())


def library_parts() -> tuple[str, ...]:
    """Names of the files of parts that come with the package, sorted."""
    return _names(shipped() / "parts")


def shipped() -> Path:
    """The directory of the library."""
    return Path(str(files("allegiance.scenarios"))) / "library"


def is_path(name: str) -> bool:
    """Whether this is a path and not a name of the library: it ends in ``.yaml`` or has a slash."""
    return name.endswith(SUFFIXES) or "/" in name or "\\" in name


def origin(name_or_path: str | Path, folder: Path | None = None) -> Origin:
    """The text behind a name of the library or a path.

    Args:
        name_or_path: Name, or path: a `Path`, or text that ends in ``.yaml`` or has a slash.
        folder: Directory of the scenario that names it; None if the user does.

    Raises:
        UnknownName: There is no such scenario in the library.
        ScenarioError: The file cannot be read.
    """
    name = str(name_or_path)
    if not (isinstance(name_or_path, Path) or is_path(name)):
        if name not in library():
            raise UnknownName("scenario", name, library())
        path = shipped() / f"{name}.yaml"
        return Origin(path.name, read_text(path, MAX_BYTES), path.parent, name, f"library:{name}")
    path = Path(name) if folder is None else beside(folder, name)
    where = name if folder is None else str(path)
    text = read_text(path, MAX_BYTES, where)
    return Origin(where, text, path.parent, path.stem, str(path.resolve()))


def beside(folder: Path, written: str) -> Path:
    """The file or directory that a scenario in a directory names.

    Raises:
        ScenarioError: It is hidden, reached through a link, or one of the system's own.
    """
    if not written or "\0" in written:
        raise ScenarioError("this is no name of a file.", next="Write a path that starts at the scenario's file.")
    hidden = [step for step in PurePath(written).parts if step.startswith(".") and step not in {".", ".."}]
    path = Path(os.path.normpath(folder.resolve() / written))
    if hidden or (path.parts[1:2] and path.parts[1] in _SYSTEM):
        what = f"a scenario does not name hidden files or those of the system: {written!r}."
        raise ScenarioError(what, next="Copy what you need beside the scenario.")
    if path.resolve() != path:
        what = f"{written!r} is reached through a symbolic link."
        raise ScenarioError(what, next="Name the file itself, or give it on the command line.")
    return path


def read_text(path: Path, most: int, where: str = "") -> str:
    """The text of a UTF-8 file; a byte order mark does not matter.

    Raises:
        ScenarioError: There is no such file, it is larger than `most` bytes, or it is not UTF-8.
    """
    where = where or str(path)
    data = read_bytes(path, most, where)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScenarioError("the file is not UTF-8 text.", where=where, next="Save it as UTF-8.", line=line,
                            column=1) from None  # fmt: skip


def read_bytes(path: Path, most: int, where: str) -> bytes:
    """The bytes of an ordinary file of at most `most` bytes. See `read_text` for errors."""
    advice = "Give the path of a scenario file in YAML, or a name of the library."
    try:
        if not path.is_file():
            raise ScenarioError(
                "there is no such file.", where=where, next=advice if where.endswith(SUFFIXES) else ""
            )
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise ScenarioError(f"the file cannot be read: {what}.", where=where) from None
    if len(data) > most:
        raise ScenarioError(f"the file is larger than {most:,} bytes.", where=where)
    return data


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(SUFFIXES)))
