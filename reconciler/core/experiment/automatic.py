"""The automatic space: what is tried of a model for which nobody wrote an experiment, and by how many trials.

Families and ranges are those that a first search of a table needs: boosting, forests and a linear model; a decision
and a calibration where the metric can tell them, and no weights by class, which a decision makes needless and which
spoil probabilities; each feature left out; the features from past rows that the manifest declares and the model does
not use. In which order they are tried is said by `stages`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator

from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.experiment.candidates import rules_of
from reconciler.core.experiment.past_space import TableFacts, past_space
from reconciler.core.experiment.stages import StageKind, stages_of
from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod, Decide, DecisionMetric
from reconciler.core.spec.experiment.declared_experiment import (
    AUTOMATIC,
    CLASS_METRICS,
    NUMBER_METRICS,
    EstimatorSpace,
    Experiment,
    ModelSpace,
    ParamAxis,
    Sampler,
    Search,
)
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Blend, Features, Param, Recipe, Task

TRIALS, FOLDS = 60, 3
_NUMBERS = re.compile(r"\s*(count|count_if|sum|avg|mean|median|stddev|stddev_samp)\s*\(", re.IGNORECASE)
_RULE_FOLDS = 3  # of calibrations and decisions: each fold is one more fit in every trial that has them
_SIGMOID, _ISOTONIC = (
    Calibrate(uses=method, folds=_RULE_FOLDS) for method in (CalibrationMethod.SIGMOID, CalibrationMethod.ISOTONIC)
)


def automatic_experiment(
    model: Model, *, trials: int | None, metric: str | None, sampler: Sampler, seed: int = 1
) -> Experiment:
    """Return the experiment of `improve MODEL`."""
    return Experiment(
        name=AUTOMATIC + model.name,
        model=model.name,
        environment=model.environment,
        metric=metric or default_metric(model.recipe),
        folds=FOLDS,
        trials=trials or TRIALS,
        search=Search(sampler=sampler, seed=seed, prune=True),
        space=None,
    )


def default_metric(recipe: Recipe) -> str:
    """Return the metric that trials of a model are judged by where nobody says one.

    A model that decides by costs is as good as its probabilities are, whatever these costs make of F1.
    """
    if recipe.task is Task.CLASSIFICATION:
        return "log_loss" if _is_by_costs(recipe) else "f1_macro"
    return "mae" if quantile_of(recipe.estimator) is None else "pinball"


def _is_by_costs(recipe: Recipe) -> bool:
    return recipe.decide is not None and recipe.decide.costs is not None


def metrics_for(recipe: Recipe) -> tuple[str, ...]:
    """Return the metrics that trials of a model may be judged by."""
    if recipe.task is Task.CLASSIFICATION:
        return tuple(CLASS_METRICS)
    is_quantile = quantile_of(recipe.estimator) is not None
    return tuple(name for name in NUMBER_METRICS if name != "pinball" or is_quantile)


def automatic_space(
    recipe: Recipe, metric: str, libraries: Collection[str] = (), facts: TableFacts | None = None
) -> ModelSpace:
    """Return the space for a recipe and a metric.

    `libraries`: of estimators beside scikit-learn, those that the environment's runtime declares, whatever is installed
    here: so every machine tries the same. `facts`: of the rows; None where nobody has read them.
    """
    features = recipe.features
    past = past_space(recipe, facts) if facts is not None else None
    new = tuple(name for group in past.groups for name in group) if past is not None else ()
    classifies = recipe.task is Task.CLASSIFICATION
    by_costs = _is_by_costs(recipe)  # what the model is for: kept in every trial
    calibrates: tuple[Calibrate | None, ...] = (recipe.calibrate,) if recipe.calibrate is not None else (_SIGMOID,)
    if by_costs and recipe.calibrate is None:
        calibrates = (_ISOTONIC, _SIGMOID)
    decides = classifies and not by_costs and metric in {each.value for each in DecisionMetric}
    return ModelSpace(
        estimators=tuple(_estimators(recipe, libraries)),
        drop=features.columns if len(features.columns) > 1 else (),
        add=Features(numeric=(*_unused_past(recipe, facts), *new)),
        calibrate=(None, *calibrates) if decides or (classifies and metric == "log_loss") else None,
        decide=(None, Decide(maximise=DecisionMetric(metric), folds=_RULE_FOLDS)) if decides else None,
        past=past,
    )


def _unused_past(recipe: Recipe, facts: TableFacts | None) -> Iterator[str]:
    """Yield the declared features from earlier rows that are numbers, and that the model does not use."""
    used = {name.lower() for name in recipe.features.all}
    for feature in recipe.data.past.features if recipe.data.past else ():
        is_number = facts.is_number(feature.name) if facts is not None else _NUMBERS.match(feature.expression)
        if feature.name.lower() not in used and is_number:
            yield feature.name


def _estimators(recipe: Recipe, libraries: Collection[str]) -> Iterator[EstimatorSpace]:
    """Yield the families; of a model with constraints only those that keep to them."""
    constrained = recipe.estimator.constraints != (None, None)
    for space in (*_families(recipe), *_boosters(recipe, libraries)):
        if not constrained or space.class_name.startswith("HistGradientBoosting"):
            yield space


def _boosters(recipe: Recipe, libraries: Collection[str]) -> Iterator[EstimatorSpace]:
    """Yield the boosted trees of other libraries: of classes, of the mean, and of a quantile."""
    quantile = quantile_of(recipe.estimator)
    kind = "Classifier" if recipe.task is Task.CLASSIFICATION else "Regressor"
    shared = (
        ParamAxis(name="learning_rate", low=0.02, high=0.3, log=True),
        ParamAxis(name="n_estimators", low=50, high=300, whole=True, log=True),
        ParamAxis(name="reg_lambda", low=0.001, high=10, log=True),
        ParamAxis(name="colsample_bytree", low=0.3, high=1.0),
    )
    if "lightgbm" in libraries:
        fixed: dict[str, Param] = {} if quantile is None else {"objective": "quantile", "alpha": quantile}
        tried = (
            *shared,
            ParamAxis(name="num_leaves", low=3, high=63, whole=True, log=True),
            ParamAxis(name="min_child_samples", low=5, high=100, whole=True, log=True),
        )
        yield _space("lightgbm", f"LGBM{kind}", fixed, *tried)
    if "xgboost" in libraries:
        fixed = {} if quantile is None else {"objective": "reg:quantileerror", "quantile_alpha": quantile}
        tried = (
            *shared,
            ParamAxis(name="max_depth", low=2, high=8, whole=True),
            ParamAxis(name="min_child_weight", low=1, high=50, log=True),
        )
        yield _space("xgboost", f"XGB{kind}", fixed, *tried)


def _families(recipe: Recipe) -> Iterator[EstimatorSpace]:
    quantile = quantile_of(recipe.estimator)
    boosting = (
        ParamAxis(name="learning_rate", low=0.02, high=0.3, log=True),
        ParamAxis(name="max_iter", low=50, high=300, whole=True, log=True),
        ParamAxis(name="max_leaf_nodes", low=3, high=63, whole=True, log=True),
        ParamAxis(name="min_samples_leaf", low=5, high=100, whole=True, log=True),
        ParamAxis(name="l2_regularization", low=0.001, high=10, log=True),
        ParamAxis(name="max_features", low=0.3, high=0.95),
    )
    forest = (
        ParamAxis(name="min_samples_leaf", low=1, high=20, whole=True, log=True),
        ParamAxis(name="max_features", low=0.2, high=0.95),
    )
    if recipe.task is Task.CLASSIFICATION:
        yield _sklearn("HistGradientBoostingClassifier", {}, *boosting)
        yield _sklearn("RandomForestClassifier", {"n_estimators": 100}, *forest)
        yield _sklearn("ExtraTreesClassifier", {"n_estimators": 100}, *forest)
        yield _sklearn("LogisticRegression", {"max_iter": 1000}, ParamAxis(name="C", low=0.01, high=100, log=True))
    elif quantile is not None:
        yield _sklearn("HistGradientBoostingRegressor", {"loss": "quantile", "quantile": quantile}, *boosting)
    else:
        losses = ParamAxis(name="loss", choices=("squared_error", "absolute_error"))
        yield _sklearn("HistGradientBoostingRegressor", {}, *boosting, losses)
        yield _sklearn("RandomForestRegressor", {"n_estimators": 100}, *forest)
        yield _sklearn("ExtraTreesRegressor", {"n_estimators": 100}, *forest)
        yield _sklearn("Ridge", {}, ParamAxis(name="alpha", low=0.01, high=100, log=True))


def _sklearn(class_name: str, params: dict[str, Param], *tried: ParamAxis) -> EstimatorSpace:
    return _space("sklearn", class_name, params, *tried)


def _space(uses: str, class_name: str, params: dict[str, Param], *tried: ParamAxis) -> EstimatorSpace:
    return EstimatorSpace(uses=uses, class_name=class_name, params=tuple(sorted(params.items())), tried=tried)


def expected_seconds(experiment: Experiment, recipe: Recipe, rows: int) -> float:
    """Return about how long all trials take on one processor of 2020, by the average of the estimators.

    Counted and not timed; a machine that is loaded, or wide tables of text, take longer.
    """
    space = experiment.space if experiment.space is not None else automatic_space(recipe, experiment.metric)
    tried = [each.blend or each.class_name for each in space.estimators]
    names = tried or [recipe.estimator.blend or recipe.estimator.class_name]
    columns, classes = len(recipe.features.all), len(recipe.class_names) if len(recipe.class_names) > 2 else 1

    def seconds(name: str | Blend) -> float:
        if isinstance(name, Blend):  # each member once, and on as many rows less a part for each fold
            return name.folds * sum(seconds(member.class_name) for _, member in name.members)
        if "Boosting" in name or name.startswith(("LGBM", "XGB")):
            return 150 * classes * (0.0008 + 9e-5 * columns * min(1.0, rows / 800) + 2e-8 * rows * columns)
        if "Trees" in name or "Forest" in name:
            return 0.3 + 1.3e-4 * rows * math.sqrt(columns)
        return 0.01 + 2e-6 * rows * columns * classes

    average = sum(map(seconds, names)) / len(names)
    fits = [1 + sum({each.folds or 0 for each in rules if each is not None}) for rules in rules_of(space, recipe)]
    usual = sum(fits) / len(fits)
    of_stage = {StageKind.ALL: usual, StageKind.RULES: max(fits)}
    stages = stages_of(experiment, space, experiment.trials)
    fitted = usual + sum(stage.trials * of_stage.get(stage.kind, min(fits)) for stage in stages)
    # Of a batch that is halved fold by fold, all trials are judged on the first fold, half of them on the second, ...
    judged = 2 * (1 - 0.5**experiment.folds) if experiment.search.prune else experiment.folds
    return judged * average * fitted
