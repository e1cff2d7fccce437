"""Every estimator of the table: the same rows give the same bytes, load by our own list, and keep texts outside."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.digest import digest_of_file
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.errors import ScoringError, TrainingError
from reconciler.model_file import canonical_skops, load, safe_archive
from reconciler.ports import SelectResult, TrainRequest
from reconciler.training import estimator_catalog, fit
from reconciler.training.runtime_check import runtime_here

NO_SCHEMA = Schema(task="classification", columns=(), classes=(), key="key", tables=())
ACCOUNTS = [f"100000000000{digit}" for digit in range(6)]


# Less work; a hundred rounds of the same are no other claim.
QUICK = {
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), (("max_iter", 5),)),
    **{
        f"{ensemble}{kind}": (("n_estimators", 5),)
        for ensemble in ("AdaBoost", "ExtraTrees", "GradientBoosting", "RandomForest")
        for kind in ("Classifier", "Regressor")
    },
}


def rows(count: int, start: int, *, classifies: bool) -> pa.Table:
    chance = np.random.default_rng(start)
    x = chance.normal(size=(count, 3))
    account = chance.integers(0, 6, count)
    flag = chance.random(count) < 0.5
    score = x[:, 0] + (account == 2) + 0.3 * chance.normal(size=count)
    columns: dict[str, object] = {"key": [f"{index + start:08d}" for index in range(count)]}
    for index in range(3):
        values = x[:, index].copy()
        values[chance.random(count) < 0.05] = np.nan
        columns[f"n{index}"] = pa.array(values, from_pandas=True)
    columns["account"] = pa.array([None if chance.random() < 0.03 else ACCOUNTS[one] for one in account])
    columns["flag"] = pa.array(flag)
    columns["outcome"] = (score > 0).astype(np.int32) + (score > 1) if classifies else np.exp(score / 2)
    return pa.table(columns)


def request(folder: Path, name: str, into: Path, **changes: object) -> TrainRequest:
    classifies = estimator_catalog.ESTIMATORS[name][1] == "classification"
    for part, count, start in (("train", 300, 0), ("holdout", 80, 10**6)):
        pq.write_table(rows(count, start, classifies=classifies), folder / f"{part}.parquet")
    classes = tuple(OutcomeClass(name=label) for label in ("on time", "late", "very late"))
    recipe = Recipe(
        task=Task.CLASSIFICATION if classifies else Task.REGRESSION,
        data=Selection(table="t", key="key"),
        outcome=Outcome(column="z", classes=classes if classifies else ()),
        features=Features(numeric=("n0", "n1", "n2"), categorical=("account",), boolean=("flag",)),
        estimator=Estimator(uses="sklearn", class_name=name, params=QUICK.get(name, ())),
        holdout=Holdout(random=0.2),
        seed=3,
    )
    given = {
        "recipe": recipe,
        "selected": SelectResult(rows=380, holdout_rows=80, holdout_from=None, left_out=()),
        "train": folder / "train.parquet",
        "holdout": folder / "holdout.parquet",
        "evaluation_rows": digest_of_file(folder / "holdout.parquet"),
        "tables": (),
        "runtime": runtime_here(),
        "into": into,
        "limits": Limits(),
        **changes,
    }
    return TrainRequest(**given)  # type: ignore[arg-type]


@pytest.mark.soak(every=3)  # `test_rows_in_parts` trains each twice, too
@pytest.mark.parametrize("name", sorted(estimator_catalog.ESTIMATORS))
def test_the_same_rows_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    found = []
    for attempt in ("a", "b"):
        folder = tmp_path / attempt
        folder.mkdir()
        made = fit.train(request(folder, name, folder / "artifact"))
        found.append({file: (folder / "artifact" / file).read_bytes() for file in made.files})
    assert found[0] == found[1]
    assert canonical_skops.canonical(found[0]["model.skops"]) == found[0]["model.skops"]
    model = load.load(tmp_path / "a" / "artifact")
    assert model.schema.columns[3].categories == tuple(ACCOUNTS)
    for account in ACCOUNTS:
        assert account.encode() not in found[0]["model.skops"], "texts stay in the schema"


def test_the_committed_table_is_scikit_learns() -> None:
    assert estimator_catalog.path().read_text() == estimator_catalog.text(), (
        "run python -m reconciler.training.estimator_catalog"
    )


def test_another_runtime_than_the_declared_one_refuses_to_train(tmp_path: Path) -> None:
    from dataclasses import replace

    declared = replace(runtime_here(), versions=(("scikit-learn", "1.0.0"),), architecture="vax")
    with pytest.raises(TrainingError, match=r"scikit-learn 1\.0\.0, found .*architecture vax"):
        fit.train(request(tmp_path, "Ridge", tmp_path / "artifact", runtime=declared))


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("model")
    fit.train(request(folder, "LogisticRegression", folder / "artifact"))
    return (folder / "artifact" / "model.skops").read_bytes()


def rewritten(body: bytes, folder: Path, **change: object) -> bytes:
    """The archive with a changed tree, members or packing."""
    path = folder / "x.skops"
    with zipfile.ZipFile(__import__("io").BytesIO(body)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    tree = json.loads(members["schema.json"])
    for key, value in change.items():
        if key.startswith("__"):
            tree[key] = value
    members["schema.json"] = json.dumps(tree).encode()
    if "member" in change:
        members[str(change["member"])] = b"x"
    packing = zipfile.ZIP_DEFLATED if change.get("packed") else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", packing) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"__class__": "system", "__module__": "os"}, "E506"),
        ({"__class__": "eval", "__module__": "builtins"}, "E506"),
        ({"__loader__": "OperatorFuncNode"}, "E506"),
        ({"member": "../evil.npy"}, "E507"),
        ({"member": "extra.py"}, "E507"),
        ({"member": "99.npy"}, "E507"),
        ({"packed": True}, "E507"),
    ],
)
def test_a_model_file_with_anything_foreign_is_refused(
    model_file: bytes, change: dict[str, object], code: str, tmp_path: Path
) -> None:
    with pytest.raises(ScoringError) as refused:
        safe_archive.check(rewritten(model_file, tmp_path, **change))
    assert refused.value.code == code


def test_a_pickle_is_never_loaded_whatever_it_is_called(tmp_path: Path, model_file: bytes) -> None:
    import pickle

    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (marker,)

    for body in (pickle.dumps(Evil()), model_file[:-30], model_file[:100], b"", b"PK\x05\x06" + bytes(18)):
        with pytest.raises(ScoringError):
            load.estimator_of(body, NO_SCHEMA)
    array = np.array([Evil()], dtype=object)
    np.save(tmp_path / "0.npy", array, allow_pickle=True)
    with zipfile.ZipFile(__import__("io").BytesIO(model_file)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["0.npy"] = (tmp_path / "0.npy").read_bytes()
    with zipfile.ZipFile(tmp_path / "evil.skops", "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    with pytest.raises(ScoringError):
        load.estimator_of((tmp_path / "evil.skops").read_bytes(), NO_SCHEMA)
    assert not marker.exists()
