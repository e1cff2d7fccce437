"""The stage of a table copy between the types of its columns and the bytes of its file.

Keeps true: nothing of the table is written where a column looks personal and the rule is to deny it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.core.spec.data import PersonalData
from reconciler.data.duckdb_session import Session
from reconciler.data.masking.copied import Copied
from reconciler.data.masking.personal_columns import personal_columns
from reconciler.data.masking.treatments import TableMasks, table_masks
from reconciler.errors import DataError
from reconciler.ports import Masking

_MOST_SHOWN = 40  # columns that a message names


class LooksPersonal(Exception):  # noqa: N818  (it is caught where the tables are copied, and no error by itself)
    """Columns of a table look personal, and its copy is denied."""

    def __init__(self, columns: tuple[PersonalColumn, ...]) -> None:
        super().__init__()
        self.columns = columns


def masks_of(table: str, columns: Sequence[Copied], masking: Masking | None, present: Iterable[str] = ()) -> TableMasks:
    """Return the masks of a table by the columns that are copied; `present`: all that it has.

    Raises DataError E450, E451.
    """
    masks = masking.of(table) if masking is not None else ()
    key = bytes.fromhex(masking.key) if masking is not None and masking.key is not None else None
    kept = _columns_of(table, masking.kept) if masking is not None else frozenset()
    left_out = {name.lower() for name in present} - {column.name.lower() for column in columns}
    return table_masks(table, columns, masks, key, kept | left_out)


def _columns_of(table: str, names: Iterable[str]) -> frozenset[str]:
    parts = (name.partition(".") for name in names)
    return frozenset(column.lower() for owner, _, column in parts if owner == table)


def look_for_personal(
    session: Session, source: str, masks: TableMasks, masking: Masking | None
) -> tuple[PersonalColumn, ...]:
    """Return the columns that look personal and are copied as they are; raises LooksPersonal where that is denied."""
    if masking is None or masking.personal is None:
        return ()
    excused = _columns_of(masks.table, masking.not_personal)
    open_ones = [c for c in masks.columns if c.name not in masks.masks and c.name.lower() not in excused]
    found = personal_columns(session, source, open_ones, table=masks.table)
    if found and masking.personal is PersonalData.DENY:
        raise LooksPersonal(found)
    return found


def denied(columns: Iterable[PersonalColumn]) -> DataError:
    """Return the error for columns that look personal: all of them, and the lines that mask or excuse them."""
    each = list(columns)
    lines = [f"{c.table}.{c.column} ({c.looks_like}, {c.share:.0%} of the sampled rows)" for c in each]
    others = f", and {len(lines) - _MOST_SHOWN} more" if len(lines) > _MOST_SHOWN else ""
    are = "columns look" if len(lines) > 1 else "column looks"
    masks = ", ".join(f"{c.table}.{c.column}: drop" for c in each[:_MOST_SHOWN])
    return DataError(
        f"nothing was copied: {len(lines)} {are} personal and {'have' if len(lines) > 1 else 'has'} no mask:"
        f" {'; '.join(lines[:_MOST_SHOWN])}{others}",
        code="E452",
        hint=f"in the environment that declares the tables, under spec.data: `mask: {{{masks}}}` (or pseudonym, redact,"
        " generalise); or say under `notPersonal` why a column is none, which counts once that is merged and"
        " the environment is applied",
    )
