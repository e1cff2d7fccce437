"""Compare: two environments at one commit, or all environments at two commits. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.core.digest import Digest
from reconciler.core.plan.config_diff import ConfigDiff, DiffSide, ModelDifference, difference
from reconciler.core.plan.plan import MetricChange
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.known import brief_of
from reconciler.engine.find_environment import nearest, unknown_environment
from reconciler.engine.plan import observe, verification
from reconciler.engine.storage import blobs
from reconciler.errors import ReconcilerError, UsageError


def environments(
    deps: Dependencies, desired: DesiredState, old: Environment, new: Environment, models: Iterable[str] = ()
) -> ConfigDiff:
    """Return the changes that would make `old` like `new`. Artifacts: those of the journal's heads."""
    names = _named({model.name for side in (old, new) for model in desired.models_of(side.name)}, models)
    differences = []
    for name in names:
        changed = difference(desired.model(old.name, name), desired.model(new.name, name), environment=new.name)
        sides = [(side, _deployed(deps, desired, side, name)) for side in (old, new)]
        if changed is None and sides[0][1] == sides[1][1]:
            continue
        changed = changed or ModelDifference(model=name, environment=new.name)
        differences.append(_in_brief(deps, desired, _measured(deps, changed, sides), sides))
    side = [(DiffSide(environment=compared.name, revision=desired.revision),) for compared in (old, new)]
    return ConfigDiff(old=side[0], new=side[1], models=tuple(differences), alike=len(names) - len(differences))


def revisions(
    deps: Dependencies,
    old: DesiredState,
    new: DesiredState,
    environment: str | None = None,
    models: Iterable[str] = (),
) -> ConfigDiff:
    """Return the changes from one commit to another. Artifacts: those that are pinned."""
    declared = sorted({side.name for desired in (old, new) for side in desired.environments})
    if environment is not None and environment not in declared:
        raise unknown_environment(environment, declared, " at either commit")
    chosen = [environment] if environment is not None else declared
    everything = {(model.environment, model.name) for desired in (old, new) for model in desired.models}
    wanted = set(_named({name for _, name in everything}, models))
    pairs = sorted(pair for pair in everything if pair[0] in chosen and pair[1] in wanted)
    differences = []
    for place, name in pairs:
        changed = difference(old.model(place, name), new.model(place, name), environment=place)
        if changed is not None:
            side = new.environment(place) or old.environment(place)
            if side is not None:
                sides = [(side, changed.old), (side, changed.new)]
                changed = _in_brief(deps, new, _measured(deps, changed, sides), sides)
            differences.append(changed)
    return ConfigDiff(
        old=tuple(DiffSide(environment=name, revision=old.revision) for name in chosen),
        new=tuple(DiffSide(environment=name, revision=new.revision) for name in chosen),
        models=tuple(differences),
        alike=len(pairs) - len(differences),
    )


def _named(known: set[str], wanted: Iterable[str]) -> list[str]:
    chosen = tuple(wanted)
    if unknown := sorted(set(chosen) - known):
        hint = nearest(unknown[0], known) or f"declared models: {', '.join(sorted(known)[:10]) or 'none'}"
        raise UsageError(f"no model {unknown[0]!r} is declared on either side", hint=hint, code="E801")
    return sorted(chosen or known)


def _deployed(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> Digest | None:
    try:
        head = observe.head_of(deps, desired, environment.name, model)
    except ReconcilerError:
        return None  # `status` says what is wrong with it
    return head.state.artifact if head is not None else None


def _measured(
    deps: Dependencies, changed: ModelDifference, sides: list[tuple[Environment, Digest | None]]
) -> ModelDifference:
    """Add the metrics that each side's artifact has on its own holdout."""
    (_, old), (_, new) = sides
    before, after = (dict(_metrics(deps, side, artifact)) for side, artifact in sides)
    metrics = tuple(
        MetricChange(metric=name, candidate=after.get(name), incumbent=before.get(name))
        for name in sorted(before.keys() | after.keys())
    )
    return replace(changed, old=old, new=new, metrics=metrics if old != new else ())


def _in_brief(
    deps: Dependencies,
    desired: DesiredState,
    changed: ModelDifference,
    sides: list[tuple[Environment, Digest | None]],
) -> ModelDifference:
    """Add what is recorded of the evaluations in full of both sides, where these are two artifacts."""
    if changed.old == changed.new:
        return changed
    old, new = (brief_of(deps.stores, desired, side, changed.model, artifact) for side, artifact in sides)
    return replace(changed, old_judged=old, new_judged=new)


def _metrics(
    deps: Dependencies, environment: Environment, artifact: Digest | None
) -> Iterator[tuple[str, float | None]]:
    for name in (environment.name, *environment.promotes_from):
        store = deps.stores.get(name)
        try:
            if artifact is not None and store is not None and blobs.holds(store, artifact):
                yield from verification.evaluation_of(store, artifact).metrics
                return
        except ReconcilerError:
            return
