"""A system prompt from a file beside the data: a Jinja template that can insert names and choose, and nothing else.

The template comes from somebody else; see `records.templating` for what is allowed in it.
"""

from __future__ import annotations

import os
from pathlib import Path

from allegiance.corpus.mapping import Mapping_
from allegiance.errors import InputError, MappingError
from allegiance.records import templating
from allegiance.records.templating import MOST_BYTES


def system_prompt(mapping: Mapping_, root: str) -> str:
    """The text of the mapping's system prompt, for an import that started in the directory `root`.

    Raises:
        MappingError: The file is missing, reached through a link, too large, not UTF-8, or no simple template.
    """
    assert mapping.system is not None
    path = _path(mapping.system.file, mapping.directory, root)
    return render(_text(path), mapping.system.values, str(path))


def render(text: str, values: dict[str, str], where: str) -> str:
    """A simple template with these values. See `system_prompt` for errors."""
    try:
        return templating.render(text, values, where, "system.values")
    except InputError as error:
        raise MappingError(error.what, where=error.where, next=error.next) from None


def _path(pattern: str, directory: str, root: str) -> Path:
    """The file named, with no link on the way from the directory that it starts from."""
    start, _, rest = pattern.partition("/")
    base = Path(root if start == "{import_root}" else directory).resolve()
    path = Path(os.path.normpath(base / rest.lstrip("/")))
    if path.resolve() != path:
        raise MappingError(
            "the system prompt is reached through a symbolic link.", where=str(path), next="Name the file itself."
        )
    return path


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise MappingError(
                "there is no such system prompt file.", where=str(path), next="Correct system.file in the mapping."
            )
        if path.stat().st_size > MOST_BYTES:
            raise MappingError(f"the system prompt has more than {MOST_BYTES:,} bytes.", where=str(path))
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise MappingError("the system prompt is not UTF-8.", where=str(path)) from None
    except OSError as error:
        raise MappingError(f"the system prompt cannot be read: {error.strerror}.", where=str(path)) from None
