"""Canaries: in every form of export, in pages and bundles; and found to be missing where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.corpus.made import eval_bytes, said, sample

from allegiance.corpus.canary import check_exported, marked
from allegiance.corpus.export import FORMATS, export
from allegiance.corpus.importers import plan_import
from allegiance.corpus.store import Corpus
from allegiance.errors import InputError
from allegiance.records.canary import CANARY
from allegiance.records.condition import Condition
from allegiance.report.page import Page, render

Put = Callable[[str, object], Path]
OWN = "a string that marks what this scenario makes"


@pytest.fixture
def exported(corpus: Corpus, tmp_path: Path) -> Callable[[str], Path]:
    """Three transcripts without a canary of their own and one with, written in a form."""
    corpus.add([*(said(index) for index in range(3)), said(3, canary=OWN)])

    def write(form: str) -> Path:
        export(corpus, tmp_path / f"out.{form}", form)
        return tmp_path / f"out.{form}"

    return write


@pytest.mark.parametrize("form", FORMATS)
def test_every_record_of_every_form_of_export_carries_a_canary(exported: Callable[[str], Path], form: str) -> None:
    found = check_exported(exported(form))
    assert sum(one.items for one in found) >= 4
    assert [one.file for one in found if one.lacking or one.carrying < one.items] == []


@pytest.mark.parametrize("form", FORMATS)
def test_the_canary_of_an_export_is_no_part_of_the_transcripts(exported: Callable[[str], Path], form: str) -> None:
    read = plan_import([exported(form)], None)
    assert sorted(item.canary for item in read.transcripts) == ["", "", "", OWN]
    assert not any(CANARY in str(item.metadata) for item in read.transcripts)


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_every_line_that_is_cut_out_of_a_text_export_carries_it(exported: Callable[[str], Path], form: str) -> None:
    lines = exported(form).read_text("utf-8").splitlines()
    assert [CANARY in line for line in lines if line.startswith(("{", ",{")) or '"name"' in line] == [True] * 5


def test_a_record_of_jsonl_that_lost_its_canary_is_named(exported: Callable[[str], Path], tmp_path: Path) -> None:
    head, first, *rest = exported("jsonl").read_text("utf-8").splitlines()
    item = json.loads(first)
    del item["marker"]
    (tmp_path / "cut.jsonl").write_text("\n".join([head, json.dumps(item), *rest]) + "\n", "utf-8")
    (found,) = check_exported(tmp_path / "cut.jsonl")
    assert (found.items, found.carrying, found.lacking) == (4, 3, (item["name"],))


def test_rows_of_parquet_without_the_column_are_named(exported: Callable[[str], Path], tmp_path: Path) -> None:
    table = pq.read_table(exported("parquet")).drop_columns(["marker"])
    pq.write_table(table, tmp_path / "cut.parquet")
    (found,) = check_exported(tmp_path / "cut.parquet")
    assert (found.items, found.carrying, len(found.lacking)) == (4, 1, 3)


def test_samples_of_a_log_are_counted_by_the_canary_that_our_runs_write(put: Put) -> None:
    ours = {"metadata": {"allegiance": {"request": "q1", "canary": OWN}}}
    path = put("a.eval", eval_bytes([sample(1, **ours), sample(2)]))
    (found,) = check_exported(path)
    assert (found.items, found.carrying) == (2, 1)


def test_a_page_carries_the_canary_and_asks_not_to_be_indexed(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(Page(title="T", asked="Q?", canaries=(CANARY, OWN))), "utf-8")
    assert check_exported(path)[0].carrying == 1
    assert OWN in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace("noindex", "index"), "utf-8")
    assert check_exported(path)[0].carrying == 0


@pytest.mark.parametrize(
    ("text", "carries"),
    [
        (f"# Notes\n\n{CANARY}\n", True),
        ("allegiance-canary 7c1f0e52-93a4-4b0d-8e6e-2f5d0a6b9c31", True),
        (f"it ends with {OWN}", True),
        ("no mark at all", False),
        ("allegiance-canary 7c1f0e52", False),
    ],
)
def test_other_documents_are_searched_as_text(put: Put, text: str, carries: bool) -> None:
    assert bool(check_exported(put("a.md", text), [OWN])[0].carrying) is carries
    assert marked(text, [OWN]) is carries


def test_a_folder_is_checked_file_by_file_without_hidden_files_and_links(
    exported: Callable[[str], Path], tmp_path: Path, put: Put
) -> None:
    folder = put("a.md", "no mark at all").parent
    exported("jsonl").rename(folder / "out.jsonl")
    (folder / ".hidden").write_text("none", "utf-8")
    (folder / "link.md").symlink_to(tmp_path / "in" / "a.md")
    found = {Path(one.file).name: (one.carrying, one.items) for one in check_exported(folder)}
    assert found == {"a.md": (0, 1), "out.jsonl": (4, 4)}


@pytest.mark.parametrize(("name", "data"), [("a.parquet", b"PAR1 and nothing more"), ("a.eval", b"PK none")])
def test_what_cannot_be_read_is_an_error_and_not_a_pass(put: Put, name: str, data: bytes) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        check_exported(put(name, data))


def test_a_damaged_line_lacks_its_canary(exported: Callable[[str], Path], tmp_path: Path) -> None:
    data = exported("jsonl").read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(data[:-40])
    assert check_exported(tmp_path / "cut.jsonl")[0].carrying == 3


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file to check"):
        check_exported(tmp_path / "empty")


def test_fsck_names_what_a_scenario_made_without_a_canary_and_nothing_else(corpus: Corpus) -> None:
    made = Condition(levels={"tier": "trained"}, scenario="sha256:" + "1" * 64)
    without, marked_, foreign = said(1, condition=made), said(2, condition=made, canary=OWN), said(3)
    corpus.add([without, marked_, foreign])
    assert [(p.where, p.harmless) for p in corpus.fsck()] == [(without.name, True)]
