"""Every forge passes one contract: the one in memory, GitHub and GitLab over a double that speaks their APIs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.forges.github import GitHubForge
from reconciler.adapters.forges.gitlab import GitLabForge
from reconciler.adapters.forges.project_forge import ProjectForge
from reconciler.adapters.git.remote import GitRemote
from reconciler.ports import Forge
from reconciler.testing.contracts.forges import ForgeContract, RemoteContract
from reconciler.testing.memory_forge import MemoryForge, MemoryRemote
from tests.contract.git_repository import repository_in
from tests.forge.clients import github, gitlab
from tests.forge.fake.repository import Place
from tests.forge.fake.server import serving


class TestMemoryForge(ForgeContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.forge = MemoryForge()
        self.forge.tips["main"] = "0" * 40
        self.commits = (f"{n:040x}" for n in itertools.count(1))

    def make(self) -> Forge:
        return self.forge

    def push(self, branch: str) -> str:
        self.forge.tips[branch] = next(self.commits)
        return self.forge.tips[branch]

    def approve(self, number: int, by: str) -> None:
        self.forge.approve(number, by)

    def withdraw(self, number: int, by: str) -> None:
        self.forge.withdraw(number, by)

    def merge(self, number: int) -> str:
        commit = next(self.commits)
        self.forge.merge(number, commit)
        return commit

    def comment_as(self, by: str, number: int, body: str) -> None:
        self.forge.comments.append((number, by, body))

    def team(self, name: str, members: tuple[str, ...]) -> str:
        self.forge.teams[name] = members
        return name


class TestForgeOfAFolder(TestMemoryForge):
    """As one of several projects of a repository sees it."""

    def make(self) -> Forge:
        return ProjectForge(self.forge, "teams.a")


class OverHttp(ForgeContract):
    @pytest.fixture(autouse=True)
    def _serve(self, tmp_path: Path) -> Iterator[None]:
        with serving(tmp_path / "forge") as self.server:
            self.place = self.server.place
            yield

    def push(self, branch: str) -> str:
        return self.place.push(branch)

    def approve(self, number: int, by: str) -> None:
        self.place.approve(number, by)

    def withdraw(self, number: int, by: str) -> None:
        self.place.withdraw(number, by)

    def merge(self, number: int) -> str:
        return self.place.merge(number)

    def comment_as(self, by: str, number: int, body: str) -> None:
        self.place.remark(number, by, body)

    def team(self, name: str, members: tuple[str, ...]) -> str:
        self.place.teams[f"town/{name}"] = members
        return f"town/{name}"


class TestMemoryRemote(RemoteContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.forge = MemoryForge()
        self.forge.tips["main"] = "0" * 40
        self.branches = {"main": "0" * 40}
        self.commits = (f"{n:040x}" for n in itertools.count(1))

    def make(self) -> MemoryRemote:
        return MemoryRemote(self.forge, self.branches)

    def commit(self, branch: str) -> str:
        return self._commit(self.branches, branch)

    def theirs(self, branch: str) -> str:
        return self._commit(self.forge.tips, branch)

    def _commit(self, tips: dict[str, str], branch: str) -> str:
        made = next(self.commits)
        self.forge.parents[made] = (tips.get(branch, "0" * 40),)
        tips[branch] = made
        return made

    def here(self, branch: str) -> str | None:
        return self.branches.get(branch)

    def there(self, branch: str) -> str | None:
        return self.forge.tips.get(branch)


@pytest.mark.needs("git")
class TestGitRemote(RemoteContract):
    @pytest.fixture(autouse=True)
    def _clone(self, tmp_path: Path) -> None:
        self.place = Place(tmp_path / "forge")
        self.clone = repository_in(tmp_path / "clone")
        self.clone.git("remote", "add", "origin", str(self.place.repository))
        self.clone.git("fetch", "-q", "origin")
        self.clone.git("reset", "-q", "--hard", "origin/main")

    def make(self) -> GitRemote:
        return GitRemote(self.clone.project, environ={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})

    def commit(self, branch: str) -> str:
        tip = self.here(branch) or self.here("main") or ""
        made = self.clone.git("commit-tree", "-p", tip, "-m", "Ours", f"{tip}^{{tree}}")
        self.clone.git("update-ref", f"refs/heads/{branch}", made)
        return made

    def theirs(self, branch: str) -> str:
        return self.place.push(branch)

    def here(self, branch: str) -> str | None:
        listed = self.clone.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return listed or None

    def there(self, branch: str) -> str | None:
        return self.place.tip(branch)


@pytest.mark.needs("git")
class TestGitHub(OverHttp):
    def make(self) -> GitHubForge:
        return github(self.server)


@pytest.mark.needs("git")
class TestGitLab(OverHttp):
    def make(self) -> GitLabForge:
        return gitlab(self.server)
