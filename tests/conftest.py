"""What all tests share: third-party data where there is some, and a count of what was skipped for want of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

VARIABLE = "ALLEGIANCE_TEST_DATA"
NO_DATA = f"{VARIABLE} is not set"

settings.register_profile("house", deadline=None, max_examples=60, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of third-party data. Without one the test is skipped, visibly; a wrong path is an error."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(NO_DATA)
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"{VARIABLE} names {folder}, which is not a folder.")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `data` are skipped without data, whether or not they ask for the folder."""
    if os.environ.get(VARIABLE):
        return
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(pytest.mark.skip(reason=NO_DATA))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line: how many tests were skipped for want of data, and how to run them."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if NO_DATA in str(r.longrepr)]
    where = os.environ.get(VARIABLE)
    hint = "" if where else f"; set {VARIABLE} to the folder that holds it to run them"
    terminalreporter.write_line(f"{len(skipped)} tests skipped for want of third-party data{hint}.")
