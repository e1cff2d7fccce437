"""Apply the declared treatments to a table's columns, after each has its type and before a byte is written.

Takes: the columns of a copy, and the masks of its table. Gives: the query to write, whose values are masked, and what
was done to which column. Keeps true: a masked column leaves only as its treatment makes it, whatever the case of its
name; NULL stays NULL; a treatment that does not fit a column's type is an error, never a value that passes.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or comes from a checked declaration.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from reconciler.core.artifact.data_snapshot import MaskedColumn
from reconciler.core.spec.data import Mask, Treatment
from reconciler.data.duckdb_session import Session, text_of
from reconciler.data.masking.copied import Copied
from reconciler.data.masking.pseudonyms import HashedColumn, Lookup, pseudonyms, text_form
from reconciler.errors import DataError

REDACTED = "redacted"
_WHOLE = ("BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT")
_DATES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedTable:
    """The masked columns of a table copy: SQL of each that is written or looked up, the lookups, what was done."""

    items: tuple[tuple[str, str], ...]
    lookups: tuple[Lookup, ...] = ()
    masked: tuple[MaskedColumn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMasks:
    """The masks of one table, by the columns that it has. `key`: of pseudonyms."""

    table: str
    columns: tuple[Copied, ...]
    masks: dict[str, Mask]
    key: bytes | None

    def apply(self, session: Session, source: str) -> MaskedTable:
        """Return the masked columns for rows of `source`. Raises DataError E413 where a value does not fit its type."""
        if not self.masks:
            return MaskedTable(items=tuple((column.name, column.strict) for column in self.columns))
        hashed = [
            HashedColumn(name=column.name, text=text_form(column.strict, column.kind))
            for column in self.columns
            if self._treatment(column) is Treatment.PSEUDONYM
        ]
        made = pseudonyms(session, source, hashed, self.key or b"", table=self.table)
        items = []
        for column in self.columns:
            mask = self.masks.get(column.name)
            if mask is None:
                items.append((column.name, column.strict))
            elif mask.treatment is not Treatment.DROP:
                items.append((column.name, made.items.get(column.name) or _value(column, mask)))
        return MaskedTable(items=tuple(items), lookups=made.lookups, masked=tuple(self._done()))

    def _treatment(self, column: Copied) -> Treatment | None:
        mask = self.masks.get(column.name)
        return mask.treatment if mask is not None else None

    def _done(self) -> Iterator[MaskedColumn]:
        for column in self.columns:
            if (mask := self.masks.get(column.name)) is not None:
                yield MaskedColumn(
                    column=column.name, treatment=mask.treatment, argument=mask.argument, type=column.kind
                )


def table_masks(
    table: str, columns: Sequence[Copied], masks: Sequence[Mask], key: bytes | None, kept: frozenset[str] = frozenset()
) -> TableMasks:
    """Return the masks of a table by its columns, compared without case. `kept`: columns that need not be there.

    Raises DataError E450 where a mask names no column, does not fit its column's type, or leaves no column.
    """
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(column.name.lower(), []).append(column.name)
    kinds = {column.name: column.kind for column in columns}
    chosen: dict[str, Mask] = {}
    for mask in masks:
        names = by_name.get(mask.column.lower())
        if names is None and mask.column.lower() in kept:
            continue
        if names is None:
            hint = f"correct `mask`, or remove it: the table's columns are {', '.join(sorted(kinds))[:300]}"
            raise DataError(f"table {table}: mask names column {mask.column}, which it has not", code="E450", hint=hint)
        for name in names:
            if mask.treatment is Treatment.GENERALISE:
                _check_fits(table, name, kinds[name], mask.argument or "")
            if mask.treatment is Treatment.PSEUDONYM and key is None:
                raise DataError(f"table {table}: column {name} becomes a pseudonym, and there is no key", code="E451")
            chosen[name] = mask
    if chosen and all(chosen.get(name) is not None and chosen[name].treatment is Treatment.DROP for name in kinds):
        raise DataError(
            f"table {table}: every column is dropped", code="E450", hint="leave the table out, or keep its key"
        )
    return TableMasks(table=table, columns=tuple(columns), masks=chosen, key=key)


# --- values ---------------------------------------------------------------------------------------------------------


def _value(column: Copied, mask: Mask) -> str:
    """Return SQL of a masked value, besides pseudonyms."""
    if mask.treatment is Treatment.GENERALISE:
        return _generalised(column.strict, column.kind, mask.argument or "")
    text = REDACTED if mask.treatment is Treatment.REDACT else (mask.argument or "")
    return f"CASE WHEN {column.cell} IS NOT NULL THEN {text_of(text)} END"


def _generalised(value: str, kind: str, argument: str) -> str:
    if argument in ("month", "year"):
        return f"CAST(date_trunc('{argument}', {value}) AS {kind})"
    if argument.startswith("first "):
        return f"left({value}, {int(argument.removeprefix('first '))})"
    step = Decimal(argument)
    places = max(0, -int(step.normalize().as_tuple().exponent))
    if kind in _WHOLE and places == 0:
        whole = f"CAST({value} AS HUGEINT)"
        return f"TRY_CAST({whole} - (({whole} % {int(step)}) + {int(step)}) % {int(step)} AS {kind})"
    number = f"CAST({value} AS DOUBLE)"
    return f"CAST(round(floor({number} / {step} + 1e-9) * {step}, {places}) AS {kind})"


def _check_fits(table: str, column: str, kind: str, argument: str) -> None:
    """Raise DataError E450 where a generalisation cannot be applied to values of this type."""
    if argument in ("month", "year"):
        expected, fits, hint = "a date", kind in _DATES, f"declare its type: `types: {{{column}: DATE}}`"
    elif argument.startswith("first "):
        expected, fits, hint = "a text", kind == "VARCHAR", f"declare its type: `types: {{{column}: VARCHAR}}`"
    else:
        fits = kind in _WHOLE or kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL(")
        expected, hint = "a number", f"declare its type: `types: {{{column}: DOUBLE}}`"
        try:
            fits = fits and Decimal(argument) > 0
        except InvalidOperation:
            fits = False
    if not fits:
        message = f"table {table}: column {column} is {kind}; `generalise: {argument}` needs {expected}"
        raise DataError(message, code="E450", hint=hint)
