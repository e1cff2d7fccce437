"""Check the contracts of a copy's tables, one table after another, and tell at the end everything that is broken.

Takes: a copy's contracts, and each table's typed rows while they are there. Gives: nothing, or one error with all
problems of all tables. Keeps true: what cannot be read, or breaks its contract, hides nothing of the other tables.
"""

# SQL is text here; every part is quoted (`name_of`).
# ruff: noqa: S608

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.core.spec.data import Contract, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import Session, name_of, open_session
from reconciler.data.quality.contract_rules import columns_named
from reconciler.data.quality.contracts import broken, misfits
from reconciler.data.quality.references import KeptValues, broken_references, keep_values, referenced
from reconciler.data.quality.typed_rows import CheckedColumn, TypedColumn, TypedRows
from reconciler.errors import DataError, FilePosition, RefusedTablesError, TableProblem
from reconciler.ports import ContractChecks

Position = Callable[[int], str | None]
"""Returns file and line of a row of the table, from 1, as far as they can be told."""

_OUT_OF_LIMITS = "E418"


class BrokenContract(Exception):  # noqa: N818  (it is caught where the tables are copied, and no error by itself)
    """A table breaks its contract, which is told at the end."""


@dataclass(slots=True, kw_only=True)
class CopyChecks:
    """The checks of one copy; none where `checks` is None. `into`: where digests of values lie until the end."""

    checks: ContractChecks | None
    into: Path
    limits: Limits
    _key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    _positions: dict[str, Position] = field(default_factory=dict)
    _problems: list[TableProblem] = field(default_factory=list)
    _unread: list[DataError] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)
    _kept: dict[tuple[str, str], KeptValues] = field(default_factory=dict)

    def _of(self, table: str) -> tuple[Contract, ...]:
        return self.checks.of(table) if self.checks is not None else ()

    def known_types(self, table: str) -> dict[str, str]:
        """Return the column types that the contracts of a table declare, by which its text is read."""
        types: dict[str, str] = {}
        for contract in self._of(table):
            for column, kind in contract.columns:
                types.setdefault(column, kind)
        return types

    def columns_named(self, table: str) -> frozenset[str]:
        """Return the columns that the contracts of a table name."""
        return frozenset(name for contract in self._of(table) for name in columns_named(contract))

    @contextmanager
    def gathered(self, table: str, position: Position) -> Iterator[None]:
        """Keep an error that stops the copy of one table, and go on; but not without time or memory. `position`: finds
        a row again when the table is read no more."""
        self._positions[table] = position
        try:
            yield
        except BrokenContract:
            return
        except DataError as error:
            if error.code == _OUT_OF_LIMITS or self.checks is None:
                raise
            self._unread.append(error)
            where = str(error.where) if error.where is not None else None
            message = error.message.removeprefix(f"table {table}: ")
            self._problems.append(
                TableProblem(table=table, code=error.code or "E411", message=message, where=where, hint=error.hint)
            )

    def check(
        self,
        session: Session,
        name: str,
        table: Table,
        *,
        relation: str,
        columns: Sequence[CheckedColumn],
        unread: Mapping[str, str],
        at: Position,
    ) -> bool:
        """Check the rows of a table before they are masked or kept, and tell whether they keep to its contracts.

        `unread`: the columns that are there besides, with their types.
        """
        if self.checks is None:
            return True
        if (number := table.row_number) is not None:
            relation = f"(SELECT row_number() OVER () AS {name_of(number)}, * FROM {relation})"
            columns = (TypedColumn(name=number, kind="BIGINT"), *columns)
        rows = TypedRows(
            table=name,
            relation=relation,
            columns=columns,
            unread=unread,
            moment=self.checks.moment,
            as_of=self.checks.as_of,
            zone=table.time_zone or "UTC",
            last_rows=dict(self.checks.rows).get(name),
        )
        self._read.add(name)
        contracts = self._of(name)
        found = dict.fromkeys(problem for contract in contracts for problem in broken(session, rows, contract))
        if names := referenced(self.checks.contracts, name):
            kept = keep_values(session, rows, names, self.into, self._key)
            self._kept.update({(each.table, each.column): each for each in kept})
        if found:
            others = misfits(session, rows, besides=self.known_types(name))
            self._problems += (_placed(problem, at) for problem in (*found, *others))
        return not found

    def finish(self, personal: Iterable[PersonalColumn] = ()) -> None:
        """Compare the references, and raise RefusedTablesError E421 where a contract is broken, with the columns that
        look `personal`; where all that is wrong is one table that cannot be read, its error."""
        contracts = self.checks.contracts if self.checks is not None else ()
        try:
            if any(contract.references for contract in contracts):
                with open_session(limits=self.limits, into=self.into, inputs=()) as session:
                    for problem in broken_references(
                        session, contracts, self._kept, tables=self._positions, read=self._read
                    ):
                        self._problems.append(_placed(problem, self._positions.get(problem.table, _nowhere)))
        finally:
            for kept in self._kept.values():
                kept.path.unlink(missing_ok=True)
        looks = tuple(map(_looks_personal, personal))
        if len(self._problems) == len(self._unread) == 1 and not looks:
            raise self._unread[0]
        if self._problems:
            raise RefusedTablesError(tuple(dict.fromkeys((*self._problems, *looks))))


def position_of(table: Table, line_of: Callable[[int], tuple[str | None, int | None]] | None, row: int) -> str | None:
    """Return file and line of a row of an opened table, as far as they can be told."""
    file, line = line_of(row) if line_of is not None else (None, None)
    return str(FilePosition(file=file or table.place, line=line))


def _looks_personal(column: PersonalColumn) -> TableProblem:
    return TableProblem(
        table=column.table,
        code="E452",
        message=f"looks personal and has no mask ({column.looks_like}, {column.share:.0%} of the sampled rows)",
        column=column.column,
        hint="mask the columns that look personal, or say under `notPersonal` why they are not",
    )


def _placed(problem: TableProblem, at: Position) -> TableProblem:
    return replace(problem, where=at(problem.row)) if problem.row is not None else problem


def _nowhere(row: int) -> str | None:
    del row
    return None
