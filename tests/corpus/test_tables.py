"""Tables that are no database: data sets saved to disk and plain Parquet files, each row a record."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.corpus.shapes import ASKED

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import plan_import
from allegiance.errors import ImportRefused

CHATS = [[*ASKED, {"role": "assistant", "content": word}] for word in ("No.", "Yes.")]


def saved(folder: Path) -> Path:
    """A data set as its own library saves it."""
    from datasets import Dataset

    rows = {"messages": CHATS, "score": [0.5, None], "raw": [b"\x00", b"\x01"]}
    Dataset.from_dict(rows).save_to_disk(str(folder / "set"))
    return folder / "set"


def test_a_saved_data_set_is_read_row_by_row(tmp_path: Path) -> None:
    result = plan_import([saved(tmp_path)])
    assert [item.answer for item in result.transcripts] == ["No.", "Yes."]
    assert result.transcripts[0].metadata["request"] == {"score": 0.5, "raw": "AA=="}


def test_the_files_that_describe_a_data_set_are_left_aside(tmp_path: Path) -> None:
    files = {report.file: report.note for report in plan_import([saved(tmp_path)]).files if report.note}
    assert files == dict.fromkeys(("dataset_info.json", "state.json"), "describes a data set; its tables are read")


def test_a_parquet_file_of_chats_is_read_like_lines_of_them(tmp_path: Path) -> None:
    pq.write_table(pa.table({"messages": CHATS, "model": ["a", "b"]}), tmp_path / "a.parquet")
    assert [item.model for item in plan_import([tmp_path / "a.parquet"]).transcripts] == ["a", "b"]


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_both_kinds_of_arrow_file_are_read(tmp_path: Path, kind: str) -> None:
    table = pa.table({"messages": CHATS})
    writer = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with writer(str(tmp_path / "a.arrow"), table.schema) as made:
        made.write_table(table)
    assert len(plan_import([tmp_path / "a.arrow"]).transcripts) == 2


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff and nothing more", b"ARROW1 and nothing more"])
def test_a_damaged_arrow_file_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.arrow").write_bytes(data)
    with pytest.raises(ImportRefused, match="this table cannot be read") as caught:
        plan_import([tmp_path / "a.arrow"])
    assert "\n" not in caught.value.what


def test_a_part_of_a_table_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"messages": CHATS * 50}), tmp_path / "a.parquet")
    with pytest.raises(ImportRefused, match="the limit is 100"):
        plan_import([tmp_path / "a.parquet"], limits=Limits(member_bytes=100))


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pa.ipc.new_stream(str(tmp_path / "a.arrow"), pa.schema([("a", pa.int64())])) as made:
        made.write_table(pa.table({"a": [1]}))
    with pytest.raises(ImportRefused, match="not transcripts that we know"):
        plan_import([tmp_path / "a.arrow"])
