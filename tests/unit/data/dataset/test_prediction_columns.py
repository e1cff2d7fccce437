"""Rows that are new are predicted without the columns that only their outcome will have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.recipe import Features, Recipe
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import SelectionKind
from tests.support.invoice_tables import INVOICE_TYPES, Ledger, invoices, ledger, read_rows, recipe_of

PLAIN = Features(numeric=("amount",), categorical=("country",))
TRAINED = (("invoices", tuple(INVOICE_TYPES.items())),)


def without(folder: Path, *columns: str) -> Ledger:
    """The ledger's open invoices, without these columns."""
    names = list(INVOICE_TYPES)
    kept = [name for name in names if name not in columns]
    rows = [row for row in invoices(300) if row[names.index("paid_date")] is None]
    cells = [tuple(row[names.index(name)] for name in kept) for row in rows]
    return ledger(folder, cells, types={name: INVOICE_TYPES[name] for name in kept})


def predicted(books: Ledger, recipe: Recipe, into: str = "out", **more: Any) -> list[dict[str, Any]]:
    request = books.request(recipe, SelectionKind.PREDICT, into=into, trained=TRAINED, **more)
    LocalData().select(request)
    return read_rows(books.folder / into / "predict.parquet")


def no_past(**more: Any) -> Recipe:
    return recipe_of(past={}, features=more.pop("features", PLAIN), **more)


def test_rows_without_the_outcomes_columns_get_the_features_that_they_had_with_them(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "new").mkdir()
    recipe = no_past()
    whole = predicted(without(tmp_path / "whole"), recipe)
    assert whole
    assert predicted(without(tmp_path / "new", "paid_date"), recipe) == whole


def test_a_condition_on_a_missing_outcome_sees_no_value_of_its_own_type(tmp_path: Path) -> None:
    books = without(tmp_path, "paid_date")
    assert predicted(books, no_past(predict="paid_date is null or paid_date > due_date"))
    assert predicted(books, no_past(predict="paid_date is not null"), into="none") == []
    assert predicted(books, no_past(predict="days_late is not null"), into="derived")


def test_a_feature_of_the_row_is_still_asked_for(tmp_path: Path) -> None:
    for column in ("amount", "country"):
        (tmp_path / column).mkdir()
        with pytest.raises(DataError, match=column) as caught:
            predicted(without(tmp_path / column, column), no_past())
        assert caught.value.code == "E416"


def test_what_past_knows_of_earlier_rows_is_still_asked_for(tmp_path: Path) -> None:
    recipe = recipe_of(features=Features(numeric=("amount", "prior_late")))
    with pytest.raises(DataError, match="paid_date") as caught:
        predicted(without(tmp_path, "paid_date"), recipe)
    assert caught.value.code == "E416"
    assert caught.value.hint == "the tables had paid_date in training: add it, empty where it is not known yet"


def test_training_still_asks_for_the_outcome(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="paid_date") as caught:
        LocalData().select(without(tmp_path, "paid_date").request(no_past()))
    assert caught.value.code == "E416"


def test_a_derived_column_that_cannot_be_computed_is_left_out_and_told_where_it_is_asked_for(tmp_path: Path) -> None:
    books = without(tmp_path, "due_date")
    recipe = no_past(derive={"terms": "date_diff('day', invoice_date, due_date)"}, predict="true")
    assert predicted(books, recipe)
    with pytest.raises(DataError, match="terms"):
        predicted(books, recipe, into="also", also=("terms",))
