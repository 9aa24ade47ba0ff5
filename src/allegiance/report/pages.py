"""Transcripts as static pages: a folder with an index and one page a transcript. No script, nothing fetched.

All text is escaped, and characters without a visible shape are written out, so that what is read is what is stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allegiance.corpus.export_target import Chosen, new_folder
from allegiance.corpus.importers.besides import Beside
from allegiance.records.canary import CANARY
from allegiance.records.transcript import Part, Transcript
from allegiance.report.words import visible

INDEX_ROWS = 1000
"""Transcripts on a page of the index."""
_SHOWN = 200
"""Characters of a request in the index."""
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --quiet: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin: 0 0 .3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
section { border-left: .25rem solid var(--line); padding: .2rem 1rem; margin: 1rem 0; }
section.assistant { background: var(--quiet); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .3rem 0; }
pre.reasoning { border: 1px dashed var(--line); padding: .5rem; }
pre.data, pre.tool_call { font-family: monospace; }
.note { font-style: italic; margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--line); text-align: left;
padding: .2rem .5rem; vertical-align: top; overflow-wrap: anywhere; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; font-size: .8rem; }
"""


def write_pages(chosen: Chosen, dest: Path) -> int:
    """Write a folder of pages, which appears whole or not at all.

    Returns:
        The number of transcripts written.

    Raises:
        UsageError: The target exists already, or the directory in which it is to be does not.
    """
    with new_folder(dest) as folder:
        (folder / "t").mkdir()
        (folder / "robots.txt").write_text(f"# {CANARY}\nUser-agent: *\nDisallow: /\n", "utf-8")
        return _write(chosen, folder)


def transcript_page(name: str, item: Transcript, labels: Sequence[Beside] = ()) -> str:
    """One transcript as a whole HTML page: the words of every part in order, labels, then metadata.

    Withheld, empty and absent reasoning look different: the first two are named, the last is not there.
    """
    facts = {
        "Name": name, "Model": item.model, "Condition": item.condition.name, "Request": item.request,
        "Run": item.run, "Sample": str(item.sample) if item.sample >= 0 else "", "Status": item.status,
        "From": _from(item),
    }  # fmt: skip
    turns = [
        {
            "role": message.role,
            "kind": "assistant" if message.role == "assistant" else "other",
            "parts": [_part(part) for part in message.parts],
        }
        for message in item.messages
    ]
    canaries = [CANARY, item.canary] if item.canary else [CANARY]
    return _house().get_template("transcript.html.j2").render(
        title=f"Transcript {_short(name)}", facts=[(k, v) for k, v in facts.items() if v], messages=turns,
        labels=[_label(one) for one in labels], metadata=_json(item.metadata), canaries=canaries, **_frame()
    )  # fmt: skip


def _write(chosen: Chosen, folder: Path) -> int:
    total = chosen.count
    files = ["index.html", *(f"index-{n}.html" for n in range(2, -(-total // INDEX_ROWS) + 1))]
    stream, count = chosen.items(), 0
    for number, file in enumerate(files, 1):
        rows = list(_some(islice(stream, INDEX_ROWS), chosen, folder))
        page = _house().get_template("transcripts.html.j2").render(
            title="Transcripts", version=chosen.at, count=total, first=min(count + 1, total),
            last=count + len(rows), pages=files, number=number, rows=rows, canary=CANARY, **_frame()
        )  # fmt: skip
        (folder / file).write_text(page, "utf-8")
        count += len(rows)
    return count


def _some(items: Iterable[tuple[str, Transcript]], chosen: Chosen, folder: Path) -> Iterator[dict[str, str]]:
    """Writes pages; what the index says of each."""
    for name, item in items:
        file = f"t/{name.removeprefix('sha256:')}.html"
        beside = (chosen.labels or {}).get(name, ())
        (folder / file).write_text(transcript_page(name, item, beside), "utf-8")
        request = item.request if len(item.request) <= _SHOWN else f"{item.request[:_SHOWN]}…"
        yield {"file": file, "short": _short(name), "model": item.model, "condition": item.condition.name,
               "request": request, "status": item.status}  # fmt: skip


def _part(part: Part) -> dict[str, str]:
    """A part as the template shows it: a note on what it is, and its words."""
    if part.kind == "tool_call":
        return {"kind": part.kind, "note": f"calls {part.data.get('function')}",
                "text": _json(part.data.get("arguments"))}  # fmt: skip
    if part.kind == "data":
        return {"kind": part.kind, "note": "data", "text": _json(part.data)}
    if part.kind == "text":
        return {"kind": part.kind, "note": "" if part.text else "empty text", "text": part.text}
    if part.redacted:
        note = "reasoning, withheld; a summary in its place" if part.text else "reasoning, withheld"
    else:
        note = "reasoning" if part.text else "reasoning, empty"
    return {"kind": part.kind, "note": note, "text": part.text}


def _label(one: Beside) -> str:
    score = "" if one.label.score is None else f", score {one.label.score:g}"
    return f"{one.question.name} by {one.rater.name} ({one.rater.kind}): {one.label.value}{score}"


def _from(item: Transcript) -> str:
    place = " › ".join(filter(None, (item.source.file, item.source.member)))
    return f"{place}, record {item.source.record}, read as {item.source.format}"


def _short(name: str) -> str:
    return name.removeprefix("sha256:")[:12]


def _json(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=dict)


@cache
def _frame() -> Mapping[str, Markup | str]:
    """Style, and the policy that lets nothing in but this style."""
    held = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{held}'; base-uri 'none'; form-action 'none'"
    return {"style": Markup(_STYLE), "policy": policy}  # noqa: S704 (our own constant)


@cache
def _house() -> Environment:
    return Environment(
        loader=PackageLoader("allegiance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )
