"""Find what judges a pin: the controls in force before it came in, in the change that it came in with, and today.

A pin came in with the first entry of the unbroken run of entries that hold it (ADR 30). Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.core.artifact.observed_state import CommitOrder
from reconciler.core.controls import in_force as sets
from reconciler.core.controls.controls import ControlsEntry, EnvironmentControls, ModelControls, ModelRecord, distinct
from reconciler.core.controls.in_force import PinControls
from reconciler.core.controls.loosened import evidence_changed, judged_otherwise, loosened_model
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.judging.applicable_gates import applies, bound_to, gates_of
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Override
from reconciler.engine.controls import declared as declare
from reconciler.engine.controls.observe_controls import ControlsObserver, each_once, gates_of_sets


@dataclass(frozen=True, slots=True, kw_only=True)
class _PinChange:
    """The change that a pin came in with: the entry (None: the next one) and what was in force before it."""

    entry: ControlsEntry | None
    record: ModelRecord | None
    declared: EnvironmentControls
    before: tuple[EnvironmentControls, ...]
    before_model: tuple[ModelControls, ...]
    declared_before: EnvironmentControls | None


def pin_controls(controls: ControlsObserver, model: Model) -> PinControls:
    """Return what judges the model's pin: in force before it came in, in that change, and today."""
    change, own = _pin_change(controls, model), declare.model_controls(model)
    today = controls.in_force
    then = controls.log.in_force(change.entry) if change.entry is not None else today
    environments = distinct((*change.before, change.declared, *then, *today))
    models = (*change.before_model, *_models_in_force(controls, model, change), own)
    named = (controls.declared.policy.gates, change.declared.policy.gates)
    declared_gates = tuple(dict.fromkeys(gate for gates in named for gate in gates))
    everything = gates_of_sets(environments, models)
    environment = replace(sets.joined(controls.environment, environments), protect=controls.protect)
    environment = sets.with_gates(environment, declared_gates, own.gates)
    required = set(gates_of(model, environment).applying)
    subjects = tuple(dict.fromkeys(each.subject for each in models))
    evidence: tuple[WeakenedGate, ...] = ()
    weaker: tuple[WeakenedGate, ...] = ()
    owners: tuple[str, ...] = ()
    if change.before:
        evidence = each_once(
            (
                *(item for old in change.before for item in evidence_changed(old, change.declared)),
                *(item for old in change.before_model for item in judged_otherwise(old, own)),
            )
        )
        weaker = each_once(
            item
            for old in change.before
            for item in _weakenings(old, change.before_model, (own, controls.declared), model.name)
        )
        owners = change.before[0].policy.owners
        for old in change.before:
            environment = sets.with_timing(environment, before=old, then=change.declared)
    environment = sets.with_former_holds(environment, model.name, controls.former_names(model))
    late = _late_overrides(model, change)
    environment = _without(environment, _taken_back(controls, model))
    if not owners:
        environment = _without(environment, late)
    return PinControls(
        environment=environment,
        gates=tuple(
            dict.fromkeys(
                bound
                for gate in everything
                for subject in subjects
                if applies(gate, subject) and (bound := bound_to(gate, subject, own.subject)) not in required
            )
        ),
        quorums=sets.quorums(environments),
        owners=owners,
        owners_today=today[0].policy.owners,
        loosened=each_once((*weaker, *evidence)),
        evidence=evidence,
        since=change.entry.n if change.entry is not None else None,
        commit=change.entry.commit if change.entry is not None else None,
        names=_former_names(model, change),
        late_overrides=late,
        checks_off=sets.checks_off(models, own),
        checks_allowed=sets.checks_allowed(environments),
        trusts=tuple(dict.fromkeys(each.trust for each in (*environments, controls.declared))),
    )


def _pin_change(controls: ControlsObserver, model: Model) -> _PinChange:
    """Find the change that the pin came in with."""
    if controls.head is None:
        return _PinChange(
            entry=None, record=None, declared=controls.declared, before=(), before_model=(), declared_before=None
        )
    record = controls.record(model)
    if record is None or record.name != model.name or not record.pins(model.artifact, model.proposed):
        return _PinChange(
            entry=None,
            record=record,
            declared=controls.declared,
            before=controls.before,
            before_model=record.in_force if record is not None else (),
            declared_before=controls.log.controls(controls.head.entry.declared),
        )
    entry = controls.head.entry if record.since == controls.head.entry.n else controls.log.entry(record.since).entry
    previous = controls.log.entry(record.since - 1).entry if record.since > controls.log.start else None
    earlier = _recorded(controls, previous, (record.name, *record.names)) if previous is not None else None
    return _PinChange(
        entry=entry,
        record=record,
        declared=controls.log.controls(entry.declared),
        before=controls.log.in_force(previous) if previous is not None else (),
        before_model=earlier.in_force if earlier is not None else (),
        declared_before=controls.log.controls(previous.declared) if previous is not None else None,
    )


def _recorded(controls: ControlsObserver, entry: ControlsEntry, names: Iterable[str]) -> ModelRecord | None:
    records = (controls.log.record(entry, name) for name in names)
    return next((record for record in records if record is not None), None)


def _models_in_force(controls: ControlsObserver, model: Model, change: _PinChange) -> tuple[ModelControls, ...]:
    """Return the model's own controls in force when its pin came in, and since."""
    if change.entry is None or change.record is None:
        return ()
    then = _recorded(controls, change.entry, (model.name,))
    return (*(then.in_force if then is not None else ()), *change.record.in_force)


def _former_names(model: Model, change: _PinChange) -> tuple[str, ...]:
    record = change.record
    if record is None:
        return ()
    return record.names if record.name == model.name else (record.name, *record.names)


def _late_overrides(model: Model, change: _PinChange) -> tuple[Override, ...]:
    """Return the overrides of this pin that came in with it."""
    if change.declared_before is None:
        return ()
    known = change.declared_before.policy.overrides
    return tuple(
        override
        for override in change.declared.policy.overrides
        if override.model == model.name and override.artifact == model.artifact and override not in known
    )


def _taken_back(controls: ControlsObserver, model: Model) -> tuple[Override, ...]:
    """Return the overrides of this pin that an older commit declares, and the newest that was applied no more.

    One that came and went between two entries would count as one that came in after the pin, agreed to by nobody.
    """
    head = controls.head
    own = tuple(
        override
        for override in controls.declared.policy.overrides
        if override.model == model.name and override.artifact == model.artifact
    )
    if head is None or not own:
        return ()
    known = controls.log.controls(head.entry.declared).policy.overrides
    gone = tuple(override for override in own if override not in known)
    branch, last, revision = controls.protect, head.entry.commit, controls.revision
    if not gone or branch is None or last is None or revision is None:
        return ()
    return gone if controls.source.order(last, revision, branch=branch) is not CommitOrder.AFTER else ()


def _weakenings(
    old: EnvironmentControls,
    models: tuple[ModelControls, ...],
    new: tuple[ModelControls, EnvironmentControls],
    name: str,
) -> Iterator[WeakenedGate]:
    for own in models or (ModelControls(),):
        yield from loosened_model((own, old), new, model=name)


def _without(environment: Environment, overrides: tuple[Override, ...]) -> Environment:
    if not overrides:
        return environment
    kept = tuple(override for override in environment.policy.overrides if override not in overrides)
    return replace(environment, policy=replace(environment.policy, overrides=kept))
