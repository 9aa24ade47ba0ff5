"""The transcripts of a run, read from its logs one at a time: as many as there are, in the memory of one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import msgspec

from allegiance.bridge.naming import KEY
from allegiance.corpus.archive import Limits
from allegiance.corpus.importers.found import Reject
from allegiance.corpus.importers.inspect_log import EvalLog
from allegiance.corpus.importers.source import Candidate, opened
from allegiance.errors import RunError
from allegiance.records.transcript import Transcript

OPEN = 16
"""Logs that are open at the same time."""


@dataclass(frozen=True)
class Place:
    """Where the record of a sample is: a log, and the id of the sample in it."""

    log: Path
    id: str


class KeptTranscripts(Sequence[Transcript]):
    """A transcript for each place, read when it is asked for; going through them again reads the logs again.

    A failed read raises `RunError` and names log and sample.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = tuple(places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Transcript]:
        with _Logs() as logs:
            for place in self._places:
                yield logs.read(place)

    @overload
    def __getitem__(self, index: int) -> Transcript: ...
    @overload
    def __getitem__(self, index: slice) -> KeptTranscripts: ...
    def __getitem__(self, index: int | slice) -> Transcript | KeptTranscripts:
        if isinstance(index, slice):
            return KeptTranscripts(self._places[index])
        with _Logs() as logs:
            return logs.read(self._places[index])


class _Logs:
    """Logs that are open, the latest used last."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, tuple[ExitStack, EvalLog]] = OrderedDict()

    def __enter__(self) -> _Logs:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._close()

    def read(self, place: Place) -> Transcript:
        found = self._log(place.log).read(f"{place.id}_epoch_1")
        if isinstance(found, Reject):
            raise RunError(f"the sample {place.id!r} cannot be read: {found.reason}", where=str(place.log),
                           next="Move this log away; the same call then asks its samples again.")  # fmt: skip
        return _as_asked(found.transcript)

    def _log(self, path: Path) -> EvalLog:
        if path not in self._open:
            if len(self._open) >= OPEN:
                self._close()
            stack = ExitStack()
            source = stack.enter_context(opened(Candidate(path, path.name, path.parent), Limits()))
            self._open[path] = stack, EvalLog(source)
        self._open.move_to_end(path)
        return self._open[path][1]

    def _close(self) -> None:
        _, (stack, _) = self._open.popitem(last=False)
        stack.close()


def _as_asked(item: Transcript) -> Transcript:
    """A transcript as its own sample says: the repeat it was, and complete if the model ended its reply.

    A log that was cut off marks its samples incomplete; those in it that hold a reply and no error were ended.
    """
    metadata: Any = item.metadata.get("metadata")
    note = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    repeat = note.get("sample", item.sample) if isinstance(note, Mapping) else item.sample
    ended = item.status == "incomplete" and bool(item.messages) and item.messages[-1].role == "assistant"
    return msgspec.structs.replace(item, sample=int(str(repeat)), status="complete" if ended else item.status)
