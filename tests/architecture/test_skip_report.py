"""A skip is not a pass: it is the last thing that a run prints, and `REQUIRE` turns it into a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

CASES = """
import pytest

def test_passes():
    pass

@pytest.mark.skip(reason="not on a Monday")
def test_skips():
    pass

@pytest.mark.needs("shared-data")
def test_needs():
    pass
"""
WHOLE = """
import pytest
pytest.skip("a whole module", allow_module_level=True)
"""


def run(folder: Path, *, require: str, workers: int) -> subprocess.CompletedProcess[str]:
    """A run of its own, with the conftest of all tests as a plug-in, where no shared data are."""
    (folder / "test_cases.py").write_text(CASES)
    (folder / "test_whole.py").write_text(WHOLE)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"REQUIRE": require, "RECONCILER_SHARED_DATA": str(folder / "absent")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(workers),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-c", os.devnull, "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.soak(only=True)), 2])
def test_the_last_line_names_every_skip_with_its_reason(tmp_path: Path, workers: int) -> None:
    ran = run(tmp_path, require="git", workers=workers)
    assert ran.returncode == 0, ran.stdout
    *_, closing, last = ran.stdout.splitlines()
    assert closing.startswith("1 passed, 3 skipped in ")
    assert last == (
        "skipped: 3: test_cases.py::test_needs (shared-data: the real invoices are not beside this clone"
        " (RECONCILER_SHARED_DATA)); test_cases.py::test_skips (not on a Monday); test_whole.py (a whole module)"
    )


@pytest.mark.parametrize("require", [pytest.param("shared-data", marks=pytest.mark.soak(only=True)), "git,shared-data"])
def test_a_required_component_that_is_absent_fails(tmp_path: Path, require: str) -> None:
    ran = run(tmp_path, require=require, workers=0)
    assert ran.returncode == 1
    assert "1 passed, 2 skipped, 1 error" in ran.stdout
    assert "test_needs" not in ran.stdout.splitlines()[-1]
