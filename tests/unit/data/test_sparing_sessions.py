"""A session that may spill begins with little memory, and takes all that it may only for a step that cannot do so."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import Session, open_session
from reconciler.errors import DataError

MIB = 1024**2
LITTLE = 24 * MIB
# A list is held as a whole; this one takes some 40 MB.
CANNOT_SPILL = "SELECT len(list(range)) FROM range(2_500_000)"
LIMIT = "SELECT current_setting('memory_limit')"


def limit_of(session: Session) -> str:
    return str(session.value(LIMIT, doing="asking"))


@pytest.mark.soak(only=True)
def test_what_does_not_fit_is_spilled_before_more_memory_is_taken(tmp_path: Path) -> None:
    limits = Limits(memory=2 * 1024**3)
    with open_session(limits=limits, into=tmp_path, inputs=(), spill=tmp_path / "spill", at_first=LITTLE) as session:
        session.run("CREATE TEMP TABLE t AS SELECT range, md5(range::VARCHAR) AS x FROM range(800_000)", doing="making")
        assert session.value("SELECT count(*) FROM (SELECT * FROM t ORDER BY x)", doing="sorting") == 800_000
        assert any((tmp_path / "spill").iterdir())
        assert limit_of(session) == "24.0 MiB"


def test_a_step_that_cannot_spill_gets_all_that_is_allowed(tmp_path: Path) -> None:
    limits = Limits(memory=1024**3)
    with open_session(limits=limits, into=tmp_path, inputs=(), spill=tmp_path / "spill", at_first=LITTLE) as session:
        assert session.value(CANNOT_SPILL, doing="listing") == 2_500_000
        assert limit_of(session) == "512.0 MiB"


@pytest.mark.parametrize("at_first", [LITTLE, 200 * MIB])
def test_more_than_is_allowed_is_refused_and_told_with_the_limit(at_first: int, tmp_path: Path) -> None:
    limits = Limits(memory=60 * MIB)
    with (
        open_session(limits=limits, into=tmp_path, inputs=(), spill=tmp_path / "spill", at_first=at_first) as session,
        pytest.raises(DataError, match=r"listing: out of memory \(limit 60 MiB\)") as told,
    ):
        session.value(CANNOT_SPILL, doing="listing")
    assert told.value.code == "E418"


def test_no_other_setting_is_open(tmp_path: Path) -> None:
    with open_session(limits=Limits(), into=tmp_path, inputs=(), spill=tmp_path / "spill", at_first=LITTLE) as session:
        for setting in ("threads = 4", "enable_external_access = true", "allowed_configs = ['threads']"):
            with pytest.raises(DataError):
                session.run(f"SET {setting}", doing="opening")


def test_without_a_place_to_spill_to_a_session_has_all_its_memory_from_the_start(tmp_path: Path) -> None:
    with open_session(limits=Limits(memory=1024**3), into=tmp_path, inputs=(), at_first=LITTLE) as session:
        assert limit_of(session) == "512.0 MiB"
