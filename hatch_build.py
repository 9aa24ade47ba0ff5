"""A wheel without the built elements of the workbench is not made: its users have no Node to build them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/allegiance/web/static/built")
FILES = ("workbench.js", "LICENSES.md")


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Looks for the built files before anything is packed. An editable install is of sources, and needs none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stops the build where a file is missing or empty."""
        del build_data
        if version == "editable":
            return
        for name in FILES:
            path = Path(self.root) / BUILT / name
            if not path.is_file() or not path.stat().st_size:
                raise FileNotFoundError(f"{BUILT / name} is not built. Run: make assets")
