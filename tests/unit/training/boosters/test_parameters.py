"""Every parameter that a library knows is in the table or left out for a reason; what the table allows, it takes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from reconciler.core.spec.recipe import Estimator
from reconciler.errors import ScoringError, TrainingError
from reconciler.manifest.schema.estimators import problems, table
from reconciler.model_file.boosters.boosted_model import without_library
from reconciler.training import estimator_catalog
from reconciler.training.boosters import fit as boosters
from reconciler.training.boosters import parameters
from tests.support import small_models
from tests.support.each import hold_for_each
from tests.support.small_boosters import lightgbm, rows, xgboost


def test_no_parameter_of_lightgbm_is_forgotten() -> None:
    aliases: dict[str, list[str]] = lightgbm.basic._ConfigAliases._get_all_param_aliases()
    named = {alias: name for name, more in aliases.items() for alias in more}
    text = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(np.arange(40.0).reshape(20, 2), np.arange(20.0)), 1)
    known = set(aliases) | set(re.findall(r"\[(\w+):", text.model_to_string())) | set(lightgbm.LGBMModel().get_params())
    told = set(parameters.LEFT_OUT["lightgbm"])
    told |= parameters.PARAMETERS["LGBMClassifier"].keys() | parameters.PARAMETERS["LGBMRegressor"].keys()
    assert {named.get(name, name) for name in known} - {named.get(name, name) for name in told} == set()


def test_no_parameter_of_xgboost_is_forgotten() -> None:
    told = set(parameters.LEFT_OUT["xgboost"])
    told |= parameters.PARAMETERS["XGBClassifier"].keys() | parameters.PARAMETERS["XGBRegressor"].keys()
    assert set(xgboost.XGBModel().get_params()) - told == set()


def test_nothing_is_both_allowed_and_left_out() -> None:
    for name, (uses, _) in parameters.CLASSES.items():
        assert not parameters.PARAMETERS[name].keys() & parameters.LEFT_OUT[uses].keys()
        assert set(table()[name]["params"]) == set(parameters.PARAMETERS[name])


def test_a_library_takes_the_least_value_that_the_table_allows() -> None:
    """The largest of a size takes too long; that of a share is tried."""

    def check(case: tuple[str, str, Any]) -> None:
        name, parameter, value = case
        uses, task = parameters.CLASSES[name]
        of, matrix, targets = rows(2 if task == "classification" else 0, "nc")
        params = {"n_estimators": 2, parameter: value}
        if parameter == "monotone_constraints_method":
            return
        estimator = Estimator(uses=uses, class_name=name, params=tuple(sorted(params.items())))
        assert list(problems(estimator, task)) == []
        boosters.fit(estimator, of, matrix, targets, seed=1)

    cases: list[tuple[str, str, Any]] = []
    for name in ("LGBMClassifier", "XGBRegressor"):
        for parameter, forms in table()[name]["params"].items():
            if parameter in ("top_rate", "other_rate", "objective", "quantile_alpha"):
                continue  # of other parameters
            for form in forms:
                if form["type"] in ("integer", "real") and "min" in form:
                    cases.append((name, parameter, form["min"] + (0.001 if form.get("minOpen") else 0)))
                if form["type"] == "real" and form.get("max") == 1.0 and not form.get("maxOpen"):
                    cases.append((name, parameter, 1.0))
                if form["type"] == "choice":
                    cases += [(name, parameter, choice) for choice in form["values"]]
    hold_for_each(check, cases)


def test_the_table_of_the_old_estimators_is_what_it_was() -> None:
    for name in estimator_catalog.ESTIMATORS:
        assert table()[name]["uses"] == "sklearn"


def test_rows_of_one_class_are_no_model_and_weights_reach_both() -> None:
    of, matrix, targets = rows(2, "nn")
    for uses, name in (("lightgbm", "LGBMClassifier"), ("xgboost", "XGBClassifier")):
        estimator = Estimator(uses=uses, class_name=name, params=(("n_estimators", 5),))
        with pytest.raises(TrainingError, match="two classes or more"):
            boosters.fit(estimator, of, matrix, np.zeros(len(matrix), dtype=int), seed=1)
        plain = boosters.fit(estimator, of, matrix, targets, seed=1)
        weighed = boosters.fit(estimator, of, matrix, targets, seed=1, weights=np.where(targets == 1, 5.0, 1.0))
        assert weighed.predict_proba(matrix)[:, 1].mean() > plain.predict_proba(matrix)[:, 1].mean() + 0.1  # type: ignore[union-attr]


def test_a_large_seed_and_infinite_numbers_are_taken() -> None:
    of, matrix, targets = rows(0, "nn")
    matrix = matrix.copy()
    matrix[:3, 0] = (np.inf, -np.inf, 1e300)
    for uses, name in (("lightgbm", "LGBMRegressor"), ("xgboost", "XGBRegressor")):
        estimator = Estimator(uses=uses, class_name=name, params=(("n_estimators", 5), ("subsample", 0.5)))
        model = boosters.fit(estimator, of, matrix, targets, seed=2**32 - 1)
        assert np.isfinite(model.predict(matrix)).all()


def test_a_library_that_is_missing_or_cannot_be_loaded_is_told_apart_from_another_failure() -> None:
    lacking = without_library("xgboost", ModuleNotFoundError("gone", name="xgboost"))
    assert isinstance(lacking, ScoringError)
    assert (lacking.code, lacking.hint) == ("E610", "pip install 'model-reconciler[xgboost]'")
    with pytest.raises(ModuleNotFoundError, match="scipy"):
        without_library("xgboost", ModuleNotFoundError("no scipy", name="scipy"))
    unloadable = without_library("lightgbm", OSError("libgomp.so.1: cannot open shared object file"))
    assert unloadable.code == "E610"
    assert "libgomp.so.1" in unloadable.message
    assert "apt-get install libgomp1" in str(unloadable.hint)
    assert small_models.schema(0).classes == ()
