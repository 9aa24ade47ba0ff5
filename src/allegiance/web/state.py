"""What the pages share: the study, who reads, the templates, and answers that hold as long as the corpus does."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allegiance.evidence.keep import Keep
from allegiance.report.words import visible
from allegiance.study import Study

Answer = TypeVar("Answer")
REMEMBERED = 256
"""Answers that are remembered at most."""
STATIC = Path(__file__).parent / "static"


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

    @property
    def keep(self) -> Keep:
        """Corpus, log and labels."""
        return self.study.keep

    def remember(self, key: object, work: Callable[[], Answer]) -> Answer:
        """What `work` returns, worked out once for this key, this version of the corpus and this state of the log.

        Two requests may work it out at once; both answers are the same.
        """
        whole = (self.keep.corpus.head().version, self.keep.log.checkpoint().size, key)
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
