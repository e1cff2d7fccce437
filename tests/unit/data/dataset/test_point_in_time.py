"""Owners are told apart by their texts, however they are sorted; the law itself is in tests/property."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.dataset.columns import arrange
from reconciler.data.dataset.past.point_in_time import add_past
from reconciler.data.duckdb_session import open_session
from tests.support.invoice_tables import INVOICE_TYPES, recipe_of

PAST = {
    "n": "count(*)",
    "total": "sum(amount)",
    "least": "min(amount)",
    "days": "sum(days_late)",
    "first": "min(country)",
}
ROWS = """
    SELECT CAST(i AS VARCHAR) AS invoice_id, {owner} AS customer_id,
      DATE '2024-01-01' + CAST(i % 40 AS INT) AS invoice_date, DATE '2024-01-01' + CAST(i % 50 AS INT) AS paid_date,
      (hash(i) % 1000) / 7 AS amount, CAST(hash(i) % 3 AS BIGINT) AS days_late, 'C' || hash(i) % 9 AS country,
      DATE '2024-12-31' AS as_of FROM range(400) t(i)
"""


def past_of(
    folder: Path, owner: str, short: str, past: dict[str, str] = PAST, more: str = "NULL AS more"
) -> list[tuple[Any, ...]]:
    """What `add_past` computes where owners stand as this function of their texts."""
    recipe = recipe_of(past=past)
    columns = arrange(recipe, (*INVOICE_TYPES, "more"))
    with open_session(limits=Limits(), into=folder, inputs=()) as session:
        session.run(f"CREATE TABLE ledger AS SELECT *, {more} FROM ({ROWS.format(owner=owner)})", doing="t")
        features, key = columns.features, "invoice_id"
        name = add_past(session, recipe=recipe, features=features, where=None, ledger="ledger", key=key, short=short)
        assert session.types(name, doing="t").keys() == session.types("ledger", doing="t").keys() | past.keys()
        left = session.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1", doing="t")
        assert left == [("ledger",), ("past_steps",)]  # what is needed no more takes no memory
        return session.rows(f"SELECT * FROM {name} ORDER BY invoice_id", doing="t")


@pytest.mark.parametrize("owner", ["CASE i % 3 WHEN 0 THEN 'ab' WHEN 1 THEN 'cd' END", "'c' || i % 3"])
def test_owners_that_share_a_short_hash_keep_their_own_past(tmp_path: Path, owner: str) -> None:
    """All texts of one length share theirs here; then they are told apart by themselves."""
    by_length, by_hash = (past_of(tmp_path, owner, short) for short in ("length", "hash"))
    assert by_length == by_hash
    assert len({row[-5:] for row in by_hash}) > 20


NUMBERS = {
    "decimal": "CAST(days_late * 7 - 5.25 AS DECIMAL(12, 2))",
    "decimal without places": "CAST(days_late - 1 AS DECIMAL(9, 0))",
    "decimal of 18 places": "CAST((days_late - 1) / 4 AS DECIMAL(18, 18))",
    "decimal of many digits": "CAST(days_late AS DECIMAL(38, 4))",
    "whole": "CAST(days_late - 1 AS INTEGER)",
    "whole, large": "CASE days_late WHEN 0 THEN 9223372036854775807 WHEN 1 THEN -9223372036854775806 END",
    "whole, larger": "CAST(days_late AS HUGEINT) * 100000000000000000000",
    "condition": "days_late > 1",
    "floating point": "CASE WHEN days_late < 2 THEN amount - 70 END",
    "missing": "CAST(NULL AS BIGINT)",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_an_aggregate_is_the_same_beside_whatever_else_is_asked_for(tmp_path: Path, number: str) -> None:
    """What follows from totals of all owners is computed so where nothing else is asked for."""
    past = {"n": "count(more)", "total": "sum(more)", "mean": "avg(more)", "all": "count(*)"}
    past |= {"few": "sum(more) filter (where days_late = 1)"}
    if number != NUMBERS["floating point"]:
        past |= {"least": "min(more)", "most": "max(more)"}
    if number == NUMBERS["condition"]:
        past |= {"each": "bool_and(more)", "one": "bool_or(more)"}
    owner, more = "CASE WHEN i % 11 > 0 THEN 'c' || i % 7 END", f"CASE WHEN amount < 100 THEN {number} END AS more"
    alone, beside = (
        past_of(tmp_path, owner, "hash", {**past, **others}, more) for others in ({}, {"first": "min(country)"})
    )
    assert alone == [row[:-1] for row in beside]
    assert [list(map(type, row)) for row in alone] == [list(map(type, row[:-1])) for row in beside]
    assert len({row[-len(past) :] for row in alone}) > 10
