"""What a world takes from files of the user's own: requests, and whole system prompts.

The words are copied into the scenario, so that its version names them; where they lay is not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from allegiance.errors import InputError, ScenarioError, UnknownName
from allegiance.records.record import Record
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.records.templating import MOST_BYTES, render
from allegiance.scenarios.files import read_text
from allegiance.scenarios.nodes import Place, Sheet, Tree
from allegiance.scenarios.reading import fitted
from allegiance.scenarios.tables import Format, Row, digest, field, files_of, rows

MAX_REQUESTS = 20_000
MAX_TEXT = 100_000
"""Most characters of one request."""
_SLOT = re.compile(r"\{([^{}]+)\}")
_KINDS = ("conflict", "control")


class RequestSource(Record, frozen=True, kw_only=True):
    """Requests from a file.

    A field is named by a dotted path. With ``{…}`` in it, it is a pattern, in which each ``{field}`` is filled in;
    after ``=`` it is the words themselves.

    Attributes:
        file: Path of a CSV, TSV, JSONL, JSON, text, Parquet or Arrow file, or of a directory of Parquet or Arrow
            files (a data set), from the scenario's file on.
        format: If the suffix does not say it. Text has ``lines`` or ``paragraphs`` (separated by blank lines).
        records: JSON: where the list of records is; empty if the file is the list.
        split: The split of a data set that has several.
        id: Field of the identity; a digest of the text if empty.
        text: Field of the words; records that are text have none.
        options: Field of the words of the menu, in the order of this request.
        kind: ``conflict``, ``control``, or the field that says it.
        topic: Field of the topic.
        limit: At most so many, from the first on; 0 for all.
        sample_of: At most so many, those whose texts have the least SHA-256; 0 for all. It does not depend on the
            order in the file.
    """

    file: str
    format: Format = ""
    records: str = ""
    split: str = ""
    id: str = ""
    text: str = "text"
    options: str = ""
    kind: str = "conflict"
    topic: str = ""
    limit: int = 0
    sample_of: int = 0


class SystemSource(Record, frozen=True, kw_only=True):
    """A whole system prompt from a file: text, or a Jinja template with names and conditions and nothing else.

    Attributes:
        name: Unique among system prompts.
        file: Path, from the scenario's file on.
        values: Name in the template → what stands for it.
        when: Factor → levels at which it is used; empty for always.
    """

    name: str
    file: str
    values: Mapping[str, str] = {}
    when: Mapping[str, tuple[str, ...]] = {}


def requests_from(path: Path, source: RequestSource, *, links: bool) -> tuple[Tree, str]:
    """The requests in a file, each with its line, and a sentence on where they come from.

    Args:
        path: The file or directory.
        source: Which fields.
        links: Whether files of a directory may be reached through links.

    Raises:
        ScenarioError: The file cannot be read, or a record gives no request; says file, line and reason.
    """
    paths = files_of(path, source.split, links=links)
    columns = _columns(source)
    found: dict[str, tuple[Request, Row]] = {}
    read = (row for each in paths for row in rows(each, source.format, source.records, columns, MAX_REQUESTS + 1))
    for row in read:
        request = _request(row, source)
        if request.id in found:
            what = f"this request has the id of line {found[request.id][1].line}: {request.id!r}."
            raise _bad(row, what, "Name the field that tells them apart with id:, or remove one.")
        if len(found) == MAX_REQUESTS:
            raise ScenarioError(f"there are more than {MAX_REQUESTS:,} requests.", where=str(path),
                                next="Split the file, or make a smaller one.")  # fmt: skip
        found[request.id] = (request, row)
        if source.limit and not source.sample_of and len(found) == source.limit:
            break
    kept = _chosen(list(found.values()), source)
    if not kept:
        raise ScenarioError("the file holds no request.", where=str(path))
    taken = f"{len(kept)} requests" if len(kept) > 1 else "1 request"
    note = f"{taken} from a file with the digest {digest(paths)}."
    return Tree([_tree(request, row) for request, row in kept], Place(0, 0)), note


def system_from(path: Path, source: SystemSource) -> str:
    """The text of a system prompt.

    Raises:
        ScenarioError: The file cannot be read, or is no simple template.
    """
    text = read_text(path, MOST_BYTES)
    try:
        return render(text, source.values, str(path))
    except InputError as error:
        raise ScenarioError(error.what, where=error.where, next=error.next) from None


def with_requests(scenario: Scenario, path: str | Path, **fields: str | int) -> Scenario:
    """A scenario with the requests of a file in place of its own of the same kinds.

    A file of conflicts leaves the controls of the scenario where they are, and the other way round.

    Args:
        scenario: The world.
        path: File or directory; see `RequestSource`.
        **fields: Its other attributes.

    Raises:
        UnknownName: No such attribute.
        ScenarioError: The file does not give requests that fit the scenario; says file, line and reason.
    """
    from allegiance.scenarios.checks import problems  # noqa: PLC0415 (they know all factors)

    known = tuple(name for name in RequestSource.__struct_fields__ if name != "file")
    for name in fields:
        if name not in known:
            raise UnknownName("field of requests", name, known)
    source = msgspec.convert({**fields, "file": str(path)}, RequestSource)
    tree, note = requests_from(Path(path), source, links=True)
    sheet = Sheet(Tree({"requests": tree}, Place(0, 0)), str(path))
    taken = msgspec.convert(tree.plain, tuple[Request, ...])
    kinds = {request.kind for request in taken}
    kept = tuple(request for request in scenario.requests if request.kind not in kinds)
    made = msgspec.structs.replace(scenario, requests=taken + kept, source=noted(scenario.source, (note,)))
    for problem in problems(made, sheet):
        raise problem
    return made


def noted(source: str, notes: Sequence[str]) -> str:
    """A scenario's `source` with notes on files added."""
    return " ".join(filter(None, (source.rstrip(), *notes)))


def request_source(sheet: Sheet, index: int) -> tuple[RequestSource | None, tuple[ScenarioError, ...]]:
    """One entry of ``requests_from``, or what is wrong with it."""
    return fitted(sheet, RequestSource, ("requests_from", index))


def system_source(sheet: Sheet, index: int) -> tuple[SystemSource | None, tuple[ScenarioError, ...]]:
    """One entry of ``system_from``, or what is wrong with it."""
    return fitted(sheet, SystemSource, ("system_from", index))


def _request(row: Row, source: RequestSource) -> Request:
    text = _value(row, source.text, "text").strip()
    if not text or len(text) > MAX_TEXT:
        raise _bad(row, "the text is empty." if not text else f"the text has more than {MAX_TEXT:,} characters.")
    kind = source.kind if source.kind in _KINDS else _value(row, source.kind, "kind")
    if kind not in _KINDS:
        raise _bad(row, f"the kind is {kind[:40]!r}.", f"Possible: {', '.join(_KINDS)}.")
    options = field(row.value, source.options) if source.options else []
    if not isinstance(options, list) or not all(isinstance(word, str) for word in options):
        raise _bad(row, f"the options in {source.options!r} are not a list of words.")
    topic = _value(row, source.topic, "topic") if source.topic else ""
    name = _plain(_value(row, source.id, "id")) if source.id else hashlib.sha256(text.encode()).hexdigest()[:12]
    if not name:
        raise _bad(row, "the id has no letter or digit.")
    return msgspec.convert(
        {"id": name, "text": text, "options": options, "kind": kind, "topic": topic.strip()}, Request
    )


def _value(row: Row, written: str, key: str) -> str:
    """The text of a field, of a pattern, or the words after ``=``."""
    if written.startswith("="):
        return written[1:]
    if isinstance(row.value, str) and key == "text":
        return row.value
    if not _SLOT.search(written):
        return _said(row, written, key)
    return _SLOT.sub(lambda slot: _said(row, slot[1], key), written)


def _said(row: Row, path: str, key: str) -> str:
    value = field(row.value, path)
    if isinstance(value, str):
        return _whole(row, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        there = ", ".join(map(str, row.value))[:200] if isinstance(row.value, dict) else "none"
        raise _bad(row, f"there is no field {path!r}.", f"Name the right one with {key}:. Fields: {there}.")
    raise _bad(row, f"the field {path!r} is not text.", f"Name the right one with {key}:.")


def _whole(row: Row, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _bad(row, f"character {error.start + 1} is half of a surrogate pair.") from None
    return text


def _plain(text: str) -> str:
    """A foreign identity as a plain name: lower case, with hyphens for what is no letter, digit, hyphen or dot."""
    return re.sub(r"[-.]*-[-.]*|\.+", lambda run: run[0][0], re.sub(r"[^a-z0-9.]+", "-", text.lower())).strip("-.")


def _columns(source: RequestSource) -> tuple[str, ...]:
    """The top-level columns that are needed."""
    written = [source.id, source.text, source.options, source.kind, source.topic]
    named = [name for each in written for name in (_SLOT.findall(each) or [each])]
    return (*named, *(name.partition(".")[0] for name in named))


def _chosen(found: list[tuple[Request, Row]], source: RequestSource) -> list[tuple[Request, Row]]:
    if source.sample_of:
        least = sorted(found, key=lambda pair: hashlib.sha256(pair[0].text.encode()).hexdigest())[
            : source.sample_of
        ]
        chosen = {request.id for request, _ in least}
        found = [pair for pair in found if pair[0].id in chosen]
    return found[: source.limit] if source.limit else found


def _tree(request: Request, row: Row) -> Tree:
    place = Place(row.line, 1, row.file)
    told = dict(_told(request))
    return Tree({name: _leaf(value, place) for name, value in told.items()}, place)


def _told(request: Request) -> Iterator[tuple[str, str | list[str]]]:
    yield from (("id", request.id), ("text", request.text), ("kind", request.kind), ("topic", request.topic))
    yield "options", list(request.options)


def _leaf(value: str | list[str], place: Place) -> Tree:
    return Tree(value if isinstance(value, str) else [Tree(word, place) for word in value], place)


def _bad(row: Row, what: str, next: str = "") -> ScenarioError:
    return ScenarioError(what, where=row.file, line=row.line, column=1, next=next)
