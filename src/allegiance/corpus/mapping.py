"""A mapping: how the records of a foreign file become transcripts. One YAML file with a typed schema.

`mapping.schema.json` beside this module is the published schema. YAML is 1.2 and only data: no tags are
constructed, the text is limited in size and aliases are refused. References such as ``record.input`` are explained
in `Field`.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Annotated

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.tokens import AliasToken

from allegiance.corpus.glob import check_glob
from allegiance.errors import MappingError
from allegiance.records.label import Value
from allegiance.records.rater import Basis, RaterKind

MOST_BYTES = 1 << 20
SCHEMA_FILE = Path(__file__).with_name("mapping.schema.json")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


Reference = Annotated[
    str,
    Meta(description="Where a value is, for example record.input, item.response, file.model, eval.task_args.x."),
]
Levels = Annotated[dict[str, str], Meta(description="Value as text → what it becomes.")]


class Field(_Strict, frozen=True):
    """A value. Give `from` or `text`."""

    from_: Annotated[str, Meta(description=(
        "A path of names joined by dots. The first is record (the record of the file), item (one element of each "
        "of the lists in `each`), file (captures of the file name, and name), or, for Inspect logs, eval or sample."
    ))] = msgspec.field(default="", name="from")  # fmt: skip
    text: Annotated[str, Meta(description="A constant.")] = ""
    match: Annotated[str, Meta(description=(
        "RE2 expression with one group named value, (?P<value>…); the value becomes what the group matched."
    ))] = ""  # fmt: skip
    map: Levels = {}
    otherwise: Annotated[
        str | None, Meta(description="For values that are not in `map`; without it they are an error.")
    ] = None


class Turn(_Strict, frozen=True):
    """One message of the conversation, or its reasoning."""

    role: str
    from_: Reference = msgspec.field(default="", name="from")
    text: Annotated[str, Meta(description="A constant.")] = ""
    reasoning: Annotated[Reference, Meta(description="Where the reasoning of this message is.")] = ""


class SystemFile(_Strict, frozen=True):
    """A system prompt from a file beside the data: a Jinja template with names and conditions, and nothing else."""

    file: Annotated[str, Meta(description="Relative path; starts with {import_root} or {mapping_dir}.")]
    values: Annotated[dict[str, str], Meta(description="Values of the names in the template.")] = {}


class AskedQuestion(_Strict, frozen=True):
    """The question that a label answers; see the record `Question`."""

    name: str
    text: str
    criteria: tuple[str, ...] = ()
    intent: str = ""
    act: bool = True
    source: str = ""


class Menu(_Strict, frozen=True):
    """A second reading of the same raw labels, kept as the labels of a rater of its own."""

    name: Annotated[str, Meta(description="The rater is called <rater>/<name>.")]
    values: dict[str, Value]


class LabelRule(_Strict, frozen=True):
    """Labels of one rater on one question."""

    question: AskedQuestion
    rater: Annotated[str, Meta(description="Name of the rater; {name} stands for a capture of the file name.")]
    from_: Reference = msgspec.field(name="from")
    values: Annotated[dict[str, Value], Meta(description="What the rater said → yes, no, unsure or unrated.")]
    otherwise: Annotated[Value, Meta(description="For answers off the menu; the raw answer is kept.")] = "unrated"
    alternative: Menu | None = None
    kind: RaterKind = "imported"
    model: str = ""
    version: str = ""
    basis: Basis = "as rated"


FileFormat = Annotated[str, Meta(pattern="^(json|jsonl|csv|inspect)$")]


class Mapping_(_Strict, frozen=True):  # noqa: N801 (the name Mapping is taken by the standard library)
    """The whole file."""

    version: Annotated[int, Meta(ge=1, le=1, description="Version of this schema: 1.")] = msgspec.field(
        name="allegiance-mapping"
    )
    format: FileFormat
    title: str = ""
    files: Annotated[tuple[str, ...], Meta(description=(
        "Globs; the first that fits a file is used. {name} captures, {name:one|two} captures one of these. A glob "
        "without / is held against the name of the file, else against its path under the import root."
    ))] = ("*",)  # fmt: skip
    records: Annotated[
        str, Meta(description="Path to the list of records in the file; empty if the file is the list.")
    ] = ""
    each: Annotated[tuple[str, ...], Meta(description=(
        "Fields of a record that are lists of the same length, zipped by index: one transcript each. A field "
        "that is not a list counts as a list of one."
    ))] = ()  # fmt: skip
    system: SystemFile | None = None
    messages: Annotated[
        tuple[Turn, ...] | Field, Meta(description="The turns; or where a list of chat messages is.")
    ] = ()
    request: Field | None = None
    model: Field | None = None
    run: Field | None = None
    sample: Annotated[Field | None, Meta(description=(
        "Index of the repeat, from 0. Without it, repeats of a request in a condition by a model are counted."
    ))] = None  # fmt: skip
    condition: Annotated[
        dict[str, Field], Meta(description="Factor → its level. An absent value leaves the factor out.")
    ] = {}
    labels: tuple[LabelRule, ...] = ()
    directory: Annotated[str, Meta(description="Set by the reader: where the mapping file lies.")] = ""


def load_mapping(path: Path) -> Mapping_:
    """The mapping in a YAML file.

    Raises:
        MappingError: It cannot be read or does not fit the schema; says line and column, and what was meant.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MappingError(f"the mapping cannot be read: {error.strerror}.", where=str(path)) from None
    if len(data) > MOST_BYTES:
        raise MappingError(f"the mapping has more than {MOST_BYTES:,} bytes.", where=str(path))
    made = parse_mapping(data, str(path))
    return msgspec.structs.replace(made, directory=str(path.resolve().parent))


def parse_mapping(data: bytes, where: str) -> Mapping_:
    """The mapping in a YAML text; `where` names it in errors. See `load_mapping`."""
    tree = _yaml(data, where)
    try:
        made = msgspec.convert(_plain(tree), Mapping_)
    except msgspec.ValidationError as error:
        raise _explained(str(error), tree, where) from None
    _check(made, tree, where)
    return made


def schema_json() -> str:
    """The published JSON schema."""
    schema = msgspec.json.schema(Mapping_)
    return (
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2, ensure_ascii=False
        )
        + "\n"
    )


def check_pattern(pattern: str) -> str:
    """Why this is not a usable `match`; empty if it is."""
    if "(?P<value>" not in pattern:
        return "has no group (?P<value>…)"
    try:
        pc.extract_regex(pa.array([""]), pattern)
    except pa.ArrowException as error:
        return f"is not an RE2 expression: {error}"
    return ""


def _yaml(data: bytes, where: str) -> CommentedMap:
    reader = YAML(typ="rt", pure=True)
    reader.version = (1, 2)
    try:
        text = data.decode("utf-8-sig")
        if any(isinstance(token, AliasToken) for token in YAML(pure=True).scan(text)):
            raise MappingError("YAML aliases are not used in mappings.", where=where)
        if _tagged(YAML(pure=True).compose(text)):
            raise MappingError("YAML tags are not used in mappings.", where=where)
        tree = reader.load(text)
    except UnicodeDecodeError as error:
        raise MappingError(f"byte {error.start} is not UTF-8.", where=where) from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        problem = str(getattr(error, "problem", "") or error).splitlines()[0]
        raise MappingError(f"this is not YAML: {problem}.", where=spot) from None
    except (RecursionError, ValueError) as error:
        raise MappingError(f"this YAML cannot be read: {type(error).__name__}.", where=where) from None
    if not isinstance(tree, CommentedMap):
        raise MappingError("a mapping is a YAML mapping that starts with allegiance-mapping: 1.", where=where)
    return tree


def _tagged(node: Node | None) -> bool:
    """Whether any node has a tag that is not of YAML's core schema."""
    if node is None:
        return False
    if not str(node.tag).startswith("tag:yaml.org,2002:") or "python" in str(node.tag):
        return True
    children = node.value if isinstance(node.value, list) else []
    return any(_tagged(n) for child in children for n in (child if isinstance(child, tuple) else (child,)))


def _plain(value: object) -> object:
    if isinstance(value, CommentedMap | dict):
        return {
            key if isinstance(key, str) else json.dumps(key, default=str): _plain(item)
            for key, item in value.items()
        }
    if isinstance(value, CommentedSeq | list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return next((kind(value) for kind in (int, float, str) if isinstance(value, kind)), value)


_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")


def _explained(message: str, tree: CommentedMap, where: str) -> MappingError:
    """A validation error at its place in the file, with the nearest known name for an unknown one."""
    at = _AT.search(message)
    path = re.findall(r"[^.\[\]]+", at["path"]) if at else []
    what = _AT.sub("", message)
    unknown = _UNKNOWN.match(what)
    hint = ""
    if unknown:
        near = difflib.get_close_matches(unknown["name"], _known_names(), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "See docs/howto/import.md for the fields of a mapping."
        path = [*path, unknown["name"]]
    spot = ".".join(path) or "the mapping"
    return MappingError(f"{spot}: {what[0].lower()}{what[1:]}.", where=_spot(tree, path, where), next=hint)


def _known_names() -> list[str]:
    kinds = (Mapping_, Field, Turn, SystemFile, LabelRule, AskedQuestion, Menu)
    return sorted({field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)})


def _spot(tree: object, path: list[str], where: str) -> str:
    """File, line and column (from 1) of the deepest part of a path that the file has."""
    line, column = 0, 0
    for step in path:
        if isinstance(tree, CommentedMap) and step in tree:
            line, column = tree.lc.key(step)
            tree = tree[step]
        elif isinstance(tree, CommentedSeq) and step.isdigit() and int(step) < len(tree):
            line, column = tree.lc.item(int(step))
            tree = tree[int(step)]
        else:
            break
    return f"{where}:{line + 1}:{column + 1}"


def _check(made: Mapping_, tree: CommentedMap, where: str) -> None:
    """What a schema cannot say."""
    if made.format != "inspect" and not made.messages:
        raise MappingError(
            "messages: a mapping of chats says where the messages are.", where=_spot(tree, [], where)
        )
    for glob in made.files:
        check_glob(glob)
    for path, field in _fields(made):
        spot = _spot(tree, path, where)
        if bool(field.from_) == bool(field.text):
            raise MappingError(f"{'.'.join(path)}: give either from or text.", where=spot)
        if field.match and (why := check_pattern(field.match)):
            raise MappingError(f"{'.'.join(path)}.match: the expression {why}.", where=spot)
    for path, reference in _references(made):
        head = reference.split(".")[0]
        if reference and head not in _ROOTS:
            near = difflib.get_close_matches(head, _ROOTS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It starts with one of: {', '.join(_ROOTS)}."
            raise MappingError(
                f"{'.'.join(path)}: unknown start {head!r}.", where=_spot(tree, path, where), next=hint
            )
    if made.system is not None and not made.system.file.startswith(("{import_root}/", "{mapping_dir}/")):
        raise MappingError(
            "system.file: the path starts with {import_root}/ or {mapping_dir}/.",
            where=_spot(tree, ["system", "file"], where),
        )


_ROOTS = ("record", "item", "file", "eval", "sample")


def _fields(made: Mapping_) -> list[tuple[list[str], Field]]:
    named: list[tuple[list[str], Field | None]] = [
        (["request"], made.request), (["model"], made.model), (["run"], made.run), (["sample"], made.sample)
    ]  # fmt: skip
    named += [(["condition", factor], field) for factor, field in made.condition.items()]
    named += [(["messages"], made.messages)] if isinstance(made.messages, Field) else []
    return [(path, field) for path, field in named if field is not None]


def _references(made: Mapping_) -> list[tuple[list[str], str]]:
    found = [([*path, "from"], field.from_) for path, field in _fields(made)]
    turns: tuple[Turn, ...] = () if isinstance(made.messages, Field) else made.messages
    for index, turn in enumerate(turns):
        found += [
            (["messages", str(index), "from"], turn.from_),
            (["messages", str(index), "reasoning"], turn.reasoning),
        ]
    return found + [(["labels", str(index), "from"], rule.from_) for index, rule in enumerate(made.labels)]
