"""Owners are told apart by their texts, however they are sorted; the law itself is in tests/property."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.dataset.columns import arrange
from reconciler.data.dataset.point_in_time import add_past
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


def past_of(folder: Path, owner: str, short: str) -> list[tuple[Any, ...]]:
    """What `add_past` computes where owners stand as this function of their texts."""
    recipe = recipe_of(past=PAST)
    columns = arrange(recipe, INVOICE_TYPES)
    with open_session(limits=Limits(), into=folder, inputs=()) as session:
        session.run(f"CREATE TABLE ledger AS {ROWS.format(owner=owner)}", doing="t")
        features, key = columns.features, "invoice_id"
        name = add_past(session, recipe=recipe, features=features, where=None, ledger="ledger", key=key, short=short)
        assert session.types(name, doing="t").keys() == session.types("ledger", doing="t").keys() | PAST.keys()
        left = session.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1", doing="t")
        assert left == [("ledger",), ("past_steps",)]  # what is needed no more takes no memory
        return session.rows(f"SELECT * FROM {name} ORDER BY invoice_id", doing="t")


@pytest.mark.parametrize("owner", ["CASE i % 3 WHEN 0 THEN 'ab' WHEN 1 THEN 'cd' END", "'c' || i % 3"])
def test_owners_that_share_a_short_hash_keep_their_own_past(tmp_path: Path, owner: str) -> None:
    """All texts of one length share theirs here; then they are told apart by themselves."""
    by_length, by_hash = (past_of(tmp_path, owner, short) for short in ("length", "hash"))
    assert by_length == by_hash
    assert len({row[-5:] for row in by_hash}) > 20
