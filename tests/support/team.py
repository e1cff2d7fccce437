"""A project cloned from a forge over HTTP, whose people work there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.forge.clients import WRITES
from tests.forge.fake.server import Server
from tests.support.project import Project, Ran

READS = "tok-read-only"
VARIABLES = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}
# What differs between forges is held by the contract of forges; a whole story on the second one is soaked.
KINDS = ("github", pytest.param("gitlab", marks=pytest.mark.soak(only=True)))
PROMOTE = ("promote", "lateness", "--to", "production", "--open")
PLAN = ("plan", "production", "--comment", "--request")
APPLY = ("apply", "production", "--on-merge", "-o", "json")


class Team:
    """A project cloned from a forge, whose people work there."""

    def __init__(self, project: Project, server: Server, kind: str) -> None:
        self.project = project
        self.server = server
        self.place = server.place
        basic = base64.b64encode(f"ada:{WRITES}".encode()).decode()
        self.header = f"http.{server.root}/.extraHeader=Authorization: Basic {basic}"
        project.environment |= {"RECONCILER_FORGE": kind, VARIABLES[kind]: WRITES}
        project.git("remote", "add", "origin", server.remote)
        self.share(force=True)

    def share(self, *, force: bool = False) -> None:
        """What a developer does with the sandbox's manifests."""
        flags = ["--force"] if force else []
        self.project.git("-c", self.header, "push", "-q", *flags, "origin", "main")
        self.fetch()

    def fetch(self) -> None:
        self.project.git("-c", self.header, "fetch", "-q", "origin")
        self.project.git("merge", "-q", "--ff-only", "origin/main")

    def run(self, *arguments: str, code: int | None = 0) -> Ran:
        ran = self.project.run(*arguments, code=code)
        assert WRITES not in ran.out + ran.err
        assert READS not in ran.out + ran.err
        return ran

    def open(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = self.run(*(arguments or PROMOTE), "-o", "json").json
        return found

    def candidate(self, depth: int, before: int) -> None:
        self.project.recipe(f"max_depth: {before}", f"max_depth: {depth}")
        self.share()
        self.run("apply", "sandbox", "--yes")

    def approve_and_merge(self, number: int) -> None:
        self.place.approve(number, "zoe")
        self.place.merge(number)
        self.fetch()
        self.run("apply", "production", "--yes")

    def states(self) -> list[str]:
        return [one.state for one in self.place.pulls.values()]


class Reviewed(Team):
    """Whose requests are planned on their branches, and applied on their merge."""

    def propose(self, model: str = "lateness") -> tuple[int, str]:
        """A request for the newest candidate, planned on its branch: its number and branch."""
        found = self.open("promote", model, "--to", "production", "--open")
        number, branch = found["opening"]["number"], found["branch"]
        self.plan(number, branch)
        return number, branch

    def plan(self, number: int, branch: str, *more: str) -> dict[str, Any]:
        self.project.git("switch", "-q", branch)
        try:
            found: dict[str, Any] = self.run(*PLAN, str(number), *more, "-o", "json").json
        finally:
            self.project.git("switch", "-q", "main")
        return found

    def merge(self, number: int) -> str:
        commit = self.place.merge(number)
        self.fetch()
        return commit

    def bodies(self, number: int) -> list[str]:
        return [one.body for one in self.place.remarks if one.number == number]

    def statuses(self, commit: str) -> dict[str, str]:
        return {one.name: one.state for one in self.place.lines if one.commit == commit}
