"""Propose the points of a batch by optuna's TPE, which learns from earlier results.

A sampler lives for one batch: it is seeded by the search's seed and the batch's number, and told all results so far in
their order. So equal results give equal proposals, in any process, whatever was interrupted. Runs in a worker without
credentials; nothing of optuna is stored.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any

from reconciler.core.experiment.samplers import seed_of
from reconciler.core.experiment.search_space import Point, SearchAxis, SearchSpace, ToldResult, counts, tidy
from reconciler.errors import TrainingError
from reconciler.ports import ProposeRequest, ProposeResult


def propose(request: ProposeRequest) -> ProposeResult:
    """Return the points of a batch, and the sampler's library. Raises TrainingError E214 where optuna is missing."""
    try:
        optuna: Any = import_module("optuna")
    except ImportError as error:
        raise TrainingError(
            "this search is by optuna, which is not installed here",
            hint="pip install 'model-reconciler[search]', or write `search: {uses: random}`",
            code="E610",
        ) from error
    library = f"optuna {version('optuna')}"
    if not request.count:
        return ProposeResult(points=(), library=library)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            seed=seed_of("tpe", request.seed, request.batch), multivariate=True, group=True, constant_liar=True
        )
        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.add_trials([_told(optuna, request.space, result) for result in request.told])
        points = tuple(_asked(study.ask(), request.space) for _ in range(request.count))
    return ProposeResult(points=points, library=library)


def _told(optuna: Any, space: SearchSpace, result: ToldResult) -> Any:
    """Return a result as a trial of optuna: finished, left out after some rounds, or failed."""
    taken = dict(result.point)
    axes = [axis for axis in space.axes if axis.name in taken]
    states, rounds = optuna.trial.TrialState, {}
    state = states.COMPLETE
    if result.value is None:
        state = states.FAIL
    elif result.rounds is not None:
        state, rounds = states.PRUNED, {result.rounds: result.value}
    return optuna.trial.create_trial(
        state=state,
        value=result.value if state is states.COMPLETE else None,
        params={axis.name: _value(axis, taken[axis.name]) for axis in axes},
        distributions={axis.name: _distribution(optuna, axis) for axis in axes},
        intermediate_values=rounds,
    )


def _distribution(optuna: Any, axis: SearchAxis) -> Any:
    kinds = optuna.distributions
    if axis.options:
        return kinds.CategoricalDistribution(list(range(axis.options)))
    if axis.whole:
        return kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return kinds.FloatDistribution(axis.low, axis.high, log=axis.log)


def _value(axis: SearchAxis, value: float) -> float:
    return int(value) if axis.options or axis.whole else value


def _asked(trial: Any, space: SearchSpace) -> Point:
    taken: dict[str, float] = {}
    for axis in space.axes:
        if not counts(axis, taken):
            continue
        if axis.options:
            value = trial.suggest_categorical(axis.name, list(range(axis.options)))
        elif axis.whole:
            value = trial.suggest_int(axis.name, int(axis.low), int(axis.high), log=axis.log)
        else:
            value = trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log)
        taken[axis.name] = float(value) if axis.options else tidy(axis, float(value))
    return tuple(taken.items())
