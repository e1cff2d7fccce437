"""A row in a request is the row in a table: the same matrix, the same probabilities, the same errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from reconciler.core.digest import Digest
from reconciler.core.prediction.prediction_columns import PredictionColumns
from reconciler.core.prediction.predictions import PREDICTED
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.inputs.features import DateFeature, TextFeature
from reconciler.core.spec.recipe import Estimator, Features, Join, Outcome, OutcomeClass, Recipe, Task
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError, IntegrityError
from reconciler.ports import PredictRequest, SelectionKind
from reconciler.scoring.predict import predict
from reconciler.serving.answers import outputs_of
from reconciler.serving.served_model import ServedModel, load_verified
from reconciler.serving.tensors import Tensor, values_of
from tests.support.invoice_tables import AS_OF, CLASSES, Ledger, invoices, ledger, recipe_of, write_table
from tests.support.releases import release_of

AMOUNT = Features(numeric=("amount",))
DIVIDED = {"ratio": "1 / amount", "year": "CASE WHEN length(country) > 9 THEN CAST(country AS BIGINT) ELSE 1 END"}
TREE = Estimator(uses="sklearn", class_name="DecisionTreeClassifier", params=(("max_depth", 4),))
TYPES = {
    "invoice_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "invoice_date": "DATE",
    "due_date": "DATE",
    "paid_date": "DATE",
    "amount": "DOUBLE",
    "country": "VARCHAR",
    "units": "BIGINT",
    "zone": "BIGINT",
    "urgent": "BOOLEAN",
    "flag": "BIGINT",
    "price": "DECIMAL(12,2)",
    "note": "VARCHAR",
}


def books(folder: Path, *others: Any) -> Ledger:
    """Invoices with a column of each type; of each some values are missing."""
    from decimal import Decimal

    rows = [
        (
            *row[:5],
            None if n % 17 == 0 else row[5],
            None if n % 13 == 0 else row[6],
            n % 7,
            None if n % 19 == 0 else n % 4,
            None if n % 23 == 0 else n % 3 == 0,
            n % 2,
            Decimal(n % 90) / 4,
            None if n % 29 == 0 else f"goods {'red' if n % 3 else 'blue'} word{n % 5}",
        )
        for n, row in enumerate(invoices(700))
    ]
    return ledger(folder, rows, *others, types=TYPES)


def predicted(release: Path, here: Ledger, recipe: Any) -> list[dict[str, Any]]:
    """What `predict` writes for the open rows, exactly."""
    request = here.request(recipe, SelectionKind.PREDICT, into="predict", beside=(recipe.data.key,))
    LocalData().select(request)
    predict(
        PredictRequest(
            artifact=release,
            rows=request.into / "predict.parquet",
            out=request.into / "log.csv",
            exact=request.into / "exact.parquet",
            columns=PredictionColumns(key="key"),
            limits=Limits(),
        )
    )
    return pq.read_table(request.into / "exact.parquet").to_pylist()


def asked(model: ServedModel, columns: dict[str, list[Any]], count: int) -> Any:
    given = {
        name: values_of(Tensor(name=name, datatype=model.by_name[name].datatype, values=values), model.by_name[name])
        for name, values in columns.items()
    }
    model.check_columns(given)
    return model.predict(given, count)


PLAIN = Features(numeric=("amount", "units"), categorical=("country", "zone"), boolean=("urgent", "flag"))
WORDS = Features(
    numeric=("amount",),
    boolean=("urgent",),
    text=(TextFeature(column="note", buckets=16),),
    target_encoded=("country",),
)
COMPUTED = Features(
    numeric=("terms", "price", "left"),
    categorical=("zone", "big"),
    boolean=("flag",),
    dates=(DateFeature(column="invoice_date", parts=("weekday", "month")),),
)
DERIVED = {
    "terms": "date_diff('day', invoice_date, due_date)",
    "big": "amount > 50",
    "left": "date_diff('day', as_of, due_date)",
}


def recipe_with(features: Features, **more: Any) -> Recipe:
    """A recipe of one small tree."""
    return replace(recipe_of(features=features, **{"past": {}, **more}), estimator=TREE)


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(
    ("features", "derive", "quick"),
    [(PLAIN, {}, True), (WORDS, {}, True), (COMPUTED, DERIVED, False)],
    ids=["plain", "words", "computed"],
)
def test_a_row_is_predicted_as_predict_does(
    features: Features, derive: dict[str, str], quick: bool, tmp_path: Path
) -> None:
    here = books(tmp_path)
    recipe = recipe_with(features, derive=derive)
    release, digest = release_of(recipe, here)
    model = load_verified(release, digest, limits=Limits(), as_of=AS_OF)
    assert model.is_quick is quick
    expected = predicted(release, here, recipe)
    keys = [row["key"] for row in expected]
    table = pq.read_table(here.tables[0].path)
    by_key = {row["invoice_id"]: row for row in table.to_pylist()}
    columns = {column.name: [_json(by_key[key][column.name]) for key in keys] for column in model.inputs}
    assert len(keys) > 40
    assert any(None in values for values in columns.values())
    answer = asked(model, columns, len(keys))
    for place, name in enumerate(model.classes):
        assert answer.values[:, place].tolist() == [row[f"p_{name}"] for row in expected]
    assert [model.classes[place] for place in answer.best] == [row[PREDICTED[1]] for row in expected]
    alone = asked(model, {name: values[:1] for name, values in columns.items()}, 1)
    assert alone.values.tolist() == answer.values[:1].tolist()


def _json(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def test_what_a_row_cannot_tell_of_itself_it_brings(tmp_path: Path) -> None:
    """Features of the past and columns of joined tables are inputs; what follows from them is computed."""
    customers = write_table(
        tmp_path, "customers", {"customer_id": "VARCHAR", "rating": "BIGINT"}, [(f"C{n}", n) for n in range(5)]
    )
    here = ledger(tmp_path, invoices(700), customers)
    recipe = recipe_with(
        past=None,
        joins=(Join(table="customers", key="customer_id"),),
        derive={"worse": "prior_late * rating"},
        features=Features(numeric=("amount", "worse", "prior"), categorical=("country",)),
    )
    release, digest = release_of(recipe, here)
    model = load_verified(release, digest, limits=Limits())
    assert {column.name: (column.type, column.origin) for column in model.inputs} == {
        "amount": ("DOUBLE", "row"),
        "prior": ("BIGINT", "past"),
        "prior_late": ("DOUBLE", "past"),
        "rating": ("BIGINT", "row"),
        "country": ("VARCHAR", "row"),
    }
    assert not model.reads_day
    given = {"amount": [5.0], "prior": [3], "prior_late": [0.5], "rating": [2], "country": ["NO"]}
    assert asked(model, given, 1).values.sum() == pytest.approx(1)


def test_an_impossible_class_gets_nothing(tmp_path: Path) -> None:
    classes = (CLASSES[0], CLASSES[1], OutcomeClass(name="very_late", when=CLASSES[2].when, possible="amount > 50"))
    here = ledger(tmp_path, invoices(700))
    recipe = recipe_of(
        past={}, features=Features(numeric=("amount",)), outcome=Outcome(matured="due_date", classes=classes)
    )
    release, digest = release_of(recipe, here)
    model = load_verified(release, digest, limits=Limits())
    answer = asked(model, {"amount": [10.0, 80.0]}, 2)
    assert answer.values[0, 2] == 0
    assert answer.values[1, 2] > 0
    assert answer.values.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_errors_are_those_of_predict(tmp_path: Path) -> None:
    here = ledger(tmp_path, invoices(700))
    recipe = recipe_with(Features(numeric=("ratio",), categorical=("year",)), derive=DIVIDED)
    model = load_verified(*release_of(recipe, here), limits=Limits())
    for given, code, message in (
        ({"amount": [0.0], "country": ["NO"]}, "E410", "features.numeric: ratio is infinite or not a number in 1 row"),
        ({"country": ["NO"]}, "E416", "column amount does not exist"),
        ({"amount": [1.0], "country": ["7" * 30]}, "E413", "data.derive.year: `.*`: a value cannot be converted"),
    ):
        with pytest.raises(DataError, match=message) as raised:
            asked(model, given, 1)
        assert raised.value.code == code
        assert "777" not in str(raised.value)
    assert asked(model, {"amount": [2.0], "country": ["NO"]}, 1).values.sum() == pytest.approx(1)


def test_no_byte_is_loaded_that_is_not_the_digests(tmp_path: Path) -> None:
    here = ledger(tmp_path, invoices(700))
    release, digest = release_of(recipe_with(AMOUNT), here)
    load_verified(release, digest, limits=Limits())
    with pytest.raises(IntegrityError, match=r"manifest\.json: not the bytes of"):
        load_verified(release, Digest("sha256:" + "0" * 64), limits=Limits())
    for path in sorted(release.iterdir()):
        body = path.read_bytes()
        for other in (body[:-1] + bytes([body[-1] ^ 1]), body[:-1], None):
            path.unlink()
            if other is not None:
                path.write_bytes(other)
            with pytest.raises(IntegrityError) as raised:
                load_verified(release, digest, limits=Limits())
            assert raised.value.code == "E501"
            path.write_bytes(body)


def test_a_value_has_an_interval_of_its_holdouts_errors(tmp_path: Path) -> None:
    recipe = recipe_with(
        AMOUNT,
        task=Task.REGRESSION,
        outcome=Outcome(column="days_late", matured="due_date + interval 21 day"),
    )

    recipe = replace(
        recipe, estimator=Estimator(uses="sklearn", class_name="DecisionTreeRegressor", params=(("max_depth", 3),))
    )
    release, digest = release_of(recipe, ledger(tmp_path, invoices(700)))
    model = load_verified(release, digest, limits=Limits())
    assert model.rmse is not None
    answer = asked(model, {"amount": [10.0]}, 1)
    value, lower, upper = (output.values(answer)[0] for output in outputs_of(model))
    assert lower == pytest.approx(value - 1.96 * model.rmse)
    assert upper == pytest.approx(value + 1.96 * model.rmse)
