"""One row out of a segment, quickly: files stay open, and only the columns asked for are read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from allegiance.errors import CorpusDamaged

OPEN = 32
"""Segments that stay open: their footers are what costs most of the time of reading one row."""


class Shelf:
    """The segments that were read last, open. One reader at a time; others wait."""

    def __init__(self, most: int = OPEN) -> None:
        self._most, self._files, self._lock = most, OrderedDict[Path, pq.ParquetFile](), Lock()

    def row(self, path: Path, group: int, index: int, columns: Sequence[str]) -> dict[str, object] | None:
        """One row of a segment; None if there is no such row.

        Raises:
            CorpusDamaged: The segment is missing or cannot be read.
        """
        try:
            with self._lock:
                file = self._open(path)
                if not 0 <= group < file.num_row_groups:
                    return None
                read = file.read_row_group(group, list(columns), use_threads=False)
            found: list[dict[str, object]] = read.slice(index, 1).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise CorpusDamaged(
                f"this segment cannot be read: {' '.join(str(error).split())}.",
                where=str(path),
                next="See what else is damaged with: allegiance corpus fsck",
            ) from None
        return found[0] if found else None

    def close(self) -> None:
        """Lets go of all files."""
        with self._lock:
            while self._files:
                self._files.popitem()[1].close(force=True)

    def _open(self, path: Path) -> pq.ParquetFile:
        if path in self._files:
            self._files.move_to_end(path)
        else:
            self._files[path] = pq.ParquetFile(path, pre_buffer=False)
            if len(self._files) > self._most:
                self._files.popitem(last=False)[1].close(force=True)
        return self._files[path]
