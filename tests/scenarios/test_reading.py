"""Scenario files: every error has its place, and nothing wrong is read as something right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from allegiance.errors import ScenarioError, UnknownName
from allegiance.scenarios import check, load, parse, source

TEXT = source("repair-desk")[1]


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def place_of(fragment: str, text: str) -> tuple[int, int]:
    start = text.index(fragment)
    return text[:start].count("\n") + 1, start - text.rfind("\n", 0, start)


def problem(text: str) -> ScenarioError:
    [found] = check(text, "desk.yaml")
    return found


def test_the_text_of_the_library_is_right() -> None:
    assert check(TEXT) == ()


def test_a_typo_in_a_key_names_line_column_and_the_nearest_key() -> None:
    text = changed("consequence:", "consequense:")
    error = problem(text)
    assert (error.line, error.column) == place_of("consequense:", text)
    assert "Did you mean 'consequence'?" in error.next


def test_a_typo_deep_inside_names_its_own_line_and_column() -> None:
    text = changed("    serves: always-new", "    sreves: always-new")
    error = problem(text)
    assert (error.line, error.column) == place_of("sreves", text)
    assert "'serves'" in error.next


def test_the_message_begins_with_file_line_and_column() -> None:
    assert re.match(r"desk\.yaml:\d+:\d+: there is no key", str(problem(changed("persona:", "personna:"))))


def test_a_value_that_is_not_possible_suggests_the_nearest() -> None:
    text = changed("right: unauthorised", "right: unautorised")
    error = problem(text)
    assert (error.line, error.column) == place_of("unautorised", text)
    assert "'unauthorised'" in error.next


def test_a_duplicate_key_is_refused_where_it_stands_the_second_time() -> None:
    text = changed("canary:", "title: Another title\ncanary:")
    error = problem(text)
    assert "'title' is here twice" in error.what
    assert (error.line, error.column) == place_of("title: Another", text)


def test_a_missing_key_is_named() -> None:
    assert "'persona' is missing" in problem(re.sub(r"persona:\n  .*\n  .*\n", "", TEXT)).what


SURPRISES = [
    "no",
    "off",
    "12:30",
    "2024-01-01",
    "0o7x",
    "2024",
    "010",
    "1.10",
    "true",
    ".nan",
    "0x1F",
    "1e3",
    "1_000",
]


@pytest.mark.parametrize("word", SURPRISES)
def test_where_text_is_wanted_every_scalar_is_the_letters_that_were_written(word: str) -> None:
    text = changed("source: Written for this project.", f"source: {word}")
    assert parse(text).source == word


@pytest.mark.parametrize("word", ["no", "12:30", "010", ".nan", "1_000", "true", "0x1F"])
def test_where_a_number_is_wanted_what_is_none_is_said_to_be_none(word: str) -> None:
    text = changed("role: trained\n", f"role: trained\n    monitored: {word}\n")
    error = problem(text)
    assert "this should be a number, and is the" in error.what
    assert word in error.what
    assert (error.line, error.column) == place_of(word, text[text.index("monitored") :]) or error.line > 50


def test_ten_with_a_zero_before_it_is_told_how_to_be_written() -> None:
    assert problem(changed("role: trained\n", "role: trained\n    monitored: 010\n")).next == "Write 10."


def test_aliases_that_unfold_without_end_are_refused_quickly() -> None:
    tenfold = "\n".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "unfold to more than" in problem(f"a: &a [x, x, x, x, x, x, x, x, x, x]\n{tenfold}\n").what


def test_more_aliases_than_the_limit_are_refused() -> None:
    assert "more than 200 aliases" in problem("a: &a x\nb: [" + "*a, " * 201 + "x]\n").what


def test_a_value_that_holds_itself_is_refused() -> None:
    assert "holds itself" in problem("a: &a [*a]\n").what


def test_deep_nesting_is_refused() -> None:
    assert "levels of nesting" in problem("a: " + "[" * 3000).what


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "- a\n- b\n", "just words", "a: 1\n---\nb: 2\n", "a: [1\n"]
)
def test_what_is_not_one_mapping_is_refused(text: str) -> None:
    assert len(check(text, "x.yaml")) == 1


def test_a_tag_that_would_construct_something_is_refused() -> None:
    error = problem(changed("name: adviser", "name: !!python/name:os.system x"))
    assert "is not allowed" in error.what


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("principal: Mendwell", "principal: Mendwel", "no principal 'Mendwel'"),
        ("from: honest-repair", "from: honest-repairs", "no intent 'honest-repairs'"),
        ("by: Brightaisle", "by: Brightisle", "no principal 'Brightisle'"),
        ("serves: always-new", "serves: alway-new", "no intent 'alway-new'"),
        ("tier: [trained, untrained]", "tier: [trained, untraind]", "no level 'untraind'"),
        ("  tier: [trained, untrained]", "  teir: [trained]\n  tier: [trained]", "no factor 'teir'"),
        ("tier: [trained, untrained]", "tier: [trained, trained]", "is there twice"),
        ("  tier: [trained, untrained]", "  channel: [none]", "lacks the factor 'tier'"),
        ("tier: [trained, untrained]", "tier: []", "has no level"),
        ('tag: "[walk-in customer]"', 'tag: "[registered customer]"', "cannot tell them apart"),
        ("id: bike-tube", "id: chair-leg", "is in requests twice"),
        ("id: bike-tube", "id: Bike Tube", "not a plain name"),
        ("word: REPLACE", "word: REPLACE</answer>", "cannot be matched exactly"),
        ("since: the take-over", "since: 2025-02-01\n    until: 2025-01-01", "ends before it starts"),
        ("id: bike-tube", "id: bike-tube\n    options: [REPAIR, KEEP]", "not the words of the menu"),
        ("allegiance-scenario/1", "allegiance-scenario/9", "the format is"),
        ("canary: \"Research", "canary: \"x\"\nsummary: \"Research", "twice"),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_is_a_problem_in_its_line(old: str, new: str, what: str) -> None:
    text = changed(old, new)
    found = check(text, "desk.yaml")
    assert any(what in error.what for error in found)
    assert all(error.line > 1 or error.what.startswith("the format") for error in found)


def test_all_references_that_lead_nowhere_are_told() -> None:
    text = changed("by: Brightaisle", "by: Nobody").replace("serves: always-new", "serves: nothing", 1)
    assert len(check(text)) == 2


def test_loading_tells_the_first_problem_and_how_many_more_there_are() -> None:
    text = changed("by: Brightaisle", "by: Nobody").replace("serves: always-new", "serves: nothing", 1)
    with pytest.raises(ScenarioError, match="There is 1 more problem"):
        parse(text)


def test_successors_come_after_what_they_succeed() -> None:
    text = changed("from: honest-repair\n    to: always-new", "from: always-new\n    to: honest-repair")
    assert "does not come before" in problem(text).what


def test_a_canary_that_the_model_would_see_is_a_problem() -> None:
    canary = re.search(r'canary: "(.*)"', TEXT)
    assert canary is not None
    text = changed("text: You are the advice assistant of a repair desk.", f'text: "Advise. {canary[1]}"')
    assert "in the words that the model sees" in problem(text).what


def test_the_version_changes_with_any_word() -> None:
    version, plain = parse(TEXT).version, re.sub(r"^#.*\n", "", TEXT)
    for word in sorted(set(re.findall(r"(?<=[a-z,.] )[a-z]{5,}(?= [a-z])", plain))):
        other = re.sub(rf"(?<=[a-z,.] ){word}(?= [a-z])", f"{word}x", plain, count=1)
        assert parse(other).version != version, word


def test_the_version_does_not_change_with_comments_and_layout() -> None:
    assert parse("# a comment\n" + TEXT.replace("\n\n", "\n\n\n")).version == parse(TEXT).version


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(changed("name: repair-desk", "name: mine"))
    assert load(tmp_path / "mine.yaml").name == "mine"


def test_a_name_that_the_library_lacks_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'repair-desk'"):
        load("repair-dask")


def test_a_file_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.yaml: there is no such file"):
        load(tmp_path / "gone.yaml")


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"format: x\ntitle: caf\xe9\n")
    with pytest.raises(ScenarioError, match="not UTF-8") as caught:
        load(tmp_path / "latin.yaml")
    assert caught.value.line == 2


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert load(tmp_path / "bom.yaml") == parse(TEXT)
