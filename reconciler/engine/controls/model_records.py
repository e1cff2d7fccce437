"""What an entry of the controls log says of each model: its own record, and those under names that models left."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.controls.controls import ModelControls, ModelRecord, continued
from reconciler.core.spec.model import Model
from reconciler.engine.controls import declared as declare
from reconciler.engine.controls.observe_controls import ControlsObserver


def known_records(controls: ControlsObserver) -> dict[str, ModelRecord]:
    """Return what the last entry says of each model, by name."""
    head = controls.head
    return {} if head is None else {record.name: record for record in controls.log.records(head.entry)}


def former_record(known: dict[str, ModelRecord], model: Model, models: tuple[Model, ...]) -> ModelRecord | None:
    """Return the model's record: its own, or that of its former name, where that name left."""
    own, left = known.get(model.name), _left_name(model, models)
    return own if left is None else continued(own, known.get(left))


def _left_name(model: Model, models: tuple[Model, ...]) -> str | None:
    """Return the former name that the model declares, None where git declares a model of that name."""
    left = model.renamed_from
    return None if any(other.name == left for other in models) else left


def record_of(
    model: Model, former: ModelRecord | None, n: int, models: tuple[Model, ...], *, held: bool
) -> ModelRecord:
    """Return what entry `n` says of a model. `former`: what the last one says; `held`: its loosening waits."""
    own = declare.model_controls(model)
    in_force: tuple[ModelControls, ...] = (own,)
    names: tuple[str, ...] = ()
    since = n
    if former is not None:
        names = former.names if former.name == model.name else (former.name, *former.names)
    left = _left_name(model, models)
    if left is not None and left not in names:  # no entry knows it, yet a hold may wait for it after the next rename
        names = (*names, left)
    if former is not None:
        if former.name == model.name and former.pins(model.artifact, model.proposed):
            since = former.since
        if held:
            in_force = tuple(dict.fromkeys((*former.in_force, own)))
    return ModelRecord(
        name=model.name,
        artifact=model.artifact,
        proposed=model.proposed,
        since=since,
        in_force=in_force,
        names=names,
    )


def left_records(known: dict[str, ModelRecord], records: tuple[ModelRecord, ...]) -> tuple[ModelRecord, ...]:
    """Return the records under names that git does not declare any more: their gates hold until they are loosened.

    Also of a name that a model left by `renamedFrom`: whoever calls it calls what comes under it next, which another
    pull request could bring with gates of its own only.
    """
    declared = {record.name for record in records}
    return tuple(replace(record, artifact=None, proposed=0) for name, record in known.items() if name not in declared)
