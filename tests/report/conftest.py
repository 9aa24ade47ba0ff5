from __future__ import annotations

import pytest
from tests.report.pages import page

from allegiance.report.page import render


@pytest.fixture(scope="session")
def html() -> str:
    return render(page())
