"""Every row of the list of bad inputs has a test, and every test that it names is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.inputs.bad_tables import DATA, LEFT_OUT, ROWS
from tests.support.effort import COLLECTED

REPOSITORY = Path(__file__).resolve().parents[2]
ALL = {**ROWS, **DATA}


def test_every_row_is_proven_or_left_out_for_a_reason() -> None:
    assert ALL.keys() | LEFT_OUT.keys() == set(range(1, 99))
    assert not ALL.keys() & LEFT_OUT.keys()
    assert all(tests for _, tests in ALL.values())


def test_every_test_that_a_row_names_is_collected(pytestconfig: pytest.Config) -> None:
    """With its parameters: a case that was renamed or taken out leaves its row without a proof."""
    names = sorted({f"tests/{test}" for _, tests in ALL.values() for test in tests})
    files = sorted({name.partition("::")[0] for name in names})
    collected = pytestconfig.stash[COLLECTED]
    if not {name.partition("::")[0] for name in collected}.issuperset(files):  # not all tests are run
        collected = collected_of(files)
    functions = {name.partition("[")[0] for name in collected}
    missing = [name for name in names if name not in (collected if "[" in name else functions)]
    assert not missing, missing


def collected_of(files: list[str]) -> set[str]:
    """Return the names of the tests of these files, as another pytest collects them."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *files],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    return set(ran.stdout.splitlines())
