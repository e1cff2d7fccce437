"""A mask follows its data: two declarations that may name the same file are taken for the same data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.spec.data import DataBinding, Mask, PersonalData, Table, Treatment
from reconciler.engine.find_environment import environment_of
from reconciler.engine.masking.masks_in_force import MasksInForce, masks_in_force
from reconciler.engine.masking.same_data import same_data
from reconciler.errors import DataError
from tests.simulation import sample_project
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario


def both_ways(one: str, other: str) -> set[bool]:
    first, second = (Table(uses="csv", path=path) for path in (one, other))
    nowhere = Path("/nowhere")
    return {same_data(first, second, nowhere), same_data(second, first, nowhere)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://erp/customers.csv", "s3://erp/c*.csv"),
        ("s3://erp/customers", "s3://erp/c*s/2024.csv"),
        ("s3://erp/customers/*.csv", "s3://erp/c*s/2024.csv"),
        ("s3://erp/c*.csv", "s3://erp/*rs.csv"),
        ("s3://erp/**", "s3://erp/a/b/customers.csv"),
        ("s3://erp/**/customers.csv", "s3://erp/customers.csv"),
        ("s3://erp/[a-c]ustomers.csv", "s3://erp/?ustomers.csv"),
        ("s3://erp", "s3://erp/a/customers.csv"),
        ("s3://erp//customers.csv", "s3://ERP/./customers.csv"),
        ("lake/**/customers.csv", "../production/lake/a/b/customers.csv"),
    ],
)
def test_paths_that_may_name_one_file_are_the_same_data(one: str, other: str) -> None:
    assert both_ways(one, other) == {True}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://erp/customers.csv", "s3://erp/i*.csv"),
        ("s3://erp/customers", "s3://erp/customers-old"),
        ("s3://erp/customers/*.csv", "s3://erp/invoices/*.csv"),
        ("s3://erp/*.csv", "s3://erp/*.parquet"),
        ("s3://erp/customers/**", "s3://erp/invoices/**"),
        ("s3://erp/customers", "s3://crm/customers"),
        ("data/customers.csv", "data/invoices.csv"),
    ],
)
def test_paths_that_cannot_name_one_file_are_not(one: str, other: str) -> None:
    assert both_ways(one, other) == {False}


EXCUSED = (("people.name", "names of ships"),)
PEOPLE = Table(uses="csv", path="people.csv")


def on_a_branch(scenario: Scenario, before: DataBinding, **data: object) -> MasksInForce:
    """Return what holds for a copy by a commit whose production says `data`, where `before` is in force."""
    scenario.commit(production=replace(PRODUCTION, data=before))
    scenario.apply("production")
    production = replace(PRODUCTION, data=replace(before, **data))  # type: ignore[arg-type]
    desired = sample_project.desired("c0", seed=10, production=production)
    sandbox = environment_of(desired, "sandbox")
    return masks_in_force(scenario.deps(), desired, sandbox, production, production.data.tables)


def test_a_branch_excuses_no_column_of_a_table_that_nobody_agreed_to(scenario: Scenario) -> None:
    tables = (*PRODUCTION.data.tables, ("people", PEOPLE))
    held = on_a_branch(scenario, PRODUCTION.data, tables=tables, not_personal=EXCUSED)
    assert (held.not_personal, held.personal) == ((), PersonalData.DENY)


def test_a_branch_excuses_columns_where_nobody_says_yet_what_may_be_copied(scenario: Scenario) -> None:
    production = replace(PRODUCTION, data=replace(PRODUCTION.data, not_personal=(("invoices.x", "an amount"),)))
    desired = sample_project.desired(None, seed=10, production=production)
    held = masks_in_force(
        scenario.deps(), desired, environment_of(desired, "sandbox"), production, production.data.tables
    )
    assert held.not_personal == (("invoices", "x"),)


def test_a_plug_in_s_table_that_is_declared_otherwise_than_where_it_is_masked_is_not_copied(scenario: Scenario) -> None:
    table = Table(uses="crm", settings=(("view", "people"),))
    tables = (*PRODUCTION.data.tables, ("people", table))
    mask = Mask(table="people", column="name", treatment=Treatment.DROP)
    before = replace(PRODUCTION.data, tables=tables, masks=(mask,))
    other = (*PRODUCTION.data.tables, ("ships", replace(table, settings=(("view", "people "),))))
    with pytest.raises(DataError, match="ships: it is not declared so where the data live") as error:
        on_a_branch(scenario, before, tables=other, masks=())
    assert error.value.code == "E453"
