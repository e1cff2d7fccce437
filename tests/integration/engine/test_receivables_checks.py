"""Real invoices: what their table tells of the outcome, and no later prediction will know, is told before training.

IBM's sample of receivables, as a ledger of settled invoices and as the books stood on a day, when some were open.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.quality.checks import LEAK
from reconciler.core.quality.findings import Finding, Severity
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)
from reconciler.data.in_process import LocalData
from reconciler.ports import CopyRequest, SelectionKind, SelectRequest, TableFile
from tests.conftest import RECEIVABLES
from tests.integration.engine.test_receivables import AS_OF, day

pytestmark = pytest.mark.needs("shared-data")
LIMITS = Limits()
HONEST = ("InvoiceAmount", "terms", "month")
DERIVED = {
    "days_late": "date_diff('day', DueDate, SettledDate)",
    "terms": "date_diff('day', InvoiceDate, DueDate)",
    "month": "month(InvoiceDate)",
    "claimed": "(Disputed = 'Yes')::int",
    "weekday": "dayofweek(SettledDate)",
    "took": "date_diff('day', InvoiceDate, SettledDate)",
    "settled": "date_diff('day', DATE '2012-01-01', SettledDate)",
}
OUTCOMES = {
    "dates": ("days_late <= 0", "days_late > 0"),  # made of SettledDate
    "DaysLate": ("DaysLate = 0", "DaysLate > 0"),  # as IBM counts it
}


@pytest.fixture(scope="module", params=["all settled", "as the books stood"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TableFile:
    """The invoices with every column that IBM wrote; in the books of a day, of open ones those of later are blank."""
    folder = tmp_path_factory.mktemp("ledger")
    with RECEIVABLES.open(newline="") as source, (folder / "t.csv").open("w", newline="") as stream:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(stream, rows.fieldnames or ())
        writer.writeheader()
        writer.writerows(rows if request.param == "all settled" else books(rows))
    (folder / "into").mkdir()
    types = (("countryCode", "VARCHAR"), ("customerID", "VARCHAR"), ("invoiceNumber", "VARCHAR"))
    table = Table(uses="csv", path="t.csv", dates="%m/%d/%Y", types=types)
    copy = CopyRequest(root=folder, tables=(("t", table),), held=(), into=folder / "into", limits=LIMITS)
    return LocalData().copy(copy)[0]


def books(rows: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    for row in rows:
        if day(row["InvoiceDate"]) <= AS_OF:
            is_open = day(row["SettledDate"]) > AS_OF
            later = dict.fromkeys(("SettledDate", "DaysToSettle", "DaysLate"), "") if is_open else {}
            yield {**row, **later}


def found(
    ledger: TableFile, folder: Path, numeric: tuple[str, ...], outcome: str, *, categorical: tuple[str, ...] = ()
) -> dict[str, Finding]:
    """The findings of a recipe by their names, with features that are honest besides."""
    on_time, late = OUTCOMES[outcome]
    classes = (OutcomeClass(name="on_time", when=on_time), OutcomeClass(name="late", when=late))
    named = tuple(NamedExpression(name=name, expression=text) for name, text in DERIVED.items())
    recipe = Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="t", key="invoiceNumber", derive=named),
        outcome=Outcome(classes=classes, matured="DueDate + interval 11 day"),
        features=Features(numeric=(*HONEST, *numeric), categorical=("countryCode", *categorical)),
        estimator=Estimator(uses="sklearn", class_name="RandomForestClassifier"),
        holdout=Holdout(last=0.2, by="InvoiceDate"),
        seed=1,
    )
    request = SelectRequest(
        recipe=recipe,
        tables=(ledger,),
        as_of=AS_OF.isoformat(),
        want=SelectionKind.FIT,
        into=folder,
        limits=LIMITS,
    )
    return {finding.name: finding for finding in LocalData().select(request).checks or ()}


def leaks(told: dict[str, Finding]) -> dict[str, Severity]:
    return {finding.subject: finding.severity for finding in told.values() if finding.check == LEAK}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_column_that_knows_the_outcome_is_told_and_no_honest_one(
    ledger: TableFile, tmp_path: Path, outcome: str
) -> None:
    certain, suspects = ("DaysToSettle", "DaysLate"), ("claimed",)
    if outcome == "DaysLate":
        certain, suspects = ("DaysToSettle", "took"), ("claimed", "settled", "weekday")
    told = found(ledger, tmp_path, (*certain, *suspects), outcome, categorical=("Disputed",))
    expected = {**dict.fromkeys(certain, Severity.ERROR), **dict.fromkeys((*suspects, "Disputed"), Severity.WARNING)}
    assert leaks(told) == expected
    assert all(finding.remedy for finding in told.values())
    assert leaks(found(ledger, tmp_path, (), outcome)) == {}
