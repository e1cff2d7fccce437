"""Make the request that copies tables: with the masks that hold for them, the key they need, and the types they had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.spec.data import Mask, Table, Treatment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.mask_key import read_key
from reconciler.engine.masking.masks_in_force import masks_in_force
from reconciler.errors import DataError
from reconciler.ports import Masking

HeldTypes = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMasking:
    """What a copy is masked by. `key_id`: the short id of the key, None where no column becomes a pseudonym; `notes`:
    what is told of masks that the commit at hand does not declare."""

    masking: Masking
    masks: tuple[Mask, ...]
    key_id: str | None
    notes: tuple[str, ...]


def masking_of(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    origin: Environment,
    tables: tuple[tuple[str, Table], ...],
    before: Snapshot | None = None,
) -> CopyMasking:
    """Return what a copy of `tables` is masked by. The key is read only where a column becomes a pseudonym; that it is
    not the one of the snapshot `before` is a note.

    Raises DataError E451 for the key, E453 where it cannot be told what holds.
    """
    force = masks_in_force(deps, desired, environment, origin, tables)
    hashes = any(mask.treatment is Treatment.PSEUDONYM for mask in force.masks)
    declared = before.declaration if before is not None else None
    known = declared.mask_key if declared is not None else None
    key = read_key(deps.secret, force.mask_key, before=known) if hashes else None
    if before is not None and key is not None and known not in (None, key.id):
        was = f"that of data snapshot {before.n} is {known}"
        force.notes.append(f"the key of pseudonyms is {key.id}, and {was}: no pseudonym of before is one of now")
    masking = Masking(
        masks=force.masks,
        kept=tuple(sorted(f"{table}.{column}" for table, column in force.kept)),
        key=key.digits if key is not None else None,
        personal=force.personal,
        not_personal=tuple(f"{table}.{column}" for table, column in force.not_personal),
    )
    return CopyMasking(
        masking=masking, masks=force.masks, key_id=key.id if key is not None else None, notes=tuple(force.notes)
    )


def held_types(snapshot: Snapshot | None) -> HeldTypes:
    """Return the column types that the next copy keeps: of a masked column that of its values before."""
    tables = []
    for table in snapshot.tables if snapshot is not None else ():
        types = {column.name: column.type for column in table.columns}
        types |= {masked.column: masked.type for masked in table.masked or ()}
        tables.append((table.name, tuple(sorted(types.items()))))
    return tuple(sorted(tables))


def masking_to_predict(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    origin: Environment,
    tables: tuple[tuple[str, Table], ...],
    done: TableMasksDone,
) -> Masking | None:
    """Return what is done to tables before a model predicts their rows; `done`: before it was trained.

    Where the data live, coarser values are made as they were for the training, whatever is declared now: equal values
    stay equal without a pseudonym. An environment that copies the data gets them only as they are masked for copies.
    """
    if environment.trains or environment.data.copy_from is not None:
        masked = masking_of(deps, desired, environment, origin, tables)
        here = tuple(pair for pair in done if pair[0] in dict(tables))
        check_as_trained(((m.table, m.column, m.treatment, m.argument) for m in masked.masks), here)
        return replace(masked.masking, personal=None)
    names = {name for name, _ in tables}
    masks = tuple(
        Mask(table=table, column=each.column, treatment=each.treatment, argument=each.argument)
        for table, columns in done
        for each in columns
        if table in names and each.treatment is Treatment.GENERALISE
    )
    return Masking(masks=masks) if masks else None


def check_as_trained(now: Iterable[tuple[str, str, Treatment, str | None]], done: TableMasksDone) -> None:
    """Raise DataError E450 where columns are generalised otherwise than before a model was trained.

    `now`: (table, column, treatment, argument) of the data to predict.
    """
    masks = {(table, column.lower()): (treatment, argument) for table, column, treatment, argument in now}
    for table, columns in done:
        for each in columns:
            if each.treatment is Treatment.GENERALISE and masks.get((table, each.column.lower())) != (
                each.treatment,
                each.argument,
            ):
                raise DataError(
                    f"{table}.{each.column} is masked otherwise here than where this model was trained, on its"
                    f" {each.argument}",
                    code="E450",
                    hint="train it on the data as they are masked now, or predict where the data live",
                )


def types_before(types: HeldTypes, done: TableMasksDone) -> HeldTypes:
    """Return column types as they are before masks: of a model's tables, for what it predicts."""
    before = {table: {each.column: each.type for each in columns} for table, columns in done}
    return tuple((name, tuple(sorted({**dict(known), **before.get(name, {})}.items()))) for name, known in types)
