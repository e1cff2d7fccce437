"""A model whose `key` and `past.by` are pseudonyms is as good as one that sees them as they are."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from reconciler.core.spec.data import Mask, Table, Treatment
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Past,
    PastFeature,
    Recipe,
    Selection,
    Task,
)
from reconciler.data.in_process import LocalData
from reconciler.ports import CopyRequest, Masking, TableFile
from tests.support.effort import FULL, count
from tests.support.first_model import LIMITS, trained
from tests.support.project import write_ledger

RECIPE = Recipe(
    task=Task.CLASSIFICATION,
    data=Selection(
        table="invoices",
        key="invoice_id",
        derive=(
            NamedExpression(name="terms", expression="date_diff('day', issued, due)"),
            NamedExpression(name="days_late", expression="date_diff('day', due, coalesce(paid, as_of))"),
        ),
        past=Past(
            by="customer_id",
            at="issued",
            known="paid",
            features=(
                PastFeature(name="prior", expression="count(*)"),
                PastFeature(name="prior_late", expression="avg(days_late)"),
            ),
        ),
    ),
    outcome=Outcome(
        classes=(
            OutcomeClass(name="on_time", when="days_late <= 0"),
            OutcomeClass(name="late", when="days_late > 0"),
        ),
        matured="due + interval 20 day",
    ),
    features=Features(numeric=("amount", "terms", "prior", "prior_late"), categorical=("country",)),
    estimator=Estimator(uses="sklearn", class_name="DecisionTreeClassifier", params=(("max_depth", 4),)),
    holdout=Holdout(last=0.25, by="issued"),
    seed=7,
)
MASKS = tuple(
    Mask(table="invoices", column=column, treatment=Treatment.PSEUDONYM) for column in ("invoice_id", "customer_id")
)


def _copied(folder: Path, into: Path, masks: tuple[Mask, ...]) -> tuple[TableFile, ...]:
    into.mkdir()
    return LocalData().copy(
        CopyRequest(
            root=folder,
            tables=(("invoices", Table(uses="csv", path="invoices.csv", types=(("customer_id", "VARCHAR"),))),),
            held=(),
            into=into,
            limits=LIMITS,
            masking=Masking(masks=masks, key="0b" * 32),
        )
    )


@pytest.mark.soak
def test_pseudonyms_of_key_and_past_leave_f1_as_it_was(tmp_path: Path) -> None:
    differences = []
    for seed in range(count("MASK_SEEDS")):
        folder = tmp_path / str(seed)
        write_ledger(folder / "invoices.csv", rows=1200, seed=seed)
        scores = []
        for name, masks in (("plain", ()), ("masked", MASKS)):
            tables = _copied(folder, folder / f"copy-{name}", masks)
            model = trained(RECIPE, tables, folder / name, as_of="2024-12-31")
            scores.append(model.evaluation.metric("f1_macro") or 0.0)
        assert scores[0] > 0.5
        differences.append(scores[1] - scores[0])
    mean, spread = statistics.fmean(differences), statistics.pstdev(differences)
    reach = 2.1 * spread / max(1, len(differences) - 1) ** 0.5  # Student's t of 19 degrees of freedom, 95 %
    assert mean - reach > -0.01
    assert mean + reach < 0.01
    assert len(differences) == 20 or not FULL
