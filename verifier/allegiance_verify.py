#!/usr/bin/env python3
"""A second verifier of claim bundles: the standard library alone, one file, written from docs/formats.md.

It shares no code with the package and was written without reading it, so that one mistake is not made twice. It
takes the ten steps of "Verification" in that file, in that order, and tells every step that fails:

    python verifier/allegiance_verify.py BUNDLE... [--json] [--checkpoint FILE]

It exits with 0 if every step passed, 1 if one failed, 2 if a file is no bundle. The numbers follow
docs/statistics.md. A bundle is taken for hostile: sizes, depth and members are limited before anything is read, and
nothing in it is run.

Left out, as docs/formats.md allows, and said when it is met: `active inference` and the ends of `bootstrap-t`.
Signatures of checkpoints are not checked: a checkpoint is compared by what it says.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import itertools
import json
import math
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

# --- JSON: read with limits, written in canonical form (RFC 8785) -------------------------------------------


class NotABundle(Exception):
    """The file is no bundle at all, or none of this version."""


class Wrong(Exception):
    """Something in the bundle is not as the format says."""


LARGEST = 2**53 - 1
DEPTH = 100


def depth_of(text: str) -> int:
    """How deeply brackets outside of texts are nested, without recursion."""
    deepest = depth = 0
    for mark in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', text, re.DOTALL):
        if mark[0] in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in ("]", "}"):
            depth -= 1
    return deepest


def pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; the same key twice is refused."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Wrong("a key occurs twice in an object")
    return made


def no_constant(text: str) -> float:
    """Refuse NaN and Infinity, which are not JSON."""
    raise Wrong(f"{text} is not a JSON number")


def whole_number(text: str) -> int:
    """An integer of at most 53 bits; longer ones are refused before they are read."""
    if len(text) > 17 or abs(int(text)) > LARGEST:
        raise Wrong("an integer is beyond 2^53 - 1")
    return int(text)


def parse(data: bytes) -> Any:
    """One JSON value out of hostile bytes."""
    try:
        text = data.decode("utf-8")
        if depth_of(text) > DEPTH + 1:
            raise Wrong(f"JSON is nested deeper than {DEPTH}")
        return json.loads(text, object_pairs_hook=pairs_once, parse_constant=no_constant, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"it is not JSON in UTF-8: {str(error)[:120]}") from None


def number(x: float) -> str:
    """A number as ECMAScript writes it (RFC 8785, 3.2.2.3)."""
    if not math.isfinite(x):
        raise Wrong("a number is not finite")
    if x == 0:
        return "0"
    if x == int(x) and abs(x) < 1e21:
        if abs(x) > LARGEST:
            raise Wrong("an integer is beyond 2^53 - 1")
        return str(int(x))
    mantissa, _, exponent = f"{Decimal(repr(abs(x))):e}".partition("e")
    digits, places = mantissa.replace(".", "").rstrip("0") or "0", int(exponent) + 1
    if 0 < places <= 21:
        text = digits[:places].ljust(places, "0") + ("." + digits[places:] if len(digits) > places else "")
    elif -6 < places <= 0:
        text = "0." + "0" * -places + digits
    else:
        text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{places - 1:+d}"
    return "-" * (x < 0) + text


def text_form(text: str) -> str:
    """A text as RFC 8785, 3.2.2.2 writes it."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise Wrong("a text holds half of a surrogate pair")
    return json.dumps(text, ensure_ascii=False)


def canonical(value: Any, depth: int = 0) -> str:
    """The canonical form of a value."""
    if depth > DEPTH:
        raise Wrong(f"JSON is nested deeper than {DEPTH}")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return text_form(value)
    if isinstance(value, (int, float)):
        if isinstance(value, int) and abs(value) > LARGEST:
            raise Wrong("an integer is beyond 2^53 - 1")
        return number(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(each, depth + 1) for each in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{text_form(key)}:{canonical(value[key], depth + 1)}" for key in keys) + "}"


def digest_of(data: bytes) -> str:
    """The name of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def name_of(value: Any) -> str:
    """The name of a value: the digest of its canonical form."""
    return digest_of(canonical(value).encode())


def set_digest(names: Iterable[str]) -> str:
    """The digest of a set of names: sorted, each once, each followed by a line feed."""
    return digest_of("".join(f"{name}\n" for name in sorted(set(names))).encode())


def reach(value: Any, *keys: str) -> Any:
    """What a dotted path of keys leads to, or None."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


# --- The log's tree and its checkpoint ----------------------------------------------------------------------


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over entries (RFC 6962, 2.1), by a stack of complete subtrees."""
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        node, size = hashlib.sha256(b"\x00" + leaf).digest(), 1
        while stack and stack[-1][0] == size:
            node, size = hashlib.sha256(b"\x01" + stack.pop()[1] + node).digest(), size * 2
        stack.append((size, node))
    if not stack:
        return hashlib.sha256(b"").digest()
    _, root = stack.pop()
    while stack:
        root = hashlib.sha256(b"\x01" + stack.pop()[1] + root).digest()
    return root


# --- The file -----------------------------------------------------------------------------------------------

MEMBERS = (
    "bundle.json",
    "claim.json",
    "manifest.json",
    "rows.jsonl",
    "draw.json",
    "labels.jsonl",
    "batches.json",
    "log.jsonl",
    "transcripts.jsonl",
    "withdrawn.json",
)
MAY_BE_ABSENT = ("draw.json", "transcripts.jsonl", "withdrawn.json")
BIGGEST_FILE = 2**30


def read_file(path: Path) -> dict[str, bytes]:
    """The members of the archive, as bytes; anything odd about the archive makes it no bundle."""
    try:
        if path.is_dir():
            return read_folder(path)
        if path.stat().st_size > BIGGEST_FILE:
            raise NotABundle("it is larger than 2^30 bytes")
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            check_members(infos)
            return {info.filename: archive.read(info) for info in infos}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise NotABundle(f"it is not a bundle, or it is damaged: {str(error)[:200]}") from None


def read_folder(path: Path) -> dict[str, bytes]:
    """The members of a bundle that is a folder."""
    files = sorted(path.iterdir())
    for file in files:
        if file.name not in MEMBERS or file.is_symlink() or not file.is_file():
            raise NotABundle(f"a bundle has no member {file.name[:60]!r}")
    if sum(file.stat().st_size for file in files) > BIGGEST_FILE:
        raise NotABundle("its members are larger than 2^30 bytes")
    return {file.name: file.read_bytes() for file in files}


def check_members(infos: list[zipfile.ZipInfo]) -> None:
    """Members of the format only, each once, stored, no larger than the file can hold."""
    names = [info.filename for info in infos]
    if len(names) > len(MEMBERS) or len(set(names)) != len(names):
        raise NotABundle("a member occurs twice, or there are too many")
    for info in infos:
        if info.filename not in MEMBERS:
            raise NotABundle(f"a bundle has no member {info.filename[:60]!r}")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise NotABundle(f"{info.filename} is compressed; members are stored")
        if info.flag_bits & 0x1:
            raise NotABundle(f"{info.filename} is encrypted")
    if sum(info.file_size for info in infos) > BIGGEST_FILE:
        raise NotABundle("its members are larger than 2^30 bytes")


# --- Records: what fields there are, and what each is when it is not written --------------------------------

# RECORD | FIELD:KIND or FIELD:KIND=DEFAULT; kinds are those of PLAIN below, "of" a choice, "?" or null, "@" a
# record, "[…]" a list, "{…}" an object of texts to that.
RECORDS_TEXT = """
row | name:digest; text_digest:digest; request:text=""; condition:@condition={}; model:text=""; run:text="";
  sample:whole=-1; status:of STATUS="complete"; source:text=""; member:text=""; record:whole=0
condition | levels:{text}={}; scenario:text=""
segment | digest:digest; rows:whole; bytes:whole
manifest | segments:[@segment]=[]; members:digest="NONE"; count:whole=0; parent:text=""; withdrawn:[digest]=[];
  purged:[@purge]=[]; format:of allegiance-corpus/1
purge | segment:digest; into:text=""; names:[digest]; columns:digest
column | question:digest; rater:digest; before:whole
frame | corpus:digest; predicate:text=""; rated:[@column]=[]; members:digest; columns:digest; n:whole
stratum | predicate:text; rated:[@column]=[]; n:whole
design | kind:of uniform,census,weighted,elusion,stratified="uniform"; n:whole=0; stop:of fixed,open,until="fixed";
  until:whole=0; top:whole=0; scored:?@column=null; scores:text=""; strata:[@stratum]=[]
commitment | counter:whole; frame:@frame; design:@design; algorithm:text
draw | commitment:@commitment; seed:hex; items:[digest]
question | name:text; text:text; criteria:[text]=[]; answers:[text]=["yes","no"]; intent:text=""; act:flag=true;
  source:text=""; pair:text=""; examples:[@example]=[]; confusions:[@confusion]=[]
example | text:text; answer:text; why:text=""
confusion | name:text; what:text; seems:text; right:text
card | name:text; kind:of pattern,classifier,judge,person,imported; version:text=""; model:text="";
  settings:object={}; basis:of as rated,trusted,exact by construction="as rated"
span | message:whole; part:whole; start:whole; end:whole; text:text
label | transcript:digest; question:digest; rater:digest; value:text; score:?number=null; spans:[@span]=[];
  raw:text=""; note:text=""; revision:whole=0; seconds:?number=null; blind:text=""
search | query:text; kind:text; corpus:digest; predicate:text=""; searched:whole=0; hits:whole=0; ranking:text="";
  shown:[digest]=[]
reading | transcript:digest; reader:text; route:route; order:whole
citation | transcript:digest; span:@span; route:route; before:whole=0; matched:text="exact"; left_out:[[whole]]=[];
  place:whole=1; places:whole=1
counts | frame:whole; used:whole; yes:whole; no:whole; unsure:whole=0; unrated:whole=0; missing:whole=0;
  faulty:whole=0
arm | level:text; rate:?number; requests:whole; counts:@counts
estimate | value:number; low:number; high:number; alpha:number; method:text; counts:@counts; arms:[@arm]=[];
  dropped:whole=0; p_value:?number=null; secondary:{@estimate}={}
claim | kind:of KINDS; statement:text; question:@question; answer:text="yes"; frame:@frame; bound:?number=null;
  margin:?number=null; k:whole=0; search:whole=0; citation:whole=0; method:text=""; factor:text="";
  levels:[text]=[]; draw:text=""; raters:[@card]=[]; labels:digest; basis:text; estimate:@estimate;
  forks:{whole}={}; plan:text=""; log_size:whole; log_root:hex; format:text
part | kind:text="text"; text:text=""; redacted:flag=false; data:object={}; extra:object={}
message | role:text; parts:[@part]=[]; extra:object={}
origin | digest:text; file:text; member:text=""; record:whole=0; format:text=""
transcript | messages:[@message]; source:@origin; request:text=""; condition:@condition={}; model:text="";
  run:text=""; sample:whole=-1; status:of STATUS="complete"; canary:text=""; metadata:object={}
route drawn | type:text; draw:digest; number:whole=0; rank:whole; n:whole; of:whole; predicate:text="";
  design:text="uniform"; stop:text="fixed"; until:whole=0; top:whole=0; stratum:text=""; within:[whole]=[0,0];
  chosen:text=""; opened:whole=0; labelled:whole=0; asked:text=""; known:flag=false
route searched | type:text; search:digest; query:text; rank:whole; hits:whole; searched:whole; earlier:whole=0
route browsed | type:text; reading:whole; predicate:text=""; switched:[whole]=[]
route linked | type:text; reading:whole
route self-reported | type:text; how:text
entry | seq:whole; at:text; kind:text; body:object
seal | canary:text; format:text; members:{digest}
"""
RATES = ("rate_ci", "rate_upper", "rate_lower")
USES = {
    "rate_ci": {"method"},
    "rate_upper": {"method", "bound"},
    "rate_lower": {"method", "bound"},
    "gap": {"method", "factor", "levels"},
    "no_gap": {"margin", "factor", "levels"},
    "difference": {"factor", "levels"},
    "at_least_k": {"k"},
    "precision_at_k": {"k", "search"},
    "quote": {"citation"},
}
NO_NAMES = set_digest(())


def read_records() -> dict[str, dict[str, tuple[str, bool, Any]]]:
    """The table above as record -> field -> kind of value, whether it has a default, the default."""
    text = RECORDS_TEXT.replace("KINDS", ",".join(USES)).replace("NONE", NO_NAMES)
    text = text.replace("STATUS", "complete,truncated,refused,filtered,error,incomplete")
    made: dict[str, dict[str, tuple[str, bool, Any]]] = {}
    for line in text.strip().replace("\n  ", " ").split("\n"):
        name, _, fields = line.partition(" | ")
        made[name] = {}
        for each in fields.split("; "):
            key, _, rest = each.partition(":")
            kind, has, default = rest.partition("=")
            made[name][key] = (kind, bool(has), json.loads(default) if has else None)
    return made


RECORDS = read_records()
DIGEST, HEX = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)
PLAIN: dict[str, Callable[[Any], bool]] = {
    "text": lambda v: isinstance(v, str),
    "whole": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "flag": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "digest": lambda v: isinstance(v, str) and DIGEST.fullmatch(v) is not None,
    "hex": lambda v: isinstance(v, str) and HEX.fullmatch(v) is not None,
}


def fill(kind: str, value: Any, where: str) -> Any:
    """The value with all its defaults filled in, if it is of this kind of the table above."""
    inner = kind[1:-1]
    if kind == "route" or kind[0] == "@":
        route = value.get("type") if isinstance(value, dict) else ""
        return record(f"route {route}" if kind == "route" else kind[1:], value, where)
    if kind[0] == "?" and value is not None:
        return fill(kind[1:], value, where)
    if kind[0] == "[" and isinstance(value, list):
        return [fill(inner, each, where) for each in value]
    if kind[0] == "{" and isinstance(value, dict):
        return {key: fill(inner, each, where) for key, each in value.items()}
    chosen = kind.startswith("of ") and value in kind[3:].split(",")
    if chosen or kind[0] == "?" or (kind in PLAIN and PLAIN[kind](value)):
        return value
    raise Wrong(f"{where} is not of the kind {kind!r}")


def record(name: str, value: Any, where: str) -> dict[str, Any]:
    """A record with all its defaults filled in: no unknown field, none missing, no default written out."""
    if name not in RECORDS or not isinstance(value, dict):
        raise Wrong(f"{where} is not a record ({name})")
    unknown = set(value) - set(RECORDS[name])
    if unknown:
        raise Wrong(f"{where} has a field {sorted(unknown)[0][:60]!r} that a {name} has not")
    made = {}
    for key, (kind, optional, default) in RECORDS[name].items():
        if key not in value:
            if not optional:
                raise Wrong(f"{where} has no {key}")
            made[key] = fill(kind, default, where)
            continue
        if optional and canonical(value[key]) == canonical(default):
            raise Wrong(f"{where} writes out the default of {key}")
        made[key] = fill(kind, value[key], f"{where}.{key}")
    return made


@dataclass(frozen=True)
class Line:
    """A record as it stands in a member: as written, with its defaults, and its digest."""

    raw: dict[str, Any]
    full: dict[str, Any]
    digest: str

    def __getitem__(self, key: str) -> Any:
        return self.full[key]


def line_of(name: str, data: bytes, where: str) -> Line:
    """One record out of its bytes, which must be its canonical form."""
    raw = parse(data)
    if canonical(raw).encode() != data:
        raise Wrong(f"{where} is not in canonical form")
    return Line(raw, record(name, raw, where), digest_of(data))


def lines_of(name: str, data: bytes, member: str) -> list[Line]:
    """The records of a member, one a line."""
    if not data:
        return []
    if not data.endswith(b"\n"):
        raise Wrong(f"{member} does not end with a line feed")
    return [line_of(name, each, f"{member}, line {i}") for i, each in enumerate(data[:-1].split(b"\n"), 1)]


# --- Filters ------------------------------------------------------------------------------------------------

BARE_FIELD = re.compile(r"\w[\w.\-/@]*")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BARE_VALUE = re.compile(r"[^\s|=\"']+")
OWN = ("model", "request", "run", "status", "split")


def parse_filter(text: str) -> list[tuple[str, list[str]]]:
    """The terms of a filter: field and values."""
    terms, at = [], 0

    def word(bare: re.Pattern[str]) -> str:
        nonlocal at
        found = STRING.match(text, at) or bare.match(text, at)
        if not found:
            raise Wrong(f"a filter is not readable at character {at}")
        at = found.end()
        if not found[0].startswith('"'):
            return found[0]
        return str(parse(found[0].encode()))

    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        name = word(BARE_FIELD)
        values: list[str] = []
        while at < len(text) and text[at] == ("|" if values else "="):
            at += 1
            values.append(word(BARE_VALUE))
        if not values or (at < len(text) and not text[at].isspace()):
            raise Wrong(f"a filter is not readable at character {at}")
        terms.append((name, values))
    return terms


def one_form(terms: list[tuple[str, list[str]]]) -> str:
    """A filter as it stands in bundles."""

    def word(text: str, bare: re.Pattern[str]) -> str:
        if text.isprintable() and bare.fullmatch(text):
            return text
        return json.dumps(text, ensure_ascii=not text.isprintable())

    return " ".join(
        f"{word(name, BARE_FIELD)}=" + "|".join(word(each, BARE_VALUE) for each in sorted(set(values)))
        for name, values in sorted(terms)
    )


def check_form(text: str) -> None:
    """A filter in a bundle stands in its one form."""
    terms = parse_filter(text)
    if len({name for name, _ in terms}) != len(terms) or one_form(terms) != text:
        raise Wrong("a filter is not written in its one form")


def split_of(row: Line) -> str:
    """The half of the study that a row belongs to."""
    first = hashlib.sha256(b"split/1\x1f" + (row["request"] or row["name"]).encode()).digest()[0]
    return "confirm" if first & 0x80 else "explore"


def asked_again(rows: Iterable[Line]) -> set[str]:
    """Names of rows that failed and were asked again."""

    def key(row: Line) -> str:
        return canonical([row["run"], row["request"], row.raw.get("condition", {}), row["model"], row["sample"]])

    rows = list(rows)
    done = {key(row) for row in rows if row["status"] != "error"}
    return {row["name"] for row in rows if row["status"] == "error" and row["request"] and key(row) in done}


# --- Numbers: exact intervals -------------------------------------------------------------------------------


def log_choose(n: int, k: int) -> float:
    """The natural log of n over k."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def tail(total: int, positives: int, n: int, count: int, upper: bool) -> float:
    """P(X >= count), or P(X <= count), X the positives among n drawn from `total` that hold `positives`."""
    least, most = max(0, n - (total - positives)), min(n, positives)
    first, last = (max(count, least), most) if upper else (least, min(count, most))
    if first > last:
        return 0.0
    if (upper and count <= least) or (not upper and count >= most):
        return 1.0
    mode = min(max((n + 1) * (positives + 1) // (total + 2), first), last)
    peak = log_choose(positives, mode) + log_choose(total - positives, n - mode) - log_choose(total, n)
    terms = [1.0]
    value, x = 1.0, mode
    while x < last and value > 1e-18:
        value *= (positives - x) * (n - x) / ((x + 1) * (total - positives - n + x + 1))
        terms.append(value)
        x += 1
    value, x = 1.0, mode
    while x > first and value > 1e-18:
        value *= x * (total - positives - n + x) / ((positives - x + 1) * (n - x + 1))
        terms.append(value)
        x -= 1
    return math.exp(peak + math.log(math.fsum(terms)))


def exact_tail(total: int, positives: int, n: int, count: int, upper: bool) -> Fraction:
    """The same chance as a fraction; for what is too close to call in floating point."""
    least, most = max(0, n - (total - positives)), min(n, positives)
    first, last = (max(count, least), most) if upper else (least, min(count, most))
    ways = (math.comb(positives, x) * math.comb(total - positives, n - x) for x in range(first, last + 1))
    return Fraction(sum(ways), math.comb(total, n))


def holds(total: int, positives: int, n: int, count: int, upper: bool, chance: float) -> bool:
    """Whether the tail is at least `chance`, a tie counting: less a billionth of it, as docs/formats.md says."""
    level = chance * (1 - 1e-9)
    found = tail(total, positives, n, count, upper)
    if abs(found - level) > 1e-6 * level:
        return found > level
    return exact_tail(total, positives, n, count, upper) >= Fraction(level)


def search_whole(low: int, high: int, test: Callable[[int], bool]) -> int:
    """The least whole number in [low, high] that passes a test which all larger ones pass too."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if test(middle) else (middle + 1, high)
    return low


# --- Numbers: the betting sequence (docs/statistics.md, "Betting sequence, step by step") -------------------

HORIZONS = ((75, 0.08), (450, 0.77), (1800, 0.12), (7200, 0.03))
FIRST_REFITS = (0, 10, 25, 50, 75, 100, 150, 200, 300, 400, 600, 800)


def refits(n: int) -> list[int]:
    """Step 2: after how many labels the beliefs are worked out anew."""
    times, factor = list(FIRST_REFITS), 0
    while times[-1] < n:
        times.append(times[-1] * 3 // 2 if factor % 2 == 0 else times[-1] * 4 // 3)
        factor += 1
    return [each for each in times if each < n]


def sigmoid(z: float) -> float:
    """1 / (1 + e^-z), z clipped to 35 either way."""
    return 1 / (1 + math.exp(-min(max(z, -35.0), 35.0)))


def clip(x: float, low: float, high: float) -> float:
    """x, or the end of [low, high] that it is beyond."""
    return min(max(x, low), high)


class Kinds:
    """Step 1: items of one bin of the score and one weight are one class."""

    def __init__(self, weights: Sequence[int], scores: Sequence[float] | None) -> None:
        bins = self._bins(weights, scores) if scores else [0] * len(weights)
        pairs = sorted(set(zip(bins, weights, strict=True)))
        place = {pair: k for k, pair in enumerate(pairs)}
        self.of = [place[pair] for pair in zip(bins, weights, strict=True)]
        self.weight = [pair[1] for pair in pairs]
        self.count = [0] * len(pairs)
        for k in self.of:
            self.count[k] += 1
        self.mean: list[float] = []
        self.logit: list[float] = []
        if scores:
            totals: list[list[float]] = [[] for _ in pairs]
            for k, score in zip(self.of, scores, strict=True):
                totals[k].append(clip(score, 1e-5, 1 - 1e-5))
            self.mean = [math.fsum(each) / len(each) for each in totals]
            self.logit = [math.log(m / (1 - m)) for m in self.mean]

    @staticmethod
    def _bins(weights: Sequence[int], scores: Sequence[float]) -> list[int]:
        clipped = [clip(score, 1e-5, 1 - 1e-5) for score in scores]
        of_score: dict[float, int] = {}
        for score, weight in zip(clipped, weights, strict=True):
            of_score[score] = of_score.get(score, 0) + weight
        whole, below, place = sum(weights), 0, {}
        for score in sorted(of_score):
            place[score] = 16 * (2 * below + of_score[score]) // (2 * whole)
            below += of_score[score]
        return [place[score] for score in clipped]


def belief(
    kinds: Kinds, unread: list[int], yes: list[float], no: list[float], done: int, ab: list[float]
) -> list[float]:
    """Step 3: the expected label of each class; moves the two numbers of the fit, `ab`."""
    if not kinds.logit:
        return [(math.fsum(yes) + 0.5) / (done + 1) if done else 0.1] * len(unread)
    if done >= 25:
        for _ in range(20):
            newton(kinds.logit, yes, no, ab)
    p = [sigmoid(ab[0] + ab[1] * x) for x in kinds.logit]
    mean = math.fsum(n * each for n, each in zip(unread, p, strict=True)) / sum(unread)
    return [clip(0.99 * each + 0.01 * mean, 1e-6, 1 - 1e-6) for each in p]


def newton(logits: list[float], yes: list[float], no: list[float], ab: list[float]) -> None:
    """One step of the fit in step 3."""
    a, b = ab
    g_a, g_b, h_aa, h_ab, h_bb = -a / 9, -(b - 1), 1 / 9, 0.0, 1.0
    for x, y, z in zip(logits, yes, no, strict=True):
        p = sigmoid(a + b * x)
        slope, bend = y * (1 - p) - z * p, (y + z) * p * (1 - p)
        g_a, g_b = g_a + slope, g_b + x * slope
        h_aa, h_ab, h_bb = h_aa + bend, h_ab + x * bend, h_bb + x * x * bend
    size = h_aa * h_bb - h_ab * h_ab
    d_a, d_b = (h_bb * g_a - h_ab * g_b) / size, (h_aa * g_b - h_ab * g_a) / size
    shrink = max(1.0, abs(d_a) / 3, abs(d_b))
    ab[0], ab[1] = a + d_a / shrink, b + d_b / shrink


def root(u: float, p: float) -> tuple[float, float]:
    """Step 4: r and d of one class."""
    b = 1 + u
    d = math.sqrt(max(b * b - 4 * u * p, 0.0))
    r = 2 * p / (b + d) if b >= 0 else (b - d) / (2 * u)
    return clip(r, 1e-300, 1 - 1e-15), d


def stake(sign: int, horizon: int, alpha: float, p: list[float], share: list[float], weight: list[int]) -> float:
    """Step 4: the stake whose growth is log(2/alpha) / horizon."""
    aim = math.log(2 / alpha) / horizon
    rows = [row for row in zip(p, share, weight, strict=True) if row[1] > 0]

    def growth(kappa: float) -> tuple[float, float]:
        g, slope = [], []
        for each, c, w in rows:
            r, d = root(kappa / w, each)
            g.append(c * (each * math.log(each / r) + (1 - each) * math.log((1 - each) / (1 - r))))
            slope.append(c * r * (1 - r) / (w * w * d) if d else math.inf)
        return math.fsum(g), math.fsum(slope)

    spread = math.fsum(c * each * (1 - each) / (w * w) for each, c, w in rows)
    z = 0.5 * (math.log(aim) + math.log(2 / spread))
    low, high = z - 3, z + 3
    for _ in range(12):
        z = (low + high) / 2
        low, high = (z, high) if growth(sign * math.exp(z))[0] < aim else (low, z)
    z = (low + high) / 2
    for _ in range(3):
        kappa = sign * math.exp(z)
        g, slope = growth(kappa)
        move = (math.log(aim) - math.log(g)) * g / (kappa * kappa * slope) if g > 0 and slope > 0 else 0.0
        z += clip(move, -0.002, 0.002) if math.isfinite(move) else 0.0
    return sign * math.exp(z)


class Side:
    """One side of the sequence: what each label does to the wealth against any candidate total.

    `lines[t][j]` is (constant of e, constant of q, slope): the factor of bet j at label t against M, as steps 6 and
    7 give it, before it is shrunk, is constant of e minus slope times M.
    """

    def __init__(self, sign: int, kinds: Kinds, read: Sequence[int], labels: Sequence[float], alpha: float) -> None:
        self.lines: list[list[tuple[float, float, float]]] = []
        unread, count = list(kinds.count), len(kinds.count)
        yes, no, ab, weight = [0.0] * count, [0.0] * count, [0.0, 1.0], kinds.weight
        whole, so_far, times = sum(n * w for n, w in zip(unread, weight, strict=True)), 0.0, set(refits(len(read)))
        for t, (item, y) in enumerate(zip(read, labels, strict=True)):
            if t in times:
                p = belief(kinds, unread, yes, no, t, ab)
                share = [n * w / whole for n, w in zip(unread, weight, strict=True)]
                kappas = [stake(sign, h, alpha, p, share, weight) for h, _ in HORIZONS]
                pays = [
                    [(1 - each) / (1 - root(kap / w, each)[0]) for each, w in zip(p, weight, strict=True)]
                    for kap in kappas
                ]
                alive = [k for k in range(count) if unread[k] > 0]
                worst = [
                    min(v[k] + min(0.0, kap / weight[k]) for k in alive)
                    for kap, v in zip(kappas, pays, strict=True)
                ]
            k = kinds.of[item]
            row = []
            for kap, v, least in zip(kappas, pays, worst, strict=True):
                mean = sum(n * w * each for n, w, each in zip(unread, weight, v, strict=True)) / whole
                shift = 1 - mean + kap * so_far / whole
                row.append((v[k] + kap * y / weight[k] + shift, least + shift, kap / whole))
            self.lines.append(row)
            unread[k] -= 1
            whole -= weight[k]
            so_far += y
            yes[k] += y
            no[k] += 1 - y

    def excludes(self, total: float, reference: float, limit: float) -> bool:
        """Steps 9 and 10: whether the wealth against `total`, shrunk as at `reference`, ever reaches `limit`."""
        wealth = [share for _, share in HORIZONS]
        for row in self.lines:
            for j, (e, q, slope) in enumerate(row):
                drop = 1 - (q - slope * reference)
                g = 0.98 / drop if drop > 0.98 else 1.0
                wealth[j] *= 1 + g * (e - slope * total - 1)
            if sum(wealth) >= limit:
                return True
        return False


def block_ends(total: int) -> list[int]:
    """Step 8: the ends of the blocks."""
    ends = (math.floor(total * math.sin(math.pi * i / 512) ** 2 + 0.5) for i in range(257))
    return sorted(set(ends))


def bound_of_side(side: Side, sign: int, total: int, limit: Callable[[float], float]) -> float:
    """Step 12: the bound of one side."""
    ends = block_ends(total)
    blocks = list(itertools.pairwise(ends if sign > 0 else ends[::-1]))
    for near, far in blocks:
        if side.excludes(far, far, limit(far)):
            continue
        bound = float(near)
        for i in range(16):
            tried = near + (far - near) * i / 16
            if not side.excludes(tried, far, limit(tried)):
                break
            bound = tried
        return bound
    return float(total if sign > 0 else 0)


def betting_ends(
    read: Sequence[int],
    low: Sequence[float],
    high: Sequence[float],
    weights: Sequence[int],
    scores: Sequence[float] | None,
    alpha: float,
    side: str = "both",
) -> tuple[float, float]:
    """Steps 1 to 13: the bounds of the share after the last label; totals are not rounded.

    Args:
        read: Places of the items that were read, in the order read.
        low: The least that each of their labels can be, in that order.
        high: The most.
        weights: Of all items.
        scores: Of all items, or None.
        alpha: Level.
        side: `both`, `low` or `high`.
    """
    kinds, n = Kinds(weights, scores), len(weights)
    expected = math.fsum(c * m for c, m in zip(kinds.count, kinds.mean, strict=True)) if kinds.mean else 0.0

    def odds(m: float) -> float:
        return math.log((m + 0.5) / (n - m + 0.5))

    def part(m: float, sign: int) -> float:
        if side != "both":
            return 1.0
        s = 0.5 if not kinds.mean else 0.2 + 0.6 / (1 + math.exp(clip(odds(m) - odds(expected), -6, 6) / 0.15))
        return s if sign > 0 else 1 - s

    lower, upper = 0.0, float(n)
    if side != "high":
        lower = bound_of_side(Side(+1, kinds, read, low, alpha), +1, n, lambda m: 1 / (alpha * part(m, +1)))
    if side != "low":
        upper = bound_of_side(Side(-1, kinds, read, high, alpha), -1, n, lambda m: 1 / (alpha * part(m, -1)))
    lower, upper = max(lower, math.fsum(low)), min(upper, math.fsum(high) + n - len(read))
    return min(lower, upper) / n, max(lower, upper) / n


# --- Numbers: gaps ------------------------------------------------------------------------------------------


def mean_bound(values: Sequence[float], alpha: float) -> float:
    """The lower end for the mean of independent values in [0, 1], by bets that the data do not choose."""
    limit, left = 2 / alpha, 0.0
    ends = [1 / (1 + math.exp(-(-16 + 32 * i / 46))) for i in range(47)] + [1.0]
    tallies: dict[float, int] = {}
    for each in values:
        tallies[each] = tallies.get(each, 0) + 1

    def wealth(mean: float, bets: list[tuple[float, float]]) -> float:
        total = 0.0
        for share, bet in bets:
            logs = 0.0
            for x, times in tallies.items():
                factor = 1 + bet * (x / mean - 1)
                logs = -math.inf if factor <= 0 else logs + times * math.log(factor)
            total += share * math.exp(min(logs, 700.0))
        return total

    for end in ends:
        bets = bets_of(end, len(values), alpha)
        if wealth(end, bets) >= limit:
            left = end
            continue
        right = end
        for _ in range(9):
            points = [left + (right - left) * i / 16 for i in range(17)]
            past = sum(wealth(point, bets) >= limit for point in points[1:16])
            left, right = points[past], points[past + 1]
        return left
    return left


def bets_of(end: float, count: int, alpha: float) -> list[tuple[float, float]]:
    """Shares and bets against the means of a block that ends there."""
    if end >= 1:
        return [(1.0, 1.0)]
    first = min(1.0, math.sqrt(2 * (math.log(2 / alpha) + 0.7) * end / (count * (1 - end))))
    steps = math.ceil(math.log(1 / first) / math.log(3) - 1e-9) if first < 1 else 0
    if steps <= 0:
        return [(1.0, 1.0)]
    bets = [first ** (1 - j / steps) for j in range(steps + 1)]
    shares = [1 / math.sqrt(j) for j in range(1, steps + 2)]
    return [(share / math.fsum(shares), bet) for share, bet in zip(shares, bets, strict=True)]


def paired_t(low: Sequence[float], high: Sequence[float], alpha: float) -> tuple[float, float]:
    """The interval by Student's t; refused where too few requests carry it."""
    m, ends = len(low), []
    for values in (low, high):
        check(m >= 50, "fewer than 50 requests")
        mean = math.fsum(values) / m
        squares = math.fsum((x - mean) ** 2 for x in values)
        fourth = math.fsum((x - mean) ** 4 for x in values)
        check(squares >= 4 and squares**2 / fourth >= 20, "too few requests carry the variance")
        ends.append((mean, math.sqrt((squares + 2) / ((m - 1) * m))))
    q = t_quantile(1 - alpha / 2, m - 1)
    return clip(ends[0][0] - q * ends[0][1], -1, 1), clip(ends[1][0] + q * ends[1][1], -1, 1)


def t_quantile(chance: float, freedom: int) -> float:
    """A quantile above the middle of Student's t, by halving."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        beyond = beta_share(freedom / (freedom + middle * middle), freedom / 2, 0.5) / 2
        low, high = (low, middle) if 1 - beyond >= chance else (middle, high)
    return (low + high) / 2


def beta_share(x: float, a: float, b: float) -> float:
    """The incomplete beta integral, regularised, by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = (
        math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(1 - x)) / a
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, 2000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + step * d)
            c = 1 + step / c
            total *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front * total


def sign_flip(differences: Sequence[float]) -> float:
    """The chance of so large a sum, if each difference were as likely to have either sign."""
    sizes = sorted(abs(d) for d in differences if d != 0)
    bar = abs(math.fsum(differences)) - 1e-9 * math.fsum(sizes)
    if not sizes:
        return 1.0
    if len(sizes) <= 16:
        sums = [0.0]
        for size in sizes:
            sums = [each + move for each in sums for move in (size, -size)]
        return sum(abs(each) >= bar for each in sums) / len(sums)
    groups = [(size, len(list(each))) for size, each in itertools.groupby(sizes)]
    words, whole, hits = pcg_words(), math.fsum(sizes), 0
    for _ in range(9999):
        bits, plus = sum(next(words) << 64 * i for i in range(-(-len(sizes) // 64))), 0.0
        for size, times in groups:
            plus += size * (bits & (1 << times) - 1).bit_count()
            bits >>= times
        hits += abs(2 * plus - whole) >= bar
    return (1 + hits) / 10000


def pcg_words() -> Iterator[int]:
    """The words of NumPy's PCG64(0): a linear generator of 128 bits, halves folded, turned (O'Neill 2014)."""
    state, step = 35399562948360463058890781895381311971, 87136372517582989555478159403783844777
    while True:
        state = (state * 0x2360ED051FC65DA44385DF649FCCF645 + step) % 2**128
        folded, turn = (state >> 64) ^ (state % 2**64), state >> 122
        yield (folded >> turn | folded << 64 - turn) % 2**64 if turn else folded


# --- The bundle: what is worked out from it -----------------------------------------------------------------

FORMAT = "allegiance-bundle/1"
CANARY = "Research data, not for training. allegiance-canary e6525f57-8195-4702-a543-e0e2031c0573"
LOG_KINDS = (
    *("start", "plan", "run", "import", "withdraw", "rubric", "labels", "search", "filter", "draw", "extension"),
    *("reading", "judging", "look", "split", "unlock", "citation", "claim", "anchor"),
    *("charter", "generation", "examination", "link", "override"),
)


class Bundle:
    """A bundle that has passed step 1, and what follows from it. Nothing here is trusted; it is only readable."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.claim = line_of("claim", members["claim.json"], "claim.json")
        self.manifest = line_of("manifest", members["manifest.json"], "manifest.json")
        self.rows = lines_of("row", members["rows.jsonl"], "rows.jsonl")
        self.draw = line_of("draw", members["draw.json"], "draw.json") if "draw.json" in members else None
        self.labels = lines_of("label", members["labels.jsonl"], "labels.jsonl")
        self.entries = lines_of("entry", members["log.jsonl"], "log.jsonl")
        self.log_lines = members["log.jsonl"].split(b"\n")[:-1]
        self.batches = self._read_batches(members["batches.json"])
        words = members.get("transcripts.jsonl")
        self.transcripts = None if words is None else lines_of("transcript", words, "transcripts.jsonl")
        self.withdrawn = self._read_withdrawn(members.get("withdrawn.json", b"[]"))
        self.kind: str = self.claim["kind"]
        self.frame: dict[str, Any] = self.claim["frame"]
        self.question = name_of(self.claim.raw["question"])
        self.raters = [name_of(card) for card in self.claim.raw.get("raters", [])]
        self.cards = dict(zip(self.raters, self.claim["raters"], strict=True))
        self.left_out: list[str] = []

    @staticmethod
    def _read_batches(data: bytes) -> dict[str, list[str]]:
        raw = parse(data)
        if canonical(raw).encode() != data:
            raise Wrong("batches.json is not in canonical form")
        return dict(fill("{[digest]}", raw, "batches.json"))

    @staticmethod
    def _read_withdrawn(data: bytes) -> list[str]:
        raw = parse(data)
        if canonical(raw).encode() != data:
            raise Wrong("withdrawn.json is not in canonical form")
        return list(fill("[digest]", raw, "withdrawn.json"))

    @property
    def design(self) -> dict[str, Any]:
        """The design of the draw; without one, that of a census."""
        return self.draw["commitment"]["design"] if self.draw else record("design", {"kind": "census"}, "design")

    @functools.cached_property
    def draw_name(self) -> str:
        """The name of the draw."""
        return name_of(self.draw.raw["commitment"]) if self.draw else ""

    def of_kind(self, kind: str) -> list[Line]:
        """The entries of a kind, in order."""
        return [each for each in self.entries if each["kind"] == kind]

    @functools.cached_property
    def draw_entry(self) -> Line:
        """The entry that announced the draw."""
        for each in self.of_kind("draw"):
            if each["body"].get("draw") == self.draw_name:
                return each
        raise Wrong("the log does not announce this draw")

    @functools.cached_property
    def by_name(self) -> dict[str, Line]:
        """The rows by name."""
        return {row["name"]: row for row in self.rows}

    @functools.cached_property
    def saved_by(self) -> dict[str, int]:
        """Digest of a label -> number of the entry it was saved with."""
        return {label: int(key) for key, batch in self.batches.items() if key.isdecimal() for label in batch}

    @functools.cached_property
    def labels_of(self) -> dict[tuple[str, str], list[Line]]:
        """The labels by question and rater, by rising revision."""
        made: dict[tuple[str, str], list[Line]] = {}
        for label in sorted(self.labels, key=lambda each: each["revision"]):
            made.setdefault((label["question"], label["rater"]), []).append(label)
        return made

    def answers(self, question: str, rater: str, before: float = math.inf) -> dict[str, Line]:
        """Transcript -> the label that counts, of those saved before an entry."""
        found = self.labels_of.get((question, rater), [])
        return {each["transcript"]: each for each in found if self.saved_by.get(each.digest, -1) < before}

    def is_trusted(self, rater: str) -> bool:
        """Whether a rater is a person, or defines the truth."""
        card = self.cards[rater]
        return bool(card["kind"] == "person" or card["basis"] == "trusted")

    def column(self, column: dict[str, Any]) -> dict[str, Line]:
        """The labels of a column."""
        return self.answers(column["question"], column["rater"], column["before"])

    def columns(self) -> list[dict[str, Any]]:
        """Every column that frame, design and strata name."""
        scored = [self.design["scored"]] if self.design["scored"] else []
        return [*self.frame["rated"], *scored, *(each for part in self.design["strata"] for each in part["rated"])]

    def scores(self, rows: Iterable[Line], column: dict[str, Any]) -> dict[str, float]:
        """The score of each row by a column."""
        found, usual = self.column(column), {"yes": 0.9, "no": 0.1}
        made = {}
        for row in rows:
            label = found.get(row["name"])
            if label is None:
                made[row["name"]] = 0.5
            elif label["score"] is None:
                made[row["name"]] = usual.get(label["value"], 0.5)
            else:
                made[row["name"]] = clip(label["score"], 0.0, 1.0)
        return made

    def select(self, rows: Sequence[Line], predicate: str, rated: Sequence[dict[str, Any]]) -> list[Line]:
        """The rows that pass a filter, by name; rows that were asked again are not left out here."""
        terms = parse_filter(predicate)
        factors = {factor for row in self.rows for factor in row["condition"]["levels"]}
        columns = [name for name, _ in terms if "@" in name]
        if len(columns) != len(rated):
            raise Wrong("a filter and its columns are not as many")
        answers = {name: self.column(each) for name, each in zip(columns, rated, strict=True)}
        for name, _ in terms:
            if name not in OWN and name not in answers and name not in factors:
                raise Wrong(f"a filter names {name[:60]!r}, which no transcript has")

        def value(row: Line, name: str) -> str | None:
            if name in answers:
                return answers[name][row["name"]]["value"] if row["name"] in answers[name] else None
            if name == "split":
                return split_of(row)
            found: str | None = row[name] if name in OWN else row["condition"]["levels"].get(name)
            return found

        passed = [row for row in rows if all(value(row, name) in values for name, values in terms)]
        return sorted(passed, key=lambda row: row["name"])

    @functools.cached_property
    def population(self) -> list[Line]:
        """The rows of the frame, by name."""
        again = asked_again(self.rows)
        rows = [row for row in self.rows if row["name"] not in again]
        return self.select(rows, self.frame["predicate"], self.frame["rated"])

    @functools.cached_property
    def strata(self) -> list[list[Line]]:
        """The rows of each stratum; each row of the frame is in exactly one."""
        for each in self.design["strata"]:
            check_form(each["predicate"])
        parts = [self.select(self.population, each["predicate"], each["rated"]) for each in self.design["strata"]]
        if sorted(row["name"] for part in parts for row in part) != [row["name"] for row in self.population]:
            raise Wrong("the strata do not hold each transcript exactly once")
        return parts

    @functools.cached_property
    def order(self) -> list[str]:
        """The items of the draw worked out anew; of a draw that may grow, as far as it can."""
        return order_of(self)

    @functools.cached_property
    def weights(self) -> dict[str, int]:
        """The weight of each row of the frame in the draw."""
        if self.design["kind"] != "weighted":
            return {row["name"]: 1 for row in self.population}
        return draw_weights(self.scores(self.population, self.design["scored"]))


# --- The draw -----------------------------------------------------------------------------------------------


def seed_of(commitment: dict[str, Any]) -> bytes:
    """The seed that follows from a commitment."""
    basis = {
        "algorithm": commitment["algorithm"],
        "counter": commitment["counter"],
        "members": commitment["frame"]["members"],
    }
    if commitment["design"]["scores"]:
        basis["scores"] = commitment["design"]["scores"]
    return hashlib.sha256(b"draw-seed-v1" + canonical(basis).encode()).digest()


def ticket(seed: bytes, name: str, weight: int) -> bytes:
    """The ticket of an item."""
    start = seed + b"\x1f" + name.encode() + b"\x1f"
    return min(hashlib.sha256(start + str(j).encode()).digest() for j in range(weight))


def by_ticket(seed: bytes, names: Iterable[str], weights: dict[str, int] | None = None) -> list[str]:
    """Names in ticket order."""
    return sorted(names, key=lambda name: (ticket(seed, name, weights[name] if weights else 1), name))


def draw_weights(scores: dict[str, float]) -> dict[str, int]:
    """The weights of a weighted draw, from 1 to 16."""
    spread = {name: math.sqrt(f * (1 - f)) for name, f in scores.items()}
    mean = math.fsum(spread[name] for name in sorted(spread)) / len(spread)
    if mean == 0:
        return dict.fromkeys(scores, 1)
    wanted = {name: ((1 - 0.6) * s / mean + 0.6) / 0.6 for name, s in spread.items()}
    scale = max(1, math.floor(16 / max(wanted.values()) + 1e-9))
    return {name: min(max(math.floor(t * scale + 0.5), 1), 16) for name, t in wanted.items()}


def order_of(bundle: Bundle) -> list[str]:
    """The items of a draw, from the population and the commitment alone; the design must be one that there is."""
    design, names = bundle.design, [row["name"] for row in bundle.population]
    kind, n, total = design["kind"], design["n"], len(bundle.population)
    stops = {"uniform": ("fixed", "open", "until"), "weighted": ("fixed", "open")}.get(kind, ("fixed",))
    if design["stop"] not in stops or (design["until"] > 0) != (design["stop"] == "until") or design["until"] < 0:
        raise Wrong("the design has a rule to stop that its kind has not")
    if (design["scored"] is not None) != (kind in ("weighted", "elusion")) or bool(design["scores"]) != bool(
        design["scored"]
    ):
        raise Wrong("scores are there exactly for draws by scores")
    if bool(design["top"]) != (kind == "elusion") or bool(design["strata"]) != (kind == "stratified"):
        raise Wrong("the design has fields that its kind has not")
    seed = seed_of(bundle.draw["commitment"]) if bundle.draw else b""
    scores = bundle.scores(bundle.population, design["scored"]) if design["scored"] else {}
    if scores and score_digest(scores) != design["scores"]:
        raise Wrong("the scores are not those that the draw was announced with")
    if kind == "census":
        return by_ticket(seed, names)
    if n < 1 or n > total:
        raise Wrong("the number drawn is not from 1 to the number of transcripts")
    if kind == "stratified":
        for part, rows in zip(design["strata"], bundle.strata, strict=True):
            if not 1 <= part["n"] <= len(rows):
                raise Wrong("the number drawn from a stratum is not from 1 to its size")
        parts = zip(design["strata"], bundle.strata, strict=True)
        return [name for part, rows in parts for name in by_ticket(seed, [r["name"] for r in rows])[: part["n"]]]
    if kind == "elusion":
        if not 1 <= design["top"] < total or n > total - design["top"]:
            raise Wrong("the top or the rest of a draw by elusion is too large")
        ranked = sorted(names, key=lambda name: (-scores[name], name))
        return ranked[: design["top"]] + by_ticket(seed, ranked[design["top"] :])[:n]
    order = by_ticket(seed, names, bundle.weights)
    return order if design["stop"] != "fixed" else order[:n]


def score_digest(scores: dict[str, float]) -> str:
    """The digest of scores."""
    return digest_of("".join(canonical([name, scores[name]]) + "\n" for name in sorted(scores)).encode())


def announced_size(bundle: Bundle) -> int:
    """How many items the draw had when it was announced."""
    return len(bundle.order) if bundle.design["stop"] == "fixed" else bundle.design["n"]


# --- The steps ----------------------------------------------------------------------------------------------


def check(holds_true: bool, otherwise: str) -> None:
    """A rule: what is wrong if it does not hold."""
    if not holds_true:
        raise Wrong(otherwise)


def step_1_bundle(members: dict[str, bytes]) -> Bundle:
    """The members are those that are listed, and read as their records."""
    missing = [name for name in MEMBERS if name not in members and name not in MAY_BE_ABSENT]
    check(not missing, f"there is no {missing[0] if missing else ''}")
    seal = line_of("seal", members["bundle.json"], "bundle.json")
    check(seal["format"] == FORMAT, f"the format is not {FORMAT}")
    check(seal["canary"] == CANARY, "the canary is another")
    found = {name: digest_of(data) for name, data in members.items() if name != "bundle.json"}
    check(seal["members"] == found, "the members are not those that bundle.json lists")
    return Bundle(members)


def name_from(row: dict[str, Any], condition: Any) -> str:
    """The name that follows from the columns of a row."""
    keys: tuple[str, ...] = ("model", "request", "run", "sample")
    if not (row["request"] and row["model"] and row["sample"] >= 0):
        keys = ("member", "record", "source")
    return name_of({"condition": condition, "text": row["text_digest"]} | {key: row[key] for key in keys})


def columns_digest(rows: Iterable[Line]) -> str:
    """The digest of the columns of rows."""
    return digest_of("".join(canonical(row.raw) + "\n" for row in sorted(rows, key=lambda r: r["name"])).encode())


def step_2_population(b: Bundle) -> None:
    """Names follow from rows, rows make the corpus version, the filter makes the frame."""
    check(b.claim["format"] == "allegiance-claim/1", "the claim is of another format")
    check(b.manifest.digest == b.frame["corpus"], "the manifest is not that of the claim's corpus version")
    for row in b.rows:
        check(
            name_from(row.full, row.raw.get("condition", {})) == row["name"],
            f"{row['name']} does not follow from its row",
        )
    check(len(b.by_name) == len(b.rows), "a name is there twice")
    check(set_digest(b.by_name) == b.manifest["members"], "the rows are not the members of the corpus version")
    count = sum(each["rows"] for each in b.manifest["segments"]) - len(b.manifest["withdrawn"])
    check(len(b.rows) == b.manifest["count"] == count, "the number of rows is not that of the manifest")
    check_form(b.frame["predicate"])
    rows = b.population
    check(len(rows) == b.frame["n"], "the number of the frame is another")
    check(set_digest(row["name"] for row in rows) == b.frame["members"], "the filter selects other transcripts")
    check(columns_digest(rows) == b.frame["columns"], "the columns of the frame are others")


def step_3_log(b: Bundle) -> None:
    """The log is whole, and leads to the root that the claim pins."""
    check([each["seq"] for each in b.entries] == list(range(len(b.entries))), "an entry is missing or moved")
    check(len(b.entries) == b.claim["log_size"], "the log has another size")
    check(tree_root(b.log_lines).hex() == b.claim["log_root"], "the log has another root")
    check(all(each["kind"] in LOG_KINDS for each in b.entries), "an entry is of no known kind")
    imports = [each for each in b.of_kind("import") if each["body"].get("to") == b.frame["corpus"]]
    check(bool(imports), "no import led to this corpus version")
    check(
        imports[0]["body"].get("columns") == columns_digest(b.rows), "the columns are not those that were imported"
    )


def step_4_draw(b: Bundle) -> None:
    """The draw is the claim's, its seed follows, and the log announced just this."""
    if b.draw is None:
        check(b.claim["draw"] == "", "the draw of the claim is not there")
        return
    commitment = b.draw["commitment"]
    check(b.draw.digest == b.claim["draw"], "the draw is not the claim's")
    check(commitment["algorithm"] == "ticket/1", "the draw is by another algorithm")
    check(commitment["frame"] == b.frame, "the draw is from another population")
    check(seed_of(commitment).hex() == b.draw["seed"], "the seed does not follow")
    size = announced_size(b)
    said = {"commitment": b.draw.raw["commitment"], "draw": b.draw_name, "seed": b.draw["seed"]}
    said["items"] = set_digest(b.order[:size])
    check(canonical(b.draw_entry["body"]) == canonical(said), "the log announces another draw")
    for each in extensions(b):
        body, items = each["body"], b.draw["items"]
        grown = body.get("size")
        check(set(body) == {"draw", "items", "size"} and PLAIN["whole"](grown), "an extension says something else")
        check(
            size < grown <= len(items) and b.design["stop"] != "fixed", "an extension has a size that does not rise"
        )
        check(body["items"] == set_digest(items[:grown]), "an extension is of other items")
        size = grown
    check(size == len(b.draw["items"]), "the log does not announce as many items")
    number = b.draw_entry["seq"]
    check(all(each["before"] <= number for each in b.columns()), "a column takes answers from after the draw")
    earlier = sum(each["seq"] < number for each in b.of_kind("draw"))
    check(commitment["counter"] == earlier + 1, "the number of the draw is another")


def extensions(b: Bundle) -> list[Line]:
    """The entries by which this draw grew."""
    return [each for each in b.of_kind("extension") if each["body"].get("draw") == b.draw_name]


def step_5_ranks(b: Bundle) -> None:
    """Each item is where its ticket puts it."""
    if b.draw is None:
        return
    items = b.draw["items"]
    wanted = b.order if b.design["stop"] == "fixed" else b.order[: len(items)]
    check(items == wanted, "the items are not those that the tickets give, in their order")


def step_6_order(b: Bundle) -> None:
    """Nothing was read or rated that had not been drawn, and nobody looked at more than there was."""
    readings = check_readings(b)
    if b.kind == "quote":
        check_citation(b, readings)
    if b.draw is None:
        return
    start, items = b.draw_entry["seq"], b.draw["items"]
    came = [each["seq"] for each in b.of_kind("import") if each["body"].get("to") == b.frame["corpus"]]
    check(bool(came) and came[0] < start, "the corpus version was imported after the draw")
    grown = [(each["seq"], each["body"].get("size")) for each in extensions(b)]
    for seq, reading in readings:
        route = reading["route"]
        if route.get("type") == "drawn" and route.get("draw") == b.draw_name and seq > start:
            size = max([announced_size(b), *(n for at, n in grown if at < seq and PLAIN["whole"](n))])
            there = stands_at(items[:size], route.get("rank"), reading)
            check(there, "a reading from the draw is of something that was not drawn by then, or stood elsewhere")
    for rater in filter(b.is_trusted, b.raters):
        counted = [label for row in sample_of(b) if (label := b.answers(b.question, rater).get(row["name"]))]
        early = [label for label in counted if b.saved_by.get(label.digest, start) < start]
        check(not early, "an answer that counts is older than the draw")
    check_looks(b, items)


def check_readings(b: Bundle) -> list[tuple[int, dict[str, Any]]]:
    """Readings are numbered, and came from draws and searches that were there.

    Bodies of entries may say more than they must, so only what is asked for is read.
    """
    draws: set[str] = set()
    searches: dict[str, list[Any]] = {}
    readings: list[tuple[int, dict[str, Any]]] = []
    for each in b.entries:
        body = each["body"]
        if each["kind"] == "draw":
            draws.add(canonical(body.get("draw")))
        elif each["kind"] == "search":
            shown = reach(body, "search", "shown")
            searches[name_of(body.get("search"))] = shown if isinstance(shown, list) else []
        elif each["kind"] == "reading":
            reading = body.get("reading")
            check(isinstance(reading, dict) and isinstance(reading.get("route"), dict), "a reading has no route")
            readings.append((each["seq"], reading))
            check(reading.get("order") == len(readings), "the readings are not numbered 1, 2, 3, …")
            route = reading["route"]
            if route.get("type") == "drawn":
                there = canonical(route.get("draw")) in draws
                check(there, "something was read from a draw before it was announced")
            if route.get("type") == "searched":
                shown, rank = searches.get(str(route.get("search")), []), route.get("rank")
                check(stands_at(shown, rank, reading), "something was read from a search that had not shown it")
    return readings


def stands_at(names: Sequence[Any], rank: Any, reading: dict[str, Any]) -> bool:
    """Whether the transcript of a reading stands at this rank, from 1."""
    if not PLAIN["whole"](rank) or not 1 <= rank <= len(names):
        return False
    return bool(names[rank - 1] == reading.get("transcript"))


def check_looks(b: Bundle, items: list[str]) -> None:
    """A look says no more labels than there were."""
    for each in b.of_kind("look"):
        body = each["body"]
        rater = body.get("rater", b.raters[0] if b.raters else "")
        if body.get("draw") != b.draw_name or body.get("question") != b.question or rater not in b.raters:
            continue
        labelled = b.answers(b.question, rater, each["seq"])
        reach = max((rank for rank, name in enumerate(items, 1) if name in labelled), default=0)
        check(PLAIN["whole"](body.get("n")) and body["n"] <= reach, "a look says more labels than there were")


# --- Step 6 (b): the citation of a quote --------------------------------------------------------------------

KNOWN_LATER = {"chosen", "opened", "labelled", "asked", "known"}


def citation_of(b: Bundle) -> tuple[int, dict[str, Any]]:
    """The citation of a quote, and the number of its entry."""
    entries, number = b.of_kind("citation"), b.claim["citation"]
    check(1 <= number <= len(entries), "there is no citation of this number")
    return entries[number - 1]["seq"], record(
        "citation", entries[number - 1]["body"].get("citation"), "the citation"
    )


def check_citation(b: Bundle, readings: list[tuple[int, dict[str, Any]]]) -> None:
    """The route of the quote is one that was walked."""
    at, cited = citation_of(b)
    check(cited["span"]["text"] == "", "the log holds words")
    readings = [(seq, record("reading", reading, "a reading")) for seq, reading in readings]
    route, before = cited["route"], [each for each in readings if each[0] < at]
    mine = [each for each in before if each[1]["transcript"] == cited["transcript"]]
    if route["type"] == "self-reported":
        check(not mine and cited["before"] == len(before), "it was read, or the readings before it are miscounted")
        return

    def fixed(each: dict[str, Any]) -> dict[str, Any]:
        return {key: v for key, v in each.items() if each["type"] != "drawn" or key not in KNOWN_LATER}

    same = [each for each in mine if fixed(each[1]["route"]) == fixed(route)]
    check(bool(same), "nobody read it by the route that is told")
    check(cited["before"] == mine[0][1]["order"] - 1, "the readings before it are miscounted")
    seq, reading = same[0]
    if route["type"] == "drawn":
        check_drawn(b, at, seq, route, cited["transcript"], before)
    elif route["type"] == "searched":
        check_searched(b, seq, route, cited["transcript"])
    elif route["type"] == "browsed":
        switches = [
            e["seq"] for e in b.of_kind("filter") if e["body"].get("reader") == reading["reader"] and e["seq"] < seq
        ]
        counts = [sum(s < switch for s, _ in readings) for switch in switches[1:]]
        check(
            route["reading"] == reading["order"] and route["switched"] == counts,
            "the filters of the reader were others",
        )
    else:
        check(route["reading"] == reading["order"], "it was another reading")


def check_searched(b: Bundle, seq: int, route: dict[str, Any], transcript: str) -> None:
    """The search of the route is there, with this hit at this rank."""
    entries = [each for each in b.of_kind("search") if each["seq"] < seq]
    check(0 <= route["earlier"] < len(entries), "there is no search of this number")
    raw = entries[route["earlier"]]["body"].get("search")
    found = record("search", raw, "a search")
    same = (
        all(found[key] == route[key] for key in ("query", "hits", "searched")) and name_of(raw) == route["search"]
    )
    there = 1 <= route["rank"] <= len(found["shown"]) and found["shown"][route["rank"] - 1] == transcript
    check(same and there, "the search of the route was another")


def check_drawn(b: Bundle, at: int, seq: int, route: dict[str, Any], transcript: str, before: list[Any]) -> None:
    """The draw of the route is there, and what the route says of it holds."""
    entries = [e for e in b.of_kind("draw") if e["body"].get("draw") == route["draw"] and e["seq"] < seq]
    check(bool(entries), "the draw of the route was not announced")
    commitment = record("commitment", entries[0]["body"].get("commitment"), "a commitment")
    check(name_of(entries[0]["body"]["commitment"]) == route["draw"], "the draw of the route has another name")
    frame, design = commitment["frame"], commitment["design"]
    said = {
        "number": commitment["counter"],
        "of": frame["n"],
        "predicate": frame["predicate"],
        "design": design["kind"],
    }
    said |= {key: design[key] for key in ("stop", "until", "top")} | {"stratum": "", "within": [0, 0]}
    left = route["rank"]
    for part in design["strata"]:
        if left <= part["n"]:
            said |= {"stratum": part["predicate"], "within": [left, part["n"]]}
            break
        left -= part["n"]
    check(all(route[key] == each for key, each in said.items()), "the draw of the route was another")
    check(1 <= route["rank"] <= route["n"] <= route["of"], "the rank of the route cannot be")
    through = {
        r["transcript"] for _, r in before if r["route"]["type"] == "drawn" and r["route"]["draw"] == route["draw"]
    }
    check(0 <= route["opened"] <= len(through), "more is said to have been opened than was")
    known = any(s < seq and r["transcript"] == transcript for s, r in before)
    check(route["known"] == known, "whether it was known is told wrongly")
    saved: dict[str, int] = {}
    for each in b.of_kind("labels"):
        if entries[0]["seq"] < each["seq"] < at and PLAIN["whole"](each["body"].get("count")):
            key = canonical([each["body"].get("question"), each["body"].get("rater")])
            saved[key] = saved.get(key, 0) + each["body"]["count"]
    check(0 <= route["labelled"] <= max(saved.values(), default=0), "more is said to have been labelled than was")
    if route["chosen"] == "striking":
        whole = (
            design["kind"] in ("uniform", "census") and design["stop"] == "fixed" and route["opened"] >= route["n"]
        )
        check(whole, "the most striking of a draw that was not read whole")


def step_7_labels(b: Bundle) -> None:
    """The labels are those that were saved, none changed, loose or left out."""
    check(set_digest(each.digest for each in b.labels) == b.claim["labels"], "the labels are not the claim's")
    check(len({each.digest for each in b.labels}) == len(b.labels), "a label is there twice")
    for labels in b.labels_of.values():
        last: dict[str, int] = {}
        for each in labels:
            follows = each["revision"] == last.get(each["transcript"], -1) + 1
            check(follows, "revisions are not numbered 0, 1, 2, …")
            last[each["transcript"]] = each["revision"]
    allowed = {*b.claim["question"]["answers"], "unsure", "unrated"}
    asked = [each for each in b.labels if each["question"] == b.question]
    check(all(each["value"] in allowed for each in asked), "a label is no answer to the question")
    wanted = {(b.question, rater) for rater in b.raters} | {(c["question"], c["rater"]) for c in b.columns()}
    entries = {
        str(e["seq"]): e
        for e in b.of_kind("labels")
        if (e["body"].get("question"), e["body"].get("rater")) in wanted
    }
    check(set(b.batches) == set(entries), "the batches are not those of the log")
    by_digest, seen = {each.digest: each for each in b.labels}, set[str]()
    rubrics = {(canonical(e["body"].get("question")), e["seq"]) for e in b.of_kind("rubric")}
    for key, batch in b.batches.items():
        body = entries[key]["body"]
        right = body.get("count") == len(batch) and body.get("labels") == set_digest(batch)
        check(right, "a batch of labels is not what was logged")
        check(not seen & set(batch) and len(set(batch)) == len(batch), "a label is in two batches")
        seen |= set(batch)
        check(seen <= set(by_digest) or not set(batch) - set(by_digest), "a label is left out")
        for digest in batch:
            pair = by_digest[digest]["question"], by_digest[digest]["rater"]
            check(pair == (body["question"], body["rater"]), "a label is in the batch of another question or rater")
        before = any(q == canonical(body["question"]) and seq < entries[key]["seq"] for q, seq in rubrics)
        check(before, "labels were saved before their question was")
    check(seen == set(by_digest), "a label is in no batch")


def step_9_words(b: Bundle) -> None:
    """What the claim says in words, and how many other ways there were, follow."""
    if b.kind == "quote":
        question = {
            "criteria": ["Letter for letter."],
            "name": "quote",
            "text": "Do the words that are cited stand in the transcript?",
        }
        check(b.claim.raw["question"] == question, "a quote has another question")
    check(b.claim["basis"] == basis_of(b), "the basis is another")
    plan, plans = plan_of(b)
    check(b.claim["plan"] == plan, "the plan is another")
    statement = statement_of(b, plans)
    check(b.claim["statement"] == statement, f"the statement should be: {statement}")
    forks = forks_of(b)
    wrong = sorted(set(forks.items()) ^ set(b.claim["forks"].items()))
    check(not wrong, f"the forks are otherwise: {wrong[:2]}")
    if plan:
        start = next(e["seq"] for e in b.of_kind("plan") if e["body"].get("plan") == plan)
        new = 0
        for each in b.of_kind("import"):
            if each["seq"] > start:
                new += each["body"]["new"] if PLAIN["whole"](each["body"].get("new")) else 0
                if each["body"].get("to") == b.frame["corpus"]:
                    break
        check(new >= b.frame["n"], "fewer transcripts were imported after the plan than the frame holds")


def step_10_transcripts(b: Bundle) -> None:
    """The words are those that the names say; those that are not here were withdrawn."""
    gone = set(b.withdrawn)
    check(b.withdrawn == sorted(gone) and gone <= set(b.by_name), "what is withdrawn is not of this corpus version")
    if gone:
        b.left_out.append(f"the words of {len(gone)} items, which were withdrawn; their digests are known")
    if b.transcripts is None:
        check(b.kind != "quote", "a quote has its words, and these are not here")
        return
    names = set()
    for each in b.transcripts:
        row = row_from(each)
        known = b.by_name.get(row["name"])
        check(known is not None and known.full == row, f"{row['name']} is not a row of this corpus, or another one")
        check(row["name"] not in names, "a transcript is there twice")
        names.add(row["name"])
    check(not names & gone, "words are here that are said to be withdrawn")
    check(names == {row["name"] for row in sample_of(b)} - gone, "the words are not those of the sample")
    if b.kind == "quote":
        _, cited = citation_of(b)
        check_span(b.transcripts[0]["messages"], cited)


def row_from(transcript: Line) -> dict[str, Any]:
    """The row that follows from a transcript."""
    words = [
        [
            message["role"],
            [[part["kind"], part["text"], part["redacted"], part["data"]] for part in message["parts"]],
        ]
        for message in transcript["messages"]
    ]
    row = {key: transcript[key] for key in ("request", "condition", "model", "run", "sample", "status")}
    origin = transcript["source"]
    row |= {
        "source": origin["digest"],
        "member": origin["member"],
        "record": origin["record"],
        "text_digest": name_of(words),
    }
    return row | {"name": name_from(row, transcript.raw.get("condition", {}))}


def check_span(messages: list[dict[str, Any]], cited: dict[str, Any]) -> None:
    """The address of a quote is one in this transcript."""
    span = cited["span"]
    check(0 <= span["message"] < len(messages), "there is no message of this number")
    parts = messages[span["message"]]["parts"]
    check(0 <= span["part"] < len(parts), "there is no part of this number")
    check(0 <= span["start"] < span["end"] <= len(parts[span["part"]]["text"]), "there are no such characters")
    check(all(len(pair) == 2 for pair in cited["left_out"]), "what is left out is not given by pairs")
    marks = [span["start"], *itertools.chain.from_iterable(cited["left_out"]), span["end"]]
    check(marks == sorted(marks), "what is left out is not inside of the quote, in order")


# --- Step 8: the estimate -----------------------------------------------------------------------------------

METHODS = {"": "betting", "betting": "betting", "paired-t": "paired-t", "bootstrap-t": "bootstrap-t"}
Answers = dict[str, Line]


def sample_of(b: Bundle) -> list[Line]:
    """The rows that the number is about, in order."""
    first = b.answers(b.question, b.raters[0]) if b.raters else {}
    if b.kind == "quote":
        names = [citation_of(b)[1]["transcript"]]
    elif b.kind == "precision_at_k":
        found, k = search_of(b), b.claim["k"]
        check(len(found["shown"]) >= k >= 1, "the search did not show so many hits")
        names = found["shown"][:k]
    elif b.kind == "at_least_k":
        names = [row["name"] for row in b.population if row["name"] in first]
    elif b.draw is None:
        names = [row["name"] for row in b.population]
    else:
        names = b.draw["items"]
        if b.design["stop"] != "fixed" or b.claim["method"] == "betting":
            names = names[: last_labelled(b, names)]
    check(bool(names), "the sample is empty")
    frame = {row["name"]: row for row in b.population}
    check(all(name in frame for name in names), "the sample is not of the frame")
    return [frame[name] for name in names]


def last_labelled(b: Bundle, items: list[str]) -> int:
    """The last rank that the first rater has labelled; after the announcement, if the rater is trusted."""
    found = b.labels_of.get((b.question, b.raters[0]), [])
    start = b.draw_entry["seq"] if b.is_trusted(b.raters[0]) else -1
    there = {each["transcript"] for each in found if b.saved_by.get(each.digest, -1) > start}
    return max((rank for rank, name in enumerate(items, 1) if name in there), default=0)


def search_of(b: Bundle) -> dict[str, Any]:
    """The search of a claim about its first hits."""
    entries, number = b.of_kind("search"), b.claim["search"]
    check(1 <= number <= len(entries), "there is no search of this number")
    return record("search", entries[number - 1]["body"].get("search"), "the search")


@dataclass
class Tally:
    """What a rater said of some rows; `size` is the population that they stand for."""

    b: Bundle
    rows: list[Line]
    answers: Answers
    size: int

    def value(self, row: Line) -> str:
        """The answer about a row."""
        label = self.answers.get(row["name"])
        return "unrated" if label is None else label["value"]

    def hit(self, row: Line) -> float | None:
        """1 for the answer that was asked for, 0 for another, None for what is not known."""
        value = self.value(row)
        return None if value in ("unsure", "unrated") else float(value == self.b.claim["answer"])

    @functools.cached_property
    def known(self) -> list[float]:
        """The decided ones."""
        return [y for y in map(self.hit, self.rows) if y is not None]

    @property
    def hits(self) -> int:
        """How many are as asked for."""
        return int(sum(self.known))

    @property
    def most(self) -> int:
        """How many may be."""
        return self.hits + len(self.rows) - len(self.known)

    @property
    def rate(self) -> float:
        """Hits among the decided."""
        check(bool(self.known), "no label is decided")
        return self.hits / len(self.known)

    def counts(self) -> dict[str, int]:
        """The counts of a sample."""
        values = [self.value(row) for row in self.rows]
        yes, no = self.hits, len(self.known) - self.hits
        if self.b.claim["answer"] == "no":
            yes, no = values.count("yes"), values.count("no")
        return {
            "frame": self.size,
            "used": len(self.rows),
            "yes": yes,
            "no": no,
            "unsure": values.count("unsure"),
            "unrated": values.count("unrated"),
            "missing": sum(row["name"] not in self.answers for row in self.rows),
            "faulty": sum(row["status"] != "complete" for row in self.rows),
        }


def added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Counts of several samples together."""
    listed = list(counts)
    return {key: sum(each[key] for each in listed) for key in listed[0]}


RESERVED = {"paired-t", "claim ledger", "active inference"}


def check_terms(b: Bundle) -> None:
    """The terms make a claim, and the draw and the rows fit its kind."""
    claim, uses = b.claim, USES[b.kind]
    for key in ("bound", "margin", "k", "search", "citation", "method", "factor", "levels"):
        check(key in uses or claim.full[key] == RECORDS["claim"][key][2], f"a claim of this kind has no {key}")
    names = [card["name"] for card in claim["raters"]]
    check(
        len(set(names)) == len(names) and not RESERVED & set(names),
        "two raters of one name, or one of a name that is taken",
    )
    check(bool(names) != (b.kind == "quote"), "no rater, or one for a quote")
    check(claim["answer"] in claim["question"]["answers"], "the answer is not one of the question's")
    check(0.001 <= claim["estimate"]["alpha"] <= 0.5, "alpha is not from 0.001 to 0.5")
    levels = claim["levels"]
    if "levels" in uses:
        check(
            len(levels) == 2 and levels[0] != levels[1] and bool(claim["factor"]),
            "two different levels and a factor are needed",
        )
        found = {row["condition"]["levels"].get(claim["factor"]) for row in b.population}
        check(found <= set(levels), "the frame has transcripts at other levels")
    check(
        b.kind != "no_gap" or (claim["margin"] is not None and 0 < claim["margin"] <= 1),
        "the margin is not above 0, up to 1",
    )
    check(claim["bound"] is None or 0 < claim["bound"] < 1, "the bound is not between 0 and 1")
    check("k" not in uses or claim["k"] >= 1, "k is below 1")
    fits = {"gap": (None, "census"), "no_gap": (None, "census"), "difference": ("stratified",)}
    kind = b.design["kind"] if b.draw else None
    check(b.kind in RATES or kind in fits.get(b.kind, (None,)), "a draw of this kind does not fit the claim")


def step_8_number(b: Bundle) -> None:
    """The estimate follows from the labels, and so do the other lines."""
    check_terms(b)
    rows = sample_of(b)
    if b.kind == "precision_at_k":
        found = search_of(b)
        check(len(rows) == b.claim["k"] == len({row["name"] for row in rows}), "the sample has not k transcripts")
        shown = found["shown"]
        check(
            len(shown) != found["hits"] or name_of(shown) == found["ranking"],
            "the hits are not those of the ranking",
        )
    if (
        b.kind in RATES
        and b.draw
        and (b.design["kind"], b.design["stop"]) == ("uniform", "fixed")
        and b.claim["method"] != "betting"
    ):
        for each in b.of_kind("look"):
            body = each["body"]
            mine = body.get("draw") == b.draw_name and body.get("question") == b.question
            peeked = mine and PLAIN["whole"](body.get("n")) and body["n"] < len(b.draw["items"])
            check(not peeked, "somebody looked before all was labelled, so this interval does not hold")
    if b.kind in ("at_least_k", "precision_at_k", "quote"):
        check(near(b.claim["estimate"]["alpha"], 0.05, 1e-9), "alpha is not 0.05")
    compare(b, wanted_estimate(b), b.claim["estimate"], "")


def wanted_estimate(b: Bundle) -> dict[str, Any]:
    """The estimate as it follows from the labels, with its further lines but those that are left out."""
    maker, alpha = Maker(b, sample_of(b)), b.claim["estimate"]["alpha"]
    wanted = maker.make(b.raters[0] if b.raters else "", alpha, b.claim["bound"], b.claim["margin"])
    lines = wanted["secondary"]
    for rater in b.raters[1:]:
        lines[b.cards[rater]["name"]] = maker.make(rater, alpha, b.claim["bound"], b.claim["margin"])
    if b.kind in (*RATES, "gap", "no_gap", "difference"):
        i = 1 + len(b.of_kind("claim"))
        less = alpha * 6 / (math.pi * i) ** 2
        maker.add(lines, "claim ledger", lambda: maker.make(b.raters[0], less, None, 1.0))
    if b.kind == "gap" and b.claim["method"] != "paired-t":
        maker.add(lines, "paired-t", lambda: maker.gap(b.raters[0], alpha, "paired-t"))
    return wanted


class Maker:
    """Makes the estimate of a claim from the answers of one rater."""

    def __init__(self, b: Bundle, rows: list[Line]) -> None:
        self.b, self.rows, self.total = b, rows, b.frame["n"]
        check(self.total >= len(rows), "the sample is larger than the frame")

    @staticmethod
    def add(lines: dict[str, Any], name: str, make: Callable[[], dict[str, Any]]) -> None:
        """Add a further line, unless it is refused."""
        try:
            lines[name] = make()
        except Wrong:
            return

    def make(self, rater: str, alpha: float, bound: float | None, margin: float | None) -> dict[str, Any]:
        """The estimate, without further lines."""
        if self.b.kind in RATES:
            return self.rate(rater, alpha, bound)
        if self.b.kind == "gap":
            return self.gap(rater, alpha, METHODS.get(self.b.claim["method"], "?"))
        if self.b.kind == "no_gap":
            made = self.gap(rater, alpha, "two-one-sided")
            check(max(abs(made["low"]), abs(made["high"])) < (margin or 0), "the margin is not shown")
            return made
        if self.b.kind == "difference":
            return self.difference(rater, alpha)
        return self.count(rater)

    def said(self, rater: str, rows: list[Line], size: int) -> Tally:
        """What a rater said of rows."""
        return Tally(self.b, rows, self.b.answers(self.b.question, rater), size)

    @staticmethod
    def estimate(
        value: float, ends: tuple[float, float], alpha: float, method: str, counts: dict[str, int]
    ) -> dict[str, Any]:
        """An estimate with its ends rounded outwards; `wide` has them if arithmetic is 10^-7 off."""
        (low, high), wide = rounded(*ends), [rounded(ends[0] - by, ends[1] + by) for by in (1e-7, -1e-7)]
        made = {
            "wide": wide,
            "value": value,
            "low": low,
            "high": high,
            "alpha": alpha,
            "method": method,
            "counts": counts,
        }
        return made | {"arms": [], "dropped": 0, "p_value": None, "secondary": {}}

    def rate(self, rater: str, alpha: float, bound: float | None) -> dict[str, Any]:
        """A share with its interval."""
        b, said = self.b, self.said(rater, self.rows, self.total)
        design, asked, kind = b.design, b.claim["method"], b.kind
        below = {"rate_ci": alpha / 2, "rate_lower": alpha, "rate_upper": 0.0}[kind]
        above = {"rate_ci": alpha / 2, "rate_upper": alpha, "rate_lower": 0.0}[kind]
        by = {("uniform", "until"): "until", ("uniform", "open"): "betting", ("weighted", "open"): "betting"}
        usual = {"stratified": "strata", "elusion": "elusion"}.get(design["kind"]) or by.get(
            (design["kind"], design["stop"]), "exact"
        )
        may_bet = usual == "until" or (usual == "exact" and design["kind"] in ("uniform", "census"))
        check(
            asked in ("", usual) or (asked == "betting" and (may_bet or usual == "betting")),
            "this method does not fit the draw",
        )
        check(
            not (design["kind"] == "weighted" and design["stop"] == "fixed"),
            "no interval fits a weighted draw of fixed size",
        )
        method, value = asked or usual, said.rate
        if method == "exact":
            low, high = exact_ends(said, below, above)
            name = "hypergeometric/1"
        elif method == "until":
            low, high = self.until(said, below, above)
            name = "negative-hypergeometric/1"
        elif method == "betting":
            value, low, high = self.betting(said, alpha)
            name = "betting-sequence/1"
        else:
            value, low, high = self.parts(self.split(rater), alpha)
            name = f"hypergeometric-{method}/1"
        made = self.estimate(
            value,
            (low if kind != "rate_upper" else 0, high if kind != "rate_lower" else 1),
            alpha,
            name,
            said.counts(),
        )
        if bound is not None:
            holds_true = made["high"] <= bound if kind == "rate_upper" else made["low"] >= bound
            check(holds_true, "the labels do not carry this bound")
        return made

    def until(self, said: Tally, below: float, above: float) -> tuple[float, float]:
        """The ends for a draw that was read until so many were found."""
        k, n, total = self.b.design["until"], len(said.rows), self.total
        check(
            said.hits == k and said.hit(said.rows[-1]) == 1.0,
            "the reading did not end with the last that was to be found",
        )
        ranks = [rank for rank, row in enumerate(said.rows, 1) if said.hit(row) != 0.0]
        early = ranks[k - 1]
        least = search_whole(k, total - n + k, lambda m: holds(total, m, n, k, True, below)) if below else 0
        top = total - early + k
        most = (
            -search_whole(-top, -k, lambda m: holds(total, -m, early - 1, k - 1, False, above)) if above else total
        )
        return least / total, most / total

    def betting(self, said: Tally, alpha: float) -> tuple[float, float, float]:
        """The share, and the ends of the sequence that holds at every look."""
        b = self.b
        place = {row["name"]: i for i, row in enumerate(b.population)}
        read = [place[row["name"]] for row in said.rows]
        labels = [said.hit(row) for row in said.rows]
        weights = [b.weights[row["name"]] for row in b.population]
        scores = None
        if b.design["kind"] == "weighted":
            found = b.scores(b.population, b.design["scored"])
            turned = b.claim["answer"] == "no"
            scores = [1 - found[row["name"]] if turned else found[row["name"]] for row in b.population]
        low, high = [y or 0.0 for y in labels], [1.0 if y is None else y for y in labels]
        side = {"rate_ci": "both", "rate_upper": "high", "rate_lower": "low"}[b.kind]
        ends = betting_ends(read, low, high, weights, scores, alpha, side)
        known = [(y, weights[i]) for y, i in zip(labels, read, strict=True) if y is not None]
        value = math.fsum(y / w for y, w in known) / math.fsum(1 / w for _, w in known)
        return value, *ends

    def split(self, rater: str) -> list[Tally]:
        """The sample by the parts of the population that it was drawn from."""
        design, rows = self.b.design, self.rows
        if design["kind"] == "elusion":
            top = design["top"]
            return [self.said(rater, rows[:top], top), self.said(rater, rows[top:], self.total - top)]
        made, start = [], 0
        for part, members in zip(design["strata"], self.b.strata, strict=True):
            made.append(self.said(rater, rows[start : start + part["n"]], len(members)))
            start += part["n"]
        return made

    def parts(self, parts: list[Tally], alpha: float) -> tuple[float, float, float]:
        """The share of the whole from parts that were drawn from one by one."""
        open_parts = sum(len(part.rows) < part.size for part in parts)
        level = alpha if self.b.kind == "rate_ci" else min(2 * alpha, 1.0)
        each = (1 - (1 - level) ** (1 / max(open_parts, 1))) / 2
        ends = [exact_ends(part, each, each) for part in parts]
        value = math.fsum(part.size * part.rate for part in parts) / self.total
        low = math.fsum(part.size * end[0] for part, end in zip(parts, ends, strict=True)) / self.total
        high = math.fsum(part.size * end[1] for part, end in zip(parts, ends, strict=True)) / self.total
        return value, low, min(high, 1.0)

    def difference(self, rater: str, alpha: float) -> dict[str, Any]:
        """Two strata, one against the other."""
        factor, levels = self.b.claim["factor"], self.b.claim["levels"]
        check(len(self.b.strata) == 2, "a difference needs two strata")
        by_level = {}
        for part, members in zip(self.split(rater), self.b.strata, strict=True):
            found = {row["condition"]["levels"].get(factor) for row in members}
            check(len(found) == 1, "a stratum holds more than one level")
            by_level[found.pop()] = part
        check(set(by_level) == set(levels), "the strata are not the two levels")
        parts = [by_level[level] for level in levels]
        (low_1, high_1), (low_2, high_2) = (exact_ends(part, alpha / 4, alpha / 4) for part in parts)
        arms = [
            {
                "level": level,
                "rate": part.rate,
                "requests": len({row["request"] for row in part.rows}),
                "counts": part.counts(),
            }
            for level, part in zip(levels, parts, strict=True)
        ]
        value, counts = parts[0].rate - parts[1].rate, added(arm["counts"] for arm in arms)
        made = self.estimate(value, (low_1 - high_2, high_1 - low_2), alpha, "two-hypergeometric/1", counts)
        return made | {"arms": arms}

    def gap(self, rater: str, alpha: float, method: str) -> dict[str, Any]:
        """Two levels, paired by request."""
        pairs, dropped = self.pairs(rater)
        low = [first.hits / len(first.rows) - second.most / len(second.rows) for first, second in pairs]
        high = [first.most / len(first.rows) - second.hits / len(second.rows) for first, second in pairs]
        both = [(first.rate, second.rate) for first, second in pairs if first.known and second.known]
        check(bool(both), "no request has decided labels at both levels")
        value = math.fsum(x - y for x, y in both) / len(both)
        name = (
            f"{method}-betting/1"
            if method == "two-one-sided"
            else {"betting": "paired-betting/1"}.get(method, f"{method}/1")
        )
        if method == "paired-t":
            ends = paired_t(low, high, alpha)
        elif method == "bootstrap-t":
            ends = (math.nan, math.nan)
        else:
            check(method in ("betting", "two-one-sided"), "there is no such method for a gap")
            level = min(2 * alpha, 0.999) if method == "two-one-sided" else alpha
            ends = (
                2 * mean_bound([(d + 1) / 2 for d in low], level) - 1,
                1 - 2 * mean_bound([(1 - d) / 2 for d in high], level),
            )
            ends = min(ends[0], value), max(ends[1], value)
        arms = [self.arm(rater, pairs, i, math.fsum(pair[i] for pair in both) / len(both)) for i in (0, 1)]
        counts = added(arm["counts"] for arm in arms) | {"frame": self.total}
        made = self.estimate(value, ends if method != "bootstrap-t" else (-1, 1), alpha, name, counts)
        decided = all(len(side.known) == len(side.rows) for pair in pairs for side in pair)
        p = sign_flip([x - y for x, y in both]) if decided and method != "two-one-sided" else None
        return made | {"arms": arms, "dropped": dropped, "p_value": p}

    def pairs(self, rater: str) -> tuple[list[tuple[Tally, Tally]], int]:
        """The requests that have transcripts at both levels, and how many have not."""
        answers, factor, levels = (
            self.b.answers(self.b.question, rater),
            self.b.claim["factor"],
            self.b.claim["levels"],
        )
        requests: dict[str, tuple[list[Line], list[Line]]] = {}
        for row in self.b.population:
            check(bool(row["request"]) and row["name"] in answers, "a transcript has no request or no label")
            side = levels.index(row["condition"]["levels"][factor])
            requests.setdefault(row["request"], ([], []))[side].append(row)
        paired = [sides for _, sides in sorted(requests.items()) if all(sides)]
        check(bool(paired), "no request is there at both levels")
        made = [(Tally(self.b, x, answers, len(x)), Tally(self.b, y, answers, len(y))) for x, y in paired]
        return made, len(requests) - len(paired)

    def arm(self, rater: str, pairs: list[tuple[Tally, Tally]], side: int, rate: float) -> dict[str, Any]:
        """One arm of a gap."""
        rows = [row for pair in pairs for row in pair[side].rows]
        counts = self.said(rater, rows, len(rows)).counts()
        return {"level": self.b.claim["levels"][side], "rate": rate, "requests": len(pairs), "counts": counts}

    def count(self, rater: str) -> dict[str, Any]:
        """What shows that something exists, and not how often."""
        made = self.estimate(0, (0, 1), 0.05, "", {})
        if self.b.kind == "quote":
            counts = {
                "frame": self.total,
                "used": 1,
                "yes": 1,
                "no": 0,
                "unsure": 0,
                "unrated": 0,
                "missing": 0,
                "faulty": 0,
            }
            return made | {"value": 1 / self.total, "low": 1 / self.total, "method": "exhibit/1", "counts": counts}
        if self.b.kind == "precision_at_k":
            said, k = self.said(rater, self.rows, len(self.rows)), len(self.rows)
            ends = {"value": said.rate, "low": said.hits / k, "high": said.most / k}
            return made | ends | {"method": "precision/1", "counts": said.counts()}
        said = self.said(rater, self.rows, self.total)
        check(said.hits >= self.b.claim["k"], "not as many were found")
        share = said.hits / self.total
        return made | {"value": share, "low": share, "method": "count/1", "counts": said.counts()}


def rounded(low: float, high: float) -> tuple[float, float]:
    """The ends of an interval, rounded outwards."""
    return math.floor(1e4 * low + 1e-5) / 1e4, math.ceil(1e4 * high - 1e-5) / 1e4


def exact_ends(said: Tally, below: float, above: float) -> tuple[float, float]:
    """The exact interval of one part, from what a rater said of those drawn from it."""
    total, n, hits, most = said.size, len(said.rows), said.hits, said.most
    low, high = 0.0, 1.0
    if below:
        least = search_whole(hits, total - n + hits, lambda m: holds(total, m, n, hits, True, below))
        low = min(least / total, hits / n)
    if above:
        last = -search_whole(-(total - n + most), -most, lambda m: holds(total, -m, n, most, False, above))
        high = max(last / total, most / n)
    return low, high


LEFT_OUT = {"active inference": "active-inference/1"}


def compare(b: Bundle, wanted: dict[str, Any], found: dict[str, Any], where: str) -> None:
    """The estimate is what it should be, but for what is left out."""
    secondary = dict(found["secondary"])
    for name, method in LEFT_OUT.items():
        if (
            not where
            and b.kind == "rate_ci"
            and b.design["kind"] == "weighted"
            and secondary.get(name, {}).get("method") == method
        ):
            b.left_out.append(f"the line {name!r}")
            del secondary[name]
    betting, left = "betting" in wanted["method"], wanted["method"] == "bootstrap-t/1"
    for key in ("method", "counts", "dropped"):
        check(wanted[key] == found[key], f"{where}{key} should be {wanted[key]}, not {found[key]}")
    for key in ("value", "low", "high", "alpha", "p_value"):
        if left and key in ("low", "high"):
            b.left_out.append(f"{where}{key} by bootstrap-t")
            continue
        same = near(wanted[key], found[key], 1e-9)
        if not same and betting and key in ("low", "high"):
            same = any(near(ends[key == "high"], found[key], 1e-9) for ends in wanted["wide"])
            b.left_out.append(f"{where}{key}: it lies between two decimals, and we have {wanted[key]}")
        check(same, f"{where}{key} should be {wanted[key]}, not {found[key]}")
    check(len(wanted["arms"]) == len(found["arms"]), f"{where}arms are otherwise")
    for one, other in zip(wanted["arms"], found["arms"], strict=True):
        same = near(one["rate"], other["rate"], 1e-9) and all(
            one[key] == other[key] for key in ("level", "requests", "counts")
        )
        check(same, f"{where}arm should be {one}, not {other}")
    check(
        set(wanted["secondary"]) == set(secondary), f"{where}further lines should be {sorted(wanted['secondary'])}"
    )
    for name, line in wanted["secondary"].items():
        compare(b, line, secondary[name], f"{where}{name}: ")


def near(one: float | None, other: float | None, by: float) -> bool:
    """Whether two numbers are the same."""
    return one == other if one is None or other is None else abs(one - other) <= by


# --- Step 9: words ------------------------------------------------------------------------------------------


def basis_of(b: Bundle) -> str:
    """What the labels are worth."""
    if b.kind == "quote":
        return "the words themselves"
    check(bool(b.raters), "there is no rater")
    card = b.cards[b.raters[0]]
    if card["basis"] == "exact by construction":
        return "exact by construction"
    return (
        f"trusted rater {card['name']}"
        if card["basis"] == "trusted"
        else f"as rated by {card['name']}, uncorrected"
    )


def forks_of(b: Bundle) -> dict[str, int]:
    """How many other ways there were, as the log has it."""
    forks = {f"{kind}s": len(b.of_kind(kind)) for kind in ("draw", "reading", "look", "claim", "unlock")}
    forks["searches"] = len(b.of_kind("search"))
    draws = {canonical(e["body"].get("draw")) for e in b.of_kind("draw")}
    used = {canonical(e["body"].get("draw")) for e in b.of_kind("claim")} | {canonical(b.draw_name)}
    forks["abandoned draws"] = len(draws - used)
    mine = {
        canonical(e["body"].get("question"))
        for e in b.of_kind("rubric")
        if e["body"].get("name") == b.claim["question"]["name"]
    }
    forks["question versions"] = max(1, len(mine))
    filters = {canonical(e["body"].get("predicate", "")) for kind in ("filter", "claim") for e in b.of_kind(kind)}
    for each in b.of_kind("draw"):
        filters.add(canonical(reach(each["body"], "commitment", "frame", "predicate") or ""))
    forks["populations"] = len(filters)
    shown = [
        e["seq"] for kind in ("look", "claim") for e in b.of_kind(kind) if e["body"].get("question") == b.question
    ]
    first = min(shown, default=math.inf)
    later = (each for each in b.labels if each["question"] == b.question and each["revision"] > 0)
    forks["labels changed"] = sum(b.saved_by.get(label.digest, -1) > first for label in later)
    return forks


PLAN_NEEDS = {"plan", "scenario", "question", "kind", "corpus", "before"}
PLAN_MAY = {"factor", "levels", "design", "predicate", "alpha"}


def plan_of(b: Bundle) -> tuple[str, int]:
    """The plan that foresaw this claim, or none; and how many plans there were."""
    plans, first = [], ""
    for each in b.of_kind("plan"):
        body = {"factor": "", "levels": [], "design": {"kind": "census"}, "predicate": "", "alpha": 0.05} | each[
            "body"
        ]
        if not set(each["body"]) <= PLAN_NEEDS | PLAN_MAY or not set(each["body"]) >= PLAN_NEEDS:
            continue
        try:
            terms = parse_filter(body["predicate"] if isinstance(body["predicate"], str) else "=")
        except Wrong:
            continue
        if body["plan"] not in plans:
            plans.append(body["plan"])
        if not first and foreseen(b, each["seq"], body, terms):
            first = body["plan"]
    return first, len(plans)


def foreseen(b: Bundle, seq: int, body: dict[str, Any], terms: list[tuple[str, list[str]]]) -> bool:
    """Whether a plan is one for this claim."""
    claim = b.claim
    said = {"kind": b.kind, "question": b.question, "factor": claim["factor"], "levels": claim["levels"]}
    said["alpha"] = claim["estimate"]["alpha"]
    mine = {
        k: v
        for k, v in (b.draw.raw["commitment"]["design"] if b.draw else {"kind": "census"}).items()
        if k != "scores"
    }
    theirs = (
        {k: v for k, v in body["design"].items() if k != "scores"} if isinstance(body["design"], dict) else None
    )
    if (
        claim["answer"] != claim["question"]["answers"][0]
        or mine != theirs
        or any(body[k] != v for k, v in said.items())
    ):
        return False
    if not same_filter(
        {name: sorted(set(v)) for name, v in parse_filter(b.frame["predicate"])},
        {name: sorted(set(v)) for name, v in terms},
        claim,
    ):
        return False
    if any(row["condition"]["scenario"] != body["scenario"] for row in b.population):
        return False
    if body["before"] != 0 or any(e["seq"] < seq for e in b.of_kind("withdraw")):
        return False
    came = [e["body"].get("to") for e in b.of_kind("import") if e["seq"] < seq]
    return not came or came[-1] == body["corpus"]


def same_filter(mine: dict[str, list[str]], planned: dict[str, list[str]], claim: Line) -> bool:
    """Whether the filter is the planned one, but for the two levels, and for fewer models."""
    factor = claim["factor"]
    if factor and factor not in planned and mine.get(factor) == sorted(claim["levels"]):
        del mine[factor]
    if "model" in mine and ("model" not in planned or set(mine["model"]) <= set(planned["model"])):
        del mine["model"]
        planned.pop("model", None)
    return mine == planned


def pct(x: float) -> str:
    """A share in per cent."""
    return f"{100 * x:.2f} %"


def pts(x: float) -> str:
    """A difference in points."""
    return f"{100 * x:+.2f}"


def statement_of(b: Bundle, plans: int) -> str:
    """What the claim says, whole."""
    e, claim, counts = b.claim["estimate"], b.claim, b.claim["estimate"]["counts"]
    n, where = b.frame["n"], b.frame["predicate"] or "the whole corpus"
    if b.kind == "quote":
        _, cited = citation_of(b)
        span = cited["span"]
        place = f"message {span['message']}, part {span['part']}, characters {span['start']} to {span['end']}"
        return (
            f"These words stand in transcript {cited['transcript']}, {place}; it is one of {n}; {cited['before']} "
            "had been read before it. It shows that there is one, and not how many."
        )
    decided = " of those decided" if counts["unsure"] + counts["unrated"] else ""
    answered = f"answered '{claim['answer']}' to \"{claim['question']['text']}\""
    asked = f"the share {answered} is"
    if b.kind in RATES:
        said = f"Of {n} transcripts ({where}), {asked} {share_words(b, decided)}; from {how_words(b)}"
    elif b.kind == "at_least_k":
        said = (
            f"At least {claim['k']} of {n} transcripts ({where}) are {answered}; "
            f"{counts['used']} were looked at, however they were found, so this says nothing of how often"
        )
    elif b.kind == "precision_at_k":
        found, k = search_of(b), claim["k"]
        query = json.dumps(found["query"], ensure_ascii=False)
        said = f"Of the first {k} of {found['hits']} hits of search {claim['search']} ({query}), {asked} "
        said += f"{pct(e['value'])}{decided}; it is about these {k} alone"
    else:
        check(len(e["arms"]) == 2 and all(arm["rate"] is not None for arm in e["arms"]), "there are not two arms")
        rates = " and ".join(f"{pct(arm['rate'])} at {claim['factor']}={arm['level']}" for arm in e["arms"])
        said = f"In {n} transcripts ({where}), {asked} {rates}{decided}: {gap_words(b)}"
    tally = f"{counts['yes']} yes, {counts['no']} no, {counts['unsure']} unsure, {counts['unrated']} unrated"
    tally += f" ({counts['missing']} of them without any label)" if counts["missing"] else ""
    tally += f", {counts['faulty']} not whole" if counts["faulty"] else ""
    plan = "registered before the first transcript" if claim["plan"] else "not pre-registered"
    plan += f", under one of {plans} plans" if claim["plan"] and plans > 1 else ""
    return f"{said}; {tally}; {plan}; {claim['basis']}{unsafe_words(b)}."


def unsafe_words(b: Bundle) -> str:
    """What is added where a rater is a judge that did not pass its canaries."""
    said = ""
    for rater in b.raters:
        card = b.cards[rater]
        if card["kind"] != "judge" or not card["version"].startswith("judge/"):
            continue
        bodies = [e["body"] for e in b.of_kind("judging")]
        mine = [one for one in bodies if (one.get("question"), one.get("rater")) == (b.question, rater)]
        batches = {one["batch"]: one for one in mine if isinstance(one.get("batch"), str)}
        asked, wrong, twins, flips = (
            sum(n for one in batches.values() if type(n := one.get(name)) is int and n >= 0)
            for name in ("asked", "wrong", "twins", "flips")
        )
        if not asked or not twins or 10 * flips > twins or 5 * wrong > asked:
            said += f"; by its canaries {card['name']} is unsafe for claims "
            said += f"({flips} of {twins} twins flipped, {wrong} of {asked} known answers missed)"
    return said


def conf_words(b: Bundle) -> str:
    """The level of confidence."""
    return f"{100 * (1 - b.claim['estimate']['alpha']):g} %"


def share_words(b: Bundle, decided: str) -> str:
    """The share of a rate."""
    e, bound = b.claim["estimate"], b.claim["bound"]
    if b.kind == "rate_upper":
        return f"at most {pct(e['high'] if bound is None else bound)}, at {conf_words(b)} confidence"
    if b.kind == "rate_lower":
        return f"at least {pct(e['low'] if bound is None else bound)}, at {conf_words(b)} confidence"
    return f"{pct(e['value'])}{decided}, {conf_words(b)} interval {pct(e['low'])} to {pct(e['high'])}"


def how_words(b: Bundle) -> str:
    """How the sample came about."""
    design, used = b.design, b.claim["estimate"]["counts"]["used"]
    if b.draw is None or design["kind"] == "census":
        return "all"
    draw = f"draw {b.draw['commitment']['counter']}"
    if design["kind"] == "weighted":
        return f"a draw weighted by a rater's scores, every look allowed for ({draw}, ranks 1-{used} read)"
    if design["kind"] == "elusion":
        return f"all of the {design['top']} highest scores and {design['n']} drawn from the rest ({draw})"
    if design["kind"] == "stratified":
        parts = ", ".join(f"{part['n']} of {part['predicate'] or 'all'}" for part in design["strata"])
        return f"a draw by strata ({draw}: {parts})"
    return {
        "fixed": f"{used} drawn uniformly ({draw}, ranks 1-{used})",
        "until": f"a uniform draw, read until {design['until']} were found ({draw}, ranks 1-{used})",
        "open": f"a uniform draw, every look allowed for ({draw}, ranks 1-{used} read)",
    }[design["stop"]]


def gap_words(b: Bundle) -> str:
    """The gap of two levels."""
    e = b.claim["estimate"]
    ends = f"{pts(e['low'])} to {pts(e['high'])}"
    paired = f"paired by {e['arms'][0]['requests']} requests"
    paired += f" ({e['dropped']} more, seen at one level only, are left out)" if e["dropped"] else ""
    if b.kind == "difference":
        return f"a difference of {pts(e['value'])} points, {conf_words(b)} interval {ends}, not paired"
    if b.kind == "gap":
        return f"a gap of {pts(e['value'])} points, {conf_words(b)} interval {ends}, {paired}"
    check(b.claim["margin"] is not None, "there is no margin")
    said = f"a gap of less than {100 * b.claim['margin']:g} points, at {conf_words(b)} confidence"
    return f"{said} (between {ends} points), {paired}"


# --- All of it ----------------------------------------------------------------------------------------------

STEPS: tuple[tuple[str, Callable[[Bundle], None]], ...] = (
    ("population", step_2_population),
    ("log", step_3_log),
    ("draw", step_4_draw),
    ("ranks", step_5_ranks),
    ("order of events", step_6_order),
    ("labels", step_7_labels),
    ("number", step_8_number),
    ("words", step_9_words),
    ("transcripts", step_10_transcripts),
)


@dataclass
class Found:
    """What verification found: the steps with what failed, and what was left out."""

    steps: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return len(self.steps) >= 10 and not any(failure for _, _, failure in self.steps)


def attempt(step: Callable[[], Any]) -> tuple[Any, str]:
    """What a step gives, and in a sentence why it failed. Whatever a bundle breaks is a failure of the step."""
    try:
        return step(), ""
    except Wrong as wrong:
        return None, f"{wrong}."
    except (
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        return None, f"it cannot be worked out ({type(error).__name__})."


def verify(path: Path, checkpoint: Path | None = None) -> Found:
    """Take the ten steps."""
    members, found = read_file(path), Found()
    bundle, failure = attempt(lambda: step_1_bundle(members))
    found.steps.append((1, "bundle", failure))
    if bundle is None:
        return found
    for number_of, (name, step) in enumerate(STEPS, 2):
        found.steps.append((number_of, name, attempt(functools.partial(step, bundle))[1]))
    if checkpoint is not None and found.passed:
        found.steps.append((11, "checkpoint", attempt(lambda: check_checkpoint(bundle, checkpoint))[1]))
    found.left_out = bundle.left_out
    return found


def check_checkpoint(b: Bundle, path: Path) -> None:
    """The log continues a checkpoint (C2SP tlog-checkpoint); its signature, if it has one, is not checked."""
    try:
        check(path.stat().st_size <= 10**6, "the checkpoint is larger than 1,000,000 bytes")
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Wrong("the checkpoint cannot be read") from None
    check(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text), "the checkpoint holds control characters")
    body, _, signatures = text.partition("\n\n")
    lines = body.removesuffix("\n").split("\n")
    check(
        text.endswith("\n") and len(lines) >= 3 and (len(lines) == 3 or bool(signatures)),
        "the checkpoint is not of this form",
    )
    origin, size, root = lines[:3]
    check(bool(b.entries) and b.entries[0]["kind"] == "start", "the log does not say whose it is")
    check(origin == f"allegiance/study/{b.entries[0]['body'].get('study')}", "the checkpoint is of another log")
    check(
        re.fullmatch(r"[1-9][0-9]{0,18}", size, re.ASCII) is not None,
        "the checkpoint has no size of one entry or more",
    )
    check(int(size) <= len(b.log_lines), "the checkpoint is from after the claim and cannot be compared")
    wanted = base64.b64encode(tree_root(b.log_lines[: int(size)])).decode()
    check(root == wanted, "the log does not begin with what the checkpoint says")
    if signatures:
        b.left_out.append("the signature of the checkpoint")


def plain(text: str) -> str:
    """A line in ASCII, without anything that a terminal takes for a command."""
    return "".join(c if c.isascii() and c.isprintable() else f"\\u{ord(c):04x}" for c in text[:2000]) + "\n"


def tell(path: str, found: Found) -> None:
    """Print what was found, for people."""
    sys.stdout.write(plain(f"{path}: {'verified' if found.passed else 'NOT verified'}"))
    for number_of, name, failure in found.steps:
        line = f"  {number_of:2} {name:16} {'FAIL: ' + failure if failure else 'pass'}"
        sys.stdout.write(plain(line))
    for each in found.left_out:
        sys.stdout.write(plain(f"     left out: {each}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify bundles; the exit status is that of the worst."""
    parser = argparse.ArgumentParser(description="Work claims out again from their bundles, in ten steps.")
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--checkpoint", type=Path, help="a checkpoint that the log must continue; signatures are not checked"
    )
    options = parser.parse_args(arguments)
    status, told = 0, []
    for path in options.bundles:
        try:
            found = verify(Path(path), options.checkpoint)
        except NotABundle as error:
            status = 2
            told.append({"bundle": path, "verified": False, "error": str(error)})
            if not options.json:
                sys.stderr.write(plain(f"{path}: {error}"))
            continue
        status = max(status, 0 if found.passed else 1)
        steps = [
            {"step": n, "name": name, "passed": not failure, "failure": failure} for n, name, failure in found.steps
        ]
        told.append({"bundle": path, "verified": found.passed, "steps": steps, "left_out": found.left_out})
        if not options.json:
            tell(path, found)
    if options.json:
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
