"""A refresh whose tables break their contracts takes no snapshot: the old one serves, and everybody says why."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from reconciler.core.spec.data import Contract
from reconciler.core.spec.environment import Environment
from reconciler.engine.inspect import audit, status
from reconciler.engine.quality.checked_refresh import last_refusal
from reconciler.engine.storage import data_snapshots
from reconciler.errors import RefusedTablesError, TableProblem
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario

CONTRACT = Contract(table="invoices", key="id", rows_at_least=50)
BROKEN = TableProblem(
    table="invoices",
    code="E421",
    rule="key",
    column="id",
    message="2 rows have no value",
    rows=2,
    row=7,
    where="i.csv:8",
    change="remove `key`",
)


def production(*contracts: Contract, as_of: str = "2026-01-01", **fields: object) -> Environment:
    data = replace(PRODUCTION.data, contracts=contracts, as_of=as_of)
    return replace(PRODUCTION, data=data, **fields)  # type: ignore[arg-type]


@pytest.fixture
def trained(scenario: Scenario) -> Scenario:
    """A sandbox with a snapshot, whose tables changed since: a refresh is due, and breaks the contract."""
    scenario.commit(production=production(CONTRACT))
    scenario.apply("sandbox")
    scenario.commit(production=production(CONTRACT, as_of="2026-01-02"))
    scenario.project.data.breaks["invoices"] = (BROKEN,)
    return scenario


def refused(scenario: Scenario) -> RefusedTablesError:
    with pytest.raises(RefusedTablesError) as error:
        scenario.apply("sandbox")
    return error.value


def keys(scenario: Scenario) -> set[str]:
    return set(scenario.project.stores["sandbox"].keys(""))


def test_the_error_tells_what_is_broken_what_stays_in_use_and_who_depends_on_it(trained: Scenario) -> None:
    before = keys(trained)
    error = refused(trained)
    assert error.code == "E421"
    assert error.message.splitlines() == [
        "nothing is copied: 1 problem of invoices",
        "  E421 invoices.id: key: 2 rows have no value; the first is row 7, i.csv:8",
        "  data snapshot 0 of 2026-01-01 00:00 stays in use",
        f"  models that read invoices: {MODEL}",
    ]
    assert error.hint is not None
    assert error.hint.splitlines()[1:] == ["  invoices: remove `key`"]
    assert keys(trained) - before == {"refusals/0.json"}, "what is told by `status` is all that is written"


def test_plan_and_status_tell_it_until_a_snapshot_is_taken(trained: Scenario) -> None:
    refused(trained)
    line = "E421 invoices.id: key: 2 rows have no value; the first is row 7, i.csv:8"
    notes = trained.plan("sandbox").notes or ()
    assert notes[0].startswith("the refresh of 2026-01-0")
    assert notes[0].endswith(
        f" was refused by contracts of production; data snapshot 0 of 2026-01-01 00:00 stays in use;"
        f" models that read the tables: {MODEL}"
    )
    assert notes[1] == line
    told = status.status(trained.deps(), trained.desired, ("sandbox",)).environments[0].notes
    assert line in told
    trained.project.data.breaks.clear()
    trained.apply("sandbox")
    assert not any("refused" in note or "E421" in note for note in trained.plan("sandbox").notes or ())
    assert data_snapshots.newest(trained.project.stores["sandbox"]).n == 1  # type: ignore[union-attr]


def test_the_same_refusal_is_recorded_once_and_another_one_too(trained: Scenario) -> None:
    refused(trained)
    refused(trained)
    trained.project.data.breaks["invoices"] = (replace(BROKEN, rows=3),)
    refused(trained)
    assert {key for key in keys(trained) if key.startswith("refusals")} == {"refusals/0.json", "refusals/1.json"}


def test_a_first_refresh_that_is_refused_says_that_there_is_no_snapshot(scenario: Scenario) -> None:
    scenario.commit(production=production(CONTRACT))
    scenario.project.data.breaks["invoices"] = (BROKEN,)
    assert "sandbox has no data snapshot yet" in refused(scenario).message
    assert last_refusal(scenario.project.stores["sandbox"], None) is not None


def test_audit_reads_refusals_and_a_damaged_one_stops_no_plan(trained: Scenario) -> None:
    refused(trained)
    audited = audit.audit(trained.deps(), trained.desired, ("sandbox",))
    assert not audited.findings
    store = trained.project.stores["sandbox"]
    store.put("refusals/0.json", b"{}")
    assert any("cannot be told" in note for note in trained.plan("sandbox").notes or ())
    trained.oracle.violations.clear()  # it was damaged on purpose


# --- which contracts hold ---


def asked(scenario: Scenario) -> tuple[Contract, ...]:
    """Return the contracts that the next refresh checks."""
    scenario.project.data.asked = None
    with suppress(RefusedTablesError):
        scenario.apply("sandbox")
    checks = scenario.project.data.asked
    return checks.contracts if checks is not None else ()


def test_the_declared_contract_is_checked_against_the_last_snapshots_rows(scenario: Scenario) -> None:
    scenario.commit(production=production(CONTRACT))
    scenario.apply("sandbox")
    scenario.commit(production=production(CONTRACT, as_of="2026-01-02"))
    assert asked(scenario) == (CONTRACT,)
    checks = scenario.project.data.asked
    assert checks is not None
    assert (checks.rows, checks.as_of) == ((("invoices", 100),), "2026-01-02")


@pytest.mark.parametrize("weaker", [(), (replace(CONTRACT, key=None),)], ids=["no contract", "a weaker one"])
def test_a_branch_that_weakens_a_contract_copies_nothing_by_it(
    scenario: Scenario, weaker: tuple[Contract, ...]
) -> None:
    first = scenario.deployed(10, production=production(CONTRACT))
    scenario.commit(pin=first, production=production(*weaker, as_of="2026-02-01"))
    scenario.project.source.line.pop()  # a branch of anybody: not the newest commit of main
    assert CONTRACT in asked(scenario)


def test_a_branch_that_copies_from_another_name_takes_no_contract_away(scenario: Scenario) -> None:
    first = scenario.deployed(10, production=production(CONTRACT))
    desired = scenario.commit(pin=first, production=production(as_of="2026-02-01"))
    copy = replace(production(as_of="2026-02-01"), name="copy", promotes_from=(), target=None)
    copy = replace(copy, store=replace(copy.store, root="copy"))
    sandbox, *others = sorted(desired.environments, key=lambda each: not each.trains)
    sandbox = replace(sandbox, data=replace(sandbox.data, copy_from="copy"))
    scenario.project.source.line.pop()
    scenario.merge(replace(desired, environments=(sandbox, *others, copy)))
    scenario.project.source.line.pop()
    assert CONTRACT in asked(scenario)


def test_a_weaker_contract_that_was_let_in_is_the_only_one(scenario: Scenario) -> None:
    first = scenario.deployed(10, production=production(CONTRACT))
    weaker = replace(CONTRACT, key=None)
    scenario.commit(pin=first, production=production(weaker, as_of="2026-02-01"))
    scenario.apply("production")
    assert asked(scenario) == (weaker,)


def test_a_stricter_contract_counts_at_once(scenario: Scenario) -> None:
    first = scenario.deployed(10, production=production(CONTRACT))
    stricter = replace(CONTRACT, rows_at_least=60)
    scenario.commit(pin=first, production=production(stricter, as_of="2026-02-01"))
    assert asked(scenario) == (stricter,)
