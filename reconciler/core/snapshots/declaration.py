"""What a data snapshot is taken by: the part of a declaration whose change makes a snapshot stale, whatever its age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from reconciler.core.digest import DefaultsLeftOut
from reconciler.core.number_text import declared
from reconciler.core.spec.data import CellText, CopiedColumns, DataBinding, Mask, Sample, Table

_LONGEST = 60  # signs of a value that is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDeclaration(DefaultsLeftOut):
    """What a snapshot is taken by. `mask_key` is the short id of the key of pseudonyms, never the key.

    `used`: (table, columns) that were asked for under `columns: used`, sorted; a table that nothing names is left out.
    `erasures`: how many members the log of erasures had whose entities were left out.
    """

    tables: tuple[tuple[str, Table], ...] = ()
    as_of: str | None = None
    masks: tuple[Mask, ...] = ()
    mask_key: str | None = None
    sample: Sample | None = None
    columns: CopiedColumns = CopiedColumns.ALL
    used: tuple[tuple[str, tuple[str, ...]], ...] = ()
    erasures: int = 0


def declaration_of(
    origin: DataBinding,
    copying: DataBinding,
    *,
    used: tuple[tuple[str, tuple[str, ...]], ...] = (),
    mask_key: str | None = None,
) -> SnapshotDeclaration:
    """Return what a snapshot is taken by: the tables of `origin`, as `copying` (perhaps the same) copies them.

    The masks are those of both. `used`: the columns that are asked for, where `copying` copies those only.
    """
    masks = {(mask.table, mask.column, mask.treatment, mask.argument or ""): mask for mask in origin.masks}
    masks.update({(mask.table, mask.column, mask.treatment, mask.argument or ""): mask for mask in copying.masks})
    return SnapshotDeclaration(
        tables=origin.tables,
        as_of=origin.as_of,
        masks=tuple(mask for _, mask in sorted(masks.items())),
        mask_key=mask_key,
        sample=copying.sample,
        columns=copying.columns,
        used=used if copying.columns is CopiedColumns.USED else (),
    )


def named_by_contracts(origin: DataBinding) -> Iterator[tuple[str, str]]:
    """Yield (table, column) of each column that a contract names."""
    for contract in origin.contracts:
        names = [contract.key, contract.fresh_column, *contract.required, *(name for name, _ in contract.columns)]
        names += [each.column for each in contract.values]
        names += [each.column for each in contract.ranges]
        names += [each.column for each in contract.references]
        yield from ((contract.table, name) for name in names if name is not None)
        for reference in contract.references:
            yield reference.table, reference.key


def before_masks(declaration: SnapshotDeclaration) -> SnapshotDeclaration:
    """Return the same tables as a release took them that knew neither masks, samples nor `columns`."""
    return SnapshotDeclaration(tables=declaration.tables, as_of=declaration.as_of)


def changes(before: SnapshotDeclaration, now: SnapshotDeclaration) -> Iterator[str]:
    """Yield what makes a snapshot stale that was taken by `before`, one line per field, in words."""
    old, new = dict(before.tables), dict(now.tables)
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"table {name} is declared no more"
        elif name not in old:
            yield f"table {name} is declared now"
        elif old[name] != new[name]:
            yield from _table_changes(name, old[name], new[name])
    if before.as_of != now.as_of:
        yield _changed("asOf", before.as_of, now.as_of)
    yield from _mask_changes(before.masks, now.masks)
    if before.mask_key != now.mask_key:
        yield _changed("maskKey", before.mask_key, now.mask_key)
    if before.sample != now.sample:
        yield _changed("sample", _sample(before.sample), _sample(now.sample))
    if now.erasures > before.erasures:
        yield f"an entity was forgotten, or came back (erasure {now.erasures - 1})"
    if before.columns != now.columns:
        yield _changed("columns", before.columns.value, now.columns.value)
    elif now.columns is CopiedColumns.USED:
        yield from _missing_columns(before.used, now.used)


def in_words(declaration: SnapshotDeclaration) -> Iterator[str]:
    """Yield what a snapshot was taken by, one line per table, and one per rule that is declared."""
    for name, table in declaration.tables:
        said = [
            f"{_written(field.name)} {_shown(value)}" for field in fields(Table) if (value := _said(table, field.name))
        ]
        yield f"table {name}: {', '.join(said)}"
    yield from (f"mask of {mask.table}.{mask.column}: {_mask(mask)}" for mask in declaration.masks)
    if declaration.as_of is not None:
        yield f"asOf {declaration.as_of}"
    if declaration.mask_key is not None:
        yield f"maskKey {declaration.mask_key}"
    if declaration.sample is not None:
        yield f"sample {_sample(declaration.sample)}"
    if declaration.erasures:
        yield f"erasures {declaration.erasures}"
    if declaration.columns is not CopiedColumns.ALL:
        yield f"columns {declaration.columns.value}"


def _said(table: Table, name: str) -> object:
    """Return what a table's declaration says of a field; None where it has its default, or is long."""
    value = getattr(table, name)
    plain = {field.name: field.default for field in fields(Table)}[name]
    if name in ("types", "columns"):
        return tuple(column for column, _ in value)
    if name == "cells":
        return tuple(cell.column for cell in value)
    return None if value == plain else value


def _table_changes(name: str, old: Table, new: Table) -> Iterator[str]:
    for field in fields(Table):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        label = f"table {name}: {_written(field.name)}"
        if field.name in ("types", "columns"):
            yield from _pair_changes(f"{label}.", dict(before), dict(after))
        elif field.name == "cells":
            was, is_now = ({cell.column: _cell(cell) for cell in cells} for cells in (before, after))
            yield from _pair_changes(f"{label}.", was, is_now)
        else:
            yield _changed(label, _shown(before), _shown(after))


def _pair_changes(label: str, old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for column in sorted(old.keys() | new.keys()):
        if old.get(column) != new.get(column):
            yield _changed(f"{label}{column}", old.get(column), new.get(column))


def _mask_changes(old: tuple[Mask, ...], new: tuple[Mask, ...]) -> Iterator[str]:
    was, is_now = ({f"{mask.table}.{mask.column}": _mask(mask) for mask in masks} for masks in (old, new))
    yield from _pair_changes("mask of ", was, is_now)


def _missing_columns(
    old: tuple[tuple[str, tuple[str, ...]], ...], new: tuple[tuple[str, tuple[str, ...]], ...]
) -> Iterator[str]:
    """Yield the columns that are used now and were not copied; what is used no more makes nothing stale."""
    copied = dict(old)
    for table, columns in new:
        if missing := [column for column in columns if column not in copied.get(table, ())]:
            others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield f"table {table}: {missing[0]}{others} {'are' if others else 'is'} used now, and not copied yet"


def _changed(label: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{label} is {after} now, was not declared"
    if after is None:
        return f"{label} was {before}, is declared no more"
    return f"{label} was {before}, is {after}"


def _shown(value: object) -> str | None:
    """Return a value of a table's declaration as text: a text that is no word in quotes; None for one that is not said,
    such as the path of a table of a database."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        text = ", ".join(repr(item) if isinstance(item, str) else str(item) for item in value)
        text = f"[{text}]"
    elif isinstance(value, str):
        text = value if value.isidentifier() else repr(value)
    else:
        text = declared(value) if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _cell(cell: CellText) -> str:
    plain = replace(cell, column="")
    said = (f"{_written(field.name)} {_shown(getattr(plain, field.name))}" for field in fields(CellText))
    return ", ".join(text for field, text in zip(fields(CellText), said, strict=True) if getattr(plain, field.name))


def _mask(mask: Mask) -> str:
    return mask.treatment.value if mask.argument is None else f"{mask.treatment.value} {mask.argument}"


def _sample(sample: Sample | None) -> str | None:
    return None if sample is None else f"{declared(sample.share * 100)}% by {sample.table}.{sample.column}"


def _written(field: str) -> str:
    first, *others = field.split("_")
    return first + "".join(word.capitalize() for word in others)
