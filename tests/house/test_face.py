"""The face is the face: what is listed is what is visible, sorted and documented."""

from __future__ import annotations

import ast
import inspect

import pytest
from tests.house.sources import tree

import allegiance


def test_the_face_is_sorted_and_has_no_doubles() -> None:
    assert list(allegiance.__all__) == sorted(set(allegiance.__all__))
    assert len(allegiance.__all__) > 5


def test_the_face_is_what_is_visible() -> None:
    visible = {name for name in dir(allegiance) if not name.startswith("_")}
    assert visible == set(allegiance.__all__)


@pytest.mark.parametrize("name", allegiance.__all__)
def test_every_name_on_the_face_is_there_and_documented(name: str) -> None:
    found = getattr(allegiance, name)
    about = inspect.getdoc(found)
    assert about, name
    assert not about.startswith(f"{name}("), "a docstring made by a machine"


def test_type_checkers_see_the_same_face() -> None:
    """The imports under TYPE_CHECKING name what `__all__` names."""
    guarded = [node for node in tree("__init__.py").body if isinstance(node, ast.If)]
    taken = {
        a.asname or a.name
        for block in guarded
        for n in block.body
        if isinstance(n, ast.ImportFrom)
        for a in n.names
    }
    assert not guarded or taken == set(allegiance.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = allegiance.no_such_name
