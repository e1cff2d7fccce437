"""Git for real and git in memory pass the same contracts: below the root, in a worktree, with SHA-256 objects too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.proposal_branch import GitProposer
from reconciler.adapters.git.tags import GitTags
from reconciler.core.forge.project_place import place_of
from reconciler.ports import Proposer, Source, Tags
from reconciler.testing.contracts.git import ProposerContract, SourceContract, TagsContract
from reconciler.testing.memory_git import MemoryProposer, MemorySource, MemoryTags
from tests.contract.git_repository import Repository, repository_in

pytestmark = pytest.mark.needs("git")


class TestMemorySource(SourceContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.source = MemorySource()

    def make(self) -> Source:
        return self.source

    def commit(self, files: Mapping[str, bytes]) -> str:
        return self.source.commit(files)

    def commit_aside(self, files: Mapping[str, bytes]) -> str:
        return self.source.commit(files, on=self.source.line[-1:])


class TestMemoryProposer(ProposerContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.source = MemorySource()
        self.proposer = MemoryProposer(self.source)

    def make(self) -> Proposer:
        return self.proposer

    def start(self) -> str:
        return self.source.commit({"kept": b"kept", "changed": b"old"})

    def files(self, commit: str) -> Mapping[str, bytes]:
        return self.source.trees[commit]

    def tip(self, branch: str) -> str | None:
        return self.proposer.branches.get(branch)

    def merge(self, commit: str) -> str:
        self.proposer.merge(commit)
        return commit


class TestGitSource(SourceContract):
    FORMAT, FOLDER = "sha1", ""
    repository: Repository

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.repository = repository_in(tmp_path / "clone", folder=self.FOLDER, object_format=self.FORMAT)

    def make(self) -> Source:
        return GitSource(self.repository.project)

    def commit(self, files: Mapping[str, bytes]) -> str:
        return self.repository.commit(files)

    def commit_aside(self, files: Mapping[str, bytes]) -> str:
        self.repository.git("switch", "-q", "-c", "aside")
        made = self.repository.commit(files)
        self.repository.git("switch", "-q", "main")
        return made


class TestGitSourceBelowTheRoot(TestGitSource):
    FOLDER = "teams/credit"


class TestGitSourceWithSha256(TestGitSource):
    FORMAT = "sha256"


class TestGitSourceInAWorktree(TestGitSource):
    """The commits are made in the main clone; what reads them stands in another worktree of it."""

    def make(self) -> Source:
        beside = self.repository.root.parent / "beside"
        if not beside.exists():
            self.repository.git("worktree", "add", "-q", "--detach", str(beside), "main")
        self.repository.git("-C", str(beside), "checkout", "-q", "--detach", "main")
        return GitSource(beside)


class TestGitProposer(ProposerContract):
    FOLDER = ""
    repository: Repository

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.repository = repository_in(tmp_path / "clone", folder=self.FOLDER)

    def make(self) -> Proposer:
        return GitProposer(self.repository.project)

    def start(self) -> str:
        return self.repository.commit({"kept": b"kept", "changed": b"old"})

    def files(self, commit: str) -> Mapping[str, bytes]:
        source = GitSource(self.repository.project)
        files = source.tree(commit, ())
        bodies = source.read(file.id for file in files)
        return {file.path: bodies[file.id] for file in files}

    def tip(self, branch: str) -> str | None:
        return self.repository.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") or None

    def merge(self, commit: str) -> str:
        self.repository.git("merge", "-q", "--no-ff", "-m", "merge", commit)
        return self.repository.git("rev-parse", "HEAD")


class TestGitProposerBelowTheRoot(TestGitProposer):
    FOLDER = "teams/credit"


class TestMemoryTags(TagsContract):
    @pytest.fixture(autouse=True)
    def _take(self) -> None:
        self.source, self.tags = MemorySource(), MemoryTags()

    def make(self) -> Tags:
        return self.tags

    def commit(self) -> str:
        return self.source.commit({"a": b"a"})


class TestGitTags(TagsContract):
    FORMAT, FOLDER = "sha1", ""
    repository: Repository

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.repository = repository_in(tmp_path / "clone", folder=self.FOLDER, object_format=self.FORMAT)

    def make(self) -> Tags:
        return GitTags(self.repository.project)

    def test_its_place_is_that_of_the_project(self) -> None:
        assert self.make().place == place_of(self.FOLDER)

    def commit(self) -> str:
        return self.repository.commit({"a": b"a"})


class TestGitTagsBelowTheRoot(TestGitTags):
    FOLDER = "teams/credit"


class TestGitTagsWithSha256(TestGitTags):
    FORMAT = "sha256"
