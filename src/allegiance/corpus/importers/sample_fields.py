"""The fields of a sample of an ``.eval`` log that are read, without parsing those that are not."""

from __future__ import annotations

from typing import Final

import msgspec

from allegiance.corpus.archive import Archive
from allegiance.corpus.picking import pick
from allegiance.corpus.safe import load

_PASSED: Final = ("events", "events_data", "message_pool", "call_pool", "timelines")
"""Fields that are never read: what happened, beside the conversation itself."""
_SPREAD: Final = ("attachments", "transcript")
"""Fields that hold texts which others refer to; read only if they do."""
_REFERENCE: Final = b"attachment://"


class _Key:
    """A key, which may come twice."""

    def __init__(self, text: str) -> None:
        self.text = text


def sample_fields(archive: Archive, member: str, most: int) -> object:
    """A sample, or whatever else the member of the archive holds, as a JSON value; see `safe.load`.

    Args:
        archive: The log.
        member: Where the sample is.
        most: Bytes from which on a member is not held in memory as a whole, and that may be kept of it.

    Raises:
        ImportRefused: It is damaged, no JSON, or more of it would be kept than that.
    """
    if archive.size(member) > most:
        return _streamed(archive, member, most)
    data = archive.read(member)
    fields = _parted(data)
    return load(data, member) if fields is None else _read(fields, member)


def _parted(data: bytes) -> dict[str, bytes] | None:
    """The values of an object as their bytes; None if it is no plain object whose keys are all different."""
    try:
        found = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        return None
    fields = {key.text: bytes(value) for key, value in found.items() if key.text not in _PASSED}
    return fields if len({key.text for key in found}) == len(found) else None


def _streamed(archive: Archive, member: str, most: int) -> object:
    """Twice through it: first for what is kept anyhow, then for the texts that this refers to."""
    left_out = (*_PASSED, *_SPREAD)
    fields = pick(archive.chunks(member), lambda key: key not in left_out, most, member)
    if any(_REFERENCE in value for value in fields.values()):
        left = most - sum(map(len, fields.values()))
        fields |= pick(archive.chunks(member), lambda key: key in _SPREAD, left, member)
    return _read(fields, member)


def _read(fields: dict[str, bytes], member: str) -> object:
    refers = any(_REFERENCE in value for key, value in fields.items() if key not in _SPREAD)
    kept = {key: value for key, value in fields.items() if refers or key not in _SPREAD}
    return load(b"{%b}" % b",".join(_encode(key) + b":" + value for key, value in kept.items()), member)


def _key(kind: type, text: object) -> object:
    return _Key(str(text))


_encode = msgspec.json.Encoder().encode
_DECODER: Final = msgspec.json.Decoder(dict[_Key, msgspec.Raw], dec_hook=_key)
