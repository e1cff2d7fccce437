"""Every source passes the same contract."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from reconciler import plugins
from reconciler.core.spec.data import Table
from reconciler.ports import Secret, SourceAccess, TableSource
from reconciler.testing.contracts.sources import FIRST, MISSING, ROWS, SECOND, TableSourceContract
from tests.sources.copying import URL
from tests.support.postgres import Postgres

NAMES = (FIRST, SECOND, MISSING)


class _Folder(TableSourceContract):
    """A place below a folder of the test's own."""

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.fill()

    def fill(self) -> None:
        raise NotImplementedError

    def table(self, name: str) -> Table:
        raise NotImplementedError

    def opened(self) -> TableSource:
        tables = tuple((name, self.table(name)) for name in NAMES)
        secrets = (Secret(reference=URL, value=self.url),)
        access = SourceAccess(tables=tables, root=self.root, scratch=self.root / "scratch", secrets=secrets)
        return plugins.source(access)

    url = ""


class TestCsvFile(_Folder):
    def fill(self) -> None:
        for name in (FIRST, SECOND):
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text("number,word\n1,a\n2,b\n3,\n")

    def path(self, name: str) -> Path:
        return self.root / f"{name}.csv"

    def table(self, name: str) -> Table:
        return Table(uses="csv", path=f"{name}.csv")

    def change(self) -> None:
        with self.path(SECOND).open("a") as stream:
            stream.write("4,d\n")


class TestCsvFolder(TestCsvFile):
    def path(self, name: str) -> Path:
        return self.root / name / "year=2025" / "a.csv"

    def table(self, name: str) -> Table:
        return Table(uses="csv", path=name)


class TestCsvFolderWithANewFile(TestCsvFolder):
    def change(self) -> None:
        self.path(SECOND).with_name("b.csv").write_text("number,word\n")


class TestParquetPattern(_Folder):
    def fill(self) -> None:
        for name in (FIRST, SECOND):
            (self.root / name).mkdir()
            self.write(name, "a")
            self.write(name, "b")

    def write(self, name: str, file: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = pa.table({"number": [row[0] for row in ROWS], "word": [row[1] for row in ROWS]})
        pq.write_table(columns, self.root / name / f"{file}.parquet")

    def table(self, name: str) -> Table:
        return Table(uses="parquet", path=f"{name}/*.parquet")

    def change(self) -> None:
        (self.root / SECOND / "b.parquet").unlink()
        self.write(SECOND, "b")


class TestSqlite(_Folder):
    def fill(self) -> None:
        self.url = f"sqlite:///{self.root / 'the books.db'}"
        with sqlite3.connect(self.root / "the books.db") as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for name in (FIRST, SECOND):
                connection.execute(f"CREATE TABLE {name} (number INTEGER, word TEXT)")
                connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", ROWS)
        connection.close()

    def table(self, name: str) -> Table:
        return Table(uses="sql", url=URL, table=name)

    def change(self) -> None:
        with sqlite3.connect(self.root / "the books.db") as connection:
            connection.execute(f"UPDATE {SECOND} SET word = 'changed'")
        connection.close()


class TestDelta(_Folder):
    def fill(self) -> None:
        for name in (FIRST, SECOND):
            self.write(name)

    def write(self, name: str) -> None:
        deltalake = pytest.importorskip("deltalake")
        import pyarrow as pa

        columns = pa.table({"number": [row[0] for row in ROWS], "word": [row[1] for row in ROWS]})
        deltalake.write_deltalake(str(self.root / name), columns, mode="append")

    def table(self, name: str) -> Table:
        return Table(uses="delta", path=name)

    def change(self) -> None:
        self.write(SECOND)


@pytest.mark.needs("postgres")
class TestPostgres(_Folder):
    @pytest.fixture(autouse=True)
    def _connect(self, database: Postgres, _take: None) -> None:
        self.url = database.url()
        self.database = database
        for name in (FIRST, SECOND):
            database.run(
                f"DROP TABLE IF EXISTS {name}",
                f"CREATE TABLE {name} (number integer, word text)",
                f"INSERT INTO {name} VALUES (1, 'a'), (2, 'b'), (3, NULL)",
            )

    def fill(self) -> None:
        """The tables are in the database."""

    def table(self, name: str) -> Table:
        return Table(uses="postgres", url=URL, table=f"public.{name}")

    def change(self) -> None:
        self.database.run(f"UPDATE {SECOND} SET word = 'changed'")
