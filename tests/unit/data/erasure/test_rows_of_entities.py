"""The rows of an entity are told by its value as a whole, whatever type a column has; nothing of the value is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.erasure.referring import referring
from reconciler.core.spec.data import Contract, Reference, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.erasure.rows_of_entities import entity_digest
from reconciler.data.erasure.search import search
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import (
    CopyRequest,
    EntityRequest,
    ErasedEntities,
    ErasedRows,
    EraseRequest,
    PredictionFile,
    SearchRequest,
    TableFile,
)

KEY = "00" * 16
LIMITS = Limits(seconds=60)
CONTRACTS = (
    Contract(table="invoices", references=(Reference(column="customer", table="customers", key="id"),)),
    Contract(table="payments", references=(Reference(column="invoice", table="invoices", key="number"),)),
)
ROWS = {
    "customers": "id,name\n7,Ann\n70,Bob\n17,Cem\n",
    "invoices": "number,customer\nA1,7\nA2,70\nA3,7\n",
    "payments": "id,invoice\n1,A1\n2,A2\n3,A3\n4,A33\n",
    "notes": "id,text\n1,7\n2,about 7\n",
}


class Tables:
    """Tables in a folder, copied with and without an entity of `customers.id`."""

    def __init__(self, folder: Path, kind: str, rows: dict[str, str] = ROWS) -> None:
        self.folder, self.kind = folder, kind
        for name, text in rows.items():
            (folder / f"{name}.csv").write_text(text)
        types = {"customers": (("id", kind),), "invoices": (("customer", kind),)}
        self.tables = tuple(
            (name, Table(uses="csv", path=f"{name}.csv", types=types.get(name, ()))) for name in sorted(rows)
        )

    def erased(self, value: str) -> ErasedRows:
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        digest = LocalData().digests(
            EntityRequest(
                table="customers", column="id", limits=LIMITS, scratch=scratch, value=value, key=KEY, kind=self.kind
            )
        )
        leads = referring(CONTRACTS, [name for name, _ in self.tables], "customers", "id")
        entities = ErasedEntities(
            table="customers",
            column="id",
            digests=(digest.entity,),
            columns=leads.columns,
            references=leads.references,
        )
        return ErasedRows(entities=(entities,), key=KEY)

    def copy(self, erased: ErasedRows | None, name: str) -> tuple[TableFile, ...]:
        into = self.folder / name
        into.mkdir()
        return LocalData().copy(
            CopyRequest(root=self.folder, tables=self.tables, held=(), into=into, limits=LIMITS, erased=erased)
        )

    def rows(self, value: str) -> dict[str, int]:
        return {file.name: file.rows for file in self.copy(self.erased(value), "without")}


WITHOUT = {"customers": 2, "invoices": 1, "payments": 2, "notes": 2}
WHOLE = {"customers": 3, "invoices": 3, "payments": 4, "notes": 2}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("BIGINT", "7", True),
        ("BIGINT", "7.0", True),
        ("BIGINT", "007", True),
        ("BIGINT", " 7 ", True),
        ("DOUBLE", "7", True),
        ("DECIMAL(12,2)", "7.00", True),
        ("VARCHAR", "7", True),
        ("VARCHAR", "007", False),
        ("VARCHAR", "7.0", False),
        ("VARCHAR", "7' OR true --", False),
        ("BIGINT", "seven", False),
    ],
)
def test_a_value_is_compared_as_its_column_has_it(tmp_path: Path, kind: str, value: str, found: bool) -> None:
    assert Tables(tmp_path, kind).rows(value) == (WITHOUT if found else WHOLE)


def test_a_table_without_the_entity_has_the_bytes_of_a_copy_that_never_saw_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    tables = Tables(tmp_path / "one", "BIGINT")
    full, erased = tables.copy(None, "full"), tables.erased("7")
    into = tmp_path / "one/without"
    into.mkdir()
    log = tmp_path / "log.csv"
    log.write_text("key,prediction\nA1,late\nA2,late\n'A3,late\n")
    done = LocalData().erase(
        EraseRequest(
            tables=full,
            erased=erased,
            into=into,
            limits=LIMITS,
            logs=(PredictionFile(path=log, table="invoices", column="number"),),
        )
    )
    assert {file.name: file.rows for file in done} == {"customers": 1, "invoices": 2, "notes": 0, "payments": 2, "0": 2}
    assert (into / "0.csv").read_text() == "key,prediction\nA2,late\n"
    never = {
        "customers": "id,name\n70,Bob\n17,Cem\n",
        "invoices": "number,customer\nA2,70\n",
        "payments": "id,invoice\n2,A2\n4,A33\n",
    }
    Tables(tmp_path / "two", "BIGINT", never).copy(None, "full")
    tables.copy(erased, "filtered")
    for name in never:
        expected = (tmp_path / f"two/full/{name}.parquet").read_bytes()
        assert (into / f"{name}.parquet").read_bytes() == expected
        assert (tmp_path / f"one/filtered/{name}.parquet").read_bytes() == expected


def test_nothing_is_left_of_a_table_is_an_error(tmp_path: Path) -> None:
    tables = Tables(tmp_path, "BIGINT", {"customers": "id,name\n7,Ann\n", "invoices": "number,customer\nA2,70\n"})
    with pytest.raises(DataError, match="those that were forgotten leave none of the 1 rows"):
        tables.rows("7")


def test_no_text_of_a_request_holds_the_value_or_the_key() -> None:
    request = EntityRequest(
        table="t", column="c", limits=LIMITS, scratch=Path("s"), value="a canary", key=KEY, mask_key="11" * 16
    )
    assert not [word for word in ("canary", KEY, "11" * 16) if word in repr(request)]
    assert KEY not in repr(ErasedRows(entities=(), key=KEY))
    assert entity_digest("t", "c", "7", b"k" * 16) != entity_digest("t", "d", "7", b"k" * 16), "by column, too"


def test_a_circle_is_cut_and_told() -> None:
    circle = (
        *CONTRACTS,
        Contract(table="customers", references=(Reference(column="last", table="payments", key="id"),)),
    )
    leads = referring(circle, ["customers", "invoices", "payments", "notes"], "customers", "id")
    assert [str(each) for each in leads.columns] == ["customers.id", "invoices.customer"]
    assert len(leads.references) + len(leads.not_followed) == 2
    assert leads.not_searched == ("notes",)


@pytest.mark.parametrize(("value", "found"), [("7", [0, 1]), ("70", [0]), ("bout 7", [1]), ("bout", [])])
def test_a_value_is_looked_for_inside_parquet_and_a_short_one_as_a_whole(
    tmp_path: Path, value: str, found: list[int]
) -> None:
    files = Tables(tmp_path, "VARCHAR").copy(None, "full")
    paths = tuple(file.path for file in files if file.name in ("customers", "notes"))
    (tmp_path / "scratch").mkdir()
    request = SearchRequest(files=paths, value=value, limits=LIMITS, scratch=tmp_path / "scratch")
    assert list(search(request)) == found
