"""One relation per recipe: joins, keys, names, features; the same features for training, prediction and given keys."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Features, Holdout, Join, Outcome, OutcomeClass, Past, Recipe, Task, Window
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import SelectionKind, TableFile
from tests.support.invoice_tables import (
    AS_OF,
    CLASSES,
    INVOICE_TYPES,
    invoices,
    ledger,
    moment,
    named,
    read_rows,
    recipe_of,
    write_table,
)

CUSTOMER_TYPES = {"customer_id": "VARCHAR", "segment": "VARCHAR", "rating": "BIGINT"}


def customers(folder: Path, rows: list[tuple[Any, ...]] | None = None) -> TableFile:
    found = [(f"C{n}", "AB"[n % 2], n) for n in range(4)] if rows is None else rows
    return write_table(folder, "customers", CUSTOMER_TYPES, found)


def refused(
    tmp_path: Path, recipe: Recipe, rows: Any = None, *others: TableFile, want: SelectionKind = SelectionKind.FIT
) -> DataError:
    books = ledger(tmp_path, invoices(300) if rows is None else rows, *others)
    with pytest.raises(DataError) as caught:
        LocalData().select(books.request(recipe, want))
    return caught.value


# --- what comes out ---


def test_files_hold_key_features_in_order_and_outcome_sorted_by_key(tmp_path: Path) -> None:
    books = ledger(tmp_path, list(reversed(invoices(300))))
    recipe = recipe_of(
        derive={"is_big": "amount > 50", "flag": "(amount > 20)::int"},
        features=Features(numeric=("prior", "amount"), categorical=("country",), boolean=("is_big", "flag")),
    )
    found = LocalData().select(books.request(recipe))
    rows = read_rows(tmp_path / "out" / "train.parquet")
    assert list(rows[0]) == ["key", "prior", "amount", "country", "is_big", "flag", "outcome"]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    assert len(rows) == found.rows
    assert len(read_rows(tmp_path / "out" / "holdout.parquet")) == found.holdout_rows
    assert {type(value) for value in rows[0].values()} == {str, float, bool, int}
    keys = read_rows(tmp_path / "out" / "keys.parquet")
    assert keys == [{"key": row["key"]} for row in rows]


def test_prediction_and_given_keys_see_the_features_that_training_saw(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(300), customers(tmp_path))
    recipe = recipe_of(
        joins=(Join(table="customers", key="customer_id"),),
        derive={"ratio": "amount / nullif(prior_amount, 0)"},
        features=Features(numeric=("amount", "prior", "prior_late", "ratio", "rating"), categorical=("segment",)),
        predict="true",
    )
    data = LocalData()
    data.select(books.request(recipe))
    data.select(books.request(recipe, SelectionKind.PREDICT))
    trained = read_rows(tmp_path / "out" / "train.parquet") + read_rows(tmp_path / "out" / "holdout.parquet")
    predicted = {row["key"]: row for row in read_rows(tmp_path / "out" / "predict.parquet")}
    assert len(predicted) == 300
    for row in trained:
        del row["outcome"]
        assert predicted[row["key"]] == row
    keys = tmp_path / "out" / "holdout.parquet"
    found = data.select(books.request(recipe, SelectionKind.FEATURES, keys=keys))
    held = [{name: row[name] for name in row if name != "outcome"} for row in read_rows(keys)]
    assert read_rows(tmp_path / "out" / "features.parquet") == held
    assert found.rows == len(held)


def test_rows_to_predict_can_be_listed_and_then_have_the_same_features(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(300))
    recipe, data = recipe_of(predict="amount > 50"), LocalData()
    data.select(books.request(recipe, SelectionKind.PREDICT))
    everything = {row["key"]: row for row in read_rows(tmp_path / "out" / "predict.parquet")}
    wanted = sorted(everything)[::3]
    keys = tmp_path / "keys.parquet"
    pq.write_table(pa.table({"key": [*wanted, "is not there"]}), keys)
    found = data.select(books.request(recipe, SelectionKind.PREDICT, keys=keys))
    assert read_rows(tmp_path / "out" / "predict.parquet") == [everything[key] for key in wanted]
    assert found.rows == len(wanted) < len(everything)


def test_the_past_is_the_same_whatever_where_and_train_leave_out(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(400))
    data = LocalData()
    data.select(books.request(recipe_of(predict="true"), SelectionKind.PREDICT, into="all"))
    narrow = recipe_of(where="amount > 60", train=Window(by="invoice_date", since="2023-03-01"))
    data.select(books.request(narrow, into="narrow"))
    everything = {row["key"]: row for row in read_rows(tmp_path / "all" / "predict.parquet")}
    few = [row for name in ("train", "holdout") for row in read_rows(tmp_path / "narrow" / f"{name}.parquet")]
    assert 0 < len(few) < len(everything) / 2
    for row in few:
        del row["outcome"]
        assert everything[row["key"]] == row


def test_past_where_narrows_the_rows_that_count(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(300))
    data = LocalData()
    data.select(books.request(recipe_of(predict="true"), SelectionKind.PREDICT))
    wide = {row["key"]: row["prior"] for row in read_rows(tmp_path / "out" / "predict.parquet")}
    data.select(books.request(recipe_of(predict="true", past_where="amount > 1000"), SelectionKind.PREDICT))
    none = {row["key"]: row["prior"] for row in read_rows(tmp_path / "out" / "predict.parquet")}
    assert max(wide.values()) > 5
    assert set(none.values()) == {0.0}


def test_predict_gives_possible_classes_and_further_columns(tmp_path: Path) -> None:
    classes = (
        OutcomeClass(name="on_time", when="days_late <= 0", possible="due_date >= as_of"),
        OutcomeClass(name="late", when="days_late > 0"),
        OutcomeClass(name="never", when="false", possible="paid_date > due_date"),
    )
    recipe = recipe_of(outcome=Outcome(classes=classes), predict="paid_date is null")
    books = ledger(tmp_path, invoices(100, as_of="2023-02-20"))
    also = ("customer_id", "amount", "invoice_date")
    LocalData().select(books.request(recipe, SelectionKind.PREDICT, also=also, as_of="2023-02-20"))
    rows = read_rows(tmp_path / "out" / "predict.parquet")
    assert [name for name in rows[0] if name.startswith(("possible", "also"))] == [
        "possible_0",
        "possible_2",
        "also_0",
        "also_1",
        "also_2",
    ]
    due = {row[0]: row[3] for row in invoices(100)}
    assert {row["possible_0"] for row in rows} == {True, False}
    assert all(row["possible_0"] == (due[row["key"]] >= date(2023, 2, 20)) for row in rows)
    assert {row["possible_2"] for row in rows} == {False}  # a condition that is NULL is not true
    assert isinstance(rows[0]["also_0"], str)
    assert isinstance(rows[0]["also_1"], float)
    assert rows[0]["also_2"] == "2023-01-01"


def test_rows_to_predict_say_whether_their_outcome_is_there_already(tmp_path: Path) -> None:
    """So that nothing is proved by a prediction of what the model may have learnt from."""
    outcome = Outcome(column="paid_date", classes=(OutcomeClass(name="2023-01-01"),))
    books = ledger(tmp_path, invoices(100, as_of="2023-02-20"))
    for recipe, told in (
        (recipe_of(outcome=outcome, predict="true"), True),
        (recipe_of(predict="true"), False),  # its classes are conditions: no column says it
    ):
        LocalData().select(books.request(recipe, SelectionKind.PREDICT, as_of="2023-02-20"))
        rows = read_rows(tmp_path / "out" / "predict.parquet")
        assert ("outcome known" in rows[0]) is told
        if told:
            paid = {row[0]: row[4] is not None for row in invoices(100, as_of="2023-02-20")}
            assert {row["key"]: row["outcome known"] for row in rows} == {row["key"]: paid[row["key"]] for row in rows}
            assert set(paid.values()) == {True, False}


def test_a_join_adds_columns_and_never_rows(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(300), customers(tmp_path))
    recipe = recipe_of(
        joins=(Join(table="customers", key="customer_id"),),
        features=Features(numeric=("rating",), categorical=("segment",)),
        predict="true",
    )
    found = LocalData().select(books.request(recipe, SelectionKind.PREDICT))
    assert found.rows == 300
    rows = {row["key"]: row for row in read_rows(tmp_path / "out" / "predict.parquet")}
    assert rows["I00004"]["rating"] is None  # C4 is no known customer: the row stays
    assert rows["I00003"]["segment"] == "B"


def test_columns_in_another_order_and_one_more_give_the_same_rows(tmp_path: Path) -> None:
    rows = invoices(300)
    moved = {"extra": "VARCHAR", **dict(reversed(INVOICE_TYPES.items()))}
    bodies = []
    for name, held, types in (
        ("before", rows, INVOICE_TYPES),
        ("after", [("new", *reversed(row)) for row in rows], moved),
    ):
        folder = tmp_path / name
        folder.mkdir()
        recipe = recipe_of(predict="paid_date IS NULL")
        LocalData().select(ledger(folder, held, types=types).request(recipe, SelectionKind.PREDICT))
        bodies.append((folder / "out/predict.parquet").read_bytes())
    assert bodies[0] == bodies[1]


def test_rows_of_equal_requests_are_equal_bytes(tmp_path: Path) -> None:
    """In other folders, other processes, with another hash seed, and with the file's rows in another order."""
    bodies = []
    for index, rows in enumerate((invoices(300), list(reversed(invoices(300))))):
        folder = tmp_path / f"run {index}"
        folder.mkdir()
        books = ledger(folder, rows)
        LocalData().select(books.request(recipe_of(past={"mean": "avg(amount / 7.0)"})))
        bodies.append(
            [(folder / "out" / name).read_bytes() for name in ("train.parquet", "holdout.parquet", "keys.parquet")]
        )
    assert bodies[0] == bodies[1]
    script = (
        "from pathlib import Path; from reconciler.data.in_process import LocalData;"
        "from tests.support.invoice_tables import invoices, ledger, recipe_of;"
        f"books = ledger(Path({str(tmp_path)!r}), invoices(300));"
        "LocalData().select(books.request(recipe_of(past={'mean': 'avg(amount / 7.0)'})))"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "4", "TZ": "Asia/Tokyo"},
    )
    assert [
        (tmp_path / "out" / name).read_bytes() for name in ("train.parquet", "holdout.parquet", "keys.parquet")
    ] == bodies[0]


@pytest.mark.parametrize("name", ["we[ir]d*dir?", 'it\'s "q" ü;--', "a\\b"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    books = ledger(tmp_path / name, invoices(100))
    assert LocalData().select(books.request(recipe_of(predict="true"), SelectionKind.PREDICT)).rows == 100


def test_as_of_is_the_day_of_the_request(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(100))
    recipe = recipe_of(derive={"age": "as_of - invoice_date"}, features=Features(numeric=("age",)), predict="true")
    LocalData().select(books.request(recipe, SelectionKind.PREDICT, as_of="2024-01-01"))
    rows = read_rows(tmp_path / "out" / "predict.parquet")
    assert rows[0] == {"key": "I00000", "age": 365.0}


# --- names ---


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"derive": {"x": "amonut + 1"}}, "data.derive.x: column amonut does not exist", "did you mean amount"),
        ({"derive": {"x": "AMOUNT + 1"}}, "column AMOUNT does not exist", "existing columns"),
        ({"derive": {"x": "y + 1", "y": "amount"}}, "data.derive.x: y is used before it is derived", "order"),
        ({"derive": {"x": "x + 1"}}, "data.derive.x: x is used before it is derived", "order"),
        ({"derive": {"amount": "1"}}, "the column amount exists already", "choose another name"),
        ({"derive": {"Amount": "1"}}, "the column Amount exists already", "choose another name"),
        ({"derive": {"as_of": "1"}}, "the column as_of exists already", "choose another name"),
        ({"derive": {"prior": "1"}}, "the column prior exists already", "choose another name"),
        ({"past": {"country": "count(*)"}}, "the column country exists already", "choose another name"),
        ({"past": {"a": "avg(nothing)"}}, "data.past.features.a: column nothing does not exist", "existing columns"),
        ({"past": {"a": "count(*)", "b": "avg(a)"}}, "data.past.features.b: a is computed from features of past", ""),
        (
            {"past": {"a": "count(*)", "b": "avg(late)"}, "derive": {"late": "a + 1"}},
            "late is computed from features of past",
            "",
        ),
        ({"past_where": "prior > 1"}, "prior is computed from features of past", ""),
        ({"where": "amuont > 1"}, "data.where: column amuont does not exist", "amount"),
        ({"predict": "paid is null"}, "data.predict.where: column paid does not exist", "paid_date"),
        ({"train": Window(by="invoiced")}, "data.train.by: column invoiced does not exist", "invoice_date"),
        ({"holdout": Holdout(last=0.2, by="due")}, "holdout.by: column due does not exist", "due_date"),
        ({"features": Features(numeric=("amout",))}, "features.numeric: column amout does not exist", "amount"),
        (
            {"features": Features(numeric=("amount",)), "outcome": Outcome(matured="x", classes=CLASSES)},
            "outcome.matured",
            "",
        ),
        ({"features": Features(numeric=("amount", "amount"))}, "features: amount is listed twice", "once"),
        ({"derive": {"key": "amount"}, "features": Features(numeric=("key",))}, "a feature cannot be named key", ""),
        ({"derive": {"also_1": "amount"}, "features": Features(numeric=("also_1",))}, "cannot be named also_1", ""),
    ],
)
def test_a_name_is_known_before_it_is_used_and_never_shadows(
    tmp_path: Path, change: dict[str, Any], message: str, hint: str
) -> None:
    error = refused(tmp_path, recipe_of(**change), invoices(60))
    assert error.code == "E416"
    assert message in error.message
    assert hint in (error.hint or "")


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"derive": {"x": "(select 1)"}}, "data.derive.x: a subquery is not allowed"),
        ({"derive": {"x": "1 + today()"}}, "at character 5"),
        ({"derive": {"x": "avg(amount)"}}, "data.derive.x: expected an expression over one row, found an aggregate"),
        ({"past": {"a": "amount + 1"}}, "data.past.features.a: expected one aggregate"),
        ({"past": {"a": "random()"}}, "data.past.features.a: random"),
        ({"past": {"a": "sum(country)"}}, "data.past.features.a: sum takes a number, found VARCHAR"),
        ({"past": {"a": "bool_or(amount)"}}, "bool_or takes a condition, found DOUBLE"),
        ({"train": Window(by="invoice_date", since="soon")}, "data.train.since: 'soon' is not a date"),
        ({"where": "amount + 1"}, "data.where: `amount + 1`: expected a condition, found DOUBLE"),
        (
            {"where": "country + 1 > 2"},
            "data.where: `country + 1 > 2` over 60 rows: the types of the values do not match",
        ),
        (
            {"derive": {"x": "country - due_date"}},
            "data.derive.x: `country - due_date`: the types of the values do not match",
        ),
        (
            {"outcome": Outcome(matured="amount", classes=CLASSES)},
            "outcome.matured: `amount`: expected a date, found DOUBLE",
        ),
        ({"holdout": Holdout(last=0.2, by="amount")}, "holdout.by: amount is DOUBLE, not a date"),
        ({"train": Window(by="country")}, "data.train.by: country is VARCHAR, not a date"),
        ({"features": Features(numeric=("due_date",))}, "features.numeric: due_date is DATE"),
        ({"features": Features(numeric=("country",))}, "features.numeric: country is VARCHAR"),
        ({"features": Features(categorical=("amount",))}, "features.categorical: amount is DOUBLE"),
        ({"features": Features(categorical=("due_date",))}, "features.categorical: due_date is DATE"),
        ({"features": Features(boolean=("country",))}, "features.boolean: country is VARCHAR"),
        ({"features": Features(boolean=("amount",))}, "features.boolean: amount is DOUBLE"),
    ],
)
def test_an_expression_or_feature_of_the_wrong_kind_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    error = refused(tmp_path, recipe_of(**change), invoices(60))
    assert error.code == "E413"
    assert message in error.message


# --- tables ---


def with_rows(change: dict[int, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    rows = invoices(300)
    for index, row in change.items():
        rows[index] = row
    return rows


def test_a_key_is_there_once_in_every_row(tmp_path: Path) -> None:
    rows = invoices(300)
    twice = refused(tmp_path, recipe_of(), [*rows, rows[7], rows[8]])
    assert twice.code == "E414"
    assert "2 of 302 rows repeat an earlier key" in twice.message
    empty = refused(tmp_path, recipe_of(), with_rows({5: (None, *rows[5][1:])}))
    assert "invoice_id is empty in 1 of 300 rows" in empty.message
    assert "no column nothing" in refused(tmp_path, recipe_of(key="nothing")).message
    assert "amount is DOUBLE; expected text or a whole number" in refused(tmp_path, recipe_of(key="amount")).message


def test_a_join_needs_a_unique_key_of_one_type_and_no_clash(tmp_path: Path) -> None:
    recipe = recipe_of(joins=(Join(table="customers", key="customer_id"),))
    doubled = [("C1", "A", 1), ("C1", "B", 2), ("C2", "A", 1), (None, "A", 1), (None, "B", 1)]
    error = refused(tmp_path, recipe, None, customers(tmp_path, doubled))
    assert error.code == "E415"
    assert "customer_id must be unique in customers; 1 of its values occur more than once" in error.message
    other = write_table(tmp_path, "customers", {"customer_id": "BIGINT", "x": "BIGINT"}, [(1, 2)])
    assert "VARCHAR on the left and BIGINT on the right" in refused(tmp_path, recipe, None, other).message
    clash = write_table(tmp_path, "customers", {"customer_id": "VARCHAR", "Country": "VARCHAR"}, [("C1", "x")])
    assert "both sides have a column Country" in refused(tmp_path, recipe, None, clash).message
    none = write_table(tmp_path, "customers", {"id": "VARCHAR"}, [("C1",)])
    assert "table customers have no column customer_id" in refused(tmp_path, recipe, None, none).message
    assert refused(tmp_path, recipe).code == "E401"


def test_a_file_that_is_not_the_recorded_one_is_refused(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(60))
    write_table(tmp_path, "invoices", {"invoice_id": "VARCHAR"}, [("a",)])
    with pytest.raises(DataError, match="differ from those recorded") as caught:
        LocalData().select(books.request(recipe_of()))
    assert caught.value.code == "E411"


def test_dates_after_the_day_of_the_data_are_an_error_with_the_count(tmp_path: Path) -> None:
    rows = invoices(300)
    late = dict.fromkeys((3, 4), None)
    changed = with_rows({n: (*rows[n][:4], date(2025, 1, 1), *rows[n][5:]) for n in late})
    error = refused(tmp_path, recipe_of(), changed)
    assert error.code == "E412"
    assert "data.past.known: paid_date lies after as_of, the day of the data, in 2 rows" in error.message
    changed = with_rows({9: (*rows[9][:2], date(2025, 6, 1), *rows[9][3:])})
    assert "data.past.at: invoice_date lies after as_of" in refused(tmp_path, recipe_of(), changed).message
    no_maturity = recipe_of(past={}, outcome=Outcome(classes=CLASSES))
    assert "holdout.by: invoice_date lies after as_of" in refused(tmp_path, no_maturity, changed).message
    windowed = recipe_of(
        past={}, outcome=Outcome(classes=CLASSES), holdout=Holdout(random=0.2), train=Window(by="invoice_date")
    )
    assert "data.train.by: invoice_date lies after as_of" in refused(tmp_path, windowed, changed).message


def test_past_needs_dates(tmp_path: Path) -> None:
    base = recipe_of()
    past = Past(by="customer_id", at="country", known="paid_date", features=named({"n": "count(*)"}))
    recipe = dataclasses.replace(base, data=dataclasses.replace(base.data, past=past))
    recipe = dataclasses.replace(recipe, features=Features(numeric=("n",)))
    error = refused(tmp_path, recipe)
    assert error.code == "E413"
    assert "data.past.at: country is VARCHAR, not a date or a time" in error.message


def test_infinite_and_other_impossible_values_are_an_error_with_the_count(tmp_path: Path) -> None:
    recipe = recipe_of(derive={"x": "1 / (amount - 10)"}, features=Features(numeric=("x",)))
    error = refused(tmp_path, recipe)
    assert error.code == "E410"
    assert "features.numeric: x is infinite or not a number in" in error.message
    assert "nullif" in (error.hint or "")
    flag = recipe_of(derive={"f": "amount::int % 3"}, features=Features(boolean=("f",)))
    assert "features.boolean: f is neither 0 nor 1 in 100 rows" in refused(tmp_path, flag).message
    failing = recipe_of(derive={"x": "1 // (amount::int - 12)"}, features=Features(numeric=("x",)))
    error = refused(tmp_path, failing)
    assert error.code == "E413"
    assert "data.derive.x: `1 // (amount::int - 12)` over 300 rows: a value is not valid" in error.message
    cast = recipe_of(derive={"x": "country::int"}, past={"n": "avg(x)"}, features=Features(numeric=("n",)))
    assert "data.derive.x: `country::int` over 300 rows: a value cannot be converted" in refused(tmp_path, cast).message


def test_rows_to_predict_must_be_declared(tmp_path: Path) -> None:
    error = refused(tmp_path, recipe_of(predict=None), want=SelectionKind.PREDICT)
    assert "does not say which rows to predict" in error.message


def test_regression_predicts_without_classes(tmp_path: Path) -> None:
    recipe = recipe_of(task=Task.REGRESSION, outcome=Outcome(column="amount"), features=Features(numeric=("prior",)))
    books = ledger(tmp_path, invoices(300))
    found = LocalData().select(books.request(recipe))
    rows = read_rows(tmp_path / "out" / "train.parquet")
    assert isinstance(rows[0]["outcome"], float)
    assert found.rows + found.holdout_rows == 300
    assert LocalData().select(books.request(recipe, SelectionKind.PREDICT)).rows == 28


def test_too_little_memory_is_a_typed_error_and_leaves_no_spilled_rows(tmp_path: Path) -> None:
    books = ledger(tmp_path, invoices(3000))
    request = dataclasses.replace(books.request(recipe_of()), limits=Limits(seconds=60, memory=3 * 1024**2))
    with pytest.raises(DataError, match="out of memory") as caught:
        LocalData().select(request)
    assert caught.value.code == "E418"
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []


def test_moments_are_used_as_days_and_hours(tmp_path: Path) -> None:
    types = {**INVOICE_TYPES, "invoice_date": "TIMESTAMP", "paid_date": "TIMESTAMP"}
    rows = [
        ("A", "C", moment("2024-01-01T08:00:00"), date(2024, 1, 9), moment("2024-01-02T12:00:00"), 1.0, "DE"),
        ("B", "C", moment("2024-01-02T11:59:59"), date(2024, 1, 9), None, 1.0, "DE"),
        ("C", "C", moment("2024-01-02T12:00:01"), date(2024, 1, 9), None, 1.0, "DE"),
    ]
    books = ledger(tmp_path, rows, types=types)
    recipe = recipe_of(past={"n": "count(*)"}, features=Features(numeric=("n",)), predict="true")
    LocalData().select(books.request(recipe, SelectionKind.PREDICT, as_of=AS_OF))
    assert [row["n"] for row in read_rows(tmp_path / "out" / "predict.parquet")] == [0.0, 0.0, 1.0]
