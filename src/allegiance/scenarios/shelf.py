"""The library, and scenarios in files: from a name or a path to a checked scenario."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from allegiance.errors import ScenarioError, UnknownName
from allegiance.records.scenario import Scenario
from allegiance.scenarios.checks import problems
from allegiance.scenarios.nodes import MAX_BYTES, read
from allegiance.scenarios.reading import typed

_SUFFIXES = (".yaml", ".yml")


def library() -> tuple[str, ...]:
    """Names of the scenarios that come with the package, sorted."""
    return tuple(sorted(Path(item.name).stem for item in _folder().iterdir() if item.name.endswith(_SUFFIXES)))


def load(name_or_path: str | Path) -> Scenario:
    """A scenario of the library by name, or one in a file by path (a name that ends in ``.yaml`` or has a slash).

    Raises:
        UnknownName: There is no such scenario in the library.
        ScenarioError: The file cannot be read, or is wrong; the first problem, with line and column.
    """
    where, text = _text(name_or_path)
    return parse(text, where)


def parse(text: str, where: str = "scenario") -> Scenario:
    """A scenario from YAML text; `where` names the text in messages.

    Raises:
        ScenarioError: The first problem; its message says how many more there are.
    """
    sheet = read(text, where)
    scenario = typed(sheet)
    found = problems(scenario, sheet)
    if found:
        raise _with_count(found)
    return scenario


def check(text: str, where: str = "scenario") -> tuple[ScenarioError, ...]:
    """All problems of a scenario in YAML text; empty if it is right. Text of the wrong shape has one problem."""
    try:
        sheet = read(text, where)
        return problems(typed(sheet), sheet)
    except ScenarioError as error:
        return (error,)


def source(name_or_path: str | Path) -> tuple[str, str]:
    """Where a scenario is written, for people, and its YAML text as written."""
    return _text(name_or_path)


def _with_count(found: tuple[ScenarioError, ...]) -> ScenarioError:
    first, more = found[0], len(found) - 1
    if more:
        note = f"{first.next} There {'is 1 more problem' if more == 1 else f'are {more} more problems'}."
        spot = first.where.rsplit(":", 2)[0]
        return ScenarioError(first.what, where=spot, next=note, line=first.line, column=first.column)
    return first


def _folder() -> Path:
    return Path(str(files("allegiance.scenarios"))) / "library"


def _text(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if not (isinstance(name_or_path, Path) or name.endswith(_SUFFIXES) or "/" in name or "\\" in name):
        if name not in library():
            raise UnknownName("scenario", name, library())
        return f"{name}.yaml", _read_file(_folder() / f"{name}.yaml")
    return name, _read_file(Path(name))


def _read_file(path: Path) -> str:
    advice = "Give the path of a scenario file in YAML, or a name of the library."
    try:
        if not path.is_file():
            raise ScenarioError("there is no such file.", where=str(path), next=advice)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"the file cannot be read: {error.strerror}.", where=str(path), next=advice) from None
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"the file is larger than {MAX_BYTES} bytes.", where=str(path), next=advice)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScenarioError("the file is not UTF-8 text.", where=str(path), next="Save it as UTF-8.", line=line,
                            column=1) from None  # fmt: skip
