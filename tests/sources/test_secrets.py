"""A secret reaches the process of the copy, and nothing else."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import pytest

from reconciler.adapters.executors.bucket_environment import bucket_environment
from reconciler.adapters.executors.compute import DataWorker, HeaderWorker
from reconciler.adapters.system.secret import read_secret
from reconciler.core.spec.data import Table
from reconciler.engine.masking.mask_key import read_key
from reconciler.engine.needed_secrets import ReadSecret, table_secrets, with_secrets
from reconciler.engine.table_lookup import header_of
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, HeaderRequest, Secret
from tests.sources.copying import LIMITS, URL, rows
from tests.support.postgres import Postgres

CANARY = "postgresql://owner:canary-of-secrets@127.0.0.1:1/x"


def of(url: str = URL) -> tuple[tuple[str, Table], ...]:
    return (("t", Table(uses="postgres", url=url, query="SELECT 1 AS x")),)


def reader(root: Path, environ: dict[str, str]) -> ReadSecret:
    return partial(read_secret, root, environ)


def test_a_secret_is_the_text_of_a_variable_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{CANARY}\n")
    assert table_secrets(reader(tmp_path, {"ERP_URL": CANARY}), of()) == (Secret(reference=URL, value=CANARY),)
    assert table_secrets(reader(tmp_path, {}), of("file:url"))[0].value == CANARY
    assert table_secrets(reader(Path("/"), {}), of(f"file:{tmp_path}/url"))[0].value == CANARY


@pytest.mark.parametrize("url", [URL, "env:OTHER", "file:none", "file:.", "file:binary", "file:empty"])
def test_one_that_is_not_set_is_told_by_its_name(tmp_path: Path, url: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(DataError) as caught:
        table_secrets(reader(tmp_path, {"ERP_URL": "  ", "CANARY": CANARY}), of(url))
    assert caught.value.code == "E433"
    assert url.partition(":")[2] in caught.value.message


def test_all_that_are_not_set_are_told_at_once_the_key_of_pseudonyms_among_them(tmp_path: Path) -> None:
    read = reader(tmp_path, {"ERP_URL": CANARY, "KEY": "short"})
    tables = (*of(), ("u", of("env:CRM_URL")[0][1]), ("v", of("env:CRM_URL")[0][1]), ("w", of("file:none")[0][1]))
    with pytest.raises(DataError) as caught:
        with_secrets(read, tables, lambda: read_key(read, "env:KEY"))
    assert caught.value.code == "E433"
    assert caught.value.message.split("; ") == [
        "the environment variable CRM_URL is not set (tables u, v)",
        "the file none holds nothing that can be read (table w)",
        "the key of pseudonyms is too short: KEY holds fewer than 16 bytes",
    ]
    assert caught.value.hint is not None
    assert len(caught.value.hint.split("; ")) >= 3


def test_no_text_of_a_request_holds_a_secret() -> None:
    secret = Secret(reference=URL, value=CANARY)
    assert "canary" not in repr(secret)
    assert "canary" not in str((secret,))


def test_a_bucket_needs_what_its_library_looks_for_and_no_other_table_does() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "k", "ERP_URL": CANARY, "GITHUB_TOKEN": "t", "HTTPS_PROXY": "p"}
    table = Table(uses="csv", path="s3://bucket/a.csv")
    assert bucket_environment((("t", table),), environ) == {"AWS_SECRET_ACCESS_KEY": "k", "HTTPS_PROXY": "p"}
    assert bucket_environment(of(), environ) == {}
    assert bucket_environment((("t", Table(uses="csv", path="a.csv")),), environ) == {}


@pytest.mark.needs("postgres")
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_only_the_worker_of_the_copy_is_told_it_and_not_by_its_environment(
    database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_URL", database.url())
    told, python = tmp_path / "told", tmp_path / "python"
    told.mkdir()
    python.write_text(f'#!/bin/sh\n{{ env; echo "$@"; }} > {told}/$$\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    data, headers = DataWorker(), HeaderWorker()
    try:
        secrets = table_secrets(reader(tmp_path, dict(os.environ)), of())
        request = CopyRequest(root=tmp_path, tables=of(), held=(), into=tmp_path, limits=LIMITS, secrets=secrets)
        (copy,) = data.copy(request)
        header = headers.header(HeaderRequest(root=tmp_path, name="t", table=of()[0][1], secrets=secrets))
        assert rows(copy) == [(1,)]
        assert header.columns == ("x",)
        workers = {path.name: path.read_text() for path in told.iterdir()}
        assert len(workers) == 2, "a process of its own for each"
        assert all("PYTHONHASHSEED" in text and "reconciler.data" in text for text in workers.values())
        assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()], "which ended with it"
        assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert "canary" not in str(request)
    finally:
        data.close()
        headers.close()


def test_where_it_is_not_set_the_columns_are_not_known(tmp_path: Path) -> None:
    headers = HeaderWorker()
    try:
        request = HeaderRequest(root=tmp_path, name="t", table=of()[0][1])
        header = header_of(headers, reader(tmp_path, {}), request)
        assert header.columns is None
        assert header.unknown == "table t: the environment variable ERP_URL is not set"
        assert headers.header(request).columns is None, "nor without a reader"
    finally:
        headers.close()


def test_a_source_whose_library_is_not_installed_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.sources.copying import copied

    for module in (
        "adbc_driver_postgresql",
        "adbc_driver_postgresql.dbapi",
        "sqlalchemy",
        "deltalake",
        "obstore.store",
    ):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "d" / "_delta_log").mkdir(parents=True)
    tables = {
        "postgres": Table(uses="postgres", url=URL, table="t"),
        "sql": Table(uses="sql", url=URL, table="t"),
        "delta": Table(uses="delta", path="d"),
        "stores": Table(uses="csv", path="s3://bucket/a.csv"),
    }
    for extra, table in tables.items():
        with pytest.raises(DataError) as caught:
            copied(tmp_path, {"t": table}, url=CANARY)
        assert caught.value.code == "E610"
        assert caught.value.hint == f"pip install 'model-reconciler[{extra}]'"
