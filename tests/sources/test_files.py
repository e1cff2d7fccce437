"""Tables of several files: a folder, a pattern, partitions; packed; that change while they are read."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import Table
from reconciler.data.tables.header import header_of
from reconciler.errors import DataError
from reconciler.ports import HeaderRequest
from tests.sources.copying import copied, rows, types


def written(root: Path, path: str, text: str | bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())


def zstandard(text: bytes) -> bytes:
    import pyarrow as pa

    packed: bytes = pa.compress(text, codec="zstd", asbytes=True)
    return packed


def of(**said: Any) -> Table:
    return Table(**({"uses": "csv"} | said))


def read(root: Path, **said: Any) -> list[tuple[Any, ...]]:
    copy = copied(root, {"t": of(**said)})["t"]
    header = header_of(HeaderRequest(root=root, name="t", table=of(**said)))
    assert header.columns == tuple(types(copy)), "the header tells what is copied"
    return rows(copy)


def failing(root: Path, **said: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        copied(root, {"t": of(**said)})
    assert caught.value.hint
    return caught.value


def test_rows_of_a_folder_come_in_the_order_of_file_names(tmp_path: Path) -> None:
    written(tmp_path, "in/b.csv", "id,word\n3,c\n")
    written(tmp_path, "in/a.csv", 'id,word\n1,"a\nb"\n2,')
    written(tmp_path, "in/c.csv", "id,word\n")
    written(tmp_path, "in/d.csv.gz", gzip.compress(b"id,word\n4,d\n\n"))
    written(tmp_path, "in/e.csv.zst", zstandard(b"id,word\n5,e\n"))
    written(tmp_path, "in/_SUCCESS", "")
    written(tmp_path, "in/.a.csv.crc", "x")
    assert read(tmp_path, path="in") == [(1, "a\nb"), (2, None), (3, "c"), (4, "d"), (5, "e")]


def test_a_pattern_names_files_in_one_folder_or_in_all(tmp_path: Path) -> None:
    for path in ("a1.csv", "a2.csv", "b1.csv", "deep/er/a3.csv", ".a4.csv"):
        written(tmp_path, f"in/{path}", f"id,file\n1,{path}\n")
    found = {pattern: [row[1] for row in read(tmp_path, path=pattern)] for pattern in ("in/a?.csv", "in/[!a]*.csv")}
    assert found == {"in/a?.csv": ["a1.csv", "a2.csv"], "in/[!a]*.csv": ["b1.csv"]}
    assert [row[1] for row in read(tmp_path, path="in/**/a*.csv")] == ["a1.csv", "a2.csv", "deep/er/a3.csv"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    written(tmp_path, "a[1].csv", "id,x\n1,2\n")
    written(tmp_path, "a1.csv", "id,x\n3,4\n")
    assert read(tmp_path, path="a[1].csv") == [(1, 2)]


def test_partitions_become_columns_behind_those_of_the_files(tmp_path: Path) -> None:
    written(tmp_path, "in/year=2024/country=DE/a.csv", "id\n1\n2\n")
    written(tmp_path, "in/year=2025/country=a%20b/a.csv", "id\n3\n")
    written(tmp_path, "in/year=2025/country=__HIVE_DEFAULT_PARTITION__/a.csv", "id\n4\n")
    assert sorted(read(tmp_path, path="in")) == [(1, 2024, "DE"), (2, 2024, "DE"), (3, 2025, "a b"), (4, 2025, None)]
    assert read(tmp_path, path="in/year=2024/country=*/*.csv") == [(1, "DE"), (2, "DE")]


def test_partitions_of_parquet_files(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for year in (2024, 2025):
        (tmp_path / f"in/year={year}").mkdir(parents=True)
        pq.write_table(pa.table({"id": [year, 1], "x": [0.5, None]}), tmp_path / f"in/year={year}/a.parquet")
    expected = [(2024, 0.5, 2024), (1, None, 2024), (2025, 0.5, 2025), (1, None, 2025)]
    assert read(tmp_path, uses="parquet", path="in") == expected
    assert read(tmp_path, uses="parquet", path="in", columns=(("key", "id"),)) == expected


@pytest.mark.parametrize(
    ("files", "said", "code", "told"),
    [
        (
            {"in/a.csv": "id,x\n1,2\n", "in/b.csv": "x,id\n1,2\n"},
            {},
            "E403",
            "in/b.csv has another header than in/a.csv",
        ),
        ({"in/a.csv": "id,x\n1,2\n", "in/b.csv": "id\n1\n"}, {}, "E403", "in/b.csv has another header than in/a.csv"),
        ({"in/a.csv": "id,x\n1,2\n", "in/b.doc": "x"}, {}, "E401", "in/b.doc"),
        ({"in/a.csv": "id,x\n", "in/b.csv": "id,x\n"}, {}, "E401", "no rows"),
        ({"in/y=1/a.csv": "id\n1\n", "in/b.csv": "id\n1\n"}, {}, "E403", "other columns"),
        ({"in/id=1/a.csv": "id\n1\n"}, {}, "E403", "column id is both"),
        ({"in/a b=1/a.csv": "id\n1\n"}, {}, "E403", "no valid column"),
        ({"in/a.csv": "id,x\n1,2\n", "in/b.csv": "id,x\n1,2\n3,4,5\n"}, {}, "E402", "in/b.csv:3"),
        (
            {"in/a.csv": "id,x\n1,2\n", "in/b.csv": 'id,x\n1,"2\n3"\n1,y\n'},
            {"types": (("x", "BIGINT"),)},
            "E405",
            "in/b.csv:2",
        ),
        ({"in/a.csv": gzip.compress(b"id,x\n1,2\n")}, {}, "E407", "in/a.csv"),
        ({"in/a.csv.gz": gzip.compress(b"id,x\n1,2\n" * 999)[:-9]}, {}, "E407", "in/a.csv.gz"),
        ({"in/a.csv.gz": b"id,x\n1,2\n"}, {}, "E407", "in/a.csv.gz"),
        ({"in/a.csv.zst": zstandard(b"id,x\n1,2\n" * 999)[:-9]}, {}, "E407", "in/a.csv.zst"),
        ({"in/a.csv.zst": b"id,x\n1,2\n"}, {}, "E407", "in/a.csv.zst"),
        ({"in/a.csv": "id,x\n1,2\n"}, {"path": "in/*.tsv"}, "E401", "no such file"),
        ({"in/a.csv": "id,x\n1,2\n"}, {"path": "elsewhere"}, "E401", "no such file"),
        ({"in/a.csv": "id,x\n1,2\n"}, {"path": "in/../../*.csv"}, "E302", "leaves the data root"),
        ({"in/a.csv": "id,x\n1,2\n"}, {"path": "http://127.0.0.1/a.csv"}, "E408", "URL"),
        ({"in/a.csv": "id,x\n1,2\n"}, {"path": "simplecache::file:a.csv"}, "E408", "URL"),
    ],
)
def test_files_that_do_not_fit_are_told_by_name(
    tmp_path: Path, files: dict[str, str | bytes], said: dict[str, Any], code: str, told: str
) -> None:
    for path, text in files.items():
        written(tmp_path, path, text)
    error = failing(tmp_path, **({"path": "in"} | said))
    assert error.code == code, error
    assert told in str(error)


def test_parquet_files_of_other_types_are_told_by_name(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, column in (("a", [1]), ("b", ["x"])):
        pq.write_table(pa.table({"id": column}), tmp_path / f"{name}.parquet")
    error = failing(tmp_path, uses="parquet", path="*.parquet")
    assert (error.code, error.message) == ("E403", "table t: b.parquet has other types than a.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-1])
    error = failing(tmp_path, uses="parquet", path="*.parquet")
    assert (error.code, str(error.where)) == ("E411", "b.parquet")


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    written(root, "in/a.csv", "id,x\n1,2\n")
    written(tmp_path, "secret.csv", "id,x\n1,2\n")
    (root / "in/b.csv").symlink_to(tmp_path / "secret.csv")
    assert failing(root, path="in").code == "E302"
    assert failing(root, path="in/*.csv").code == "E302"
