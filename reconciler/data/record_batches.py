"""The rows of a query as Arrow record batches, computed as they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class RecordBatches:
    """The record batches of a query, which can be drawn once. Drawing one raises DataError E413, E418."""

    def __init__(self, reader: pa.RecordBatchReader, draw: Callable[[], pa.RecordBatch | None]) -> None:
        self.schema = reader.schema
        self._draw = draw

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._draw()) is not None:
            yield batch
