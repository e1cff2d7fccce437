"""A contract is weakened by whatever lets a table pass that it refused before, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.controls.controls import EnvironmentControls, SourceControls
from reconciler.core.controls.loosened import evidence_changed, loosened
from reconciler.core.controls.weakened_contracts import contracts_weakened
from reconciler.core.spec.data import AllowedRange, AllowedValues, Contract, Reference
from reconciler.core.spec.environment import Policy, Role
from reconciler.core.storage.location import StorageLocation

OLD = Contract(
    table="invoices",
    key="id",
    required=("country", "day"),
    columns=(("country", "VARCHAR"), ("id", "BIGINT")),
    values=(AllowedValues(column="country", values=("DE", "FR")),),
    ranges=(AllowedRange(column="amount", at_least=0.0, at_most=10.0),),
    references=(Reference(column="customer", table="customers", key="id"),),
    rows_at_least=100,
    rows_change_at_most=0.3,
    fresh_column="day",
    fresh_within=86_400,
)
WEAKER = {
    "key": {"key": None},
    "another key": {"key": "number"},
    "required": {"required": ("day",)},
    "no columns": {"columns": ()},
    "a column more": {"columns": (*OLD.columns, ("new", "DATE"))},
    "a column less": {"columns": OLD.columns[:1]},
    "another type": {"columns": (("country", "VARCHAR"), ("id", "VARCHAR"))},
    "a value more": {"values": (AllowedValues(column="country", values=("DE", "FR", "US")),)},
    "any value": {"values": ()},
    "lower": {"ranges": (AllowedRange(column="amount", at_least=-1.0, at_most=10.0),)},
    "open above": {"ranges": (AllowedRange(column="amount", at_least=0.0),)},
    "no range": {"ranges": ()},
    "no reference": {"references": ()},
    "another reference": {"references": (Reference(column="customer", table="customers", key="number"),)},
    "fewer rows": {"rows_at_least": 99},
    "any rows": {"rows_at_least": None},
    "more change": {"rows_change_at_most": 0.31},
    "any change": {"rows_change_at_most": None},
    "older": {"fresh_within": 86_401},
    "any age": {"fresh_within": None, "fresh_column": None},
    "another column shows it": {"fresh_column": "due"},
}
STRICTER = {
    "as it was": {},
    "one more rule": {"required": ("country", "day", "amount")},
    "a value less": {"values": (AllowedValues(column="country", values=("DE",)),)},
    "values in another order": {"values": (AllowedValues(column="country", values=("FR", "DE")),)},
    "a narrower range": {"ranges": (AllowedRange(column="amount", at_least=1.0, at_most=9.0),)},
    "a second range": {"ranges": (*OLD.ranges, AllowedRange(column="tax", at_least=0.0))},
    "more rows": {"rows_at_least": 101},
    "less change": {"rows_change_at_most": 0.2},
    "younger": {"fresh_within": 60},
}


@pytest.mark.parametrize("change", WEAKER)
def test_what_lets_more_pass_weakens(change: str) -> None:
    new = replace(OLD, **WEAKER[change])  # type: ignore[arg-type]
    assert tuple(contracts_weakened((OLD,), (new,))), change
    assert not tuple(contracts_weakened((new,), (replace(new, rows_at_least=10_000),))), "an old rule that is kept"


@pytest.mark.parametrize("change", STRICTER)
def test_what_lets_no_more_pass_does_not(change: str) -> None:
    new = replace(OLD, **STRICTER[change])  # type: ignore[arg-type]
    assert not tuple(contracts_weakened((OLD,), (new,))), change
    assert not tuple(contracts_weakened((), (new,))), "a new contract"


def test_a_contract_that_is_gone_weakens_by_each_of_its_rules_and_names_no_value() -> None:
    lines = [str(item) for item in contracts_weakened((OLD,), ())]
    assert len(lines) == 10
    assert lines[0] == "GATE WEAKENED contract of invoices: key: id -> nothing"
    assert "GATE WEAKENED contract of invoices: rows changeAtMost: 30% -> nothing" in lines
    assert not any("FR" in line for line in lines)


def controls(*contracts: Contract) -> EnvironmentControls:
    place = StorageLocation(uses="files", root="p")
    source = SourceControls(name="production", role=Role.PRODUCTION, store=place, tables=(), contracts=contracts)
    return EnvironmentControls(
        name="production",
        role=Role.PRODUCTION,
        store=place,
        target=None,
        protect="main",
        promotes_from=("sandbox",),
        policy=Policy(),
        sources=(source,),
    )


def test_a_weaker_contract_loosens_what_evidence_rests_on() -> None:
    old, new = controls(OLD), controls(replace(OLD, rows_at_least=1))
    assert [item.what for item in loosened(old, new)] == ["contract of invoices: rows atLeast of production"]
    assert evidence_changed(old, new) == loosened(old, new)
    assert not loosened(new, old)


def test_controls_without_a_contract_are_stored_as_before_there_were_any() -> None:
    assert b"contracts" not in codec.encode(controls())
