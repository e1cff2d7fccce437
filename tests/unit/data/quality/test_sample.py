"""The sample that checks look at: the rows with the smallest hashes of their keys, whatever the keys are."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import open_session
from reconciler.data.quality.labelled_rows import LabelledRows
from reconciler.data.quality.measure import SAMPLED, take_sample
from tests.support.invoice_tables import recipe_of


@pytest.mark.parametrize("keys", ["true", "hash(key) > 9000000000000000000"])
@pytest.mark.parametrize("rows", [900, 70_000])
def test_the_sample_has_the_rows_with_the_smallest_hashes(tmp_path: Path, rows: int, keys: str) -> None:
    """Of keys whose hashes are all large, too, though the sample is first looked for among small ones."""
    labelled = LabelledRows(
        recipe=recipe_of(), table="t", part="part", types={}, made_of={}, past=frozenset(), labels=()
    )
    with open_session(limits=Limits(), into=tmp_path, inputs=()) as session:
        session.run(
            "CREATE TABLE t AS SELECT * FROM (SELECT 'k' || range AS key, CASE range % 9 WHEN 0 THEN 'no outcome'"
            f" WHEN 1 THEN 'holdout' ELSE 'train' END AS part FROM range({rows})) WHERE {keys}",
            doing="t",
        )
        known = session.value("SELECT count(*) FROM t WHERE part <> 'no outcome'", doing="t")
        take_sample(session, labelled, known)
        sampled = session.rows(f"SELECT key FROM {SAMPLED}", doing="t")
        wanted = "SELECT key FROM t WHERE part <> 'no outcome' ORDER BY hash(key), key LIMIT 20000"
        assert sampled == session.rows(wanted, doing="t")
        assert len(sampled) == min(known, 20_000)
