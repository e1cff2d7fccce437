"""Production's tables in a real S3-compatible bucket."""

from __future__ import annotations

import gzip
import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler import plugins
from reconciler.adapters.executors.compute import DataWorker, HeaderWorker
from reconciler.core.spec.data import Table
from reconciler.errors import DataError, RefusedTablesError
from reconciler.ports import CopyRequest, HeaderRequest, SourceAccess, TableSource
from reconciler.testing.contracts.sources import FIRST, MISSING, ROWS, SECOND, TableSourceContract
from tests.object_storage.servers import BUCKET, Server, s3_environment
from tests.sources.copying import LIMITS, copied, rows, types
from tests.support.one_bad_row import BAD, CHECKS, CUSTOMERS, SECRET, invoices, text_of
from tests.support.project import begin, configured

pytestmark = pytest.mark.needs("s3")

Put = Callable[[str, bytes], None]


@pytest.fixture
def folder() -> str:
    return f"tables/{uuid.uuid4().hex}"


@pytest.fixture
def put(s3: Server, folder: str) -> Put:
    from obstore.store import S3Store

    store: Any = S3Store(BUCKET, client_options={"allow_http": True})
    return lambda path, body: store.put(f"{folder}/{path}", body)


def parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


class TestBucket(TableSourceContract):
    @pytest.fixture(autouse=True)
    def _fill(self, put: Put, folder: str, tmp_path: Path) -> None:
        self.put, self.folder, self.root = put, folder, tmp_path
        for name in (FIRST, SECOND):
            self.write(name)

    def write(self, name: str) -> None:
        self.put(f"{name}/a.parquet", parquet(number=[row[0] for row in ROWS], word=[row[1] for row in ROWS]))

    def opened(self) -> TableSource:
        tables = tuple(
            (name, Table(uses="parquet", path=f"s3://{BUCKET}/{self.folder}/{name}/*.parquet"))
            for name in (FIRST, SECOND, MISSING)
        )
        return plugins.source(SourceAccess(tables=tables, root=self.root, scratch=self.root / "scratch"))

    def change(self) -> None:
        self.put(f"{SECOND}/b.parquet", parquet(number=[4], word=["d"]))


def test_one_bad_row_among_a_hundred_thousand_is_told_by_its_object_and_line(
    put: Put, folder: str, tmp_path: Path
) -> None:
    names, *body = invoices()
    put("customers.csv", CUSTOMERS.encode())
    for number, start in enumerate((0, 50_000)):
        put(f"invoices/{number}.csv", text_of([names, *body[start : start + 50_000]]).encode())
    at = f"s3://{BUCKET}/{folder}"
    tables = {
        "customers": Table(uses="csv", path=f"{at}/customers.csv"),
        "invoices": Table(uses="csv", path=f"{at}/invoices/*.csv"),
    }
    with pytest.raises(RefusedTablesError) as refused:
        copied(tmp_path, tables, checks=CHECKS)
    places = {row: f"{int(row > 50_000)}.csv:{row - 50_000 * (row > 50_000) + 1}" for row, *_ in BAD.values()}
    told = [f"{text}; the first is row {row:,}, {at}/invoices/{places[row]}" for row, _, _, text in BAD.values()]
    assert sorted(map(str, refused.value.problems)) == sorted(told)
    assert SECRET not in f"{refused.value} {refused.value.problems}"


def test_files_folders_and_patterns_are_read_in_order(put: Put, folder: str, tmp_path: Path) -> None:
    put("csv/year=2024/b.csv", b"id,word\n3,c\n")
    put("csv/year=2024/a.csv.gz", gzip.compress(b"id,word\n1,a\n2,b\n"))
    put("csv/year=2025/a.csv", b"id,word\n4,d\n")
    put("csv/_SUCCESS", b"x")
    at = f"s3://{BUCKET}/{folder}/csv"

    def read(path: str) -> list[tuple[Any, ...]]:
        return rows(copied(tmp_path, {"t": Table(uses="csv", path=path)})["t"])

    assert read(at) == [(1, "a", 2024), (2, "b", 2024), (3, "c", 2024), (4, "d", 2025)]
    assert read(f"{at}/year=2024/*.csv") == [(3, "c")]
    assert read(f"{at}/year=2025/a.csv") == [(4, "d")]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("{folder}/*.csv", "E401"),
        ("{folder}/none.csv", "E401"),
        ("{folder}/odd", "E401"),
        ("{folder}/cut.csv.gz", "E407"),
    ],
)
def test_what_is_not_there_is_told(put: Put, folder: str, tmp_path: Path, path: str, code: str) -> None:
    put("odd/a.doc", b"x")
    put("cut.csv.gz", gzip.compress(b"id,word\n" + b"1,a\n" * 999)[:-9])
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": Table(uses="csv", path=f"s3://{BUCKET}/{path.format(folder=folder)}")})
    assert caught.value.code == code, caught.value
    assert caught.value.hint


@pytest.mark.parametrize(("user", "code"), [("stranger", "E432"), ("nobody", "E432")])
def test_who_may_not_read_is_told_so(
    put: Put, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: Server, user: str, code: str
) -> None:
    put("a.csv", b"id,word\n1,a\n")
    for name, value in s3_environment(s3.url, user).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": Table(uses="csv", path=f"s3://{BUCKET}/{folder}/a.csv")})
    assert caught.value.code == code, caught.value
    assert f"{user}-secret" not in f"{caught.value} {caught.value.hint} {caught.value.__context__}"


def test_a_bucket_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**s3_environment("http://127.0.0.1:1"), "RECONCILER_STORE_TIMEOUT": "0.5"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": Table(uses="csv", path=f"s3://{BUCKET}/a.csv")})
    assert caught.value.code == "E431"


@pytest.mark.soak(only=True)  # what is copied is trained on as from anywhere
def test_a_model_is_trained_and_predicts_from_a_bucket(put: Put, folder: str, tmp_path: Path) -> None:
    project = configured(tmp_path / "project")
    ledger = project.root / "data/invoices.csv"
    header, *lines = ledger.read_bytes().splitlines(keepends=True)
    for number, start in enumerate(range(0, len(lines), 250)):
        put(f"ledger/{number}.csv.gz", gzip.compress(header + b"".join(lines[start : start + 250])))
    ledger.unlink()
    production = project.root / "environments/production.yaml"
    production.write_text(
        production.read_text().replace("path: data/invoices.csv", f"path: 's3://{BUCKET}/{folder}/ledger/*.csv.gz'")
    )
    begin(project)
    project.run("validate")
    project.run("apply", "sandbox", "--yes")
    project.promote()
    project.run("apply", "production", "--yes")
    project.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "predicted.csv"))
    assert len((tmp_path / "predicted.csv").read_text().splitlines()) > 1
    held = b"".join(path.read_bytes() for path in project.root.rglob("*") if path.is_file())
    assert b"writer-secret" not in held


def test_a_worker_reads_a_bucket_by_the_operators_environment(put: Put, folder: str, tmp_path: Path) -> None:
    put("a.parquet", parquet(id=[1, 2]))
    table = Table(uses="parquet", path=f"s3://{BUCKET}/{folder}/a.parquet")
    data, headers = DataWorker(), HeaderWorker()
    try:
        request = CopyRequest(root=tmp_path, tables=(("t", table),), held=(), into=tmp_path, limits=LIMITS)
        (copy,) = data.copy(request)
        header = headers.header(HeaderRequest(root=tmp_path, name="t", table=table))
    finally:
        data.close()
        headers.close()
    assert (rows(copy), types(copy)) == ([(1,), (2,)], {"id": "BIGINT"})
    assert header.columns == ("id",)
