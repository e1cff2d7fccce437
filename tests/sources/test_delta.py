"""Delta tables, at a version or the newest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import Table
from reconciler.errors import DataError
from tests.sources.copying import copied, rows, types

deltalake = pytest.importorskip("deltalake")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    import pyarrow as pa

    for ids in ([1, 2], [3]):
        columns = pa.table({"id": ids, "part": ["a"] * len(ids), "tags": [["x"]] * len(ids)})
        deltalake.write_deltalake(str(tmp_path / "books"), columns, mode="append", partition_by=["part"])
    return tmp_path


def read(root: Path, **said: Any) -> list[tuple[Any, ...]]:
    copy = copied(root, {"t": Table(**({"uses": "delta", "path": "books"} | said))})["t"]
    assert types(copy) == {"id": "BIGINT", "part": "VARCHAR"}
    return sorted(rows(copy))


def test_the_newest_version_is_read_unless_one_is_named(root: Path) -> None:
    assert read(root) == [(1, "a"), (2, "a"), (3, "a")]
    assert read(root, version=1) == [(1, "a"), (2, "a"), (3, "a")]
    assert read(root, version=0) == [(1, "a"), (2, "a")]


def test_what_is_deleted_is_gone(root: Path) -> None:
    deltalake.DeltaTable(str(root / "books")).delete("id = 2")
    assert read(root) == [(1, "a"), (3, "a")]


@pytest.mark.parametrize(
    ("said", "code"),
    [({"version": 7}, "E401"), ({"path": "nowhere"}, "E401"), ({"path": "."}, "E411"), ({"path": "../x"}, "E302")],
)
def test_what_is_not_there_is_told(root: Path, said: dict[str, Any], code: str) -> None:
    with pytest.raises(DataError) as caught:
        read(root, **said)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_file_that_is_gone_leaves_no_copy(root: Path) -> None:
    next((root / "books").rglob("*.parquet")).unlink()
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.code == "E431"


def test_files_elsewhere_and_newer_features_are_refused(root: Path) -> None:
    log = root / "books" / "_delta_log" / f"{1:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["path"] = "../elsewhere.parquet"
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.code == "E302"
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}}
    protocol["protocol"]["writerFeatures"] = ["deletionVectors"]
    log.write_text(json.dumps(protocol) + "\n")
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.code == "E411"
