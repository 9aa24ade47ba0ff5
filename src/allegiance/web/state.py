"""What the pages share: the study, who reads, the templates, and answers that hold as long as the corpus does."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allegiance.evidence.keep import Keep
from allegiance.ledger.database import Database
from allegiance.ledger.log import Entry, Log, read_entry
from allegiance.report.words import visible
from allegiance.study import Study

Answer = TypeVar("Answer")
REMEMBERED = 256
"""Answers that are remembered at most."""
STATIC = Path(__file__).parent / "static"


class Recalled(Log):
    """The log, with what was read of it kept in memory: entries are only ever added, so only new ones are read.

    With them the last known one is read again: a log that has another there, as after a restore, is read anew.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._lock = threading.Lock()
        self._forget()

    def entries(self, kind: str = "", *, size: int | None = None) -> list[Entry]:
        """As `Log.entries`; the list is the caller's own."""
        with self._lock:
            if not self._catch_up():
                self._forget()
                if not self._catch_up():
                    return super().entries(kind, size=size)  # damaged: as the log itself has it
            found = self._kinds.get(kind, []) if kind else self._every
            return found[:] if size is None else [entry for entry in found if entry.seq < size]

    def _forget(self) -> None:
        self._last = b""
        self._every: list[Entry] = []
        self._kinds: dict[str, list[Entry]] = {}

    def _catch_up(self) -> bool:
        """Reads what is new; False if what is known is not the beginning of what is there."""
        known = len(self._every)
        rows = self.raw(max(0, known - 1))
        if known and (not rows or rows[0] != (known - 1, self._every[-1].kind, self._last)):
            return False
        for seq, kind, data in rows[1:] if known else rows:
            if seq != len(self._every):
                return False
            self._every.append(read_entry(data))
            self._kinds.setdefault(kind, []).append(self._every[-1])
            self._last = data
        return True


@dataclass
class State:
    """One study, opened for one reader.

    Attributes:
        study: The study.
        reader: Who opens, labels and cites.
    """

    study: Study
    reader: str
    _known: OrderedDict[object, object] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.study.keep.log = Recalled(self.study.keep.database)

    @property
    def keep(self) -> Keep:
        """Corpus, log and labels."""
        return self.study.keep

    def remember(
        self, key: object, work: Callable[[], Answer], *, lasting: Literal["", "corpus", "all"] = ""
    ) -> Answer:
        """What `work` returns, worked out once for this key, this version of the corpus and this state of the log.

        With ``corpus`` it holds for as long as the corpus is the same, whatever is logged; with ``all`` for good.
        Two requests may work it out at once; both answers are the same.
        """
        version = "" if lasting == "all" else self.keep.corpus.head().version
        size = -1 if lasting else self.keep.log.checkpoint().size
        whole = (version, size, key)
        with self._lock:
            if whole in self._known:
                self._known.move_to_end(whole)
                return self._known[whole]  # type: ignore[return-value]
        made = work()
        with self._lock:
            self._known[whole] = made
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return made


@lru_cache(maxsize=1)
def house() -> Environment:
    """The templates. Everything is escaped; characters without a visible shape are written out."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("allegiance.web"), PackageLoader("allegiance.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )
    made.globals.update(asset=asset, elements=elements)
    return made


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The address of a file of ours, which changes when the file does."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@lru_cache(maxsize=1)
def elements() -> str:
    """The address of the script of the elements; empty where it is not built, since pages are whole without it."""
    return asset("built/workbench.js") if (STATIC / "built" / "workbench.js").is_file() else ""
