"""Replies kept by what was asked: a later run with the same request and repeat reads them instead of asking.

Every reply is kept, whatever it says: one that was refused or cut off is not asked for again either. They lie
beside the logs of a study and belong to it, so that two studies never count one reply. Each names the run that
asked for it, so that two runs of a study do not count it twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.model import ChatMessage, ModelOutput
from pydantic import BaseModel

from allegiance.records.canonical import digest

SUFFIX = ".reply"


class Reply(BaseModel):
    """What the model said, and the run that asked."""

    run: str
    output: ModelOutput


@dataclass(frozen=True)
class Replies:
    """A folder of replies.

    Attributes:
        folder: Where they are.
        about: What they all depend on: model, its settings, seed.
    """

    folder: Path
    about: str

    def key(self, sample: str, messages: Sequence[ChatMessage], settings: Mapping[str, object]) -> str:
        """The name of the reply to these messages in a sample: a digest of everything that was asked."""
        asked = [message.model_dump(mode="json", exclude={"id"}, exclude_none=True) for message in messages]
        return digest([self.about, sample, asked, dict(settings)]).removeprefix("sha256:")

    def get(self, key: str) -> Reply | None:
        """The reply of that name; None if there is none, or it cannot be read."""
        try:
            return Reply.model_validate_json(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; a crash leaves all of it or nothing."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
        partial.write_text(reply.model_dump_json(exclude_none=True))
        partial.replace(path)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"
