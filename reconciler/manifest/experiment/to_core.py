"""Convert a checked Experiment document to a core value."""

from __future__ import annotations

from reconciler.core.spec.experiment import declared_experiment as core
from reconciler.core.spec.recipe import Features, Param
from reconciler.manifest.schema.decisions.estimator import Blend
from reconciler.manifest.schema.decisions.to_core import blend_of, calibrate_of, decide_of
from reconciler.manifest.schema.experiment import experiment_document as schema


def experiment_of(given: schema.Experiment, *, path: str) -> core.Experiment:
    """Return an experiment as a core value; `path`: the file of its manifest."""
    spec = given.spec
    space = None if isinstance(spec.space, str) else spec.space
    drop = space.features.drop if space is not None and space.features is not None else None
    search = spec.search
    return core.Experiment(
        name=given.metadata.name,
        model=spec.model,
        environment=spec.environment,
        metric=spec.metric,
        folds=spec.folds.count,
        trials=spec.trials,
        search=core.Search(
            sampler=core.Sampler.TPE if search.uses == "optuna" else core.Sampler(search.uses),
            batch=search.batch,
            seed=search.seed,
            prune=search.prune is not None,
        ),
        space=_space(space) if space is not None else None,
        drop_each=drop == "each",
        file=path,
        owner=given.metadata.owner,
        description=given.metadata.description,
    )


def _space(given: schema.Space) -> core.ModelSpace:
    features = given.features
    drop = features.drop if features is not None else None
    add = features.add if features is not None else None
    return core.ModelSpace(
        estimators=tuple(map(_estimator, given.estimator)),
        drop=tuple(drop) if isinstance(drop, list) else (),
        add=Features(numeric=tuple(add.numeric), categorical=tuple(add.categorical), boolean=tuple(add.boolean))
        if add is not None
        else Features(),
        where=tuple(text.strip() if text is not None else None for text in given.where),
        since=tuple(given.train.since) if given.train is not None else (),
        collapse=tuple(given.outcome.collapse) if given.outcome is not None else (),
        calibrate=tuple(calibrate_of(each) if each is not None else None for each in given.calibrate)
        if given.calibrate is not None
        else None,
        decide=tuple(decide_of(each) if each is not None else None for each in given.decide)
        if given.decide is not None
        else None,
    )


def _estimator(given: schema.EstimatorSpace | Blend) -> core.EstimatorSpace:
    if isinstance(given, Blend):
        blended = blend_of(given)
        return core.EstimatorSpace(uses=blended.uses, class_name=blended.class_name, blend=blended.blend)
    fixed = {name: _fixed(value) for name, value in given.params.items() if not isinstance(value, _TRIED)}
    return core.EstimatorSpace(
        uses=given.uses,
        class_name=given.class_,
        params=tuple(sorted(fixed.items())),
        tried=tuple(_axis(name, value) for name, value in sorted(given.params.items()) if isinstance(value, _TRIED)),
        keeps_rows_accepted=given.keeps_rows is not None,
    )


_TRIED = (list, schema.ParamRange)


def _axis(name: str, given: list[schema.Scalar | list[schema.Scalar]] | schema.ParamRange) -> core.ParamAxis:
    if isinstance(given, list):
        return core.ParamAxis(name=name, choices=tuple(map(_fixed, given)))
    low, high = given.int_ or given.int_log or given.real or given.log or (0, 0)
    return core.ParamAxis(
        name=name,
        low=float(low),
        high=float(high),
        whole=given.int_ is not None or given.int_log is not None,
        log=given.log is not None or given.int_log is not None,
    )


def _fixed(value: object) -> Param:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]
