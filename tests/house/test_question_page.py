"""The page of the question library is made from it."""

from __future__ import annotations

import importlib.util

from tests.house.sources import ROOT


def test_the_page_is_what_the_library_says() -> None:
    spec = importlib.util.spec_from_file_location("question_page", ROOT / "tools" / "questions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "questions.md").read_text("utf-8") == module.page(), "run: python tools/questions.py"
