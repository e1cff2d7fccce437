"""Boosted trees that decide by costs without a calibration are told of; nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod, Decide, DecisionMetric
from reconciler.core.spec.decisions.uncalibrated import decides_uncalibrated
from reconciler.core.spec.recipe import Estimator
from tests.unit.core.experiment.test_candidates import COSTS, RECIPE

F1 = Decide(maximise=DecisionMetric.F1_MACRO, folds=5)
ISOTONIC = Calibrate(uses=CalibrationMethod.ISOTONIC, folds=5)


@pytest.mark.parametrize(
    ("uses", "name", "boosted"),
    [
        ("sklearn", "HistGradientBoostingClassifier", True),
        ("sklearn", "GradientBoostingClassifier", True),
        ("lightgbm", "LGBMClassifier", True),
        ("xgboost", "XGBClassifier", True),
        ("sklearn", "LogisticRegression", False),
        ("sklearn", "RandomForestClassifier", False),
    ],
)
def test_costs_of_boosted_trees_ask_for_a_calibration(uses: str, name: str, *, boosted: bool) -> None:
    by_costs = replace(RECIPE, estimator=Estimator(uses=uses, class_name=name), decide=COSTS)
    assert decides_uncalibrated(by_costs) is boosted
    assert not decides_uncalibrated(replace(by_costs, calibrate=ISOTONIC))
    assert not decides_uncalibrated(replace(by_costs, decide=F1))
    assert not decides_uncalibrated(replace(by_costs, decide=None))
