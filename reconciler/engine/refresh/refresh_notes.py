"""Tell ahead of a refresh what it lacks here: secrets that are not set, masks that cannot be told. Reads no table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.duration import exact
from reconciler.core.promotion.model_set import in_words
from reconciler.core.spec.data import Treatment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.copying import masking_of
from reconciler.engine.masking.mask_key import read_key
from reconciler.engine.needed_secrets import ReadSecret, checked
from reconciler.engine.storage import data_snapshots
from reconciler.errors import DataError, FilePosition, ReconcilerError


def refresh_notes(
    deps: Dependencies, desired: DesiredState, environment: Environment, newest: Snapshot | None
) -> tuple[str, ...]:
    """Return what would stop a refresh on this machine, and what is told of its masks; by what is in force.

    A note and no error: who reviews a plan need not be able to read production's tables. Nothing is asked where no
    secret and no mask is declared, now or for the newest snapshot.
    """
    try:
        origin = data_snapshots.source_of(desired, environment)
        before = newest.declaration.masks if newest is not None and newest.declaration is not None else ()
        masks = (*origin.data.masks, *environment.data.masks, *before)
        if not masks and not any(table.url for _, table in origin.data.tables):
            return ()
        tables = data_snapshots.copied_tables(data_snapshots.declaration(desired, environment), origin)
        masked, missing = checked(
            deps.secret, tables, lambda: masking_of(deps, desired, environment, origin, origin.data.tables, newest)
        )
    except DataError as error:
        return (_cannot(error),)
    except ReconcilerError as error:
        return (f"whether a refresh is possible here cannot be told: {error.message}",)
    return (*map(_cannot, missing), *(note for each in masked for note in each.notes))


def unset_here(read: ReadSecret, desired: DesiredState, sandbox: Environment) -> tuple[DataError, ...]:
    """Return what a refresh of a sandbox lacks on this machine, by what this commit declares."""
    origin = data_snapshots.source_of(desired, sandbox)
    tables = data_snapshots.copied_tables(data_snapshots.declaration(desired, sandbox), origin)
    masks = (*origin.data.masks, *sandbox.data.masks)
    reference = origin.data.mask_key or sandbox.data.mask_key
    hashes = any(mask.treatment is Treatment.PSEUDONYM for mask in masks)
    return checked(read, tables, lambda: read_key(read, reference) if hashes else None)[1]


def unset_notes(read: ReadSecret, desired: DesiredState) -> tuple[str, ...]:
    """Say of each sandbox what its refresh lacks on this machine, by what this commit declares."""
    sandboxes = (each for each in desired.environments if each.trains)
    return tuple(f"{each.name}: {_cannot(error)}" for each in sandboxes for error in unset_here(read, desired, each))


def capped_notes(desired: DesiredState, sandbox: Environment) -> tuple[str, ...]:
    """Say which models would be trained again more often than their sandbox takes snapshots: a training can have no
    newer data than those. One note for all models that say the same."""
    limit, capped = sandbox.data.max_age, dict[int, list[str]]()
    for model in desired.models_of(sandbox.name) if sandbox.trains else ():
        every = model.retrain.every
        if every is not None and (limit is None or every < limit):
            capped.setdefault(every, []).append(model.name)
    if limit is None:
        why = f"{sandbox.name} declares no data.maxAge, so no snapshot is taken by age, and none is trained again by it"
        remedy = "set data.maxAge to that or less"
    else:
        why = f"{sandbox.name} takes a snapshot every {exact(limit)} (data.maxAge), and trains no sooner"
        remedy = "lower data.maxAge, or raise retrain.every"
    return tuple(
        f"retrain.every is {exact(every)} for {in_words(names)}, but {why}: {remedy}"
        for every, names in sorted(capped.items())
    )


Position = Callable[[str, tuple[str | int, ...]], FilePosition]


def _file_alone(file: str, field: tuple[str | int, ...]) -> FilePosition:
    del field
    return FilePosition(file=file)


def capped_everywhere(desired: DesiredState) -> tuple[str, ...]:
    """Say the same of every sandbox."""
    return tuple(note for each in desired.environments for note in capped_notes(desired, each))


def windows_ahead(models: Iterable[Model], today: date, position: Position = _file_alone) -> Iterator[str]:
    """Say which models to train begin their training rows after today, so that there is none. `position`: of a field
    of a file."""
    for model in models:
        train = model.recipe.data.train
        if model.artifact is None and train is not None and train.since is not None and train.since > today.isoformat():
            where = position(model.file, ("spec", "recipe", "data", "train", "since"))
            yield f"{where}: `since: {train.since}` lies ahead of today, {today}: no row can be trained on; correct it"


def _cannot(error: DataError) -> str:
    hint = f": {error.hint}" if error.hint else ""
    return f"this machine cannot refresh: {error.message}{hint}"
