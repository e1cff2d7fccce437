"""Real, small models: what is written for open records, how two are compared, and what a model file may hold."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.digest import digest_of_file
from reconciler.core.evaluation.units import InverseStep
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.errors import DataError, ScoringError
from reconciler.evaluation.paired_comparison import compare
from reconciler.model_file import load, safe_archive
from reconciler.model_file.feature_matrix import matrix_of
from reconciler.ports import CompareRequest, PredictRequest, SelectResult, TrainRequest
from reconciler.scoring.predict import predict
from reconciler.training import fit
from reconciler.training.runtime_check import runtime_here

CLASSES = ("on time", "late", "=very late")
LIMITS = Limits()
GOOD = Schema(
    task="classification",
    columns=(SchemaColumn(name="first", type=ColumnType.NUMERIC),),
    classes=CLASSES,
    key="key",
    tables=(),
)


def rows(count: int, *, start: int, numbers: bool = False) -> pa.Table:
    """Two features; the outcome follows the first one, the second is noise."""
    chance = np.random.default_rng(start)
    first, noise = chance.normal(size=count), chance.normal(size=count)
    score = first + 0.5 * chance.normal(size=count)
    outcome = score if numbers else np.digitize(score, [-0.5, 0.8]).astype(np.int32)
    keys = [f"{index + start:07d}" for index in range(count)]
    return pa.table({"key": keys, "first": first, "noise": noise, "outcome": outcome})


class Workshop:
    """Trains a model and keeps its rows beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(
        self,
        name: str,
        *,
        features: tuple[str, ...],
        start: int = 0,
        classes: tuple[str, ...] = CLASSES,
        outcome: Callable[[Any], Any] | None = None,
    ) -> Path:
        """An artifact's folder; `<name>-train.parquet` and `<name>-holdout.parquet` beside it. `outcome`: of a number
        that is predicted, what of it."""
        parts = {"train": rows(600, start=start, numbers=not classes), "holdout": rows(400, start=10**6)}
        if not classes:
            parts["holdout"] = rows(400, start=10**6, numbers=True)
        if outcome is not None:
            for part, table in parts.items():
                other = pa.array(outcome(table.column("outcome").to_numpy()))
                parts[part] = table.set_column(table.schema.get_field_index("outcome"), "outcome", other)
        for part, table in parts.items():
            pq.write_table(table, self.rows(name, part))
        recipe = Recipe(
            task=Task.CLASSIFICATION if classes else Task.REGRESSION,
            data=Selection(table="t", key="key"),
            outcome=Outcome(column="z", classes=tuple(OutcomeClass(name=label) for label in classes)),
            features=Features(numeric=features),
            estimator=Estimator(uses="sklearn", class_name="LogisticRegression" if classes else "Ridge"),
            holdout=Holdout(random=0.2),
            seed=3,
        )
        fit.train(
            TrainRequest(
                recipe=recipe,
                selected=SelectResult(rows=1000, holdout_rows=400, holdout_from=None, left_out=()),
                train=self.rows(name, "train"),
                holdout=self.rows(name, "holdout"),
                evaluation_rows=digest_of_file(self.rows(name, "holdout")),
                tables=(),
                runtime=runtime_here(),
                into=self.folder / name,
                limits=LIMITS,
            )
        )
        return self.folder / name

    def rows(self, name: str, part: str) -> Path:
        return self.folder / f"{name}-{part}.parquet"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workshop = Workshop(tmp_path_factory.mktemp("models"))
    workshop.make("good", features=("first",))
    workshop.make("blind", features=("noise",))
    workshop.make("other", features=("first",), classes=("a", "b", "c"))
    workshop.make("number", features=("first",), classes=())
    workshop.make("noisy", features=("noise",), classes=())
    workshop.make("logged", features=("first",), classes=(), outcome=lambda values: np.log(values + 10))
    return workshop


# --- predict ---------------------------------------------------------------------------------------------------------


def open_rows(**columns: Any) -> pa.Table:
    table = rows(50, start=5 * 10**6).drop_columns(["outcome"])
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def predicted(shop: Workshop, table: pa.Table, name: str = "good", **given: Any) -> tuple[Any, list[dict[str, str]]]:
    pq.write_table(table, shop.folder / "open.parquet")
    out = shop.folder / "out.csv"
    found = predict(
        PredictRequest(artifact=shop.folder / name, rows=shop.folder / "open.parquet", out=out, limits=LIMITS, **given)
    )
    with out.open(newline="", encoding="utf-8") as stream:
        return found, list(csv.DictReader(stream))


@pytest.mark.parametrize(("name", "doubts"), [("good", False), ("blind", True)])
def test_each_open_record_gets_its_likeliest_class_and_doubt_below_a_half(
    name: str, doubts: bool, shop: Workshop
) -> None:
    found, lines = predicted(shop, open_rows(), name)
    assert [line["key"] for line in lines] == open_rows()["key"].to_pylist()
    unsure = 0
    for line in lines:
        shares = {name: float(line[f"p_{name}"]) for name in CLASSES}
        assert sum(shares.values()) == pytest.approx(1, abs=3e-6)
        likeliest = max(shares, key=lambda name: shares[name])
        assert line["predicted"].removeprefix("'") == likeliest
        assert float(line["probability"]) == shares[likeliest]
        assert line["uncertain"] == ("yes" if shares[likeliest] < 0.5 else "no")
        unsure += line["uncertain"] == "yes"
    assert (unsure > 0) is doubts
    assert found.uncertain == unsure
    assert sum(found.counts) == found.rows == len(lines)


def test_an_impossible_class_is_never_predicted_and_a_record_without_any_is_uncertain(shop: Workshop) -> None:
    nothing = [False] * 10 + [True] * 40
    some = {"possible_0": [False] * 50, "possible_1": nothing, "possible_2": nothing}
    _, plain = predicted(shop, open_rows())
    _, lines = predicted(shop, open_rows(**some))
    for index, (before, line) in enumerate(zip(plain, lines, strict=True)):
        if index < 10:
            assert line["uncertain"] == "yes"
            assert [line[f"p_{name}"] for name in CLASSES] == [before[f"p_{name}"] for name in CLASSES]
        else:
            assert float(line["p_on time"]) == 0
            assert line["predicted"] != "on time"
            ratio = float(before["p_late"]) / (float(before["p_late"]) + float(before["p_=very late"]))
            assert float(line["p_late"]) == pytest.approx(ratio, abs=1e-4)


def test_nothing_open_is_a_header_and_no_error(shop: Workshop) -> None:
    found, lines = predicted(shop, open_rows().slice(0, 0))
    assert (found.rows, found.counts, found.uncertain, lines) == (0, (0, 0, 0), 0, [])


def test_amounts_are_summed_per_group_and_class(shop: Workshop) -> None:
    amounts = [100.0, None] * 25
    groups = ["=a", None] * 25
    table = open_rows(also_0=groups, also_1=amounts)
    sums = shop.folder / "amounts.csv"
    found, lines = predicted(shop, table, by=0, amount=1, amounts=sums)
    wanted = [100 * sum(float(line[f"p_{name}"]) for line in lines[::2]) for name in CLASSES]
    assert [one.group for one in found.expected] == ["", "=a"]
    assert found.expected[0].amounts == (0, 0, 0)
    assert found.expected[1].amounts == pytest.approx(wanted, abs=1e-2)
    with sums.open(newline="") as stream:
        assert [line["group"] for line in csv.DictReader(stream)] == ["", "'=a"]
    with pytest.raises(DataError, match="column given with --amount is not numeric"):
        predicted(shop, table, by=1, amount=0)


def test_a_number_is_predicted_as_it_is_and_has_no_amounts_per_class(shop: Workshop) -> None:
    _, lines = predicted(shop, open_rows(), "number")
    model = load.load(shop.folder / "number")
    values = model.estimator.predict(np.array(open_rows()["first"]).reshape(-1, 1))
    assert [float(line["predicted"]) for line in lines] == values.tolist()
    with pytest.raises(DataError, match="this model predicts a number"):
        predicted(shop, open_rows(also_0=["a"] * 50, also_1=[1.0] * 50), "number", by=0, amount=1)


# --- compare ---------------------------------------------------------------------------------------------------------


def compared(shop: Workshop, candidate: str, incumbent: str, metric: str, **given: Any) -> Comparison:
    gate = NoWorseThanIncumbent(metric=metric, min_rows=given.get("min_rows", 100))
    return compare(
        CompareRequest(
            gate=gate,
            candidate=shop.folder / candidate,
            incumbent=shop.folder / incumbent,
            holdout=shop.rows(candidate, "holdout"),
            features=given.get("features", shop.rows(candidate, "holdout")),
            trained=given.get("trained", shop.rows(incumbent, "train")),
            limits=LIMITS,
            steps=given.get("steps", ()),
            incumbent_steps=given.get("incumbent_steps", ()),
        )
    )


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("metric", "good", "blind"),
    [
        *((metric, "good", "blind") for metric in ("accuracy", "f1_macro", "log_loss", "recall:on time")),
        *((metric, "number", "noisy") for metric in ("r2", "mae", "rmse")),
    ],
)
def test_whatever_the_metric_a_better_candidate_is_above_and_a_worse_one_below(
    metric: str, good: str, blind: str, shop: Workshop
) -> None:
    up, down = compared(shop, good, blind, metric), compared(shop, blind, good, metric)
    assert up.state is down.state is Comparability.COMPARED
    assert (up.difference, up.lower, up.upper) == pytest.approx((-down.difference, -down.upper, -down.lower))  # type: ignore[operator]
    assert up.lower is not None
    assert 0 < up.lower < up.difference < up.upper  # type: ignore[operator]
    own = compared(shop, good, good, metric)
    assert (own.difference, own.lower, own.upper, own.rows) == (0, 0, 0, 400)


def test_the_numbers_are_those_of_the_candidates_own_evaluation(shop: Workshop) -> None:
    found = compared(shop, "good", "blind", "f1_macro")
    evaluation = json.loads((shop.folder / "good" / "evaluation.json").read_text())
    assert found.candidate == pytest.approx(evaluation["metrics"]["f1_macro"])
    assert {one.metric: one.candidate for one in found.metrics} == pytest.approx(evaluation["metrics"])
    blind = json.loads((shop.folder / "blind" / "evaluation.json").read_text())
    assert {one.metric: one.incumbent for one in found.metrics} == pytest.approx(blind["metrics"])
    numbers = compared(shop, "number", "noisy", "r2")
    evaluation = json.loads((shop.folder / "number" / "evaluation.json").read_text())
    assert {one.metric: one.candidate for one in numbers.metrics} == pytest.approx(evaluation["metrics"])


LOG = (InverseStep(function="ln"), InverseStep(shift=10.0))
"""From ln(10 + score) to the score."""


@pytest.mark.parametrize("metric", ["r2", "mae", "rmse"])
def test_a_transformed_outcome_is_compared_in_its_unit_with_one_that_is_not(metric: str, shop: Workshop) -> None:
    plain = json.loads((shop.folder / "number" / "evaluation.json").read_text())["metrics"]
    holdout = pq.read_table(shop.rows("logged", "holdout"))
    model = load.load(shop.folder / "logged")
    predicted = np.exp(model.outputs(matrix_of(holdout, model.schema))[:, 0]) - 10
    wrong = predicted - (np.exp(holdout.column("outcome").to_numpy()) - 10)
    of_logged = {"mae": float(np.abs(wrong).mean()), "rmse": float(np.sqrt((wrong**2).mean()))}
    found = compared(shop, "logged", "number", metric, steps=LOG)
    assert found.state is Comparability.COMPARED
    assert found.incumbent == pytest.approx(plain[metric])
    if metric in of_logged:
        assert found.candidate == pytest.approx(of_logged[metric])
    back = compared(shop, "number", "logged", metric, incumbent_steps=LOG)
    assert (back.candidate, back.incumbent) == pytest.approx((found.incumbent, found.candidate))
    both = compared(shop, "logged", "logged", metric, steps=LOG, incumbent_steps=LOG)
    assert (both.difference, both.candidate) == pytest.approx((0, found.candidate))


def test_rows_that_the_incumbent_trained_on_do_not_count(shop: Workshop, tmp_path: Path) -> None:
    holdout = pq.read_table(shop.rows("good", "holdout"))
    pq.write_table(holdout.slice(0, 250), tmp_path / "trained.parquet")
    assert compared(shop, "good", "blind", "accuracy", trained=tmp_path / "trained.parquet").rows == 150
    pq.write_table(holdout, tmp_path / "trained.parquet")
    none = compared(shop, "good", "blind", "accuracy", trained=tmp_path / "trained.parquet")
    assert (none.state, none.rows) == (Comparability.NOT_COMPARABLE, 0)


def test_rows_pair_by_key_whatever_their_order_and_those_without_a_partner_do_not_count(
    shop: Workshop, tmp_path: Path
) -> None:
    holdout = pq.read_table(shop.rows("good", "holdout"))
    pq.write_table(holdout.take(list(range(399, 99, -1))).drop_columns(["outcome"]), tmp_path / "features.parquet")
    found = compared(shop, "good", "good", "accuracy", features=tmp_path / "features.parquet")
    assert (found.rows, found.difference) == (300, 0)


def test_too_few_rows_are_not_comparable_and_say_how_many(shop: Workshop) -> None:
    found = compared(shop, "good", "blind", "accuracy", min_rows=401)
    assert (found.state, found.rows) == (Comparability.NOT_COMPARABLE, 400)
    assert "400" in (found.reason or "")


def test_other_classes_are_not_comparable(shop: Workshop) -> None:
    assert compared(shop, "good", "other", "accuracy").state is Comparability.NOT_COMPARABLE
    assert compared(shop, "good", "number", "accuracy").state is Comparability.NOT_COMPARABLE


def test_an_incumbent_that_cannot_be_loaded_is_unscorable_and_a_candidate_is_an_error(
    shop: Workshop, tmp_path: Path
) -> None:
    broken = shop.folder / "broken"
    if not broken.exists():
        broken.mkdir()
        for file in (shop.folder / "good").iterdir():
            (broken / file.name).write_bytes(file.read_bytes())
        (broken / "model.skops").write_bytes(b"PK")
        pq.write_table(pq.read_table(shop.rows("good", "train")), shop.rows("broken", "train"))
        pq.write_table(pq.read_table(shop.rows("good", "holdout")), shop.rows("broken", "holdout"))
    found = compared(shop, "good", "broken", "accuracy")
    assert found.state is Comparability.UNSCORABLE
    assert found.reason
    with pytest.raises(ScoringError):
        compared(shop, "broken", "good", "accuracy")


def test_intervals_are_those_of_resampled_rows(shop: Workshop) -> None:
    """The resampled cells of `paired_classes` against a plain bootstrap over rows."""
    found = compared(shop, "good", "blind", "accuracy")
    table = pq.read_table(shop.rows("good", "holdout"))
    right = []
    for name, column in (("good", "first"), ("blind", "noise")):
        model = load.load(shop.folder / name)
        outputs = model.outputs(np.array(table[column]).reshape(-1, 1))
        right.append((outputs.argmax(axis=1) == np.array(table["outcome"])).astype(float))
    chance = np.random.default_rng(0)
    picks = chance.integers(0, 400, (4000, 400))
    differences = (right[0] - right[1])[picks].mean(axis=1)
    assert (found.lower, found.upper) == pytest.approx(tuple(np.quantile(differences, [0.025, 0.975])), abs=0.01)


# --- what a model file may hold --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def members(shop: Workshop) -> dict[str, bytes]:
    with zipfile.ZipFile(shop.folder / "good" / "model.skops") as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
    return stream.getvalue()


def refusal(body: bytes) -> str | None:
    """The code of a refusal, or None when it is taken; whatever else is raised is a failure."""
    try:
        load.estimator_of(body, GOOD)
    except ScoringError as error:
        return error.code
    return None


def test_an_untouched_file_is_taken(members: dict[str, bytes]) -> None:
    assert refusal(packed(members)) is None


def with_tree(members: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> bytes:
    tree = json.loads(members["schema.json"])
    change(tree)
    return packed({**members, "schema.json": json.dumps(tree).encode()})


def test_a_type_or_a_loader_that_is_not_listed_is_named_and_refused(members: dict[str, bytes]) -> None:
    changes: list[dict[str, Any]] = [
        {"__module__": "os", "__class__": "system"},
        {"__module__": "builtins", "__class__": "eval"},
        {"__module__": "builtins", "__class__": ["eval"]},
        {"__module__": "sklearn.pipeline", "__class__": "pipeline"},
        {"__loader__": "MethodNode"},
        {"__loader__": "OperatorFuncNode"},
        {"__loader__": "ConstructorFromReduceNode"},
        {"__loader__": "BytesNode"},
        {"__loader__": "NoNode"},
        {"__loader__": {}},
    ]
    for change in changes:
        assert refusal(with_tree(members, lambda tree, change=change: tree.update(change))) == "E506", change
    with pytest.raises(ScoringError, match=r"contains the type os\.system"):
        safe_archive.check(with_tree(members, lambda tree: tree.update(changes[0])))


def test_a_node_that_does_not_say_what_it_is_is_refused(members: dict[str, bytes]) -> None:
    for mark in ("__class__", "__module__", "__loader__"):
        assert refusal(with_tree(members, lambda tree, mark=mark: tree.pop(mark))) == "E507"


def test_a_type_deep_inside_is_found(members: dict[str, bytes]) -> None:
    evil = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1, "content": "x"}

    def hide(tree: dict[str, Any]) -> None:
        tree["content"]["extra"] = [{"a": [{"b": evil}]}]

    assert refusal(with_tree(members, hide)) == "E506"


def test_a_tree_without_end_is_refused(members: dict[str, bytes]) -> None:
    for depth in (500, 200_000):
        body = b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
        assert refusal(packed({**members, "schema.json": body})) == "E507"


def test_the_file_holds_these_members_as_they_are_and_no_others(members: dict[str, bytes]) -> None:
    array = next(name for name in members if name.endswith(".npy"))
    assert refusal(packed({**members, "../evil.npy": members[array]})) == "E507"
    assert refusal(packed({**members, "/1.npy": members[array]})) == "E507"
    assert refusal(packed({**members, "x.py": b"1"})) == "E507"
    assert refusal(packed({name: body for name, body in members.items() if name != array})) == "E507"
    assert refusal(packed({name: body for name, body in members.items() if name != "schema.json"})) == "E507"
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr(array, members[array])
    assert refusal(twice.getvalue()) == "E507"
    squeezed = io.BytesIO()
    with zipfile.ZipFile(squeezed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members.items():
            file.writestr(name, body)
    assert refusal(squeezed.getvalue()) == "E507"


def test_an_array_of_objects_is_refused_before_it_is_read(members: dict[str, bytes], tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (marker,)

    name = next(name for name in members if name.endswith(".npy"))
    for kind in (object, [("a", object), ("b", float)]):
        array = np.zeros(1, dtype=kind)
        array[0] = Evil() if kind is object else (Evil(), 1.0)
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=True)
        assert refusal(packed({**members, name: stream.getvalue()})) == "E507"
    for body in (members[name][:-1], members[name] + b"\0", b"", b"\x93NUMPY", members[name][:70]):
        assert refusal(packed({**members, name: body})) == "E507"
    assert not marker.exists()


@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header parsing:UserWarning")
def test_whatever_is_changed_the_answer_is_a_model_or_a_typed_refusal(
    members: dict[str, bytes], shop: Workshop
) -> None:
    """Bytes of the file, and bytes inside its members with the sums put right: never another error."""
    chance = random.Random(11)
    body = (shop.folder / "good" / "model.skops").read_bytes()
    codes: set[str | None] = set()
    for _ in range(250):
        changed = bytearray(body)
        at = chance.randrange(len(changed))
        changed[at : at + chance.choice((0, 1, 1, 20))] = chance.randbytes(chance.choice((0, 1, 1, 20)))
        codes.add(refusal(bytes(changed)))
    for _ in range(250):
        name = chance.choice(list(members))
        changed = bytearray(members[name])
        at = chance.randrange(len(changed) if name == "schema.json" else min(len(changed), 128))
        changed[at : at + chance.choice((0, 1, 1, 20))] = chance.choice((b"", b"(", b'"', b"[", b"0", b"'", b"\xff"))
        codes.add(refusal(packed({**members, name: bytes(changed)})))
    assert codes <= {None, "E506", "E507", "E511"}
    assert {"E506", "E507"} <= codes
