"""Find which columns of which tables refer to an entity, by the references that contracts declare. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from reconciler.core.spec.data import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferringColumn:
    """A column whose value is that of the entity: its own, or one that refers to it."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedReference:
    """A column that refers to another column of a table with rows of the entity: a row that refers to one of those is
    the entity's, too."""

    table: str
    column: str
    to_table: str
    to_column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} -> {self.to_table}.{self.to_column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referring:
    """What leads to an entity. `not_followed`: references that close a circle; `not_searched`: tables of which no
    column leads there."""

    columns: tuple[ReferringColumn, ...]
    references: tuple[FollowedReference, ...]
    not_followed: tuple[FollowedReference, ...] = ()
    not_searched: tuple[str, ...] = ()


def referring(contracts: Iterable[Contract], tables: Collection[str], table: str, column: str) -> Referring:
    """Return the columns that lead to the entities of `table.column`, transitively, as the contracts declare."""
    links = dict.fromkeys(
        FollowedReference(
            table=contract.table, column=reference.column, to_table=reference.table, to_column=reference.key
        )
        for contract in contracts
        for reference in contract.references
        if contract.table in tables and reference.table in tables
    )
    direct = {(table, column)}
    while more := {(each.table, each.column) for each in links if (each.to_table, each.to_column) in direct} - direct:
        direct |= more
    others = [each for each in links if (each.to_table, each.to_column) not in direct]
    reached = {name for name, _ in direct}
    followed: list[FollowedReference] = []
    while found := [each for each in others if each.to_table in reached and each not in followed]:
        followed += found
        reached |= {each.table for each in found}
    kept = without_circles(sorted(followed, key=str))
    return Referring(
        columns=tuple(ReferringColumn(table=name, column=each) for name, each in sorted(direct)),
        references=kept,
        not_followed=tuple(each for each in sorted(followed, key=str) if each not in kept),
        not_searched=tuple(sorted(set(tables) - reached)),
    )


def without_circles(references: Iterable[FollowedReference]) -> tuple[FollowedReference, ...]:
    """Return the references without those that close a circle with earlier ones."""
    kept: list[FollowedReference] = []
    for each in references:
        try:
            tables_in_order((*kept, each), ())
        except CycleError:
            continue
        kept.append(each)
    return tuple(kept)


def tables_in_order(references: Iterable[FollowedReference], tables: Iterable[str]) -> tuple[str, ...]:
    """Return tables in an order in which each one comes behind those that it refers to. Raises CycleError."""
    before: dict[str, set[str]] = {name: set() for name in tables}
    for each in references:
        before.setdefault(each.table, set()).add(each.to_table)
    return tuple(TopologicalSorter(before).static_order())
