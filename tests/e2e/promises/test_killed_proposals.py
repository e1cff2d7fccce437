"""`promote` and `rollback` write through git only: killed around any of its commands, the next run finishes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.forge.fake.server import Server
from tests.support.effort import spread
from tests.support.project import Project, Ran
from tests.support.team import Team

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


@pytest.mark.soak(only=True)  # unit/engine/promotion
def test_a_set_killed_at_any_git_command_is_one_whole_branch_after_the_next_run(
    two_deployed: Project, tmp_path: Path
) -> None:
    project, watched = two_deployed, Watched(two_deployed, tmp_path / "bin")
    (project.root / "notes.txt").write_text("of the user, not committed\n")
    kills = 0
    for command in (("promote", "lateness", "slowness"), ("rollback", "lateness", "slowness")):
        before = untouched(project)
        clean, given = watched.run(*command, "-o", "json")
        branch = clean.json["branch"]
        tree = project.git("rev-parse", f"{branch}^{{tree}}")
        for at in spread(range(1, given + 1), "SET_GIT_STRIDE"):
            for when in ("before", "after"):
                forget(project, branch)
                watched.run(*command, "-o", "json", at=at, when=when, code=-9)
                written = project.git(
                    "for-each-ref", "--format", "%(refname:short) %(tree)", f"refs/heads/{command[0]}"
                )
                assert written in ("", f"{branch} {tree}"), "a branch holds all of the set, or is not there"
                again, _ = watched.run(*command, "-o", "json")
                assert pins(again.json) == pins(clean.json)
                assert project.git("for-each-ref", "--format", "%(refname:short)", f"refs/heads/{command[0]}") == branch
                assert project.git("rev-parse", f"{branch}^{{tree}}") == tree
                assert untouched(project) == before
                kills += 1
        if command[0] == "promote":
            project.merge(branch)
            project.run("apply", "production", "--yes")
    print(f"{kills} kills")
    assert kills


def pins(proposed: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what a set proposes; its commit has the time at which it was made."""
    return [(each["model"], each["artifact"], each["branch"]) for each in proposed["models"]]


class AtTheForge:
    """Counts what a command changes at the forge, pushes too, and kills it after the `at`-th change (0: never)."""

    def __init__(self, team: Team) -> None:
        self.team = team

    def run(self, *arguments: str, at: int = 0) -> tuple[Ran, int]:
        """Return what it printed, and how much it changed there."""
        changes, server = 0, self.team.server
        running: list[subprocess.Popen[str]] = []

        def done(method: str, path: str) -> None:
            nonlocal changes
            changes += method != "GET" and not path.endswith(("git-upload-pack", "graphql"))
            if at and changes == at and running:
                running.pop().kill()

        server.done = done
        process = self.team.project.start(*arguments)
        running.append(process)
        try:
            out, err = process.communicate(timeout=300)
        finally:
            server.done = None
        assert process.returncode == (-9 if at else 0), err
        return Ran(process.returncode, out, err), changes


@pytest.mark.soak(only=True)
def test_a_set_killed_after_any_change_at_the_forge_is_one_request_after_the_next_run(
    two_deployed: Project, server: Server
) -> None:
    team = Team(two_deployed, server, "github")
    killed = AtTheForge(team)
    (team.project.root / "notes.txt").write_text("of the user, not committed\n")
    team.open("promote", "slowness", "--open")  # the set supersedes it
    kills = 0
    for verb in ("promote", "rollback"):
        command = (verb, "lateness", "slowness", "--open", "-o", "json")
        before, pulls, remarks = untouched(team.project), deepcopy(server.place.pulls), deepcopy(server.place.remarks)
        clean, changes = killed.run(*command)
        branch, ended = clean.json["branch"], requests(server)
        assert changes >= 2, "the push, and the request"
        for at in range(1, changes + 1):
            forget(team.project, branch)
            team.project.git("update-ref", "-d", f"refs/remotes/origin/{branch}")
            server.place.git("update-ref", "-d", f"refs/heads/{branch}")
            server.place.pulls, server.place.remarks = deepcopy(pulls), deepcopy(remarks)
            killed.run(*command, at=at)
            again = team.run(*command).json
            assert pins(again) == pins(clean.json)
            assert requests(server) == ended
            assert team.project.git("rev-parse", branch) == server.place.tip(branch) == again["commit"]
            assert untouched(team.project) == before
            kills += 1
        if verb == "promote":
            team.approve_and_merge(max(server.place.pulls))
    print(f"{kills} kills")


def requests(server: Server) -> list[tuple[str, str, str]]:
    """Return the head, the state and the comments of each request, however it is numbered."""
    place = server.place
    return sorted((pull.head, pull.state, remarks_of(server, pull.number)) for pull in place.pulls.values())


def remarks_of(server: Server, number: int) -> str:
    return str([re.sub(r"/pull/\d+", "", one.body) for one in server.place.remarks if one.number == number])


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
