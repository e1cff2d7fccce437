"""An automatic experiment goes by stages: good estimators first, then what is around them, then rules of the best."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.experiment.automatic import TRIALS, automatic_experiment, automatic_space
from reconciler.core.experiment.candidates import recipe_at, search_space, widest
from reconciler.core.experiment.describe import notes_of
from reconciler.core.experiment.past_space import ColumnFacts, TableFacts
from reconciler.core.experiment.samplers import random_points
from reconciler.core.experiment.search_space import Point
from reconciler.core.experiment.stages import (
    AUTOMATIC_FORMAT,
    Stage,
    StageKind,
    around,
    axes_around,
    best_before,
    families_around,
    first_points,
    learnt_from,
    points_of,
    stages_of,
)
from reconciler.core.experiment.standings import ScoredTrial, ahead_of
from reconciler.core.experiment.trial import ExperimentIdentity, FoldFigures
from reconciler.core.experiment.tried_space import space_of
from reconciler.core.spec.decisions.declared import DecisionMetric
from reconciler.core.spec.experiment.declared_experiment import EstimatorSpace, Experiment, ModelSpace, Sampler, Search
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Estimator, Outcome, Recipe, Task
from tests.unit.core.experiment.test_candidates import COSTS, RECIPE

NUMBERS = replace(RECIPE, task=Task.REGRESSION, outcome=Outcome(column="days"))
QUANTILE = replace(
    NUMBERS,
    estimator=Estimator(
        uses="sklearn",
        class_name="HistGradientBoostingRegressor",
        params=(("loss", "quantile"), ("quantile", 0.9)),
    ),
)


def experiment_of(recipe: Recipe, metric: str | None = None, trials: int = TRIALS) -> Experiment:
    model = Model(name="m", environment="sandbox", recipe=recipe, recipe_digest=Digest("d"), gates=(), file="f")
    return automatic_experiment(model, trials=trials, metric=metric, sampler=Sampler.RANDOM)


def trial(number: int, point: Point, space: ModelSpace, *, loss: float, f1: float, rounds: int = 3) -> ScoredTrial:
    fold = FoldFigures(metrics=(("f1_macro", f1), ("log_loss", loss)), trained=60, judged=20)
    return ScoredTrial(
        number=number,
        arm=0,
        recipe=recipe_at(point, space, RECIPE),
        point=point,
        folds=(fold,) * rounds,
        failed=None,
        rounds=rounds,
        whole=rounds == 3,
    )


LIBRARIES = ("lightgbm", "xgboost")
FACTS = TableFacts(
    rows=100,
    columns=tuple(
        ColumnFacts(name=name, type=kind)
        for name, kind in (("amount", "DOUBLE"), ("days", "BIGINT"), ("terms", "BIGINT"), ("issued", "DATE"))
    ),
    past=(ColumnFacts(name="prior", type="BIGINT"), ColumnFacts(name="worst", type="BIGINT")),
    reads=(("outcome.classes.late", ("days",)), ("outcome.classes.on_time", ("days",))),
    as_of="2025-01-01",
)


@pytest.mark.parametrize("recipe", [RECIPE, NUMBERS, QUANTILE, replace(RECIPE, decide=COSTS)])
@pytest.mark.parametrize("trials", [1, 2, 5, 12, 60, 500])
@pytest.mark.parametrize(("libraries", "facts"), [((), None), (LIBRARIES, FACTS)], ids=["bare", "all"])
def test_the_stages_have_all_trials_between_them_and_their_points_are_of_the_space(
    recipe: Recipe, trials: int, libraries: tuple[str, ...], facts: TableFacts | None
) -> None:
    experiment = experiment_of(recipe, trials=trials)
    space = space_of(experiment, recipe, libraries, facts)
    stages = stages_of(experiment, space, trials)
    assert sum(stage.trials for stage in stages) == trials
    known = {axis.name: axis for axis in search_space(space).axes}
    for point in first_points(space):
        assert [name for name in known if name in dict(point)] == [name for name, _ in point], "in order of the axes"
        for name, value in point:
            axis = known[name]
            assert axis.low <= value <= axis.high if not axis.options else 0 <= value < axis.options
        recipe_at(point, space, recipe)
    assert len(set(first_points(space))) == len(first_points(space))


def test_each_family_has_a_first_point_and_boosting_comes_before_what_takes_long() -> None:
    space = automatic_space(RECIPE, "f1_macro")
    tried = [recipe_at(point, space, RECIPE).estimator.class_name for point in first_points(space)]
    assert set(tried) == {each.class_name for each in space.estimators} | {RECIPE.estimator.class_name}
    with_past = recipe_at(first_points(space)[0], space, RECIPE)
    assert with_past.features.numeric == (*RECIPE.features.numeric, "prior"), (
        "the model as it is with what it leaves out"
    )
    assert with_past.estimator == RECIPE.estimator


def test_classes_are_ranked_by_log_loss_until_rules_are_tried_and_numbers_by_their_metric() -> None:
    by = {
        stage.kind: stage.metric for stage in stages_of(experiment_of(RECIPE), automatic_space(RECIPE, "f1_macro"), 60)
    }
    assert by == {
        StageKind.FIRST: "log_loss",
        StageKind.AROUND: "log_loss",
        StageKind.WITHOUT: "log_loss",
        StageKind.RULES: "f1_macro",
    }
    numbers = stages_of(experiment_of(NUMBERS, "mae"), automatic_space(NUMBERS, "mae"), 60)
    assert {stage.metric for stage in numbers} == {"mae"}
    assert StageKind.RULES not in {stage.kind for stage in numbers}


def test_a_space_that_somebody_wrote_has_no_stages() -> None:
    space = ModelSpace(estimators=(EstimatorSpace(uses="sklearn", class_name="Ridge"),))
    (stage,) = stages_of(replace(experiment_of(RECIPE), space=space), space, 20)
    assert (stage.kind, stage.trials, stage.metric) == (StageKind.ALL, 20, "f1_macro")


@pytest.fixture
def space() -> ModelSpace:
    return automatic_space(RECIPE, "f1_macro")


def test_rules_follow_the_estimators_of_least_log_loss_also_the_model_as_it_is(space: ModelSpace) -> None:
    points = first_points(space)
    stage = Stage(kind=StageKind.RULES, trials=8, metric="f1_macro")
    before = [
        trial(0, (), space, loss=0.5, f1=0.9),
        trial(1, points[0], space, loss=0.4, f1=0.1),
        trial(2, points[1], space, loss=0.1, f1=0.99, rounds=2),
        trial(3, points[2], space, loss=0.6, f1=0.8),
    ]
    found = [recipe_at(point, space, RECIPE) for point in points_of(stage, 0, 8, space, before, 1)]
    best = recipe_at(points[0], space, RECIPE)
    assert [(each.estimator, each.features) for each in found[:4]] == [
        *[(best.estimator, best.features)] * 2,
        *[(RECIPE.estimator, RECIPE.features)] * 2,
    ]
    assert all(each.decide is not None and each.decide.maximise is DecisionMetric.F1_MACRO for each in found)
    assert [each.calibrate is not None for each in found] == [False, True] * 3
    later = points_of(stage, 4, 8, space, before, 1)
    assert [recipe_at(point, space, RECIPE) for point in later] == found[4:]


def test_one_feature_at_a_time_is_left_out_of_the_best(space: ModelSpace) -> None:
    stage = Stage(kind=StageKind.WITHOUT, trials=3, metric="log_loss")
    first = first_points(space)[1]
    before = [trial(0, (), space, loss=0.5, f1=0.9), trial(1, first, space, loss=0.4, f1=0.1)]
    points = points_of(stage, 0, 3, space, before, 1)
    found = [recipe_at(point, space, RECIPE) for point in points]
    whole = before[1].recipe.features.all
    assert len({each.features.all for each in found}) == len(found) == min(3, len(space.drop))
    assert all(len(each.features.all) == len(whole) - 1 for each in found)
    assert {each.estimator for each in found} == {before[1].recipe.estimator}


def test_a_search_around_the_best_is_of_two_families_with_its_further_features_and_no_rules(space: ModelSpace) -> None:
    past, boosting, bare, forest, extra, linear, *_ = first_points(space)
    before = [
        trial(0, (), space, loss=0.5, f1=0.5),
        trial(1, forest, space, loss=0.45, f1=0.9),
        trial(2, boosting, space, loss=0.1, f1=0.9, rounds=1),
        trial(3, linear, space, loss=0.42, f1=0.5),
        trial(4, extra, space, loss=0.3, f1=0.9, rounds=2),
    ]
    families = families_around(space, before, "log_loss")
    assert [space.estimators[place].class_name for place in families] == [
        "LogisticRegression",
        "RandomForestClassifier",
    ], "those that were judged on more folds were better than those that were left out"
    axes = axes_around(space, families)
    assert {axis.name.split(".")[0] for axis in axes.axes} == {"estimator"}
    for point in random_points(axes, seed=1, batch=0, count=20):
        (found,) = around(space, [point], families, before, "log_loss")
        tried = recipe_at(found, space, RECIPE)
        assert tried.estimator.class_name in {"LogisticRegression", "RandomForestClassifier"}
        assert ("prior" in tried.features.all, tried.decide, tried.calibrate) == (True, None, None)
        told = learnt_from([trial(5, found, space, loss=0.5, f1=0.5)], families)
        assert told[0].point == point, "what is learnt from is in the axes of the search"
    without = [*before, trial(5, bare, space, loss=0.1, f1=0.5)]
    (found,) = around(space, [point], families, without, "log_loss")
    assert "prior" not in recipe_at(found, space, RECIPE).features.all
    assert past == (("add.prior", 1.0),) or dict(past)["add.prior"] == 1.0


def test_a_sampler_learns_from_trials_of_its_families_without_rules(space: ModelSpace) -> None:
    points = first_points(space)
    ruled = points_of(
        Stage(kind=StageKind.RULES, trials=1, metric="f1_macro"),
        *(0, 1, space, [trial(1, points[1], space, loss=0.4, f1=0.5)], 1),
    )[0]
    trials = [trial(n, each, space, loss=0.5, f1=0.5) for n, each in enumerate(((), *points[:2], ruled, points[3]))]
    assert [each.number for each in learnt_from(trials, (0,))] == [2]


def test_estimators_of_other_libraries_are_those_that_the_runtime_declares_and_could_be_declared() -> None:
    from reconciler.manifest.schema import estimators

    for recipe in (RECIPE, NUMBERS, QUANTILE):
        metric = "f1_macro" if recipe is RECIPE else "mae" if recipe is NUMBERS else "pinball"
        bare, every = automatic_space(recipe, metric), automatic_space(recipe, metric, LIBRARIES)
        assert {each.uses for each in bare.estimators} == {"sklearn"}
        assert every.estimators[: len(bare.estimators)] == bare.estimators
        assert {each.uses for each in automatic_space(recipe, metric, ("xgboost",)).estimators} == {
            "sklearn",
            "xgboost",
        }
        points = [*first_points(every), *random_points(search_space(every), seed=1, batch=0, count=40)]
        tried = [recipe_at(point, every, recipe) for point in points if "estimator" in dict(point)]
        assert {each.estimator.uses for each in tried} == {"sklearn", *LIBRARIES}
        assert [problem for each in tried for problem in estimators.problems_of(each)] == []
        assert {quantile_of(each.estimator) for each in tried} == {quantile_of(recipe.estimator)}
    constrained = replace(RECIPE, estimator=replace(RECIPE.estimator, monotonic=(("amount", "increasing"),)))
    assert len(automatic_space(constrained, "f1_macro", LIBRARIES).estimators) == 1


def test_features_of_earlier_rows_come_in_groups_on_the_best_so_far_then_the_best_groups_together() -> None:
    space = automatic_space(RECIPE, "f1_macro", facts=FACTS)
    assert space.past is not None
    groups = [set(group) for group in space.past.groups]
    assert set().union(*groups) | {"prior", "worst"} == set(space.add.all)
    declared = [set(recipe_at(point, space, RECIPE).features.all) for point in first_points(space)]
    assert not any(group & features for group in groups for features in declared), "what comes first is declared"
    stage = next(each for each in stages_of(experiment_of(RECIPE), space, 60) if each.kind is StageKind.PAST)
    before = [trial(0, (), space, loss=0.5, f1=0.9), trial(1, first_points(space)[1], space, loss=0.4, f1=0.1)]
    first = points_of(stage, 0, 8, space, before, 1)
    added = [set(recipe_at(point, space, RECIPE).features.all) - set(before[1].recipe.features.all) for point in first]
    assert added == groups
    assert all(recipe_at(point, space, RECIPE).estimator == before[1].recipe.estimator for point in first)
    figures = [(0.3, 1), (0.45, 3), (0.35, 3), (0.2, 2), (0.6, 1)]
    tried = [
        trial(2 + place, point, space, loss=loss, f1=0.5, rounds=rounds)
        for place, (point, (loss, rounds)) in enumerate(zip(first, figures, strict=True))
    ]
    later = points_of(stage, len(first), 8, space, [*before, *tried], 1)
    unions = [set(recipe_at(point, space, RECIPE).features.all) - set(before[1].recipe.features.all) for point in later]
    assert unions[:2] == [groups[2] | groups[1], groups[2] | groups[1] | groups[3]], (
        "those that more folds judged first"
    )
    assert unions[-1] == set().union(*groups)
    assert points_of(stage, len(first) + len(later), 8, space, [*before, *tried, *tried[:4]], 1) == ()
    wide = widest(space, RECIPE)
    assert wide.data.past == space.past.past
    assert RECIPE.data.past is not None
    assert recipe_at(first[0], space, RECIPE).data.past == replace(
        RECIPE.data.past,
        features=(*RECIPE.data.past.features, *(each for each in space.past.past.features if each.name in groups[0])),
    )


def test_new_features_go_on_only_where_they_were_better_on_each_fold_than_what_they_were_put_upon(
    space: ModelSpace,
) -> None:
    points = first_points(space)
    before = [trial(0, (), space, loss=0.5, f1=0.1), trial(1, points[0], space, loss=0.4, f1=0.1)]
    tried = [trial(2 + n, points[0], space, loss=loss, f1=0.9, rounds=1) for n, loss in enumerate((0.45, 0.39, 0.4))]
    base = best_before([*before, *tried], 3, "log_loss")
    assert base.number == 1
    assert ahead_of(base, tried, "log_loss") == {3}
    mixed = replace(tried[1], folds=(*tried[1].folds, *tried[0].folds), rounds=2)
    assert ahead_of(base, [mixed, replace(tried[1], failed="why")], "log_loss") == set()
    assert ahead_of(before[1], [before[0]], "f1_macro") == set(), "equal is not better"


def test_a_declared_feature_of_earlier_rows_is_tried_where_its_type_says_that_it_is_a_number() -> None:
    assert automatic_space(RECIPE, "f1_macro").add.numeric == ("prior",), "nobody knows what the most of a column is"
    assert {"prior", "worst"} <= set(automatic_space(RECIPE, "f1_macro", facts=FACTS).add.numeric)
    texts = replace(FACTS, past=(FACTS.past[0], replace(FACTS.past[1], type="VARCHAR")))
    assert "worst" not in automatic_space(RECIPE, "f1_macro", facts=texts).add.numeric


def test_what_was_guessed_and_left_out_is_said_of_automatic_experiments_alone() -> None:
    def notes(libraries: tuple[str, ...], recipe: Recipe = RECIPE, **more: object) -> str:
        space = automatic_space(recipe, "f1_macro", libraries, FACTS)
        assert space.past is not None
        given = replace(space, past=replace(space.past, **more))  # type: ignore[arg-type]
        inputs = ExperimentIdentity(
            recipe=Digest("r"),
            tables=(),
            runtime=Digest("r"),
            metric="f1_macro",
            folds=3,
            trials=60,
            search=Search(),
            space=given,
            library="",
            format=AUTOMATIC_FORMAT,
        )
        assert notes_of(replace(inputs, format=1), recipe) == ()
        return "; ".join(notes_of(inputs, recipe))

    assert notes(LIBRARIES) == ""
    assert "lightgbm and xgboost not tried" in notes(())
    assert "pip install 'model-reconciler[xgboost]'" in notes(("lightgbm",))
    assert "same customer tell something is a guess" in notes(LIBRARIES, guessed=True)
    assert "(`known: paid` is no day of its own)" in notes(LIBRARIES, outcomes=False)
    assert "(the outcome has no `matured`)" in notes(LIBRARIES, outcomes=False, guessed=True)
    constrained = replace(RECIPE, estimator=replace(RECIPE.estimator, monotonic=(("amount", "increasing"),)))
    assert "not tried" not in notes((), constrained)
