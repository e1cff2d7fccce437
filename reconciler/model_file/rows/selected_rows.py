"""Selected rows in a Parquet file, of which one column or some rows at a time are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from reconciler.model_file.feature_matrix import open_rows

_AT_ONCE = 1_500_000  # of 14 columns about 100,000 rows, some 12 MB
_KEPT = 2_000_000
_KEYS = 50_000


class SelectedRows:
    """The rows of a Parquet file. `column` is that of a pyarrow table, read when it is asked for and not kept.

    `at_once`: cells that are read together; `kept`: cells up to which encoded rows are made once and kept, since to
    make so few takes time, and no memory to speak of. Raises DataError E411, E419, before any row is read, for a
    file that declares more than it can hold.
    """

    def __init__(self, path: Path, *, at_once: int = _AT_ONCE, kept: int = _KEPT) -> None:
        self.kept, self._at_once = kept, at_once
        self._file = open_rows(path)
        self.num_rows: int = self._file.metadata.num_rows

    def __len__(self) -> int:
        return self.num_rows

    def column(self, name: str) -> Any:
        """Return a column of all rows."""
        return self._file.read([name], use_threads=False).column(name)

    def parts(self, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Yield (number of the first row, a pyarrow table of these columns) for some rows after the others."""
        import pyarrow as pa

        begin, size = 0, max(1, self._at_once // max(1, len(names)))
        for batch in self._file.iter_batches(batch_size=size, columns=list(names), use_threads=False):
            yield begin, pa.Table.from_batches([batch])
            begin += len(batch)

    @staticmethod
    def release() -> None:
        """Give back what Arrow keeps for the next columns: of a large table some hundred MB."""
        import pyarrow as pa

        pa.default_memory_pool().release_unused()


class Keys(Sequence[str]):
    """The keys of rows as texts, of a pyarrow column: each is made when it is asked for."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        key: str = self._column[place].as_py()
        return key

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), _KEYS):
            yield from self._column.slice(begin, _KEYS).to_pylist()
