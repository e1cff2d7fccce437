"""From an experiment to the recipes that it tries."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.experiment.automatic import (
    automatic_experiment,
    automatic_space,
    default_metric,
    expected_seconds,
)
from reconciler.core.experiment.candidates import (
    arms_of,
    collapse_problem,
    recipe_at,
    rules_of,
    search_space,
    trials_of_arms,
    widest,
)
from reconciler.core.experiment.describe import changes_of
from reconciler.core.experiment.samplers import grid_points, random_points
from reconciler.core.experiment.tried_space import space_of
from reconciler.core.spec.decisions.declared import (
    Calibrate,
    CalibrationMethod,
    Decide,
    DecisionMetric,
    Recency,
    RowWeights,
)
from reconciler.core.spec.experiment.declared_experiment import (
    EstimatorSpace,
    Experiment,
    ModelSpace,
    ParamAxis,
    Sampler,
    Search,
)
from reconciler.core.spec.inputs.features import DateFeature, TextFeature
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Outcome,
    OutcomeClass,
    Past,
    PastFeature,
    Recipe,
    Selection,
    Task,
    Window,
)

RECIPE = Recipe(
    task=Task.CLASSIFICATION,
    data=Selection(
        table="invoices",
        key="row",
        where="amount > 0",
        past=Past(
            by="customer",
            at="issued",
            known="paid",
            features=(
                PastFeature(name="prior", expression="count(*)"),
                PastFeature(name="worst", expression="max(days)"),
            ),
        ),
        train=Window(by="issued", until="2025-01-01"),
    ),
    outcome=Outcome(
        classes=(
            OutcomeClass(name="on_time", when="days <= 0", possible="due >= as_of"),
            OutcomeClass(name="late", when="days <= 30", possible="x"),
            OutcomeClass(name="very_late", when="days > 30"),
        )
    ),
    features=Features(numeric=("amount", "terms"), categorical=("country",)),
    estimator=Estimator(uses="sklearn", class_name="LogisticRegression", params=(("C", 1.0),)),
    holdout=Holdout(last=0.2, by="issued"),
    seed=7,
)
SPACE = ModelSpace(
    estimators=(
        EstimatorSpace(
            uses="sklearn",
            class_name="RandomForestClassifier",
            params=(("n_estimators", 50),),
            tried=(ParamAxis(name="min_samples_leaf", low=1, high=20, whole=True),),
        ),
        EstimatorSpace(
            uses="sklearn",
            class_name="LogisticRegression",
            tried=(ParamAxis(name="class_weight", choices=(None, "balanced")), ParamAxis(name="C", low=0.1, high=10)),
        ),
    ),
    drop=("amount", "country"),
    add=Features(numeric=("prior",), boolean=("disputed",)),
)
EXPERIMENT = Experiment(
    name="search",
    model="lateness",
    environment="sandbox",
    metric="f1_macro",
    folds=3,
    trials=8,
    search=Search(sampler=Sampler.RANDOM),
    space=SPACE,
)


def test_a_point_changes_what_it_names_and_nothing_else() -> None:
    point = (("estimator", 1.0), ("estimator.1.class_weight", 1.0), ("estimator.1.C", 0.5), ("drop", 2.0))
    tried = recipe_at((*point, ("add.prior", 1.0), ("add.disputed", 0.0)), SPACE, RECIPE)
    assert tried.estimator == Estimator(
        uses="sklearn", class_name="LogisticRegression", params=(("C", 0.5), ("class_weight", "balanced"))
    )
    assert tried.features == Features(numeric=("amount", "terms", "prior"))
    assert replace(tried, estimator=RECIPE.estimator, features=RECIPE.features) == RECIPE
    assert changes_of(tried, RECIPE) == ("C 0.5, class_weight balanced", "without country", "with prior")


def test_whole_numbers_stay_whole_and_parameters_that_are_not_tried_stay() -> None:
    point = (("estimator", 0.0), ("estimator.0.min_samples_leaf", 5.0), ("drop", 0.0))
    estimator = recipe_at(point, SPACE, RECIPE).estimator
    assert estimator.params == (("min_samples_leaf", 5), ("n_estimators", 50))
    assert all(type(value) is int for _, value in estimator.params)


def test_every_point_of_a_space_gives_a_recipe_whose_features_the_selected_rows_have() -> None:
    wide = widest(SPACE, RECIPE)
    for batch in range(20):
        for point in random_points(search_space(SPACE), seed=1, batch=batch, count=8):
            tried = recipe_at(point, SPACE, RECIPE)
            assert set(tried.features.all) <= set(wide.features.all)
            assert tried.features.all


def test_rows_and_classes_open_arms_and_the_first_changes_neither() -> None:
    space = ModelSpace(where=(None, "amount >= 100"), since=(None, "2024-01-01"), collapse=("late", "very_late"))
    arms = arms_of(space, RECIPE)
    assert len(arms) == 8
    assert (arms[0].label, arms[0].recipe) == ("", RECIPE)
    assert len({arm.recipe for arm in arms}) == 8
    last = arms[-1].recipe
    assert last.data.where == "(amount > 0) and (amount >= 100)"
    assert last.data.train == Window(by="issued", since="2024-01-01", until="2025-01-01")
    assert last.class_names == ("on_time", "late_or_very_late")
    assert last.outcome.classes[1] == OutcomeClass(name="late_or_very_late", when="(days <= 30) or (days > 30)")
    assert trials_of_arms(10, 4) == (3, 3, 2, 2)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("late", "early"), "expected classes of the model"),
        (("on_time", "very_late"), "follow one another"),
        (("on_time", "late", "very_late"), "nothing to predict"),
        (("late", "late"), "two classes or more"),
    ],
)
def test_classes_that_cannot_become_one_are_told(names: tuple[str, ...], said: str) -> None:
    assert said in str(collapse_problem(RECIPE.outcome, names))


def test_an_experiment_stays_valid_once_one_of_its_trials_was_adopted() -> None:
    space = replace(SPACE, collapse=("late", "very_late"))
    experiment = replace(EXPERIMENT, space=space)
    point = (("estimator", 0.0), ("estimator.0.min_samples_leaf", 5.0), ("drop", 1.0), ("add.prior", 1.0))
    adopted = recipe_at(point, space, arms_of(space, RECIPE)[-1].recipe)
    left = space_of(experiment, adopted)
    assert left.drop == ("country",)
    assert left.add == Features(boolean=("disputed",))
    assert left.collapse == ()


def test_the_automatic_space_is_of_what_the_model_has() -> None:
    space = automatic_space(RECIPE, "f1_macro")
    assert {each.class_name for each in space.estimators} >= {"HistGradientBoostingClassifier", "LogisticRegression"}
    assert space.drop == RECIPE.features.all
    assert space.add == Features(numeric=("prior",)), "max(days) may be no number"
    quantile = replace(
        RECIPE,
        task=Task.REGRESSION,
        outcome=Outcome(column="days"),
        estimator=Estimator(
            uses="sklearn",
            class_name="HistGradientBoostingRegressor",
            params=(("loss", "quantile"), ("quantile", 0.9)),
        ),
    )
    (only,) = automatic_space(quantile, "pinball").estimators
    assert dict(only.params) == {"loss": "quantile", "quantile": 0.9}


def test_improve_is_an_experiment_of_a_name_of_its_own() -> None:
    from reconciler.core.digest import Digest
    from reconciler.core.spec.model import Model

    model = Model(name="m", environment="sandbox", recipe=RECIPE, recipe_digest=Digest("d"), gates=(), file="f")
    experiment = automatic_experiment(model, trials=None, metric=None, sampler=Sampler.RANDOM)
    assert (experiment.name, experiment.metric, experiment.space) == ("improve-m", "f1_macro", None)


COSTS = Decide(costs=(("on_time", (("late", 1.0), ("very_late", 2.0))),))
F1 = Decide(maximise=DecisionMetric.F1_MACRO, folds=5)
SIGMOID = Calibrate(uses=CalibrationMethod.SIGMOID, folds=5)
RULES = ModelSpace(calibrate=(None, SIGMOID), decide=(None, F1, COSTS))


def test_calibrations_and_decisions_are_axes_of_their_own() -> None:
    assert [(axis.name, axis.options) for axis in search_space(RULES).axes] == [("calibrate", 2), ("decide", 3)]
    tried = {
        (recipe.calibrate, recipe.decide)
        for point in grid_points(search_space(RULES), batch=0, count=6)
        for recipe in [recipe_at(point, RULES, RECIPE)]
    }
    fitted = replace(COSTS, folds=5)
    assert tried == {(None, None), (None, F1), (None, fitted), (SIGMOID, None), (SIGMOID, F1), (SIGMOID, COSTS)}, (
        "of calibrated probabilities nothing is fitted to costs"
    )
    assert set(rules_of(RULES, RECIPE)) == tried
    kept = replace(RECIPE, calibrate=SIGMOID, decide=COSTS)
    assert recipe_at((("drop", 0.0),), SPACE, kept) == kept, "what a space does not name stays"
    uncalibrated = recipe_at((("calibrate", 0.0),), ModelSpace(calibrate=(None,)), kept)
    assert uncalibrated.decide == fitted


def test_a_space_is_stored_as_before_and_read_back_with_calibrations_and_decisions() -> None:
    assert not {"calibrate", "decide"} & set(json.loads(codec.encode(SPACE)))
    assert codec.decode(ModelSpace, codec.encode(RULES), what="space") == RULES


def test_every_other_part_of_a_recipe_stays_in_every_trial() -> None:
    recipe = replace(
        RECIPE,
        features=Features(
            numeric=("amount", "terms", "size"),
            categorical=("country",),
            dates=(DateFeature(column="issued", parts=("month", "weekday")),),
            text=(TextFeature(column="note", buckets=8),),
            target_encoded=("goods",),
        ),
        estimator=Estimator(
            uses="sklearn",
            class_name="HistGradientBoostingClassifier",
            monotonic=(("amount", "increasing"), ("issued: month", "increasing")),
            interactions=(("amount", "terms"), ("size", "country"), ("issued: month", "size")),
        ),
        weights=RowWeights(recency=Recency(half_life=86_400, by="issued")),
        calibrate=SIGMOID,
        decide=F1,
    )
    space = space_of(replace(EXPERIMENT, space=None), recipe)
    by_name = {name: recipe_at((("drop", float(place)),), space, recipe) for place, name in enumerate(space.drop, 1)}
    assert set(by_name) == {"amount", "terms", "size", "country", "issued", "note", "goods"}
    for name, tried in by_name.items():
        assert name not in tried.features.columns
        assert len(tried.features.columns) == len(recipe.features.columns) - 1
        same = replace(tried, features=recipe.features, estimator=recipe.estimator)
        assert same == recipe, name
        of_features = {feature for feature, _ in tried.estimator.monotonic or ()}
        of_features |= {feature for group in tried.estimator.interactions or () for feature in group}
        assert of_features <= set(tried.features.all)
    assert by_name["issued"].estimator.monotonic == (("amount", "increasing"),)
    assert by_name["amount"].estimator.interactions == (("size", "country"), ("issued: month", "size"))
    assert by_name["note"].features.dates == recipe.features.dates


def test_a_feature_without_which_all_would_act_together_is_not_left_out() -> None:
    estimator = replace(RECIPE.estimator, interactions=(("amount", "terms"),))
    recipe = replace(RECIPE, estimator=estimator)
    assert space_of(EXPERIMENT, recipe).drop == ("country",)


def test_classes_that_become_one_weigh_as_the_lightest_of_them() -> None:
    weighed = replace(RECIPE.estimator, class_weights=(("late", 2.0), ("on_time", 4.0), ("very_late", 3.0)))
    space = ModelSpace(collapse=("late", "very_late"))
    arm = arms_of(space, replace(RECIPE, estimator=weighed))[-1]
    assert arm.recipe.estimator.class_weights == (("late_or_very_late", 2.0), ("on_time", 4.0))
    only = replace(RECIPE.estimator, class_weights=(("very_late", 3.0),))
    arm = arms_of(space, replace(RECIPE, estimator=only))[-1]
    assert arm.recipe.estimator.class_weights == (("late_or_very_late", 1.0),)
    assert "class_weight late_or_very_late: 1" in changes_of(arm.recipe, replace(RECIPE, estimator=only))[0]


@pytest.mark.parametrize(
    ("metric", "calibrates", "decides"),
    [
        ("f1_macro", True, True),
        ("balanced_accuracy", True, True),
        ("accuracy", False, False),
        ("log_loss", True, False),
    ],
)
def test_the_automatic_space_tries_the_rule_that_the_metric_can_tell(
    metric: str, calibrates: bool, decides: bool
) -> None:
    space = automatic_space(RECIPE, metric)
    assert (space.calibrate is not None, space.decide is not None) == (calibrates, decides)
    if space.decide is not None:
        none, rule = space.decide
        assert none is None
        assert rule is not None
        assert rule.maximise == metric
    assert automatic_space(replace(RECIPE, decide=COSTS), metric).decide is None, "what costs are for stays"


def test_a_model_that_decides_by_costs_is_judged_by_its_probabilities_with_each_calibration() -> None:
    by_costs = replace(RECIPE, decide=COSTS)
    assert [default_metric(each) for each in (RECIPE, by_costs)] == ["f1_macro", "log_loss"]
    calibrates = automatic_space(by_costs, "log_loss").calibrate or ()
    assert [each.uses if each is not None else None for each in calibrates] == [None, *reversed(CalibrationMethod)]
    own = Calibrate(uses=CalibrationMethod.ISOTONIC, folds=5)
    assert automatic_space(replace(by_costs, calibrate=own), "log_loss").calibrate == (None, own)


def test_a_rule_that_is_fitted_out_of_fold_is_counted_in_what_trials_take() -> None:
    seconds = [
        expected_seconds(replace(EXPERIMENT, space=ModelSpace(decide=decide)), RECIPE, 1000)
        for decide in (None, (F1,), (None, F1))
    ]
    assert [each / seconds[0] for each in seconds] == pytest.approx([1, 6, 3.5])


def test_what_follows_the_estimator_is_said_in_words() -> None:
    changed = replace(RECIPE, calibrate=SIGMOID, decide=F1)
    assert changes_of(changed, RECIPE) == ("calibrate sigmoid, 5 folds", "decide f1_macro, 5 folds")
    assert changes_of(RECIPE, changed) == ("no calibration", "decide the most likely class")
    by_costs = replace(RECIPE, decide=replace(COSTS, folds=5))
    assert changes_of(by_costs, RECIPE) == ("decide by costs",)
    assert changes_of(replace(RECIPE, calibrate=SIGMOID, decide=COSTS), by_costs) == ("calibrate sigmoid, 5 folds",)
