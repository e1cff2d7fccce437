"""A contract tells everything that is broken, with counts and first lines, and lets the near miss pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import (
    AllowedRange,
    AllowedValues,
    Contract,
    Mask,
    Reference,
    Sample,
    Table,
    Treatment,
)
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError, RefusedTablesError, TableProblem
from reconciler.ports import ContractChecks, CopyRequest, Masking, SampledRows, TableFile
from tests.support import one_bad_row
from tests.support.invoice_tables import write_table
from tests.support.one_bad_row import text_of

LIMITS = Limits(seconds=120, memory=2 * 1024**3)
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
INVOICES = "id,customer,country,amount,day\n1,a,DE,10.5,2026-11-26\n2,b,FR,0,2026-11-27\n3,a,US,7.25,2026-11-25\n"
CUSTOMERS = "customer,name\na,Ada\nb,Bea\n"
COLUMNS = (("amount", "DOUBLE"), ("country", "VARCHAR"), ("customer", "VARCHAR"), ("day", "DATE"), ("id", "BIGINT"))
CONTRACT = Contract(
    table="invoices",
    key="id",
    required=("country",),
    columns=COLUMNS,
    values=(AllowedValues(column="country", values=("DE", "FR", "US")),),
    ranges=(AllowedRange(column="amount", at_least=0.0, at_most=11.0),),
    references=(Reference(column="customer", table="customers", key="customer"),),
    rows_at_least=3,
    rows_change_at_most=0.3,
    fresh_column="day",
    fresh_within=86_400,
)


def copied(
    folder: Path,
    *contracts: Contract,
    invoices: str | None = INVOICES,
    customers: str | None = CUSTOMERS,
    last: int = 3,
    as_of: str | None = None,
    moment: datetime = NOW,
    **table: Any,
) -> tuple[str, ...]:
    """Copy both tables under contracts, and return the names of the files that are left."""
    root, into = folder / "data", folder / "into"
    for path in (root, into):
        path.mkdir(exist_ok=True)
    for name, body in (("invoices", invoices), ("customers", customers)):
        if body is not None:
            (root / f"{name}.csv").write_text(body)
    tables = tuple(
        (name, Table(uses="csv", path=f"{name}.csv", **(table if name == "invoices" else {})))
        for name in ("customers", "invoices")
    )
    checks = ContractChecks(contracts=contracts, rows=(("invoices", last),), moment=moment, as_of=as_of)
    request = CopyRequest(root=root, tables=tables, held=(), into=into, limits=LIMITS, checks=checks)
    LocalData().copy(request)
    return tuple(sorted(path.name for path in into.iterdir()))


def broken(folder: Path, *contracts: Contract, **given: Any) -> list[TableProblem]:
    with pytest.raises(RefusedTablesError) as refused:
        copied(folder, *contracts, **given)
    assert refused.value.code == "E421"
    return list(refused.value.problems)


def said(folder: Path, *contracts: Contract, **given: Any) -> list[str]:
    return [str(problem) for problem in broken(folder, *contracts, **given)]


def test_a_table_that_keeps_to_its_contract_is_copied_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    assert copied(tmp_path, CONTRACT) == ("customers.parquet", "invoices.parquet")


RULES = {
    "key, twice": (
        INVOICES.replace("3,a,US", "2,a,US"),
        ["E421 invoices.id: key: 1 row has a value that an earlier row has; the first is row 3, invoices.csv:4"],
    ),
    "key, missing": (
        INVOICES.replace("3,a,US", ",a,US"),
        ["E421 invoices.id: key: 1 row has no value; the first is row 3, invoices.csv:4"],
    ),
    "required": (
        INVOICES.replace("DE", "").replace("FR", ""),
        ["E421 invoices.country: required: 2 rows have no value; the first is row 1, invoices.csv:2"],
    ),
    "values": (
        INVOICES.replace("FR", "SECRET"),
        ["E421 invoices.country: values: 1 row has a value that is not listed; the first is row 2, invoices.csv:3"],
    ),
    "ranges": (
        INVOICES.replace("10.5", "11.01").replace(",0,", ",-0.01,"),
        [
            "E421 invoices.amount: ranges: 2 rows have a value below 0 or above 11; the first is row 1, invoices.csv:2",
        ],
    ),
    "references": (
        INVOICES.replace("2,b", "2,SECRET"),
        [
            "E423 invoices.customer: references: 1 row has a value that is not in customers.customer; "
            "the first is row 2, invoices.csv:3"
        ],
    ),
    "a type that changed": (
        INVOICES.replace("7.25", "SECRET"),
        ["E422 invoices.amount: columns: 1 row has a cell that is no DOUBLE; the first is row 3, invoices.csv:4"],
    ),
    "a new column": (
        INVOICES.replace("\n", ",x\n").replace("day,x", "day,extra"),
        ["E422 invoices.extra: columns: a new column, VARCHAR"],
    ),
    "a missing column": (
        "\n".join(line.rpartition(",")[0] for line in INVOICES.splitlines()),
        ["E422 invoices.day: columns: the column is missing"],
    ),
    "rows, at least": (
        INVOICES.rpartition("3,a")[0],
        [
            "E424 invoices: rows: 2 rows, at least 3 are declared",
            "E424 invoices: rows: 2 rows, 33% fewer than the 3 of the last data snapshot; "
            "a change of at most 30% is declared",
        ],
    ),
    "fresh": (
        INVOICES.replace("2026-11-27", "2026-11-26"),
        ["E425 invoices.day: fresh: the newest value is 2d old, at most 1d are declared"],
    ),
    "fresh, only ahead": (
        INVOICES.replace("2026-11-2", "2027-11-2"),
        [
            "E425 invoices.day: fresh: no row shows how fresh the table is; "
            "3 rows lie ahead of the copy and cannot show it"
        ],
    ),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("rule", RULES)
def test_each_rule_that_is_broken_is_told_with_its_first_line_and_no_value(tmp_path: Path, rule: str) -> None:
    body, expected = RULES[rule]
    problems = broken(tmp_path, CONTRACT, invoices=body)
    assert [str(problem) for problem in problems] == expected
    assert "SECRET" not in str(problems)
    assert all(problem.change for problem in problems)


def test_one_bad_row_among_a_hundred_thousand_is_told_by_table_column_count_and_line(tmp_path: Path) -> None:
    problems = broken(
        tmp_path, one_bad_row.CONTRACT, invoices=text_of(one_bad_row.invoices()), customers=one_bad_row.CUSTOMERS
    )
    told = [f"{text}; the first is row {row:,}, invoices.csv:{row + 1}" for row, _, _, text in one_bad_row.BAD.values()]
    assert sorted(map(str, problems)) == sorted(told)
    assert one_bad_row.SECRET not in str(problems)


NEAR_MISSES = {
    "a range's ends": INVOICES.replace("10.5", "11.0"),
    "a key with spaces around": INVOICES.replace("3,a,US", "4,a,US"),
    "a value of another case is another value": INVOICES.replace("FR", "DE"),
    "a customer that nobody refers to": INVOICES.replace("2,b", "2,a"),
    "as many rows more as are allowed": INVOICES,
    "columns in another order": "\n".join(",".join(reversed(line.split(","))) for line in INVOICES.splitlines()),
    "a reference that is missing": INVOICES.replace("2,b", "2,"),
    "an amount that is missing": INVOICES.replace("7.25", ""),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_the_near_miss_passes(tmp_path: Path, miss: str) -> None:
    assert copied(tmp_path, CONTRACT, invoices=NEAR_MISSES[miss]) == ("customers.parquet", "invoices.parquet")


@pytest.mark.parametrize(("last", "passes"), [(2, False), (3, True), (4, True), (5, False)])
def test_rows_may_change_by_the_share_that_is_declared_up_or_down(tmp_path: Path, last: int, passes: bool) -> None:
    contract = Contract(table="invoices", rows_change_at_most=0.25)
    if passes:
        copied(tmp_path, contract, last=last)
    else:
        assert [problem.code for problem in broken(tmp_path, contract, last=last)] == ["E424"]


def test_a_table_that_the_last_snapshot_does_not_have_has_not_changed(tmp_path: Path) -> None:
    assert copied(tmp_path, Contract(table="customers", rows_change_at_most=0.01))


def test_everything_that_is_broken_in_any_table_is_told_at_once(tmp_path: Path) -> None:
    invoices = INVOICES.replace("1,a,DE,10.5", "2,x,,99").replace("day", "date")
    customers = Contract(table="customers", key="customer", required=("name",))
    lines = said(tmp_path, CONTRACT, customers, invoices=invoices, customers="customer,name\na,\na,Bea\n")
    assert [line.partition(";")[0] for line in lines] == [
        "E421 customers.name: required: 1 row has no value",
        "E421 customers.customer: key: 1 row has a value that an earlier row has",
        "E422 invoices.day: columns: the column is missing",
        "E422 invoices.date: columns: a new column, DATE",
        "E421 invoices.country: required: 1 row has no value",
        "E421 invoices.amount: ranges: 1 row has a value below 0 or above 11",
        "E421 invoices.id: key: 1 row has a value that an earlier row has",
        "E423 invoices.customer: references: 2 rows have a value that is not in customers.customer",
    ]
    assert not list((tmp_path / "into").glob("*.values.parquet"))


def test_a_table_that_cannot_be_read_hides_nothing_of_the_others(tmp_path: Path) -> None:
    lines = said(tmp_path, CONTRACT, invoices=INVOICES.replace("DE", "XX"), customers="customer,name\na\n")
    assert [line.partition(":")[0] for line in lines] == ["E402 customers", "E421 invoices.country"]
    assert lines[0].endswith("(customers.csv:2)")


def test_the_one_table_that_cannot_be_read_says_what_it_says_without_contracts(tmp_path: Path) -> None:
    with pytest.raises(DataError) as unread:
        copied(tmp_path, CONTRACT, customers="customer,name\na\n")
    assert (unread.value.code, isinstance(unread.value, RefusedTablesError)) == ("E402", False)


def test_a_misfit_of_a_column_without_a_declared_type_is_told_beside_a_broken_contract(tmp_path: Path) -> None:
    contract = Contract(table="invoices", required=("country",))
    body = INVOICES.replace("DE", "").replace("7.25", "seven")
    lines = said(tmp_path, contract, invoices=body, types=(("amount", "DOUBLE"),))
    assert [line.partition(";")[0] for line in lines] == [
        "E421 invoices.country: required: 1 row has no value",
        "E405 invoices.amount: columns: 1 row has a cell that is no DOUBLE",
    ]


def test_a_column_or_a_table_that_a_reference_leads_to_is_missed(tmp_path: Path) -> None:
    references = (
        Reference(column="customer", table="customers", key="customer"),
        Reference(column="country", table="countries", key="code"),
    )
    lines = said(tmp_path, Contract(table="invoices", references=references), customers="number,name\na,Ada\n")
    assert lines == [
        "E422 customers.customer: references: the column is missing, and invoices.customer refers to it",
        "E423 invoices.country: references: countries is no table of this copy",
    ]


def test_a_missing_column_is_told_by_the_contract_where_its_type_is_declared_too(tmp_path: Path) -> None:
    body = INVOICES.replace("amount", "sum").replace("DE", "")
    lines = said(tmp_path, CONTRACT, invoices=body, types=(("amount", "DOUBLE"),))
    assert [line.partition(";")[0] for line in lines] == [
        "E422 invoices.amount: columns: the column is missing",
        "E422 invoices.sum: columns: a new column, DOUBLE",
        "E421 invoices.country: required: 1 row has no value",
    ]


def test_text_is_read_by_the_type_that_a_contract_declares(tmp_path: Path) -> None:
    contract = Contract(table="customers", columns=(("customer", "VARCHAR"), ("name", "VARCHAR")))
    copied(tmp_path, contract, customers="customer,name\n0012,7\n")
    import duckdb

    path = tmp_path / "into" / "customers.parquet"
    assert duckdb.sql(f"SELECT * FROM '{path}'").fetchall() == [("0012", "7")]


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        (Contract(table="invoices", ranges=(AllowedRange(column="country", at_least=0.0),)), "`ranges` needs a number"),
        (Contract(table="invoices", fresh_column="amount", fresh_within=60), "`fresh` needs dates or times"),
        (Contract(table="invoices", values=(AllowedValues(column="id", values=("one",)),)), "`values` lists is one"),
        (
            Contract(table="invoices", references=(Reference(column="id", table="customers", key="customer"),)),
            "values of two types are never the same",
        ),
    ],
)
def test_a_rule_that_does_not_fit_the_type_of_its_column_is_told(
    tmp_path: Path, contract: Contract, message: str
) -> None:
    (problem,) = broken(tmp_path, contract)
    assert problem.code == "E422"
    assert message in problem.message


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("kind", "cells", "values", "passes"),
    [
        ("BIGINT", "1 2 2", ("1", "2"), True),
        ("BIGINT", "1 2 3", ("1", "2"), False),
        ("DOUBLE", "1.5 2 2.0", ("1.5", "2"), True),
        ("DECIMAL(6,2)", "1.50 2.00 2", ("1.5", "2"), True),
        ("BOOLEAN", "true true true", ("true",), True),
        ("BOOLEAN", "true false true", ("true",), False),
        ("DATE", "2026-01-01 2026-01-02 2026-01-01", ("2026-01-01", "2026-01-02"), True),
        ("VARCHAR", "a A a", ("a",), False),
        ("VARCHAR", "it's it's it's", ("it's",), True),
    ],
)
def test_values_are_compared_by_the_type_of_the_column(
    tmp_path: Path, kind: str, cells: str, values: tuple[str, ...], passes: bool
) -> None:
    contract = Contract(table="invoices", values=(AllowedValues(column="v", values=values),))
    body = "\n".join(["v,w", *(f"{cell},x" for cell in cells.split())]) + "\n"
    if passes:
        assert copied(tmp_path, contract, invoices=body, types=(("v", kind),))
    else:
        assert len(broken(tmp_path, contract, invoices=body, types=(("v", kind),))) == 1


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("moment", "as_of", "zone", "passes"),
    [
        ("2026-11-28T23:59:59+00:00", None, None, True),
        ("2026-11-29T00:00:00+00:00", None, None, False),
        ("2026-11-28T23:30:00+00:00", None, "Europe/Vienna", False),  # there it is the 29th already
        ("2027-11-28T00:00:00+00:00", "2026-11-28", None, True),
        ("2027-11-28T00:00:00+00:00", "2026-11-29", None, False),
    ],
)
def test_freshness_is_counted_to_the_moment_of_the_copy_or_to_the_day_that_is_declared(
    tmp_path: Path, moment: str, as_of: str | None, zone: str | None, passes: bool
) -> None:
    contract = Contract(table="invoices", fresh_column="day", fresh_within=86_400)
    given = {"moment": datetime.fromisoformat(moment), "as_of": as_of, "time_zone": zone}
    if passes:
        assert copied(tmp_path, contract, **given)
    else:
        assert [problem.code for problem in broken(tmp_path, contract, **given)] == ["E425"]


def test_the_number_of_the_row_is_a_column_like_others(tmp_path: Path) -> None:
    contract = Contract(table="invoices", key="row", ranges=(AllowedRange(column="row", at_most=2.0),))
    (line,) = said(tmp_path, contract, row_number="row", invoices=INVOICES)
    assert line == "E421 invoices.row: ranges: 1 row has a value above 2; the first is row 3, invoices.csv:4"


def test_the_rows_of_a_parquet_file_are_named_by_their_number(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "into").mkdir()
    write_table(tmp_path / "data", "t", {"id": "BIGINT", "country": "VARCHAR"}, [(1, "DE"), (2, None)])
    contract = Contract(table="t", required=("country",))
    request = CopyRequest(
        root=tmp_path / "data",
        tables=(("t", Table(uses="parquet", path="t.parquet")),),
        held=(),
        into=tmp_path / "into",
        limits=LIMITS,
        checks=ContractChecks(contracts=(contract,), rows=(), moment=NOW),
    )
    with pytest.raises(RefusedTablesError) as refused:
        LocalData().copy(request)
    assert str(refused.value.problems[0]).endswith("1 row has no value; the first is row 2, t.parquet")


# --- what is copied of a table decides nothing ---


def part(folder: Path, contract: Contract, **wanted: Any) -> TableFile:
    """Copy the invoices alone, masked, sampled or in part as `wanted` says, and return the copy."""
    for name in ("data", "into"):
        (folder / name).mkdir()
    (folder / "data/invoices.csv").write_text(wanted.pop("invoices", INVOICES))
    request = CopyRequest(
        root=folder / "data",
        tables=(("invoices", Table(uses="csv", path="invoices.csv")),),
        held=(),
        into=folder / "into",
        limits=LIMITS,
        checks=ContractChecks(contracts=(contract,), rows=(("invoices", 3),), moment=NOW),
        **wanted,
    )
    (copied_table,) = LocalData().copy(request)
    return copied_table


def test_values_are_checked_before_they_are_masked(tmp_path: Path) -> None:
    masks = (
        Mask(table="invoices", column="country", treatment=Treatment.REDACT),
        Mask(table="invoices", column="customer", treatment=Treatment.PSEUDONYM),
        Mask(table="invoices", column="day", treatment=Treatment.DROP),
    )
    contract = replace(CONTRACT, references=(Reference(column="customer", table="invoices", key="customer"),))
    masking = Masking(masks=masks, key=b"a key of sixteen bytes".hex())
    table = part(tmp_path, contract, masking=masking)
    assert {column.name for column in table.columns} == {"id", "customer", "country", "amount"}
    bad = tmp_path / "bad"
    bad.mkdir()
    with pytest.raises(RefusedTablesError) as refused:
        part(bad, contract, masking=masking, invoices=INVOICES.replace("FR", "XX"))
    assert "country: values" in str(refused.value)


def test_columns_that_nobody_uses_are_seen_by_a_contract_and_not_copied(tmp_path: Path) -> None:
    used = (("invoices", ("id",)),)
    contract = replace(CONTRACT, references=())
    table = part(tmp_path, contract, columns=used)
    assert [column.name for column in table.columns] == ["id"]
    bad = tmp_path / "bad"
    bad.mkdir()
    body = INVOICES.replace("\n", ",x\n").replace("day,x", "day,extra").replace("DE", "XX")
    with pytest.raises(RefusedTablesError) as refused:
        part(bad, contract, columns=used, invoices=body)
    assert [problem.column for problem in refused.value.problems] == ["extra", "country"]


def test_all_rows_of_the_source_are_counted_where_a_sample_is_copied(tmp_path: Path) -> None:
    sample = SampledRows(entity=Sample(table="invoices", column="customer", share=0.5))
    body = "id,customer\n" + "".join(f"{n},c{n}\n" for n in range(40))
    contract = Contract(table="invoices", rows_at_least=40)
    table = part(tmp_path, contract, sample=sample, invoices=body)
    assert table.source_rows == 40
    assert 5 < table.rows < 35
