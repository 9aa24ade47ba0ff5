"""The answers of a rater as columns: read in bulk, a million in seconds, where `LabelStore.all` makes records."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from allegiance.ledger.database import labels

SCHEMA = pa.schema(
    [
        ("transcript", pa.large_string()),
        ("value", pa.dictionary(pa.int32(), pa.large_string())),
        ("score", pa.float64()),
    ]
)
"""`score` is null where the rater gave none."""
CHUNK = 8_192
_WHOLE = "SELECT body FROM labels NOT INDEXED WHERE question = ? AND rater = ? AND batch < ?"
_READ = pa.schema(
    [
        ("transcript", pa.large_string()),
        ("value", pa.large_string()),
        ("score", pa.float64()),
        ("revision", pa.int64()),
    ]
)


class _Body(msgspec.Struct, gc=False):
    """Of a stored label what counts here."""

    transcript: str
    value: str
    score: float | None = None
    revision: int = 0


def answers(connection: sa.Connection, question: str, rater: str, before: int | None) -> pa.Table:
    """The answer that counts of each transcript, see `SCHEMA`: that with the highest revision. In no order.

    Args:
        connection: To the database of the study.
        question, rater: Their digests.
        before: Only what was saved before the log entry of this number; everything if None.
    """
    # For an eighth of the table and more, reading it from end to end beats going through its index.
    part = max(1, (connection.scalar(sa.select(sa.func.count()).select_from(labels)) or 0) // 8)
    some = sa.select(labels.c.revision).where(labels.c.question == question, labels.c.rater == rater).limit(part)
    many = connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) == part
    query = _WHOLE if many else _WHOLE.replace(" NOT INDEXED", "")
    last = 2**63 - 1 if before is None else before
    found = connection.exec_driver_sql(query, (question, rater, last))
    return _last(pa.concat_tables([_READ.empty_table(), *_read(found)]))


def _read(found: sa.CursorResult[tuple[bytes]]) -> Iterator[pa.Table]:
    decode = msgspec.json.Decoder(list[_Body]).decode
    cursor = found.cursor
    while cursor is not None and (rows := cursor.fetchmany(CHUNK)):
        bodies = decode(b"[" + b",".join([body for (body,) in rows]) + b"]")
        columns = {name: [getattr(body, name) for body in bodies] for name in _READ.names}
        yield pa.table(columns, schema=_READ)


def _last(table: pa.Table) -> pa.Table:
    """Of each transcript the row with the highest revision."""
    if pc.max(table["revision"]).as_py():
        table = table.sort_by([("transcript", "ascending"), ("revision", "ascending")]).combine_chunks()
        names = table["transcript"].chunk(0)
        table = table.filter(pa.concat_arrays([pc.not_equal(names[:-1], names[1:]), pa.array([True])]))
    coded = table["value"].dictionary_encode().unify_dictionaries()
    return table.set_column(1, "value", coded).select(SCHEMA.names).cast(SCHEMA).combine_chunks()
