"""Which check a loaded model gets, and that each way to load a model goes through it."""

from __future__ import annotations

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from tests.support.small_models import schema, trained


def refusal(model: object, **changes: object) -> ScoringError:
    with pytest.raises(ScoringError) as refused:
        check_structure(model, changes.get("schema", trained("Ridge").schema))  # type: ignore[arg-type]
    return refused.value


def test_what_is_no_estimator_of_the_table_is_refused() -> None:
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    for model in (None, {}, 3, np.zeros(3), StandardScaler(), SVC()):
        error = refusal(model)
        assert error.code == "E507"
        assert "the model: expected an estimator of this tool's table" in error.message


def test_an_estimator_of_the_same_name_is_no_other() -> None:
    class Ridge:
        pass

    assert "expected a Ridge, found a Ridge" in refusal(Ridge()).message


@pytest.mark.parametrize(("name", "classes"), [("Ridge", 3), ("LogisticRegression", 0), ("RandomForestClassifier", 0)])
def test_a_model_for_another_kind_of_outcome_is_refused(name: str, classes: int) -> None:
    assert refusal(trained(name).loaded(), schema=schema(classes)).code == "E507"


@pytest.mark.parametrize("columns", ["ncnb", "ncnbnn", "nnnbn", "cnnbn"])
@pytest.mark.parametrize("name", ["Ridge", "HistGradientBoostingRegressor"])
def test_a_model_for_other_columns_is_refused(name: str, columns: str) -> None:
    assert refusal(trained(name).loaded(), schema=schema(0, columns)).code == "E507"


def test_another_version_of_scikit_learn_is_named_and_the_way_on_is_its_runtime() -> None:
    """Its attributes may rightly be others, so that nothing can be said of the file."""
    small = trained("Ridge")
    model = small.loaded()
    model._sklearn_version = "1.8.0"
    check_structure(model, small.schema)
    model.steps[-1][1].more = 1
    error = refusal(model)
    assert error.code == "E511"
    assert error.message.startswith("scikit-learn '1.8.0' wrote this model, and 1.9")
    assert "install the runtime" in (error.hint or "")
