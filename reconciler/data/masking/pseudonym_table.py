"""Find the pseudonyms of values that were hashed before, many at once, by a short hash of each value.

Takes: pairs of a value's short hash (64 bits, DuckDB's `hash`) and its pseudonym. Gives: for a column of short hashes
the column of pseudonyms. Keeps true: no two values of a table have one short hash, so the one that is found is that of
the value itself; NULL stays NULL; a hash that is not among the pairs is an error. Rows keep their places, which a join
would not do; and no value leaves DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reconciler.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS = 64  # of a pseudonym, one byte each
_WORDS = _DIGITS // 8
_SPARE = 2  # slots per value, at least: probing is short, and ends


class PseudonymTable:
    """The pseudonyms of the values of one column: a hash table with open addressing, in numpy arrays."""

    def __init__(self, hashes: Any, digits: Any) -> None:
        import numpy as np

        size = 1 << max(1, (_SPARE * len(hashes) - 1).bit_length())
        self._last, self._digits = size - 1, digits
        self._keys, self._places = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int32)
        waiting = np.arange(len(hashes), dtype=np.int32)
        slots = self._slots(hashes)
        while len(waiting):
            free = self._places[slots] < 0
            self._places[slots[free]] = waiting[free]  # of several for one slot, the last one gets it
            placed = self._places[slots] == waiting
            waiting, slots = waiting[~placed], (slots[~placed] + 1) & self._last
        taken = self._places >= 0
        self._keys[taken] = hashes[self._places[taken]]

    def of(self, column: pa.Array) -> pa.Array:
        """Return the pseudonyms of a column of short hashes. Raises DataError E413 where one is not known."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        count, missing = len(column), column.null_count
        if missing == count:
            return pa.nulls(count, pa.string())
        hashes = (pc.fill_null(column, pc.max(column)) if missing else column).to_numpy()
        words = np.take(self._digits, self._found(hashes), axis=0)
        ends = np.arange(0, (count + 1) * _DIGITS, _DIGITS, dtype=np.int32)
        valid = None
        if missing:
            valid = np.packbits(column.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
        buffers = [None if each is None else pa.py_buffer(each) for each in (valid, ends, words)]
        return pa.Array.from_buffers(pa.string(), count, buffers)

    def _found(self, hashes: Any) -> Any:
        """Return the place of each hash's pseudonym."""
        import numpy as np

        slots = self._slots(hashes)
        places = self._places[slots]
        others = np.flatnonzero(self._keys[slots] != hashes)
        while len(others):
            if (places[others] < 0).any():
                break
            slots[others] = further = (slots[others] + 1) & self._last
            places[others] = self._places[further]
            others = others[self._keys[further] != hashes[others]]
        if (places < 0).any():
            raise DataError("masking: the table was changed while it was read", code="E413", hint="run it again")
        return places

    def _slots(self, hashes: Any) -> Any:
        import numpy as np

        return (hashes & np.uint64(self._last)).astype(np.int64)


def pseudonym_table(batches: Iterable[pa.RecordBatch]) -> PseudonymTable | None:
    """Return the table of distinct values by pairs (short hash, pseudonym); None where two share a short hash."""
    import numpy as np

    hashes, digits = [np.zeros(0, dtype=np.uint64)], [np.zeros((0, _WORDS), dtype=np.uint64)]
    for batch in batches:
        texts = batch.column(1)
        hashes.append(batch.column(0).to_numpy())
        start = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset]
        words = np.frombuffer(texts.buffers()[2], dtype=np.uint64, count=len(texts) * _WORDS, offset=int(start))
        digits.append(words.reshape(-1, _WORDS))
    known = np.concatenate(hashes)
    if len(np.unique(known)) < len(known):
        return None
    return PseudonymTable(known, np.concatenate(digits))
