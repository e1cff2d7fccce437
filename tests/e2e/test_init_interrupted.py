"""Ctrl-C while `init` and `add` try estimators, as a terminal sends it: to the command and all its workers."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.inputs.odd_tables.ledger import ledger, text
from tests.support.project import Project

SEEN = "try "  # the step in which estimators are tried, as it is told on standard error


def interrupted(project: Project, *arguments: str) -> tuple[int, str, str]:
    """Run a command in a session of its own, interrupt it while it tries estimators, and return what it said."""
    process = subprocess.Popen(
        [project.python, "-P", "-m", "reconciler", "-C", str(project.root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**project.environment, "TMPDIR": str(project.root.parent / "scratch")},
        cwd=project.root,
        start_new_session=True,
    )
    try:
        said = []
        for line in process.stderr or ():
            said.append(line)
            if SEEN in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        out, err = process.communicate(timeout=120)
        assert SEEN in "".join(said), f"{said}{err}"
        with pytest.raises(ProcessLookupError):  # of its workers none is left
            os.killpg(process.pid, 0)
        return process.returncode, out, "".join(said) + err
    finally:
        process.kill()


@pytest.mark.soak(only=True)  # inputs/test_edge_cases: earlier
@pytest.mark.parametrize("verb", ["init", pytest.param("add", marks=pytest.mark.soak(only=True))])
def test_ctrl_c_while_estimators_are_tried_is_130_and_nothing_is_written(tmp_path: Path, verb: str) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "t.csv").write_text(text(ledger(3_000)))
    project = Project(tmp_path)
    if verb == "add":
        (tmp_path / "small.csv").write_text(text(ledger(60)))
        project.run("init", "project", "--from-table", "small.csv", "--ci", "none", "--estimator", "default")
        project = Project(tmp_path / "project")
        project.git("add", ".")
    before = sorted(path for path in tmp_path.rglob("*") if ".git" not in path.parts)
    where = ("add", "second", "--from-table", "../t.csv") if verb == "add" else ("init", "new", "--from-table", "t.csv")
    code, out, said = interrupted(project, *where)
    assert (code, out) == (130, "")
    assert said.rstrip().endswith("interrupted: nothing new was started; it is safe to run again")
    assert "Traceback" not in said
    assert sorted(path for path in tmp_path.rglob("*") if ".git" not in path.parts) == before
