"""`init` chooses an estimator on folds of training rows: the rows held out have no part in it."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from reconciler.app.project_options import SILENT
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.data.in_process import LocalData
from reconciler.engine.onboarding.try_estimators import try_estimators
from reconciler.errors import TrainingError
from reconciler.model_file.feature_matrix import keys_of, read_rows
from reconciler.ports import FoldsRequest, FoldsResult, SelectionKind, SelectRequest, SelectResult
from reconciler.testing.fake_compute import FakeTrainer
from tests.support.first_model import LIMITS, TODAY, copied, suggested

ROWS = 300


class SpyingTrainer(FakeTrainer):
    """Keeps what it was asked, and the bytes of the rows that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.request: FoldsRequest | None = None
        self.rows = b""
        self.keys: list[str] = []

    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        self.request = request
        self.keys = keys_of(read_rows(request.train))
        self.rows = request.train.read_bytes() + request.days.read_bytes()
        return super().score_folds(request)


class SlowTrainer(FakeTrainer):
    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        raise TrainingError(f"the training worker process ran out of time (limit {request.limits.seconds} s)")


def table(folder: Path, *, dated: bool, rows: int = ROWS, swapped: frozenset[str] = frozenset()) -> Path:
    """A table in which a third of the rows is late; `swapped`: keys of rows with another outcome."""
    chance = random.Random(3)
    path = folder / "t.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", *(["ordered_on"] if dated else []), "a", "b", "y"])
        for row in range(rows):
            a, b = chance.random(), chance.choice("uvw")
            outcome = "late" if a + 0.3 * (b == "u") > 0.75 else "fine"
            if f"r{row}" in swapped:
                outcome = "late" if outcome == "fine" else "fine"
            day = [f"2025-{1 + row * 12 // rows:02d}-{1 + row % 28:02d}"] if dated else []
            writer.writerow([f"r{row}", *day, f"{a:.4f}", b, outcome])
    return path


def tried(table: Path, into: Path, trainer: FakeTrainer) -> RecipeSuggestion:
    suggestion = suggested(table, into, tried=False)
    (into / "copies").mkdir()
    return try_estimators(
        suggestion,
        table=table,
        today=TODAY,
        into=into / "copies",
        data=LocalData(),
        trainer=trainer,
        progress=SILENT,
    )


def selected(table: Path, suggestion: RecipeSuggestion, into: Path) -> tuple[SelectResult, set[str], set[str]]:
    """The selection that `apply` will train on, its training keys and its holdout's."""
    tables = copied(table, suggestion, into / "tables")
    request = SelectRequest(
        recipe=suggestion.recipe, tables=tables, as_of=TODAY, want=SelectionKind.FIT, into=into, limits=LIMITS
    )
    result = LocalData().select(request)
    keys = [set(keys_of(read_rows(into / f"{name}.parquet"))) for name in ("train", "holdout")]
    return result, keys[0], keys[1]


@pytest.mark.parametrize("dated", [False, True], ids=["held out at random", "held out by time"])
def test_the_trainer_is_given_the_training_rows_of_apply_and_no_row_that_is_held_out(
    tmp_path: Path, dated: bool
) -> None:
    spy = SpyingTrainer()
    path = table(tmp_path, dated=dated)
    suggestion = tried(path, tmp_path / "first", spy)
    result, trained, held_out = selected(path, suggestion, tmp_path / "first")
    assert set(spy.keys) == trained
    assert not set(spy.keys) & held_out
    assert suggestion.judged == len(held_out) == result.holdout_rows
    assert suggestion.choice is not None
    assert suggestion.recipe.estimator == suggestion.choice.taken.estimator


def test_other_outcomes_of_the_rows_held_out_change_nothing_that_the_trainer_sees(tmp_path: Path) -> None:
    spy = SpyingTrainer()
    path = table(tmp_path, dated=True)
    suggestion = tried(path, tmp_path / "first", spy)
    _, _, held_out = selected(path, suggestion, tmp_path / "first")
    before = spy.rows
    (tmp_path / "again").mkdir()
    tried(table(tmp_path / "again", dated=True, swapped=frozenset(held_out)), tmp_path / "second", spy)
    assert spy.rows == before


def test_a_large_table_is_sampled_by_key_and_that_is_told(tmp_path: Path) -> None:
    spy = SpyingTrainer()
    suggestion = tried(table(tmp_path, dated=False, rows=30_000), tmp_path / "first", spy)
    assert spy.request is not None
    assert spy.request.selected.rows < 24_000
    assert "(a sample of 24,000)" in suggestion.reasons.estimator
    rows = spy.rows
    (tmp_path / "again").mkdir()
    tried(tmp_path / "t.csv", tmp_path / "second", spy)
    assert spy.rows == rows, "the same sample each time"


@pytest.mark.parametrize("rows", [20, 24])
def test_a_table_too_small_to_train_on_keeps_the_default_and_says_why(tmp_path: Path, rows: int) -> None:
    suggestion = tried(table(tmp_path, dated=False, rows=rows), tmp_path / "first", FakeTrainer())
    assert suggestion.choice is None
    assert suggestion.recipe.estimator.class_name == "RandomForestClassifier"
    assert f"no other was tried: E410 too few rows with an outcome, {rows}" in suggestion.reasons.estimator


def test_a_machine_that_is_too_slow_takes_the_default_and_says_so(tmp_path: Path) -> None:
    suggestion = tried(table(tmp_path, dated=False), tmp_path / "first", SlowTrainer())
    assert suggestion.choice is None
    assert (
        "no other was tried: the training worker process ran out of time (limit 300 s)" in suggestion.reasons.estimator
    )
