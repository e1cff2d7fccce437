"""Real invoices: IBM's sample of receivables, as the books stood on 30 September 2013, from manifests to predictions.

"Very late" is more than ten days. Later invoices are left out, later settlements are blank, `DaysToSettle` and
`DaysLate` (which hold the answer) are not in the ledger, and `Disputed`, which is not dated, is no feature.
"""

from __future__ import annotations

import csv
import platform
import statistics
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.conftest import RECEIVABLES
from tests.support.effort import count
from tests.support.project import PROJECT, REPOSITORY, SANDBOX, Project

AS_OF = date(2013, 9, 30)
SEEDS = range(1, count("TRAINING_SEEDS") + 1)

PRODUCTION = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: production}
spec:
  role: production
  promotesFrom: [sandbox]
  data:
    asOf: 2013-09-30
    tables:
      invoices:
        uses: csv
        path: data/invoices.csv
        dates: "%m/%d/%Y"
        types: {countryCode: VARCHAR, customerID: VARCHAR, invoiceNumber: VARCHAR}
  target: {uses: directory, root: serving}
  policy:
    gates:
      - {uses: performance-grade, atLeast: C}
  protect: {branch: main}
"""

MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: NAME, owner: credit}
spec:
  recipe:
    task: classification
    data:
      from: invoices
      key: invoiceNumber
      derive:
        days_late: date_diff('day', DueDate, coalesce(SettledDate, as_of))
        invoice_month: month(InvoiceDate)
        invoice_day: day(InvoiceDate)
        electronic: PaperlessBill = 'Electronic'
PAST      predict: {where: SettledDate is null}
    outcome:
      matured: DueDate + interval 11 day
      classes:
        on_time: days_late <= 0
        late: days_late <= 10
        very_late: days_late > 10
    features:
      numeric: [InvoiceAmount, invoice_month, invoice_dayFEATURES]
      categorical: [countryCode]
      boolean: [electronic]
    estimator: {uses: sklearn, class: RandomForestClassifier, params: {n_estimators: 200, min_samples_leaf: 3}}
    holdout: {last: 20%, by: InvoiceDate}
    seed: SEED
  gates:
    - {uses: threshold, metric: f1_macro, atLeast: 0.25}
"""

PAST = """\
      past:
        by: customerID
        at: InvoiceDate
        known: SettledDate
        features:
          prior_invoices: count(*)
          prior_late_rate: avg((days_late > 0)::int)
          prior_very_late_rate: avg((days_late > 10)::int)
          prior_days_late: avg(greatest(days_late, 0))
          prior_median: median(days_late)
          prior_worst: max(days_late)
          prior_disputed: avg((Disputed = 'Yes')::int)
"""
FEATURES = (
    ", prior_invoices, prior_late_rate, prior_very_late_rate, prior_days_late"
    ", prior_median, prior_worst, prior_disputed"
)


def day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


def write_books(path: Path) -> None:
    """The ledger as it stood on that day."""
    path.parent.mkdir(parents=True)
    with RECEIVABLES.open(newline="") as source, path.open("w", newline="") as stream:
        rows = csv.DictReader(source)
        columns = [name for name in rows.fieldnames or () if name not in ("DaysToSettle", "DaysLate")]
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            if day(row["InvoiceDate"]) <= AS_OF:
                settled = row["SettledDate"] if day(row["SettledDate"]) <= AS_OF else ""
                writer.writerow({**row, "SettledDate": settled})


@pytest.fixture
def receivables(tmp_path: Path) -> Project:
    """A model of each seed with the customer's past, and one without."""
    made = Project(tmp_path / "project")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    made.write(".gitignore", "data/\n.reconciler/\nserving/\n")
    made.write("reconciler.yaml", PROJECT)
    made.write("environments/sandbox.yaml", SANDBOX.replace("ARCHITECTURE", platform.machine()))
    made.write("environments/production.yaml", PRODUCTION)
    made.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    for seed in SEEDS:
        for name, past, features in ((f"past-{seed}", PAST, FEATURES), (f"plain-{seed}", "", "")):
            text = MODEL.replace("NAME", name).replace("PAST", past).replace("FEATURES", features)
            made.write(f"manifests/sandbox/{name}.yaml", text.replace("SEED", str(seed)))
    write_books(made.root / "data/invoices.csv")
    made.commit("Receivables")
    return made


@pytest.mark.soak
@pytest.mark.needs("shared-data")
def test_the_customers_past_makes_the_model_and_it_reaches_production(receivables: Project, tmp_path: Path) -> None:
    receivables.run("apply", "sandbox", "--yes", code=None)
    status = receivables.run("status", "sandbox", "-o", "json").json
    scores = {one["model"]: one["headline"] for one in status["environments"][0]["models"]}
    with_past = statistics.median(scores[f"past-{seed}"] for seed in SEEDS)
    without = statistics.median(scores[f"plain-{seed}"] for seed in SEEDS)
    print(f"median F1 macro over {len(SEEDS)} seeds: {with_past:.3f} with past, {without:.3f} without")
    assert with_past >= 0.55
    assert without <= 0.36

    proposed = receivables.run("promote", "past-1", "--to", "production", "-o", "json").json
    receivables.merge(proposed["branch"])
    receivables.run("apply", "production", "--yes")
    out = tmp_path / "open.csv"
    receivables.run("predict", "past-1", "--in", "production", "--out", str(out))
    with out.open(newline="") as stream:
        predicted = list(csv.DictReader(stream))
    with (receivables.root / "data/invoices.csv").open(newline="") as stream:
        still_open = {row["invoiceNumber"] for row in csv.DictReader(stream) if not row["SettledDate"]}
    assert {row["invoiceNumber"] for row in predicted} == still_open
    assert all(row["predicted"] in ("on_time", "late", "very_late") for row in predicted)
