"""Writes docs/reference/ from the code: the help of every verb, the tree of errors, the Python face.

python tools/reference.py            write the pages
python tools/reference.py --check    exit 1 if a page is not what it would write
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

HERE = Path(__file__).resolve().parents[1] / "docs" / "reference"
MADE = "<!-- Made by tools/reference.py from the code; change it there. -->\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"cli.md": cli_page(), "errors.md": errors_page(), "python.md": python_page()}


def cli_page() -> str:
    """The help of every verb, as the program prints it."""
    from allegiance.cli import cli

    parts = [
        "# Command line",
        MADE,
        "Exit status: 0 done, 1 failed, 2 called wrongly, 3 refused for lack of evidence.\n",
    ]
    for path, command in verbs(cli, "allegiance"):
        command._help_option = None  # it is kept from the first context in which help was asked for
        names = ["-h", "--help"]
        context = click.Context(
            command, info_name=path, terminal_width=100, max_content_width=100, help_option_names=names
        )
        parts.append(f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def verbs(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with the words that call them."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from verbs(command.commands[name], f"{path} {name}")


def errors_page() -> str:
    """The tree of errors, and what each means."""
    from allegiance import errors

    found = [item for _, item in inspect.getmembers(errors, inspect.isclass) if item.__module__ == errors.__name__]
    parts = ["# Errors", MADE, "```text", inspect.getdoc(errors) or "", "```\n"]
    for error in sorted(found, key=lambda item: item.__name__):
        parts.append(f"## {error.__name__}\n\nExit status {error.exit_code}.\n\n{inspect.getdoc(error)}\n")
    return "\n".join(parts)


def python_page() -> str:
    """The names that `import allegiance` gives, and what each is for."""
    import allegiance

    parts = ["# Python", MADE]
    for name in allegiance.__all__:
        item = getattr(allegiance, name)
        call = f"{name}{inspect.signature(item)}" if inspect.isfunction(item) else name
        parts.append(f"## {name}\n\n```python\n{call}\n```\n\n{inspect.getdoc(item)}\n")
    return "\n".join(parts)


def main() -> int:
    """Writes or checks the pages."""
    stale = [name for name, text in pages().items() if not _same(HERE / name, text)]
    if "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run: python tools/reference.py" if stale else "the reference is current")
        return 1 if stale else 0
    HERE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "100")
    sys.exit(main())
