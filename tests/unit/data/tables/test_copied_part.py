"""What is copied of a table: columns, whose digests depend on their values alone, and the rows of sampled entities."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from reconciler.core import parquet_file
from reconciler.core.digest import Digest, digest_of_file
from reconciler.core.spec.data import Sample, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, SampledRows, TableFile
from tests.support.invoice_tables import read_rows, write_table

LIMITS = Limits(seconds=120, memory=2 * 1024**3)
CUSTOMER = Sample(table="customers", column="customer_id", share=0.2)


def copied(
    folder: Path,
    tables: dict[str, list[dict[str, Any]]],
    *,
    columns: tuple[tuple[str, tuple[str, ...]], ...] = (),
    sample: SampledRows | None = None,
    **declared: Any,
) -> dict[str, TableFile]:
    into = folder / "into"
    into.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        text = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(text) + "\n")
    request = CopyRequest(
        root=folder,
        tables=tuple((name, Table(uses="csv", path=f"{name}.csv", **declared)) for name in tables),
        held=(),
        into=into,
        limits=LIMITS,
        columns=columns,
        sample=sample,
    )
    return {copy.name: copy for copy in LocalData().copy(request)}


def digests(copy: TableFile) -> dict[str, Digest | None]:
    return {column.name: column.digest for column in copy.columns}


def rows_of(count: int, names: Iterable[str] = ("id", "amount", "note", "day", "odd")) -> list[dict[str, Any]]:
    made = {
        "id": lambda n: n,
        "amount": lambda n: n / 3 if n % 5 else None,
        "note": lambda n: f"note {n % 7}",
        "day": lambda n: f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}",
        "odd": lambda n: f"{n * 7919 % 100_003}x",
    }
    return [{name: made[name](n) for name in names} for n in range(count)]


def test_a_columns_digest_is_that_of_its_values_whatever_stands_beside_it(tmp_path: Path) -> None:
    whole = digests(copied(tmp_path / "a", {"t": rows_of(2_000)})["t"])
    few = digests(copied(tmp_path / "b", {"t": rows_of(2_000, ("odd", "day", "amount"))})["t"])
    assert all(whole[name] == few[name] for name in few)
    assert len({*whole.values()}) == len(whole)
    assert None not in whole.values()


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("count", [122_879, 122_881])
def test_that_holds_where_the_rows_make_more_than_one_group(tmp_path: Path, count: int) -> None:
    whole = digests(copied(tmp_path / "a", {"t": rows_of(count, ("id", "amount", "odd"))})["t"])
    assert digests(copied(tmp_path / "b", {"t": rows_of(count, ("odd", "id"))})["t"]).items() <= whole.items()


@pytest.mark.parametrize("change", ["a value", "an order", "a missing one", "a row more"])
def test_another_value_or_order_is_another_digest(tmp_path: Path, change: str) -> None:
    rows = rows_of(500)
    before = digests(copied(tmp_path / "a", {"t": rows})["t"])
    match change:
        case "a value":
            rows[250]["note"] = "note x"
        case "an order":
            rows[0]["note"], rows[1]["note"] = rows[1]["note"], rows[0]["note"]
        case "a missing one":
            rows[499]["note"] = None
        case _:
            rows = [*rows, rows_of(501)[500]]
    after = digests(copied(tmp_path / "b", {"t": rows})["t"])
    differing = {name for name in before if before[name] != after[name]}
    assert differing == ({"note"} if change != "a row more" else set(before))


def test_the_same_bytes_of_another_type_are_another_digest(tmp_path: Path) -> None:
    rows = [{"a": "2024-01-01"}]
    day = digests(copied(tmp_path / "a", {"t": rows})["t"])
    assert digests(copied(tmp_path / "b", {"t": rows}, types=(("a", "VARCHAR"),))["t"]) != day
    number = digests(copied(tmp_path / "c", {"t": [{"a": "5"}]}, types=(("a", "BIGINT"),))["t"])
    assert digests(copied(tmp_path / "d", {"t": [{"a": "5"}]}, types=(("a", "DECIMAL(18,0)"),))["t"]) != number


def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path) -> None:
    rows = [{"id": n, "amount": n, "unclear": "01/02/2024"} for n in range(50)]
    with pytest.raises(DataError, match="looks like dates"):
        copied(tmp_path / "a", {"t": rows})
    copy = copied(tmp_path / "b", {"t": rows}, columns=(("t", ("amount", "elsewhere", "id")),))["t"]
    assert [column.name for column in copy.columns] == ["id", "amount"]
    assert copy.rows == 50


def test_columns_of_which_none_is_there_are_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of the columns that are used is there: amuont") as caught:
        copied(tmp_path, {"t": rows_of(50)}, columns=(("t", ("amuont",)),))
    assert caught.value.code == "E416"


def test_a_column_of_row_numbers_is_copied_where_it_is_asked_for(tmp_path: Path) -> None:
    asked = (("t", ("n",)),)
    copy = copied(tmp_path, {"t": rows_of(50)}, columns=asked, row_number="n")["t"]
    assert read_rows(copy.path)[49] == {"n": 50}


def customers(count: int) -> dict[str, list[dict[str, Any]]]:
    return {
        "customers": [{"customer_id": f"c{n}", "country": "DE"} for n in range(count)],
        "invoices": [{"invoice": n, "customer_id": f"c{n % count}", "amount": n} for n in range(3 * count)],
        "payments": [{"payment": n, "payer": f"c{n % count}"} for n in range(count)],
        "rates": [{"day": n, "rate": n / 7} for n in range(90)],
    }


def test_a_sample_has_whole_entities_the_same_in_every_table_and_every_time(tmp_path: Path) -> None:
    sample = SampledRows(entity=CUSTOMER, columns=(("payments", "payer"),))
    copies = copied(tmp_path / "a", customers(1_000), sample=sample)
    chosen = {row["customer_id"] for row in read_rows(copies["customers"].path)}
    assert 150 < len(chosen) < 250
    assert {name: copy.sampled_by for name, copy in copies.items()} == {
        "customers": "customer_id",
        "invoices": "customer_id",
        "payments": "payer",
        "rates": None,
    }
    invoices = read_rows(copies["invoices"].path)
    assert {row["customer_id"] for row in invoices} == chosen
    assert len(invoices) == 3 * len(chosen)
    assert {row["payer"] for row in read_rows(copies["payments"].path)} == chosen
    assert copies["rates"].rows == 90, "it cannot be related"
    grown = copied(tmp_path / "b", customers(1_500), sample=sample)
    later = {row["customer_id"] for row in read_rows(grown["customers"].path)}
    assert {customer for customer in later if int(customer[1:]) < 1_000} == chosen
    more = SampledRows(entity=Sample(table="customers", column="customer_id", share=0.5))
    larger = copied(tmp_path / "c", customers(1_000), sample=more)
    assert {row["customer_id"] for row in read_rows(larger["customers"].path)} > chosen


def test_a_sample_goes_by_a_column_that_is_not_copied_and_leaves_out_rows_of_nobody(tmp_path: Path) -> None:
    tables = customers(1_000)
    tables["invoices"][5]["customer_id"] = None
    sample, columns = SampledRows(entity=CUSTOMER), (("invoices", ("invoice", "n")),)
    alone = copied(tmp_path / "a", tables, sample=sample, columns=columns, row_number="n")["invoices"]
    assert [column.name for column in alone.columns] == ["n", "invoice"]
    rows = read_rows(alone.path)
    assert 5 not in {row["invoice"] for row in rows}
    assert all(row["n"] == row["invoice"] + 1 for row in rows), "rows are numbered as in the file"


def test_an_entity_is_the_same_in_another_type(tmp_path: Path) -> None:
    entity = Sample(table="a", column="id", share=0.3)
    tables = {"a": [{"id": n} for n in range(400)], "b": [{"id": f"{n}.0"} for n in range(400)]}
    copies = copied(tmp_path, tables, sample=SampledRows(entity=entity))
    assert {column.type for copy in copies.values() for column in copy.columns} == {"BIGINT", "DOUBLE"}
    first, second = ({int(row["id"]) for row in read_rows(copies[name].path)} for name in ("a", "b"))
    assert first == second


def test_a_sample_by_a_column_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    sample = SampledRows(entity=Sample(table="customers", column="custmer", share=0.2))
    with pytest.raises(DataError, match="`sample` goes by column custmer, which does not exist") as caught:
        copied(tmp_path, customers(50), sample=sample)
    assert caught.value.code == "E416"


def test_a_sample_that_leaves_no_row_is_refused(tmp_path: Path) -> None:
    sample = SampledRows(entity=Sample(table="a", column="id", share=0.01))
    with pytest.raises(DataError, match="the sample leaves none of the 2 rows") as caught:
        copied(tmp_path, {"a": [{"id": 1}, {"id": 2}]}, sample=sample)
    assert caught.value.code == "E401"


def test_a_file_that_ends_in_a_column_has_no_digests(tmp_path: Path) -> None:
    path = write_table(tmp_path, "t", {"a": "BIGINT"}, [(n,) for n in range(5_000)]).path
    body = path.read_bytes()
    cut = body[:4] + body[2_000:]
    path.write_bytes(cut)
    with path.open("rb") as stream, pytest.raises(parquet_file.ParquetError):
        parquet_file.column_digests(stream)


@pytest.mark.parametrize("statistics", [False, True])
def test_a_parquet_files_own_metadata_change_no_byte_of_the_copy(tmp_path: Path, statistics: bool) -> None:
    """The digests are those of the copies of the release before columns had any."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"a": ["x", "y", "z"] * 100, "b": [1.5, None, 2.0] * 100, "c": list(range(300))}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", write_statistics=statistics)
    (tmp_path / "into").mkdir()
    tables = (("t", Table(uses="parquet", path="t.parquet")),)
    request = CopyRequest(root=tmp_path, tables=tables, held=(), into=tmp_path / "into", limits=LIMITS)
    (copy,) = LocalData().copy(request)
    assert digest_of_file(copy.path).startswith("sha256:2943a6a2aa5113e7")
