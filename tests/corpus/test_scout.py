"""Scout's transcript databases: ours opened by Scout's rules, and others' opened by us."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.corpus.made import said

from allegiance.corpus.importers import plan_import
from allegiance.corpus.rows import SCHEMA
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused

CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]


def database(path: Path, **more: object) -> Path:
    row = {
        "transcript_id": "t1", "model": "m", "task_set": "set", "task_id": "7", "task_repeat": 2,
        "source_id": "r", "messages": json.dumps(CHAT), "mood": 0.5,
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row | more]), path)
    return path


def test_a_scout_database_is_read(tmp_path: Path) -> None:
    [item] = plan_import([database(tmp_path / "a.parquet")]).transcripts
    assert (item.request, item.sample, item.model, item.run, item.answer) == ("set/7", 1, "m", "r", "ho")
    assert item.metadata["scout"]["mood"] == 0.5  # type: ignore[index]


@pytest.mark.parametrize(
    ("more", "status"),
    [({"error": "boom"}, "error"), ({"limit": "token"}, "truncated"), ({"messages": "[]"}, "incomplete")],
)
def test_the_state_of_a_scout_transcript_is_kept(tmp_path: Path, more: dict[str, object], status: str) -> None:
    assert plan_import([database(tmp_path / "a.parquet", **more)]).transcripts[0].status == status


def test_messages_that_cannot_be_read_are_named_by_record(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        plan_import([database(tmp_path / "a.parquet", messages="[{}]")])
    assert caught.value.where == "a.parquet › record 1"


def test_a_table_that_is_no_database_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(ImportRefused, match="not a transcript database"):
        plan_import([tmp_path / "a.parquet"])


def test_a_segment_of_ours_imports_to_the_same_names(corpus: Corpus) -> None:
    corpus.add([said(1), said(2, request="")])
    assert sorted(plan_import([corpus.folder / "segments"]).names) == corpus.names()


@pytest.mark.filterwarnings("ignore")
def test_our_columns_are_a_superset_of_scouts() -> None:
    from inspect_scout._transcript.database.schema import transcripts_db_schema, validate_transcript_schema

    assert validate_transcript_schema(SCHEMA) == []
    assert set(transcripts_db_schema("pyarrow").names) <= set(SCHEMA.names)


@pytest.mark.filterwarnings("ignore")
def test_scout_opens_our_segments_and_reads_the_same_words(corpus: Corpus) -> None:
    import asyncio

    from inspect_scout import TranscriptContent, transcripts_from

    corpus.add([said(1), said(2)])

    async def read() -> dict[str, list[str]]:
        found = {}
        async with transcripts_from(str(corpus.folder / "segments")).reader() as reader:
            async for info in reader.index():
                whole = await reader.read(info, TranscriptContent(messages="all"))
                found[info.transcript_id] = [m.text for m in whole.messages]
        return found

    expected = {name: [m.text() for m in item.messages] for name, item in corpus.iter()}
    assert asyncio.run(read()) == expected
