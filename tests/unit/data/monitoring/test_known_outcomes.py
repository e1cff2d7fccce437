"""Predictions joined with outcomes: each record once, by its first prediction, with the outcome that is known now."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from reconciler.core.monitoring.outcomes import KnownOutcomes
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Outcome, OutcomeClass, Recipe, Task
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import OutcomesRequest, PredictedRows
from tests.support.invoice_tables import AS_OF, CLASSES, Row, ledger, recipe_of

ACCURACY = Promise(figure="accuracy", value=0.8, rows=100, kind=LossKind.WRONG)
MATURED = Outcome(classes=CLASSES, matured="due_date + interval 31 day")


def invoice(key: str, due: str, late: int | None, amount: float = 10.0) -> Row:
    day = date.fromisoformat(due)
    paid = day + timedelta(days=late) if late is not None else None
    return (key, "C1", day - timedelta(days=14), day, paid, amount, "DE")


def predicted(folder: Path, name: str, *rows: tuple[str, str], header: tuple[str, ...] = ("key", "predicted")) -> Path:
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*header, "probability", "uncertain"])
        writer.writerows([*row, "0.9", "no"] for row in rows)
    return path


def known(
    folder: Path,
    rows: list[Row],
    *runs: tuple[str, Path],
    recipe: Recipe | None = None,
    promise: Promise = ACCURACY,
    as_of: str = AS_OF,
) -> KnownOutcomes:
    into = folder / "joined"
    into.mkdir(exist_ok=True)
    return LocalData().known_outcomes(
        OutcomesRequest(
            recipe=recipe or recipe_of(outcome=MATURED),
            tables=ledger(folder, rows).tables,
            as_of=as_of,
            predictions=tuple(PredictedRows(path=path, day=day, as_of=day) for day, path in runs),
            promise=promise,
            into=into,
            limits=Limits(seconds=60, memory=1024**3),
        )
    )


def sums(found: KnownOutcomes) -> list[tuple[str, int, float]]:
    return [(day.day, day.rows, day.loss) for day in found.days]


def test_a_record_counts_once_by_its_first_prediction(tmp_path: Path) -> None:
    rows = [invoice("A", "2024-10-10", 0), invoice("B", "2024-10-10", 5), invoice("C", "2024-10-10", 40)]
    first = predicted(tmp_path, "1", ("A", "on_time"), ("B", "on_time"))
    second = predicted(tmp_path, "2", ("B", "late"), ("C", "very_late"))
    found = known(tmp_path, rows, ("2024-10-01", first), ("2024-10-02", second))
    assert sums(found) == [("2024-10-01", 2, 1.0), ("2024-10-02", 1, 0.0)]
    assert (found.predicted, found.waiting, found.gone, found.before) == (3, 0, 0, 0)


def test_outcomes_that_have_not_matured_wait_and_those_that_had_when_it_was_predicted_count_for_nothing(
    tmp_path: Path,
) -> None:
    rows = [
        invoice("ripe", "2024-11-20", 0),
        invoice("green", "2024-12-20", 0),  # paid, and late payments of that day are still to come
        invoice("overdue", "2024-08-01", None),
    ]
    run = predicted(tmp_path, "1", ("ripe", "on_time"), ("green", "on_time"), ("overdue", "late"), ("erased", "late"))
    found = known(tmp_path, rows, ("2024-11-10", run))
    assert sums(found) == [("2024-11-10", 1, 0.0)]
    assert (found.predicted, found.waiting, found.gone, found.before) == (4, 1, 1, 1)


def test_an_outcome_that_comes_late_or_is_corrected_counts_as_it_is_known_now(tmp_path: Path) -> None:
    run = ("2024-10-01", predicted(tmp_path, "1", ("A", "on_time"), ("B", "on_time")))
    rows = [invoice("A", "2024-10-10", 0), invoice("B", "2024-12-10", None)]
    assert sums(known(tmp_path, rows, run)) == [("2024-10-01", 1, 0.0)]
    rows = [invoice("A", "2024-10-10", 3), invoice("B", "2024-12-10", 60)]
    assert sums(known(tmp_path, rows, run, as_of="2025-03-31")) == [("2024-10-01", 2, 2.0)]


def test_keys_are_found_as_predictions_write_them(tmp_path: Path) -> None:
    keys = ["=A1", "-5", '"quoted", with a comma', "two\nlines", "NULL", "Ünïcode"]
    rows = [invoice(key, "2024-10-10", 0) for key in keys]
    written = [(f"'{key}" if key[0] in "=-" else key, "on_time") for key in keys]
    found = known(
        tmp_path, rows, ("2024-10-01", predicted(tmp_path, "1", *written, header=("invoice_id", "predicted")))
    )
    assert sums(found) == [("2024-10-01", len(keys), 0.0)]
    assert found.gone == 0


def test_an_outcome_that_is_none_of_the_classes_counts_as_wrong_and_is_told(tmp_path: Path) -> None:
    outcome = Outcome(column="country", classes=(OutcomeClass(name="DE"), OutcomeClass(name="FR")))
    rows = [invoice("A", "2024-10-10", 0), (*invoice("B", "2024-10-10", 0)[:6], "NO")]
    recipe = recipe_of(outcome=outcome)
    found = known(tmp_path, rows, ("2024-10-01", predicted(tmp_path, "1", ("A", "DE"), ("B", "DE"))), recipe=recipe)
    assert sums(found) == [("2024-10-01", 2, 1.0)]
    assert found.other == 1


@pytest.mark.parametrize(
    ("promise", "error", "loss"),
    [
        (Promise(figure="mae", value=2.0, rows=100, kind=LossKind.ABSOLUTE, cap=4.0), 3.0 + 20.0, 3.0 / 4.0 + 1.0),
        (
            Promise(figure="pinball", value=2.0, rows=100, kind=LossKind.PINBALL, cap=4.0, quantile=0.9),
            0.9 * 3.0 + 0.1 * 20.0,
            0.9 * 3.0 / 4.0 + 2.0 / 4.0,
        ),
    ],
)
def test_errors_of_numbers_are_summed_and_capped(tmp_path: Path, promise: Promise, error: float, loss: float) -> None:
    recipe = recipe_of(outcome=Outcome(column="amount"), task=Task.REGRESSION)
    rows = [invoice("A", "2024-10-10", 0, 13.0), invoice("B", "2024-10-10", 0, 10.0), invoice("C", "2024-10-10", 0)]
    run = predicted(tmp_path, "1", ("A", "10.0"), ("B", "30.0"), ("C", "nan"))
    found = known(tmp_path, rows, ("2024-10-01", run), recipe=recipe, promise=promise)
    [day] = found.days
    assert (day.rows, day.error, day.loss) == (2, pytest.approx(error), pytest.approx(loss))


def test_tables_without_the_column_of_the_key_are_an_error_that_names_it(tmp_path: Path) -> None:
    run = ("2024-10-01", predicted(tmp_path, "1", ("A", "on_time")))
    with pytest.raises(DataError, match="no column invoice_no") as caught:
        known(tmp_path, [invoice("A", "2024-10-10", 0)], run, recipe=recipe_of(key="invoice_no"))
    assert caught.value.code == "E414"


@pytest.mark.parametrize("body", [b"", b"key\nA\n", b"PAR1\xff\xfe\x00", b"key,probability\nA,0.9\n"])
def test_a_file_that_is_no_table_of_predictions_is_an_error(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(body)
    with pytest.raises(DataError, match="no table of predictions"):
        known(tmp_path, [invoice("A", "2024-10-10", 0)], ("2024-10-01", path))


def test_random_runs_are_what_counting_by_hand_gives(tmp_path: Path) -> None:
    random = Random(3)
    rows = []
    for n in range(80):
        month, late = random.randint(6, 12), random.choice([-3, 5, 60, None])
        rows.append(invoice(f"K{n}", f"2024-{month:02d}-10", None if late == 60 and month > 10 else late))
    runs, first = list[tuple[str, Path]](), dict[str, tuple[str, str]]()
    for n in range(6):
        day = f"2024-{6 + n:02d}-01"
        made = [(f"K{key}", random.choice(["on_time", "late", "very_late"])) for key in random.sample(range(90), 40)]
        runs.append((day, predicted(tmp_path, str(n), *made)))
        for key, label in made:
            first.setdefault(key, (day, label))
    by_hand: dict[str, list[int]] = {}
    for row in rows:
        key, due, paid = row[0], row[3], row[4]
        if key not in first:
            continue
        day, label = first[key]
        matured = (due + timedelta(days=31)).isoformat()
        if not day < matured <= AS_OF:
            continue
        late = ((paid or date.fromisoformat(AS_OF)) - due).days
        actual = "on_time" if late <= 0 else "late" if late <= 20 else "very_late"
        by_hand.setdefault(day, []).append(label != actual)
    found = known(tmp_path, rows, *runs)
    assert sums(found) == [(day, len(wrong), sum(wrong)) for day, wrong in sorted(by_hand.items())]


def test_a_record_that_had_its_outcome_when_it_was_predicted_counts_for_nothing(tmp_path: Path) -> None:
    """Without `outcome.matured` only the rows themselves say so: the model may have learnt from such a row."""
    path = tmp_path / "marked.csv"
    path.write_text("key,predicted,known\nA,10.0,yes\nB,10.0,\n")
    recipe = recipe_of(task=Task.REGRESSION, outcome=Outcome(column="amount"))
    promise = Promise(figure="mae", value=1.0, rows=100, kind=LossKind.ABSOLUTE, cap=4.0)
    rows = [invoice("A", "2024-10-10", 0), invoice("B", "2024-10-10", 5, amount=12.0)]
    found = known(tmp_path, rows, ("2024-10-01", path), recipe=recipe, promise=promise)
    assert (found.predicted, found.before, sums(found)) == (2, 1, [("2024-10-01", 1, 0.5)])
