"""Tell the rows of erased entities in tables, one table after another.

Takes: keyed digests of values, and the columns that lead to them. Gives: SQL that is true of a row of such an entity:
one that holds its value, or that refers to a row of it by another column. Keeps true: a value is compared as the text
that pseudonyms are made of, so 7, 7.0 and the number that is written 007 are one, and the text `007` is another; and
values are in this process only.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.core.erasure.referring import tables_in_order
from reconciler.data.duckdb_session import Session, name_of, text_of
from reconciler.data.masking.copied import Copied
from reconciler.data.masking.pseudonyms import pseudonym_of, text_form
from reconciler.errors import DataError
from reconciler.ports import ErasedEntities, ErasedRows

T = TypeVar("T")
NOT_TOLD = "E455"


def entity_digest(table: str, column: str, text: str, key: bytes) -> str:
    """Return the keyed digest of the text of a value of `table.column`."""
    return hmac.new(key, f"{_salt(table, column)}{text}".encode(), hashlib.sha256).hexdigest()


def _salt(table: str, column: str) -> str:
    return f"erased from {table}.{column}: "


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnText:
    """A column of a table at hand: SQL of its values, and their DuckDB type."""

    value: str
    kind: str

    @property
    def text(self) -> str:
        """Return SQL of the text by which values are compared."""
        return text_form(self.value, self.kind)


@dataclass(slots=True, kw_only=True)
class RowsOfEntities:
    """What is known of the rows of entities while tables are read in the order of `in_order`."""

    erased: ErasedRows | None
    _found: dict[tuple[int, str, str], tuple[str, ...]] = field(default_factory=dict, repr=False)

    def in_order(self, tables: Iterable[str]) -> tuple[str, ...]:
        """Return the tables in an order in which they can be read: each one behind those that it refers to."""
        names = tuple(tables)
        if self.erased is None:
            return names
        references = [
            each
            for entities in self.erased.entities
            for each in entities.references
            if each.table in names and each.to_table in names
        ]
        return tables_in_order(references, names)

    def ordered(self, tables: Mapping[str, T]) -> Iterator[T]:
        """Yield what there is of each table, in that order."""
        yield from map(tables.__getitem__, self.in_order(tables))

    def columns(self, table: str) -> frozenset[str]:
        """Return the columns of a table that are needed to tell the rows."""
        entities = self.erased.entities if self.erased is not None else ()
        return frozenset(
            name
            for each in entities
            for name in (
                *(column.column for column in each.columns if column.table == table),
                *(reference.column for reference in each.references if reference.table == table),
                *(reference.to_column for reference in each.references if reference.to_table == table),
            )
        )

    def condition(self, session: Session, relation: str, table: str, columns: Mapping[str, ColumnText]) -> str | None:
        """Return SQL that is true of the rows of entities in `relation`; None where there are none.

        Raises DataError E455 where a column is missing that leads to them.
        """
        if self.erased is None:
            return None
        if missing := sorted(self.columns(table) - columns.keys()):
            raise DataError(
                f"table {table}: column {missing[0]} does not exist, and the rows of an erased entity are told by it",
                code=NOT_TOLD,
                hint="declare the column as it was when the entity was forgotten, or end the erasure by"
                " `reconciler data forget ENV --key TABLE.COLUMN --returned`",
            )
        parts = []
        for index, entities in enumerate(self.erased.entities):
            own = self._of(session, relation, table, columns, index, entities)
            if not own:
                continue
            condition = " OR ".join(own)
            parts.append(condition)
            for name in {each.to_column for each in entities.references if each.to_table == table}:
                text = columns[name].text
                found = session.rows(
                    f"SELECT DISTINCT {text} FROM {relation} WHERE ({condition}) AND {text} IS NOT NULL",
                    doing=f"looking for erased rows in table {table}",
                )
                self._found[index, table, name] = tuple(value for (value,) in found)
        return " OR ".join(parts) or None

    def condition_of_copied(self, session: Session, relation: str, table: str, columns: Iterable[Copied]) -> str | None:
        """Return that SQL for a table that is copied, by how its columns are."""
        texts = {column.name: ColumnText(value=column.strict, kind=column.kind) for column in columns}
        return self.condition(session, relation, table, texts)

    def _of(
        self,
        session: Session,
        relation: str,
        table: str,
        columns: Mapping[str, ColumnText],
        index: int,
        entities: ErasedEntities,
    ) -> list[str]:
        parts = []
        for column in dict.fromkeys(each.column for each in entities.columns if each.table == table):
            parts += _is_one_of(columns[column].text, self._held(session, relation, table, columns[column], entities))
        for each in entities.references:
            if each.table == table:
                parts += _is_one_of(
                    columns[each.column].text, self._found.get((index, each.to_table, each.to_column), ())
                )
        return parts

    def _held(
        self, session: Session, relation: str, table: str, column: ColumnText, entities: ErasedEntities
    ) -> tuple[str, ...]:
        """Return those values of a column that are of the entities: each distinct one is hashed once."""
        if self.erased is None:
            return ()
        salted = f"{text_of(_salt(entities.table, entities.column))} || text"
        digests = ", ".join(text_of(digest) for digest in entities.digests)
        found = session.rows(
            f"SELECT text FROM (SELECT DISTINCT {column.text} AS text FROM {relation})"
            f" WHERE text IS NOT NULL AND {pseudonym_of(salted, bytes.fromhex(self.erased.key))} IN ({digests})",
            doing=f"looking for erased rows in table {table}",
        )
        return tuple(value for (value,) in found)


def _is_one_of(text: str, values: Iterable[str]) -> list[str]:
    listed = ", ".join(map(text_of, values))
    return [f"coalesce({text} IN ({listed}), false)"] if listed else []


def columns_of_parquet(types: Mapping[str, str]) -> dict[str, ColumnText]:
    """Return the columns of a table copy."""
    return {name: ColumnText(value=name_of(name), kind=kind) for name, kind in types.items()}
