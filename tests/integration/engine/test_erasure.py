"""An erased entity is gone from every store, and what learnt from it is made again to the bytes that never saw it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from reconciler.core.spec.data import Mask, Treatment
from reconciler.engine.storage import data_snapshots
from reconciler.errors import DataError
from tests.support.effort import count
from tests.support.erasure_project import CANARY, ErasureProject, Tables, recipe_of

AFFECTED = {"its own rows", "joined to its row", "its past in rows of others"}


def unpacked(path: Path) -> str:
    """Return every cell of a Parquet file as text; nothing of another file."""
    if path.read_bytes()[:4] != b"PAR1":
        return ""
    with duckdb.connect() as connection:
        return str(connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall())


@pytest.mark.soak
def test_the_whole_contract(tmp_path: Path) -> None:
    models = count("ERASED_MODELS")
    project = ErasureProject(tmp_path / "one", models=models)
    project.apply()
    before = project.artifacts()
    never = ErasureProject(tmp_path / "two", models=models, tables=Tables(entity=False, shuffled=True))
    never.apply()
    without = never.artifacts()

    brute_force = {model for model, artifact in before.items() if without[model] != artifact}
    assert {recipe_of(model) for model in brute_force} == AFFECTED
    result = project.forget()
    assert {each.model for each in result.models} == brute_force
    assert result.not_searched == ("orders",)
    assert {table.name: table.rows for table in result.searched} == {"customers": 1, "invoices": 12, "payments": 12}

    project.apply()
    assert project.artifacts() == without, "as in a project that never held the entity, its rows in another order"
    assert [each.certified for each in project.finish().erasures] == [], "its time has not come"
    project.later()
    done = project.finish()
    assert done.is_done
    assert [path for path in project.files() if CANARY.encode() in path.read_bytes()] == []
    assert [path for path in project.files() if CANARY in unpacked(path)] == []
    assert project.audit() == []

    project.returned()
    trained = project.apply()
    assert {recipe_of(model) for model in trained} == AFFECTED, "the others are taken up"
    assert project.artifacts() == before
    assert project.audit() == []


KEYS = ("customers.customer_id", "invoices.customer_id")


def _masks(treatment: Treatment) -> tuple[Mask, ...]:
    return tuple(Mask(table=key.split(".")[0], column="customer_id", treatment=treatment) for key in KEYS)


def test_an_entity_is_found_by_its_pseudonym_where_copies_show_no_more(tmp_path: Path) -> None:
    project = ErasureProject(tmp_path, masks=_masks(Treatment.PSEUDONYM))
    project.only("its own rows", "rows of others only")
    project.apply()
    found = project.forget()
    assert {recipe_of(each.model) for each in found.models} == {"its own rows"}
    assert found.not_told == ()
    assert project.forget().known


def test_what_cannot_be_told_counts_as_affected_and_is_said(tmp_path: Path) -> None:
    project = ErasureProject(tmp_path, masks=_masks(Treatment.REDACT)[1:])
    project.only("rows of others only", "another table")
    project.apply()
    found = project.forget()
    assert {recipe_of(each.model) for each in found.models} == {"rows of others only"}
    assert [line.rpartition(": ")[2] for line in found.not_told] == ["invoices", "payments"], "which refer to them"


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("way", ["renamed", "a second table"])
def test_a_branch_that_declares_tables_otherwise_brings_nobody_back(tmp_path: Path, way: str) -> None:
    project = ErasureProject(tmp_path)
    project.refresh()
    project.forget()
    tables = dict(project.origin.data.tables)
    tables["clients"] = tables.pop("customers") if way == "renamed" else tables["customers"]
    declared = tuple(sorted(tables.items()))
    origin = replace(project.origin, data=replace(project.origin.data, tables=declared, contracts=()))
    desired = replace(project.desired, environments=(origin, project.sandbox))
    if way == "renamed":
        with pytest.raises(DataError, match="declares no such table"):
            project.refresh(desired)
        return
    snapshot = project.refresh(desired)
    for file in data_snapshots.table_files(project.store("sandbox"), snapshot, tuple(tables)):
        assert CANARY not in unpacked(file.path), file.name


def test_data_that_a_sandbox_copied_under_another_name_are_not_copied_unfiltered(tmp_path: Path) -> None:
    project = ErasureProject(tmp_path)
    project.refresh()
    project.forget()
    sandbox = replace(project.sandbox, data=replace(project.sandbox.data, copy_from="other"))
    desired = replace(project.desired, environments=(replace(project.origin, name="other"), sandbox))
    with pytest.raises(DataError, match="copied data of origin, of which entities were forgotten"):
        project.refresh(desired)


def test_a_column_that_is_there_no_more_stops_the_refresh(tmp_path: Path) -> None:
    project = ErasureProject(tmp_path)
    project.refresh()
    project.forget()
    path = tmp_path / "data/invoices.csv"
    path.write_text(path.read_text().replace("customer_id", "customer", 1))
    with pytest.raises(DataError, match="column customer_id does not exist, and the rows of an erased entity") as error:
        project.refresh()
    assert error.value.code == "E455"
