"""The contract of `ports.TableSource`: subclass it, and say how a place with these tables is made, and changed.

class TestMySource(TableSourceContract):
    def opened(self) -> TableSource: ...   # holds the tables `first` (ROWS) and `second` (ROWS)
    def change(self) -> None: ...          # changes a row of `second`, as another program would
"""

# ruff: noqa: S101 - a contract is asserted

from __future__ import annotations

from contextlib import closing
from typing import cast

from reconciler.errors import DataError
from reconciler.ports import TableBatches, TableFiles, TableSource

FIRST, SECOND, MISSING = "first", "second", "missing"
ROWS = ((1, "a"), (2, "b"), (3, None))
"""The rows of both tables: columns `number` and `word`."""

Contents = tuple[object, ...]


def contents_of(read: TableFiles | TableBatches) -> Contents:
    """Return what a table holds: the bytes of its files, or its rows."""
    if isinstance(read, TableFiles):
        bodies = []
        for file in read.files:
            with file.open() as stream:
                bodies.append((file.partition, stream.read()))
        return tuple(bodies)
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(read.stream())
    assert tuple(reader.schema.names) == read.columns, "the batches have the columns that were told"
    return tuple(tuple(row.values()) for batch in reader for row in batch.to_pylist())


class TableSourceContract:
    """What the copy of a table relies on."""

    def opened(self) -> TableSource:
        """Return a source that was not read yet; each one shows the tables as they are when it is first read."""
        raise NotImplementedError

    def change(self) -> None:
        """Change a row of the table `second`, as another program would."""
        raise NotImplementedError

    def test_a_table_holds_all_its_rows(self) -> None:
        with closing(self.opened()) as source, source.read(FIRST) as read:
            if isinstance(read, TableFiles):
                assert read.files, "there is one file at least"
                assert contents_of(read)
            else:
                assert read.columns == ("number", "word")
                assert [tuple(map(str, cast("Contents", row))) for row in contents_of(read)] == [
                    tuple(map(str, row)) for row in ROWS
                ]

    def test_equal_tables_are_read_equally_in_the_same_order(self) -> None:
        seen = []
        for _ in range(2):
            with closing(self.opened()) as source, source.read(FIRST) as read:
                seen.append(contents_of(read))
        assert seen[0] == seen[1]

    def test_one_table_is_read_after_another_and_again(self) -> None:
        with closing(self.opened()) as source:
            for name in (FIRST, SECOND, FIRST):
                with source.read(name) as read:
                    assert contents_of(read)

    def test_all_tables_are_of_one_moment_or_the_change_is_told(self) -> None:
        with closing(self.opened()) as source, source.read(SECOND) as read:
            before = contents_of(read)
        with closing(self.opened()) as source:
            with source.read(FIRST) as read:
                contents_of(read)
            told = None
            try:
                with source.read(SECOND) as read:
                    self.change()
                    now = contents_of(read)
            except DataError as error:
                told = error.code
            assert told == "E409" if told is not None else now == before

    def test_a_file_can_be_sought_in_and_had_as_a_path(self) -> None:
        with closing(self.opened()) as source, source.read(FIRST) as read:
            if not isinstance(read, TableFiles):
                return
            for file in read.files:
                with file.open() as stream:
                    whole = stream.read()
                    stream.seek(1)
                    assert stream.read(3) == whole[1:4]
                    assert stream.seek(-2, 2) == len(whole) - 2
                assert file.local().read_bytes() == whole

    def test_what_is_told_of_types_names_columns(self) -> None:
        with closing(self.opened()) as source, source.read(FIRST) as read:
            if isinstance(read, TableFiles):
                return
            contents_of(read)
            assert set(read.types()) | read.uncopied <= set(read.columns)

    def test_a_table_that_is_not_there_is_told_with_a_remedy(self) -> None:
        told: DataError | None = None
        with closing(self.opened()) as source:
            try:
                with source.read(MISSING) as read:
                    contents_of(read)
            except DataError as error:
                told = error
        assert told is not None, "a table that is not there was read"
        assert told.code == "E401"
        assert told.hint
        assert MISSING in told.message

    def test_it_is_closed_twice(self) -> None:
        source = self.opened()
        source.close()
        with closing(self.opened()) as source:
            with source.read(FIRST) as read:
                contents_of(read)
            source.close()
