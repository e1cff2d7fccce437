"""The stages of an automatic experiment: what it tries first, then by what it found so far. Pure functions.

First come estimators that are good on most tables, then the best one with features from earlier rows that nobody
declared, a few together, then a search around what is good on this table, then the best one without a feature, then
the best ones with what follows an estimator: a calibration, a decision. Before that, classes are judged by log loss,
which tells estimators apart by fewer rows than F1 does, and a decision makes the most of any of them; it takes several
fits on each fold, so that it is tried of the best few only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.core.experiment.candidates import ADD, CALIBRATE, DECIDE, DROP, ESTIMATOR, search_space
from reconciler.core.experiment.samplers import seed_of
from reconciler.core.experiment.search_space import Point, SearchSpace
from reconciler.core.experiment.standings import ScoredTrial, ranked
from reconciler.core.spec.experiment.declared_experiment import (
    CLASS_METRICS,
    EstimatorSpace,
    Experiment,
    ModelSpace,
)
from reconciler.core.spec.recipe import Param, Recipe

AUTOMATIC_FORMAT = 3
"""Version of how an automatic experiment becomes trials: part of its identity. 2: by stages. 3: with new features from
earlier rows, and with the libraries of estimators that the runtime declares."""
_BOOSTING: tuple[dict[str, Param], ...] = (
    {"learning_rate": 0.1, "max_iter": 150, "max_leaf_nodes": 4, "min_samples_leaf": 20, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 8, "min_samples_leaf": 20, "l2_regularization": 1.0},
    {"learning_rate": 0.04, "max_iter": 300, "max_leaf_nodes": 15, "min_samples_leaf": 40, "l2_regularization": 5.0},
)
_FOREST: tuple[dict[str, Param], ...] = ({"min_samples_leaf": 3, "max_features": 0.5},)
# Estimator -> what is tried of it before anything is learnt: on most tables one of them is nearly the best.
_LIGHTGBM: tuple[dict[str, Param], ...] = (
    {"learning_rate": 0.1, "n_estimators": 150, "num_leaves": 4, "min_child_samples": 20, "reg_lambda": 1.0},
    {"learning_rate": 0.04, "n_estimators": 300, "num_leaves": 15, "min_child_samples": 40, "reg_lambda": 5.0},
)
_XGBOOST: tuple[dict[str, Param], ...] = (
    {"learning_rate": 0.1, "n_estimators": 150, "max_depth": 3, "min_child_weight": 5.0, "reg_lambda": 1.0},
)
_COLUMNS: dict[str, Param] = {"colsample_bytree": 0.7}
_FIRST: dict[str, tuple[dict[str, Param], ...]] = {
    "LGBMClassifier": tuple(params | _COLUMNS for params in _LIGHTGBM),
    "LGBMRegressor": tuple(params | _COLUMNS for params in _LIGHTGBM),
    "XGBClassifier": tuple(params | _COLUMNS for params in _XGBOOST),
    "XGBRegressor": tuple(params | _COLUMNS for params in _XGBOOST),
    "HistGradientBoostingClassifier": tuple({**params, "max_features": 0.7} for params in _BOOSTING),
    "HistGradientBoostingRegressor": tuple(
        {**params, "max_features": 0.7, "loss": loss}
        for loss in ("absolute_error", "squared_error")
        for params in _BOOSTING
    ),
    "LogisticRegression": ({"C": 0.3},),
    "Ridge": ({"alpha": 1.0},),
    "RandomForestClassifier": _FOREST,
    "RandomForestRegressor": _FOREST,
    "ExtraTreesClassifier": _FOREST,
    "ExtraTreesRegressor": _FOREST,
}
_FAMILIES = 2
_MOST_RULED, _MOST_WITHOUT, _MOST_PAST = 8, 6, 8
_PARTS_RULED, _PARTS_WITHOUT, _PARTS_PAST = 4, 10, 5  # of all trials, at most one of so many


class StageKind(StrEnum):
    """What the trials of a stage are: all at once of a declared space, or one of the stages of an automatic one."""

    ALL = "all"
    FIRST = "first"
    PAST = "past"
    AROUND = "around"
    WITHOUT = "without"
    RULES = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of an arm's trials. `metric`: they are ranked by it, and the next ones chosen."""

    kind: StageKind
    trials: int
    metric: str


def stages_of(experiment: Experiment, space: ModelSpace, trials: int) -> tuple[Stage, ...]:
    """Return the stages of an arm of so many trials; of a space that somebody wrote there is one."""
    metric = experiment.metric
    if experiment.space is not None:
        return (Stage(kind=StageKind.ALL, trials=trials, metric=metric),)
    proper = "log_loss" if metric in CLASS_METRICS else metric
    ruled = min(_MOST_RULED, trials // _PARTS_RULED) if _rules(space) else 0
    without = min(_MOST_WITHOUT, trials // _PARTS_WITHOUT, len(space.drop))
    past = min(_MOST_PAST, trials // _PARTS_PAST, _most_past(space))
    first = min(len(first_points(space)), trials - ruled - without - past)
    parts = (
        (StageKind.FIRST, first, proper),
        (StageKind.PAST, past, proper),
        (StageKind.AROUND, trials - ruled - without - past - first, proper),
        (StageKind.WITHOUT, without, proper),
        (StageKind.RULES, ruled, metric),
    )
    return tuple(Stage(kind=kind, trials=count, metric=by) for kind, count, by in parts if count)


def most_past_trials(recipe: Recipe, trials: int) -> int:
    """Return how many of so many trials may be of features from earlier rows, as far as the recipe alone tells."""
    orders = recipe.data.past is not None or recipe.holdout.by is not None
    return min(_MOST_PAST, trials // _PARTS_PAST) if orders else 0


def axes_around(space: ModelSpace, families: Sequence[int]) -> SearchSpace:
    """Return the axes that are searched around the best ones: of these estimators of the space alone."""
    return search_space(ModelSpace(estimators=tuple(space.estimators[place] for place in families)))


def families_around(space: ModelSpace, before: Sequence[ScoredTrial], metric: str) -> tuple[int, ...]:
    """Return the places of the estimators that are searched: those of the best trials so far, at most two.

    A trial that was judged on more folds was better than one that was left out before.
    """
    tried = [trial for trial in ranked(before, metric) if ESTIMATOR in dict(trial.point)]
    in_order = sorted(tried, key=lambda trial: -trial.rounds)
    places = dict.fromkeys(int(dict(trial.point)[ESTIMATOR]) for trial in in_order)
    return tuple(places)[:_FAMILIES] or tuple(range(len(space.estimators)))


def points_of(
    stage: Stage, done: int, count: int, space: ModelSpace, before: Sequence[ScoredTrial], seed: int
) -> tuple[Point, ...]:
    """Return the next points of a stage that searches nothing; `done`: how many of its trials are over."""
    if stage.kind is StageKind.FIRST:
        return first_points(space)[done : done + count]
    if stage.kind is StageKind.PAST:
        return _past_points(space, before, done, count, stage.metric)
    if stage.kind is StageKind.WITHOUT:
        top = next((trial for trial in _ranked(before, stage.metric) if not dict(trial.point).get(DROP)), before[0])
        places = sorted(range(len(space.drop)), key=lambda place: seed_of(seed, DROP, space.drop[place]))
        found = (_with(space, top.point, {DROP: place + 1.0}) for place in places)
        return tuple(found)[done : done + count]
    return tuple(_ruled(space, _ranked(before, _proper(stage.metric))))[done : done + count]


def around(
    space: ModelSpace, points: Sequence[Point], families: Sequence[int], before: Sequence[ScoredTrial], metric: str
) -> tuple[Point, ...]:
    """Return points of `axes_around` as points of the space, with the further features of the best trial so far."""
    best = dict(next(iter(_ranked(before, metric)), before[0]).point)
    added = {name: value for name, value in best.items() if name.startswith(f"{ADD}.")}
    return tuple(_with(space, _moved(point, dict(enumerate(families))), added) for point in points)


def learnt_from(trials: Sequence[ScoredTrial], families: Sequence[int]) -> tuple[ScoredTrial, ...]:
    """Return the trials that tell of these estimators, without rules, with their points as those of `axes_around`."""
    places = {family: place for place, family in enumerate(families)}
    return tuple(
        replace(trial, point=_moved(trial.point, places))
        for trial in trials
        if dict(trial.point).get(ESTIMATOR) in places and not _is_ruled(trial)
    )


def _moved(point: Point, places: Mapping[int, int]) -> Point:
    """Return what a point says of its estimator, as of the estimator at another place."""
    values = dict(point)
    before = int(values[ESTIMATOR])
    old, new = f"{ESTIMATOR}.{before}.", f"{ESTIMATOR}.{places[before]}."
    params = [(new + name.removeprefix(old), value) for name, value in point if name.startswith(old)]
    return ((ESTIMATOR, float(places[before])), *params)


def first_points(space: ModelSpace) -> tuple[Point, ...]:
    """Return what an automatic space tries first, its families in turn, each with every further feature; first the
    model as it is with these, and boosting without them."""
    undeclared = {name for group in _past_groups(space) for name in group}
    added = {f"{ADD}.{name}": 1.0 for name in space.add.all if name not in undeclared}
    families = [list(_first_of(place, family)) for place, family in enumerate(space.estimators)]
    in_turn = [
        family[turn] for turn in range(max(map(len, families), default=0)) for family in families if family[turn:]
    ]
    points = [_with(space, (), each | added) for each in in_turn]
    if added:
        points = [_with(space, (), added), *points[:1], _with(space, (), in_turn[0]), *points[1:]]
    return tuple(dict.fromkeys(points))  # parameters that differ where an axis is missing are the same point


def _past_points(
    space: ModelSpace, before: Sequence[ScoredTrial], done: int, count: int, metric: str
) -> tuple[Point, ...]:
    """Return the next points of features from earlier rows: the best trial of before with each group of them, then with
    the best two groups together, the best three, and so on."""
    top, tried = best_before(before, done, metric), before[len(before) - done :]
    groups = _past_groups(space)
    unions: list[tuple[int, ...]] = [(place,) for place in range(len(groups))]
    if done >= len(groups):
        best = {trial.number: place for place, trial in enumerate(tried[: len(groups)])}
        in_order = [best[trial.number] for trial in _by_rounds(tried[: len(groups)], metric)]
        unions += [tuple(in_order[:size]) for size in range(2, len(in_order) + 1)]
    chosen = unions[done : done + count] if done >= len(groups) else unions[done : min(done + count, len(groups))]
    names = ([name for place in union for name in groups[place]] for union in chosen)
    return tuple(_with(space, top.point, {f"{ADD}.{name}": 1.0 for name in each}) for each in names)


def best_before(trials: Sequence[ScoredTrial], done: int, metric: str) -> ScoredTrial:
    """Return the best trial of before a stage, of which `done` are over: what new features are put upon."""
    known = trials[: len(trials) - done]
    return next(iter(_ranked(known, metric)), known[0])


# --- inside --------------------------------------------------------------------------------------------------------


def _first_of(index: int, family: EstimatorSpace) -> Iterator[dict[str, float]]:
    names = {each.name: each for each in family.tried}
    for params in _FIRST.get(family.class_name, ()):
        given = {}
        for name, axis in names.items():
            value = params[name]
            given[name] = float(axis.choices.index(value) if axis.choices else value)  # type: ignore[arg-type]
        yield {ESTIMATOR: float(index)} | {f"{ESTIMATOR}.{index}.{name}": value for name, value in given.items()}


def _past_groups(space: ModelSpace) -> tuple[tuple[str, ...], ...]:
    return space.past.groups if space.past is not None else ()


def _most_past(space: ModelSpace) -> int:
    """Return how many trials of features from earlier rows there can be: each group, and the best of them together."""
    groups = len(_past_groups(space))
    return groups + max(0, groups - 1)


def _by_rounds(trials: Sequence[ScoredTrial], metric: str) -> list[ScoredTrial]:
    """Return the trials that can be compared, best first: one that more folds judged was better than one left out."""
    found = [trial for trial in ranked(trials, metric) if trial.failed is None]
    return sorted(found, key=lambda trial: -trial.rounds)


def _rules(space: ModelSpace) -> tuple[dict[str, float], ...]:
    """Return what may follow an estimator, as values of axes: what the metric can tell."""
    calibrates, decides = len(space.calibrate or (None,)), len(space.decide or ())
    if decides:
        return tuple(
            {CALIBRATE: float(calibrate), DECIDE: float(decide)}
            for decide in range(1, decides)
            for calibrate in range(calibrates)
        )
    return tuple({CALIBRATE: float(calibrate)} for calibrate in range(1, calibrates))


def _ruled(space: ModelSpace, tops: Sequence[ScoredTrial]) -> Iterator[Point]:
    """Yield the best trials with each rule, the best first."""
    for trial in tops:
        for rule in _rules(space):
            yield _with(space, trial.point, rule)


def _ranked(trials: Sequence[ScoredTrial], metric: str) -> list[ScoredTrial]:
    """Return the trials that all folds judged, without rules, best first, of equal recipes the first."""
    found: dict[object, ScoredTrial] = {}
    for trial in trials:
        if trial.whole and trial.failed is None and not _is_ruled(trial):
            found.setdefault(trial.recipe, trial)
    return ranked(found.values(), metric)


def _is_ruled(trial: ScoredTrial) -> bool:
    values = dict(trial.point)
    return bool(values.get(CALIBRATE) or values.get(DECIDE))


def _proper(metric: str) -> str:
    return "log_loss" if metric in CLASS_METRICS else metric


def _with(space: ModelSpace, point: Point, more: dict[str, float]) -> Point:
    """Return a point with other values, in the order of the axes; a rule that it does not name is none."""
    values = {rule: 0.0 for rule, options in ((CALIBRATE, space.calibrate), (DECIDE, space.decide)) if options}
    values |= {**dict(point), **more}
    return tuple((axis.name, values[axis.name]) for axis in search_space(space).axes if axis.name in values)
