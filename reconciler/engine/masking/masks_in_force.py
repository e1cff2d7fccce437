"""Decide what is done to each column before it is copied, and what stops the copy. Reads only.

Masks belong to data, not to names: a mask holds for every table that reads the same files, however the table, its
environment or its columns are called at the commit at hand. Of two masks of one column the stricter one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from reconciler.core.controls.data_protection import in_words, stricter
from reconciler.core.spec.data import DataBinding, Mask, PersonalData, Table, Treatment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.declarations import Declaration, declarations
from reconciler.engine.masking.same_data import same_data
from reconciler.errors import DataError

_SHAPE = ("uses", "delimiter", "encoding", "skip", "header", "escape")  # decide what is a column of a file


@dataclass(slots=True, kw_only=True)
class MasksInForce:
    """What holds for a copy. `masks` name tables and columns as the copy does; those of `kept` stand in no manifest of
    the commit at hand, so their columns may be gone. `notes`: what is told of them."""

    masks: tuple[Mask, ...] = ()
    kept: frozenset[tuple[str, str]] = frozenset()
    mask_key: str | None = None
    personal: PersonalData | None = None
    not_personal: tuple[tuple[str, str], ...] = ()
    notes: list[str] = field(default_factory=list)


def masks_in_force(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    origin: Environment,
    tables: tuple[tuple[str, Table], ...],
) -> MasksInForce:
    """Return what holds for a copy of `tables`, declared in `origin`, that `environment` takes.

    Raises DataError E453 where a masked table is declared in a way that its masks may not fit.
    """
    known = declarations(deps, desired, origin)
    chosen: dict[tuple[str, str], Mask] = {}
    declared: set[tuple[str, str]] = set()
    keys: list[str] = []
    rules: list[PersonalData | None] = []
    owners: set[str] = set()
    excused: list[tuple[str, str]] = []
    owned = any(each.reviewed for each in known)
    for name, table in tables:
        excuses: list[set[str]] = []
        is_reviewed = False
        for each, other_name, other in _of_same_data(known, name, table, deps):
            masks = [mask for mask in each.data.masks if mask.table == other_name]
            is_reviewed = is_reviewed or each.reviewed
            if each.reviewed:
                _check_shape(name, table, other, masks, each)
            for mask in masks:
                column = _column_here(table, other, mask.column)
                place = (name, column.lower())
                here = replace(mask, table=name, column=column)
                chosen[place] = stricter(chosen[place], here) if place in chosen else here
                if not each.reviewed:
                    declared.add(place)
                if each.data.mask_key is not None and mask.treatment is Treatment.PSEUDONYM:
                    keys.append(each.data.mask_key)
            rules.append(each.data.personal_data)
            owners.add(each.environment)
            excuses.append(set(_excused(each.data, other_name, table, other)))
        if excuses and (is_reviewed or not owned):  # of a table that nobody agreed to, no word excuses a column
            excused += ((name, column) for column in sorted(set.intersection(*excuses)))
    for mask in environment.data.masks:
        place = (mask.table, mask.column.lower())
        declared.add(place)
        chosen[place] = stricter(chosen[place], mask) if place in chosen else mask
    if environment.data.mask_key is not None:
        keys.append(environment.data.mask_key)
    kept = frozenset(chosen.keys() - declared)
    return MasksInForce(
        masks=tuple(mask for _, mask in sorted(chosen.items())),
        kept=kept,
        mask_key=keys[0] if keys else None,
        personal=_rule(environment, owners, rules),
        not_personal=tuple(excused),
        notes=_notes(chosen[place] for place in sorted(kept)),
    )


def _of_same_data(
    known: Iterable[Declaration], name: str, table: Table, deps: Dependencies
) -> Iterator[tuple[Declaration, str, Table]]:
    """Yield each declaration of the same data with its name there; raises where that cannot be told."""
    for each in known:
        for other_name, other in each.data.tables:
            if _has_no_path(other) or _has_no_path(table):
                if _place(other) == _place(table):
                    yield each, other_name, other
            elif same_data(table, other, deps.data_root):
                yield each, other_name, other
    if _has_no_path(table):
        reviewed = [(each, other) for each in known if each.reviewed for _, other in each.data.tables]
        masked = any(each.data.masks and _has_no_path(other) for each, other in reviewed)
        if masked and not any(_place(other) == _place(table) for _, other in reviewed):
            raise DataError(
                f"table {name}: it is not declared so where the data live, and tables like it are masked there",
                code="E453",
                hint="let its declaration be merged, with its masks, before a sandbox copies it",
            )


def _has_no_path(table: Table) -> bool:
    """Tell whether a table is in a database or a plug-in's: the same data are then those that are declared alike."""
    return not table.path


def _place(table: Table) -> tuple[object, ...]:
    """Return where a table is, and what is selected there."""
    return table.uses, table.path, table.url, table.table, table.query, table.settings


def _check_shape(name: str, table: Table, other: Table, masks: list[Mask], where: Declaration) -> None:
    """Raise DataError E453 where a masked table would be cut into other columns than where its masks were written."""
    changed = [part for part in _SHAPE if getattr(table, part) != getattr(other, part)]
    if masks and changed:
        raise DataError(
            f"table {name}: `{changed[0]}` is declared otherwise than {where.where}, so its masks may not fit",
            code="E453",
            hint="declare the table as there, or let the change be merged before a sandbox copies it",
        )


def _column_here(table: Table, other: Table, column: str) -> str:
    """Return this table's name of a column that another declaration of the same data names."""
    renamed_there = {name.lower(): written for name, written in other.columns}
    written = renamed_there.get(column.lower(), column)
    renamed_here = {written_here.lower(): name for name, written_here in table.columns}
    return renamed_here.get(written.lower(), written)


def _excused(data: DataBinding, other_name: str, table: Table, other: Table) -> Iterator[str]:
    for label, _ in data.not_personal:
        owner, _, column = label.partition(".")
        if owner == other_name:
            yield _column_here(table, other, column).lower()


def _rule(environment: Environment, owners: set[str], rules: list[PersonalData | None]) -> PersonalData | None:
    """Return the rule for columns that look personal: deny, once another environment copies, unless all say warn."""
    if rules and all(rule is PersonalData.WARN for rule in rules):
        return PersonalData.WARN
    copies = environment.data.copy_from is not None or any(rules) or bool(owners - {environment.name})
    return PersonalData.DENY if copies else None


def _notes(masks: Iterable[Mask]) -> list[str]:
    return [
        f"{mask.table}.{mask.column} is masked ({in_words(mask)}), though this commit does not say so: its mask holds"
        " where the data live"
        for mask in masks
    ]
