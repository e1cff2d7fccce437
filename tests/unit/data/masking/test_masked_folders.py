"""A partitioned table has values in the names of its folders: no error tells one of a masked column."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.core.spec.data import AllowedRange, Contract, Mask, Table, Treatment
from reconciler.core.spec.environment import Limits
from reconciler.data.tables.snapshot import copy_tables
from reconciler.errors import DataError, RefusedTablesError
from reconciler.ports import ContractChecks, CopyRequest, Masking

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MASKED = Masking(masks=(Mask(table="people", column="Email", treatment=Treatment.DROP),))


def told(root: Path, *files: str, contract: Contract | None = None, masking: Masking | None = MASKED) -> DataError:
    """Return the error of a copy of these files, each of a person and a year."""
    for number, text in enumerate(files):
        folder = root / f"people/email=anna{number}@home.example/year={2020 + number}"
        folder.mkdir(parents=True)
        (folder / "rows.csv").write_text(text)
    (root / "into").mkdir()
    with pytest.raises(DataError) as caught:
        copy_tables(
            CopyRequest(
                root=root,
                tables=(("people", Table(uses="csv", path="people")),),
                held=(),
                into=root / "into",
                limits=Limits(),
                masking=masking,
                checks=ContractChecks(contracts=(contract,), rows=(), moment=NOW) if contract is not None else None,
            )
        )
    return caught.value


def test_a_folder_of_a_masked_column_is_told_without_its_value(tmp_path: Path) -> None:
    error = told(tmp_path, "id,a\n1,2\n", "id,b\n1,2\n")
    assert "people/email=.../year=2021/rows.csv has another header" in str(error)
    assert "anna" not in f"{error} {error.where} {error.args}"


def test_nor_in_what_breaks_a_contract(tmp_path: Path) -> None:
    contract = Contract(table="people", ranges=(AllowedRange(column="a", at_least=0),))
    error = told(tmp_path, "id,a\n1,2\n", "id,a\n1,-2\n", contract=contract)
    assert isinstance(error, RefusedTablesError)
    assert [problem.where for problem in error.problems] == ["people/email=.../year=2021/rows.csv:2"]
    assert "anna" not in f"{error} {error.args}"


def test_a_column_without_a_mask_is_told_as_it_is(tmp_path: Path) -> None:
    assert "email=anna1@home.example" in str(told(tmp_path, "id,a\n1,2\n", "id,b\n1,2\n", masking=None))
