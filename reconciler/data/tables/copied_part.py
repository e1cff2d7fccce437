"""Choose the part of a table that is copied: the columns that are asked for, and the rows of sampled entities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.data.duckdb_session import name_of, text_of
from reconciler.data.tables.copied_column import CopiedColumn
from reconciler.errors import DataError
from reconciler.ports import CopyRequest

_DIGITS = 13  # of a hash, in base 16
_IS_COPIED = name_of("is copied")  # no column of a table has this name


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedPart:
    """What is copied of one table. `columns`: those that are asked for, None all; `entity`: the column that tells whose
    row it is, None where no sample is taken; `required`: the table must have that column."""

    name: str
    table: Table
    columns: frozenset[str] | None
    entity: str | None = None
    required: bool = False
    share: float = 1
    salt: str = ""

    def has(self, name: str) -> bool:
        """Tell whether a column is copied."""
        return self.columns is None or name in self.columns

    def read(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that are read, in order. Raises DataError E416."""
        names = tuple(names)
        if self.entity is not None and self.required and self.entity not in names:
            raise self._no_column(f"`sample` goes by column {self.entity}, which does not exist")
        if self.columns is not None and not any(map(self.has, (*names, *filter(None, (self.table.row_number,))))):
            raise self._no_column(
                f"none of the columns that are used is there: {', '.join(sorted(self.columns))[:200]}"
            )
        return tuple(name for name in names if self.has(name) or name == self.entity)

    def _no_column(self, message: str) -> DataError:
        hint = "correct the name where it is declared, or the table"
        return table_error(self.name, self.table, code="E416", message=message, hint=hint)

    def sampled_by(self, columns: Sequence[CopiedColumn]) -> CopiedColumn | None:
        """Return the column that chooses the rows, among those that are read; None where all are copied."""
        return next((column for column in columns if column.name == self.entity), None)

    def query(
        self, values: Sequence[tuple[str, str]], source: str, chosen: CopiedColumn | None, gone: str | None = None
    ) -> str:
        """Return SQL of each row that is copied: (column, SQL of its value) over `source`, where `chosen` chooses rows;
        without those of which `gone` (SQL) is true.

        A row without an entity belongs to none. The hash is of the entity's text, so it chooses the same entities in
        every table, and at every refresh; a larger share has all those of a smaller one.
        """
        items = [f"{value} AS {name_of(name)}" for name, value in values]
        if (number := self.table.row_number) is not None and self.has(number):
            items.insert(0, f"row_number() OVER () AS {name_of(number)}")
        if chosen is None and gone is None:
            return f"SELECT {', '.join(items)} FROM {source}"  # noqa: S608  (every part is quoted)
        is_copied = [f"NOT ({gone})"] if gone is not None else []
        if chosen is not None:
            is_copied.append(self._is_sampled(chosen))
        # The rows are numbered before any is left out: a number is that of the source's row.
        every = f"SELECT {', '.join(items)}, {' AND '.join(is_copied)} AS {_IS_COPIED} FROM {source}"  # noqa: S608
        return f"SELECT * EXCLUDE ({_IS_COPIED}) FROM ({every}) WHERE {_IS_COPIED}"  # noqa: S608

    def _is_sampled(self, chosen: CopiedColumn) -> str:
        text = f"CAST({chosen.strict} AS VARCHAR)"
        if chosen.kind not in ("VARCHAR", "DATE", "TIMESTAMP"):
            text = f"regexp_replace({text}, '\\.0+$', '')"  # 12.0 of one table is 12 of another
        below = f"{int(self.share * 16**_DIGITS):0{_DIGITS}x}"
        return f"coalesce(left(sha256({text_of(self.salt)} || {text}), {_DIGITS}) < '{below}', false)"


def part_of(request: CopyRequest, name: str, table: Table) -> CopiedPart:
    """Return what a request asks for of a table."""
    asked, sample = dict(request.columns).get(name), request.sample
    columns = frozenset(asked) if asked is not None else None
    if sample is None or sample.entity.share >= 1:
        return CopiedPart(name=name, table=table, columns=columns)
    referring = dict(sample.columns)
    return CopiedPart(
        name=name,
        table=table,
        columns=columns,
        entity=referring.get(name, sample.entity.column),
        required=name == sample.entity.table or name in referring,
        share=sample.entity.share,
        salt=f"sample of {sample.entity.table}.{sample.entity.column}: ",
    )
