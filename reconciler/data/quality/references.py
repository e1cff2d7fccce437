"""Check references between the tables of one copy.

Takes: of each table, the digests of the values in question (`keep_values`), each with its rows. Gives: the references
that lead nowhere. Keeps true: no value is written down, and memory grows with the distinct values.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or made of numbers and checked names.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.spec.data import Contract
from reconciler.data.duckdb_session import Session, name_of, text_of, write_parquet
from reconciler.data.quality.typed_rows import ROW, RowRule, TypedRows
from reconciler.errors import TableProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptValues:
    """The values of one column as digests, each with how many rows have it and the first that does. `kind`: type."""

    table: str
    column: str
    kind: str
    path: Path


def keep_values(
    session: Session, rows: TypedRows, columns: Iterable[str], into: Path, key: str
) -> tuple[KeptValues, ...]:
    """Write digests of these columns' values below `into`, which `broken_references` compares. `key`: known to nobody
    afterwards, so that no value can be guessed from what a crash leaves there."""
    kept = []
    for n, name in enumerate(sorted(set(columns))):
        if (column := rows.column(name)) is None:
            continue
        path = into / f".{rows.table}.{n}.values.parquet"
        row = name_of(ROW)
        grouped = (
            f"SELECT value, count(*) AS rows, min({row}) AS first FROM"
            f" (SELECT ({column.value}) AS value, row_number() OVER () AS {row} FROM {rows.relation})"
            " WHERE value IS NOT NULL GROUP BY value"
        )
        write_parquet(
            session,
            f"SELECT md5({text_of(key)} || CAST(value AS VARCHAR)) AS digest, rows, first FROM ({grouped})",
            path,
        )
        kept.append(KeptValues(table=rows.table, column=name, kind=column.kind, path=path))
    return tuple(kept)


def referenced(contracts: Iterable[Contract], table: str) -> frozenset[str]:
    """Return the columns of a table that a reference starts from or leads to."""
    return frozenset(
        column
        for contract in contracts
        for reference in contract.references
        for owner, column in ((contract.table, reference.column), (reference.table, reference.key))
        if owner == table
    )


def broken_references(
    session: Session,
    contracts: Iterable[Contract],
    kept: Mapping[tuple[str, str], KeptValues],
    *,
    tables: Collection[str],
    read: Collection[str],
) -> Iterator[TableProblem]:
    """Yield the references whose values do not all stand in the other one of these tables. `read`: the tables whose
    rows were checked. A column that is missing where a reference starts is told elsewhere, as is an unread table."""
    for contract in (each for each in contracts if each.table in tables):
        for reference in contract.references:
            name, target = reference.column, f"{reference.table}.{reference.key}"
            change = f"remove {name} from `references`"
            own, other = kept.get((contract.table, name)), kept.get((reference.table, reference.key))
            if reference.table not in tables:
                message = f"{reference.table} is no table of this copy"
                yield TableProblem(
                    table=contract.table, code="E423", message=message, rule="references", column=name, change=change
                )
            elif other is None and reference.table in read:
                yield TableProblem(
                    table=reference.table,
                    code="E422",
                    message=f"the column is missing, and {contract.table}.{name} refers to it",
                    rule="references",
                    column=reference.key,
                )
            if own is None or other is None:
                continue
            if own.kind != other.kind:
                message = f"{own.kind}, and {target} is {other.kind}: values of two types are never the same"
                hint = f"give both one type, by `types` of their tables: types: {{{name}: {other.kind}}}"
                yield TableProblem(
                    table=contract.table, code="E422", message=message, rule="references", column=name, hint=hint
                )
                continue
            count, first = session.rows(
                f"SELECT coalesce(sum(rows), 0), min(first) FROM read_parquet({text_of(str(own.path))}) AS own"
                f" ANTI JOIN read_parquet({text_of(str(other.path))}) AS other USING (digest)",
                doing=f"comparing {contract.table} with {reference.table}",
            )[0]
            if count:
                rule = RowRule(
                    name="references",
                    column=name,
                    bad="",
                    wrong=f"has a value that is not in {target}",
                    change=change,
                    code="E423",
                )
                yield rule.broken(contract.table, int(count), first)
