"""Verbs that search: search, and corpus index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

import click

from allegiance.cli.corpora import corpus
from allegiance.cli.engines import engine_option, find_engine
from allegiance.cli.options import json_option, open_study, study_option, where_option
from allegiance.cli.output import builtins, emit, fields, note, progress
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.corpus.search.hits import Hit
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.searching import Asked, Looked

_WIDEST = 300
"""Characters of a snippet that are printed; JSON has all of it."""
_MUCH = 10_000
"""Transcripts from which on indexing is announced where no progress can be shown."""
_HAVE = {"words": "have these words"}


@click.command()
@click.argument("query", default="")
@click.option(
    "--by",
    type=click.Choice(["words", "pattern", "meaning", "both"]),
    help="How; words, or a pattern if the query is written /so/.",
)
@click.option("--like", metavar="NAME", help="Transcripts like this one, in place of a query.")
@click.option(
    "--in", "place", metavar="PLACE", default="text", help="Where: text, answer, reasoning; for words a role too."
)
@click.option(
    "--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many hits to show."
)
@where_option
@study_option
@json_option
def search(
    query: str, by: str | None, like: str | None, place: str, limit: int, where: str, folder: Path, as_json: bool
) -> None:
    """Find transcripts. The search is entered in the log; its hits show existence, no rate.

    Words: lantern "never lit" copp* -role:tool answer:(yes OR no). See docs/howto/search.md. Patterns are RE2.

    \b
    Example:
      allegiance search '"used for training" reasoning:monitored' --study care
      allegiance search '/RLHF|fine-?tun(ed|ing)/' --in reasoning --study care
      allegiance search "it thinks nobody is watching" --by meaning --study care
      allegiance search --like 3f0c9a1d --study care
    """
    from allegiance.evidence import searching

    asked = _asked(query, by, like, place, limit, where)
    keep = open_study(folder).keep
    if asked.kind == "words" and not searching.ready():
        return _scan(keep, asked, as_json=as_json)
    _refuse_malformed(asked)
    with _indexing() as shown:
        searching.index(keep, asked.kind, shown)
    with progress("searching") as shown:
        made = searching.look(keep, asked, shown)
    return emit(as_json, _data(made), "\n".join([_head(made), *map(_line, made.hits.hits)]))


@corpus.command("index")
@click.option(
    "--by",
    type=click.Choice(["words", "meaning", "both"]),
    default="words",
    show_default=True,
    help="For which search.",
)
@click.option("--rebuild", is_flag=True, help="Make the index of words anew.")
@engine_option
@study_option
@json_option
def corpus_index(
    by: Literal["words", "meaning", "both"], rebuild: bool, engine: str, folder: Path, as_json: bool
) -> None:
    """Bring the index of a search up to the newest version. It is derived: whoever deletes it loses time only.

    What is stopped goes on where it was. A search does the same before it looks. An engine makes the index by
    meaning and the columns of filters and counts; that of words is written by this process.

    \b
    Example:
      allegiance corpus index --study care
    """
    from allegiance.corpus.tables.sharing import make as columns
    from allegiance.evidence import searching

    keep, who = open_study(folder).keep, find_engine(engine)
    columns(keep.corpus, who)
    with _indexing() as shown:
        new = searching.index(keep, by, shown, rebuild=rebuild, engine=who)
    data = {"indexed": keep.corpus.head().count, "new": new, "version": keep.corpus.head().version}
    emit(as_json, data, fields(data))


def _asked(query: str, by: str | None, like: str | None, place: str, limit: int, where: str) -> Asked:
    from allegiance.evidence.searching import Asked

    if (like is None) == (not query.strip()):
        what = "say a query or --like, not both." if like else "there is nothing to search for."
        raise UsageError(what, where="search")
    if like is not None:
        if by:
            raise UsageError("--like is a kind of search of its own.", where="--by")
        return Asked(kind="like", query=like, predicate=where, limit=limit)
    written = by is None and len(query) > 2 and query[0] == query[-1] == "/"
    if written or by == "pattern":
        pattern = query[1:-1] if written else query
        return Asked(kind="pattern", query=pattern, predicate=where, place=place, limit=limit)
    if place != "text" and by in {"meaning", "both"}:
        raise UsageError("a search by meaning looks everywhere.", where="--in")
    placed = query if place == "text" else f"{place}:({query})"
    match by:
        case "meaning":
            return Asked(kind="meaning", query=query, predicate=where, limit=limit)
        case "both":
            return Asked(kind="both", query=query, predicate=where, limit=limit)
        case _:
            return Asked(kind="words", query=placed, predicate=where, limit=limit)


def _refuse_malformed(asked: Asked) -> None:
    """Says what is wrong with a query before an index is built for it."""
    from allegiance.corpus.search.query import parse

    if asked.kind in {"words", "both"}:
        parse(asked.query)


@contextmanager
def _indexing() -> Iterator[Callable[[int, int], None]]:
    """Progress of indexing; a line where standard error is no terminal and there is much to do."""
    with progress("indexing") as shown:
        told = False

        def tell(done: int, of: int) -> None:
            nonlocal told
            shown(done, of)
            if not told and of - done >= _MUCH:
                told = True
                note(f"indexing {of - done} of {of} transcripts; that is done once …")

        yield tell


def _head(looked: Looked) -> str:
    made, hits = looked.made, looked.hits
    if hits.found < 0:
        said = f"search {looked.number}: {made.searched} transcripts, nearest first; {len(hits.hits)} shown"
    else:
        said = f"search {looked.number}: {made.hits} of {made.searched} transcripts {_HAVE.get(made.kind, 'match')}"
        said += f"{', counted exactly' if hits.exact else ', estimated'}; {len(hits.hits)} shown"
    return said + (f"\n{hits.missing} more are not indexed and were not searched" if hits.missing else "")


def _line(hit: Hit) -> str:
    text, at = "", 0
    for start, end in hit.marks:
        text += f"{hit.snippet[at:start]}[{hit.snippet[start:end]}]"
        at = end
    snippet = shorten(" ".join((text + hit.snippet[at:]).split()), _WIDEST, placeholder=" …")
    return f"{hit.rank:>4}  {hit.name[7:19]}  {snippet or hit.why}" + (f"\n      {hit.why}" if snippet else "")


def _data(looked: Looked) -> dict[str, object]:
    hits = looked.hits
    return {
        "search": looked.number,
        "kind": hits.kind,
        "query": hits.query,
        "predicate": hits.predicate,
        "hits": looked.made.hits,
        "exact": hits.exact and hits.found >= 0,
        "searched": hits.searched,
        "missing": hits.missing,
        "seconds": round(hits.seconds, 4),
        "shown": builtins(hits.hits),
    }


def _scan(keep: Keep, asked: Asked, *, as_json: bool) -> None:
    """The characters of the query by a scan, where full-text search is not installed."""
    from allegiance.evidence import searching

    note(
        "full-text search is not installed: this looks for the query as it is written, character by character. "
        "Install it with: pip install 'allegiance[search]'"
    )
    number, made, hits = searching.search(keep, asked.query, asked.predicate, asked.limit)
    lines = [f"{hit.rank:>4}  {hit.name[7:19]}  {hit.snippet}" for hit in hits]
    head = f"search {number}: {made.hits} of {made.searched} transcripts have these words; {len(hits)} shown"
    data = {
        "search": number,
        "kind": made.kind,
        "hits": made.hits,
        "searched": made.searched,
        "shown": builtins(hits),
    }
    emit(as_json, data, "\n".join([head, *lines]))


VERBS = (search,)
