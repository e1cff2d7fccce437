"""Tables that are larger than is read, or declare to be: told at every door, before a row of them is read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.onboarding.table_profile import ProfileRequest
from reconciler.core.size_limits import ROW_BYTES, TABLE_BYTES
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import Dialect
from reconciler.data.dataset import joined_rows
from reconciler.data.duckdb_session import open_session
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.model_file.feature_matrix import read_rows
from reconciler.ports import CopyRequest, TableFile
from tests.support.memory_use import in_little_memory
from tests.support.parquet_bytes import Declared

LIMITS = Limits(seconds=60, memory=2 * 1024**3)
BOMB = Declared(rows=150_000_000).bytes()
DIALECT = Dialect(path="t.csv", delimiter=",", encoding="utf-8")


def refused(root: Path, **table: str) -> DataError:
    into = root / "into"
    into.mkdir(exist_ok=True)
    request = CopyRequest(root=root, tables=(("t", Table(**table)),), held=(), into=into, limits=LIMITS)  # type: ignore[arg-type]
    with pytest.raises(DataError) as caught:
        LocalData().copy(request)
    assert list(into.iterdir()) == []
    return caught.value


def test_a_few_hundred_bytes_that_declare_150_million_rows_are_refused(tmp_path: Path) -> None:
    assert len(BOMB) < 882
    path = tmp_path / "t.parquet"
    path.write_bytes(BOMB)
    error = refused(tmp_path, uses="parquet", path="t.parquet")
    assert error.code == "E419"
    assert error.message == "table t: the file declares 150,000,000 rows; at most 100,000,000 are read"
    assert str(error.where) == "t.parquet"
    assert error.hint == "split the table, or select fewer rows"
    with pytest.raises(DataError, match="150,000,000 rows") as told:  # `init --from-table`
        LocalData().profile(ProfileRequest(path=path, into=tmp_path / "into", limits=LIMITS))
    assert told.value.code == "E419"


def test_a_stored_table_or_selected_rows_are_measured_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(BOMB)
    stored = TableFile(name="t", path=path, rows=3, columns=(TableColumn(name="n0", type="INTEGER"),))
    with open_session(limits=LIMITS, into=tmp_path, inputs=(path,)) as session, pytest.raises(DataError) as told:
        joined_rows._open(session, "t", {"t": stored})
    assert told.value.code == "E419"
    program = """
import sys
from pathlib import Path
from reconciler.errors import DataError
from reconciler.model_file.feature_matrix import read_rows
try:
    read_rows(Path(sys.argv[1]))
except DataError as error:
    print(error.code)
"""
    assert in_little_memory(program, str(path), megabytes=900) == "E419\n"
    small = tmp_path / "small.parquet"
    small.write_bytes(Declared().bytes())
    assert read_rows(small).num_rows == 3


def test_a_file_is_measured_before_it_is_opened_as_a_table(tmp_path: Path) -> None:
    for name, uses in (("t.csv", "csv"), ("t.parquet", "parquet")):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(TABLE_BYTES + 1)
        error = refused(tmp_path, uses=uses, path=name)
        assert error.code == "E419"
        assert f"has {TABLE_BYTES + 1:,} bytes; at most {TABLE_BYTES:,} are read" in error.message


def test_a_header_or_a_row_without_an_end_is_refused_by_its_length() -> None:
    for body, what in (
        (b"a" + b",a" * ROW_BYTES + b"\n1,2\n", "header"),
        (b"a,b\n" + b"x" * (ROW_BYTES + 2) + b",1\n", "row"),
        (b"a,b\n" + b"x" * (40 * ROW_BYTES), "row"),
        (b'a,b\n"' + b"x\n" * ROW_BYTES, "row"),
    ):
        with pytest.raises(DataError, match=f"{what} is longer than 1 MiB") as told:
            validate.copy_rows(io.BytesIO(body), io.BytesIO(), DIALECT)
        assert told.value.code == "E402"


def test_more_rows_than_are_read_are_refused_while_they_stream_by() -> None:
    body = b"a,b\n" + b"1,2\n" * 11
    assert validate.copy_rows(io.BytesIO(body), io.BytesIO(), DIALECT, most=11).count == 11
    with pytest.raises(DataError, match="more than 10 rows") as told:
        validate.copy_rows(io.BytesIO(body), io.BytesIO(), DIALECT, most=10)
    assert told.value.code == "E419"
