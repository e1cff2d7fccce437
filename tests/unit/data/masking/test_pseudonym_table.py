"""Pseudonyms are found by short hashes: each value's own, in its place, whatever slots the hashes share."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import open_session
from reconciler.data.masking.pseudonym_table import PseudonymTable, pseudonym_table
from reconciler.data.masking.pseudonyms import HashedColumn, pseudonyms
from reconciler.errors import DataError

KEY = b"k" * 32
# Hashes that share their last bits, or nearly all of them, are in each other's way.
hashes = st.one_of(st.integers(0, 20), st.integers(0, 20).map(lambda n: n << 40), st.integers(0, 2**64 - 1))


def table_of(known: list[int], size: int) -> PseudonymTable | None:
    """Make a table of batches of some pairs each, one of them cut from a longer one."""
    batches = []
    for start in range(0, len(known), size):
        some = known[start : start + size]
        pairs = [pa.array([7, *some], pa.uint64()), pa.array(["x" * 64, *map(digits, some)])]
        batches.append(pa.record_batch(pairs, names=["hash", "pseudonym"]).slice(1))
    return pseudonym_table(batches)


def digits(value: int) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()


@given(st.lists(hashes, unique=True, max_size=60), st.integers(1, 30), st.data())
def test_each_hash_finds_its_own_pseudonym_and_null_stays_null(
    known: list[int], size: int, data: st.DataObject
) -> None:
    table = table_of(known, size)
    assert table is not None
    asked = data.draw(st.lists(st.one_of(st.none(), st.sampled_from(known)) if known else st.none(), max_size=50))
    start = data.draw(st.integers(0, len(asked)))
    found = table.of(pa.array(asked, pa.uint64()).slice(start))
    found.validate(full=True)
    assert found.type == pa.string()
    assert found.to_pylist() == [None if each is None else digits(each) for each in asked[start:]]


@given(st.lists(hashes, unique=True, min_size=1, max_size=40), hashes)
def test_a_hash_that_is_not_known_is_an_error(known: list[int], other: int) -> None:
    table = table_of(known, 40)
    assert table is not None
    if other in known:
        return
    with pytest.raises(DataError, match="was changed while it was read") as refused:
        table.of(pa.array([known[0], other], pa.uint64()))
    assert refused.value.code == "E413"


def test_values_of_one_short_hash_have_no_table() -> None:
    assert table_of([1, 2, 1], 2) is None


def test_values_of_one_short_hash_have_their_own_pseudonyms(tmp_path: Path) -> None:
    """Two values of one length share the short hash that is given here: each is hashed where it is."""
    values = ["ab", "cd", None, "ab", "xyz"] * 20
    with open_session(limits=Limits(), into=tmp_path, inputs=()) as session:
        session.show("t", {"v": np.ma.masked_array([v or "" for v in values], mask=[v is None for v in values])})
        made = pseudonyms(session, "t", [HashedColumn(name="v", text="v")], KEY, table="t", short="length")
        assert not made.lookups
        found = [row[0] for row in session.rows(f"SELECT {made.items['v']} FROM t", doing="t")]
    assert found == [v and hmac.new(KEY, v.encode(), "sha256").hexdigest() for v in values]


def test_the_columns_with_the_fewest_values_are_looked_up_in_the_room_that_there_is(tmp_path: Path) -> None:
    query = "SELECT range % 90 AS a, range % 80 AS b, range % 7 AS c, range % 91 AS d FROM range(1000)"
    with open_session(limits=Limits(), into=tmp_path, inputs=()) as session:
        session.run(f"CREATE TABLE t AS {query}", doing="t")
        columns = [HashedColumn(name=name, text=f"CAST({name} AS VARCHAR)") for name in "abcd"]
        made = pseudonyms(session, "t", columns, KEY, table="t", most=220)
    assert {each.column for each in made.lookups} == {"a", "b", "c"}
    assert "sha256" in made.items["d"]
