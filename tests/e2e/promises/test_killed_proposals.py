"""`promote` and `rollback` write through git only: killed around any of its commands, the next run finishes."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.e2e.promises.project import Project, Ran

STRIDE = int(os.environ.get("STRIDE", "5"))  # every git command with STRIDE=1

# Stands before git in PATH: counts commands, and kills whoever asked for one of them.
GIT = """#!/bin/sh
n=$(($(cat "{count}") + 1)); echo $n > "{count}"
if [ "$n {when}" = "{at} before" ]; then kill -9 $PPID; exit 1; fi
"{git}" "$@"; code=$?
if [ "$n {when}" = "{at} after" ]; then kill -9 $PPID; fi
exit $code
"""


class Watched:
    """The project's commands with a git that kills its caller at its `at`-th command (0: never), before or after it."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self.git = str(shutil.which("git"))
        folder.mkdir()

    def run(self, *arguments: str, at: int = 0, when: str = "before", code: int = 0) -> tuple[Ran, int]:
        """What it printed, and how many git commands it gave."""
        count, shim = self.folder / "count", self.folder / "git"
        count.write_text("0")
        shim.write_text(GIT.format(count=count, at=at, when=when, git=self.git))
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        usual = self.project.environment
        self.project.environment = {**usual, "PATH": f"{self.folder}{os.pathsep}{usual['PATH']}"}
        try:
            return self.project.run(*arguments, code=code), int(count.read_text())
        finally:
            self.project.environment = usual


def untouched(project: Project) -> tuple[str, str, str]:
    """What a proposal may not change: the branch people are on, their index and files, what git finds wrong."""
    return project.git("rev-parse", "HEAD"), project.git("status", "--porcelain"), project.git("fsck", "--no-dangling")


def forget(project: Project, branch: str) -> None:
    project.git("branch", "-q", "-D", branch)


@pytest.mark.slow
def test_promote_killed_at_any_git_command_is_finished_by_the_next_run(deployed: Project, tmp_path: Path) -> None:
    first = deployed.model_status("production")["artifact"]
    deployed.recipe("max_depth: 3", "max_depth: 2")
    deployed.run("apply", "sandbox", "--yes")
    watched = Watched(deployed, tmp_path / "bin")
    before = untouched(deployed)
    commands = {
        ("promote", "lateness", "--to", "production", "-o", "json"): deployed.model_status("sandbox")["artifact"],
        ("rollback", "lateness", "--in", "production", "--to", "0", "-o", "json"): first,
    }
    kills = 0
    for command, artifact in commands.items():
        if command[0] == "rollback":  # to have something to go back from
            deployed.promote()
            deployed.run("apply", "production", "--yes")
            before = untouched(deployed)
        clean, count = watched.run(*command)
        branch = clean.json["branch"]
        tree = deployed.git("rev-parse", f"{branch}^{{tree}}")
        assert count >= 8
        for at in range(1, count + 1, STRIDE):
            for when in ("before", "after"):
                forget(deployed, branch)
                watched.run(*command, at=at, when=when, code=-9)
                again, _ = watched.run(*command)
                assert (again.json["branch"], again.json["artifact"]) == (branch, artifact), (command, at, when)
                assert deployed.git("rev-parse", f"{branch}^{{tree}}") == tree
                assert deployed.git("rev-list", "--count", f"HEAD..{branch}") == "1"
                assert untouched(deployed) == before
                kills += 1
        forget(deployed, branch)
    print(f"{kills} kills")
    assert kills


def test_a_lock_that_a_dead_git_left_is_named_with_what_to_do(deployed: Project) -> None:
    deployed.recipe("max_depth: 3", "max_depth: 2")
    deployed.run("apply", "sandbox", "--yes")
    branch = deployed.run("promote", "lateness", "--to", "production", "-o", "json").json["branch"]
    forget(deployed, branch)
    lock = deployed.root / ".git/refs/heads" / f"{branch}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    refused = deployed.run("promote", "lateness", "--to", "production", code=5)
    assert f".git/refs/heads/{branch}.lock" in refused.err
    lock.unlink()
    assert deployed.run("promote", "lateness", "--to", "production", "-o", "json").json["branch"] == branch
