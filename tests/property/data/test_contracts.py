"""What a contract finds equals what going through the rows one by one finds: rule, number of rows, first row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.data import AllowedRange, AllowedValues, Contract, Reference
from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import Session, open_session, text_of
from reconciler.data.quality.contracts import broken
from reconciler.data.quality.references import broken_references, keep_values
from reconciler.data.quality.typed_rows import TypedColumn, TypedRows
from tests.support.effort import examples

Row = tuple[int | None, str | None, float | None]
Found = tuple[str | None, str | None, int | None, int | None]
TYPES = {"id": "BIGINT", "country": "VARCHAR", "amount": "DOUBLE"}
NUMBERS = (-1.5, 0.0, 0.1, 1.0, 2.5)

ids = st.none() | st.integers(0, 4)
countries = st.none() | st.sampled_from(["DE", "FR", "it's", "", "de"])
amounts = st.none() | st.sampled_from(NUMBERS)
tables = st.lists(st.tuples(ids, countries, amounts), min_size=1, max_size=12)
bounds = st.none() | st.sampled_from(NUMBERS)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    lowest, highest = draw(bounds), draw(bounds)
    listed = draw(st.lists(st.sampled_from(["DE", "FR", "it's"]), min_size=1, max_size=3, unique=True))
    return Contract(
        table="t",
        key=draw(st.none() | st.just("id")),
        required=tuple(draw(st.lists(st.sampled_from(["country", "amount"]), unique=True))),
        values=(AllowedValues(column="country", values=tuple(listed)),) if draw(st.booleans()) else (),
        ranges=(AllowedRange(column="amount", at_least=lowest, at_most=highest),) if lowest or highest else (),
        rows_at_least=draw(st.none() | st.integers(1, 8)),
        rows_change_at_most=draw(st.none() | st.sampled_from([0.1, 0.5, 1.0])),
    )


def one_by_one(rows: list[Row], contract: Contract, last: int) -> Iterator[Found]:
    """Yield (rule, column, rows, first row) of each rule that is broken."""
    places = {name: n for n, name in enumerate(TYPES)}

    def bad(rule: str, column: str, numbers: list[int]) -> Iterator[Found]:
        if numbers:
            yield rule, column, len(numbers), numbers[0]

    def where(column: str) -> list[tuple[int, object]]:
        return [(n, row[places[column]]) for n, row in enumerate(rows, 1)]

    empty = [("key", contract.key)] if contract.key else []
    for rule, name in (*empty, *(("required", each) for each in contract.required)):
        yield from bad(rule, name, [n for n, value in where(name) if value is None])
    for allowed in contract.values:
        numbers = [n for n, value in where(allowed.column) if value is not None and value not in allowed.values]
        yield from bad("values", allowed.column, numbers)
    for each in contract.ranges:
        low, high = each.at_least, each.at_most
        outside = [
            n
            for n, value in where(each.column)
            if isinstance(value, float) and ((low is not None and value < low) or (high is not None and value > high))
        ]
        yield from bad("ranges", each.column, outside)
    if contract.key:
        seen: set[object] = set()
        again = [n for n, value in where(contract.key) if value is not None and (value in seen or seen.add(value))]
        yield from bad("key", contract.key, again)
    count = len(rows)
    if contract.rows_at_least is not None and count < contract.rows_at_least:
        yield "rows", None, count, None
    if contract.rows_change_at_most is not None and abs(count - last) > contract.rows_change_at_most * last + 1e-9:
        yield "rows", None, count, None


def typed(session: Session, rows: list[Row], table: str, last: int) -> TypedRows:
    def cell(value: object, kind: str) -> str:
        return f"CAST({'NULL' if value is None else text_of(str(value))} AS {kind})"

    lines = (", ".join(cell(value, kind) for value, kind in zip(row, TYPES.values(), strict=True)) for row in rows)
    query = f"SELECT * FROM (VALUES {', '.join(f'({line})' for line in lines)}) AS t({', '.join(TYPES)})"
    session.run(f"CREATE OR REPLACE TABLE {table} AS {query}", doing="making a table")
    columns = tuple(TypedColumn(name=name, kind=kind) for name, kind in TYPES.items())
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return TypedRows(table=table, relation=table, columns=columns, unread={}, moment=moment, last_rows=last)


@pytest.mark.soak
@settings(max_examples=examples(15), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables, others=tables, contract=contracts(), last=st.integers(1, 12))
def test_a_contract_finds_what_going_through_the_rows_finds(
    rows: list[Row], others: list[Row], contract: Contract, last: int
) -> None:
    with TemporaryDirectory() as folder, open_session(limits=Limits(), into=Path(folder), inputs=()) as session:
        relation = typed(session, rows, "t", last)
        found = [(each.rule, each.column, each.rows, each.row) for each in broken(session, relation, contract)]
        assert sorted(map(repr, found)) == sorted(map(repr, one_by_one(rows, contract, last)))
        other = typed(session, others, "other", last)
        reference = Contract(table="t", references=(Reference(column="country", table="other", key="country"),))
        kept = (
            *keep_values(session, relation, ["country"], Path(folder), "key"),
            *keep_values(session, other, ["country"], Path(folder), "key"),
        )
        known = {(each.table, each.column): each for each in kept}
        names = ("t", "other")
        lost = [
            (each.rows, each.row) for each in broken_references(session, [reference], known, tables=names, read=names)
        ]
        there = {row[1] for row in others}
        numbers = [n for n, row in enumerate(rows, 1) if row[1] is not None and row[1] not in there]
        assert lost == ([(len(numbers), numbers[0])] if numbers else [])
