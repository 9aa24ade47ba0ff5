"""The command line: one verb a function, each a thin layer over the library.

Modules here import click and nothing heavy; what a verb needs is imported when it runs, so that help is quick.
"""

from __future__ import annotations

from allegiance.cli.main import cli, main

__all__ = ["cli", "main"]
