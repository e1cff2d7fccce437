"""`promote` and `rollback` write through git only: killed around any of its commands, the next run finishes."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.effort import spread
from tests.support.project import Project, Ran

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
        counter, shim = self.folder / "count", self.folder / "git"
        counter.write_text("0")
        shim.write_text(GIT.format(count=counter, at=at, when=when, git=self.git))
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        usual = self.project.environment
        self.project.environment = {**usual, "PATH": f"{self.folder}{os.pathsep}{usual['PATH']}"}
        try:
            return self.project.run(*arguments, code=code), int(counter.read_text())
        finally:
            self.project.environment = usual


def untouched(project: Project) -> tuple[str, str, str]:
    """What a proposal may not change: the branch people are on, their index and files, what git finds wrong."""
    return project.git("rev-parse", "HEAD"), project.git("status", "--porcelain"), project.git("fsck", "--no-dangling")


def forget(project: Project, branch: str) -> None:
    project.git("branch", "-q", "-D", branch)


@pytest.mark.soak
def test_promote_killed_at_any_git_command_is_finished_by_the_next_run(newer: Project, tmp_path: Path) -> None:
    first = newer.model_status("production")["artifact"]
    watched = Watched(newer, tmp_path / "bin")
    before = untouched(newer)
    commands = {
        ("promote", "lateness", "--to", "production", "-o", "json"): newer.model_status("sandbox")["artifact"],
        ("rollback", "lateness", "--in", "production", "--to", "0", "-o", "json"): first,
    }
    kills = 0
    for command, artifact in commands.items():
        if command[0] == "rollback":  # to have something to go back from
            newer.promote()
            newer.run("apply", "production", "--yes")
            before = untouched(newer)
        clean, given = watched.run(*command)
        branch = clean.json["branch"]
        tree = newer.git("rev-parse", f"{branch}^{{tree}}")
        assert given >= 8
        for at in spread(range(1, given + 1), "GIT_STRIDE"):
            for when in ("before", "after"):
                forget(newer, branch)
                watched.run(*command, at=at, when=when, code=-9)
                again, _ = watched.run(*command)
                assert (again.json["branch"], again.json["artifact"]) == (branch, artifact), (command, at, when)
                assert newer.git("rev-parse", f"{branch}^{{tree}}") == tree
                assert newer.git("rev-list", "--count", f"HEAD..{branch}") == "1"
                assert untouched(newer) == before
                kills += 1
        forget(newer, branch)
    print(f"{kills} kills")
    assert kills


def test_a_lock_that_a_dead_git_left_is_named_with_what_to_do(newer: Project) -> None:
    branch = newer.run("promote", "lateness", "--to", "production", "-o", "json").json["branch"]
    forget(newer, branch)
    lock = newer.root / ".git/refs/heads" / f"{branch}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    refused = newer.run("promote", "lateness", "--to", "production", code=5)
    assert f".git/refs/heads/{branch}.lock" in refused.err
    lock.unlink()
    assert newer.run("promote", "lateness", "--to", "production", "-o", "json").json["branch"] == branch
