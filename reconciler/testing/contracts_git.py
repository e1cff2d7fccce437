"""What every source of manifests and every proposer must do, as classes to subclass (see `contracts`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.state import Order
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Proposal, Proposer, Source
from reconciler.testing.contracts import expect, refused

NO_REVISIONS = (
    "",
    "-x",
    "--upload-pack=x",
    "a..b",
    "@{-1}",
    "@",
    "a b",
    "a\nb",
    "a:b",
    "a?",
    "/a",
    "a/",
    "a.lock",
    "x" * 300,
)


class SourceContract(ABC):
    """`commit` makes a commit on the branch `main` that holds exactly these files, `commit_aside` one beside it."""

    @abstractmethod
    def make(self) -> Source: ...

    @abstractmethod
    def commit(self, files: Mapping[str, bytes]) -> str: ...

    @abstractmethod
    def commit_aside(self, files: Mapping[str, bytes]) -> str: ...

    FILES: Mapping[str, bytes] = {
        "environments/production.yaml": b"a: 1\r\nb: 2\r\n",
        "manifests/production/a.yaml": b"\x00\xff binary",
        "manifests/sandbox/a.yaml": b"no line end",
        "manifests-old/b.yaml": b"b\n",
        "reconciler.yaml": b"",
    }

    def test_a_revision_is_a_commit_of_its_own(self) -> None:
        first, second = self.commit(self.FILES), self.commit({"a": b"2"})
        source = self.make()
        expect(source.resolve("HEAD") == second)
        expect(source.resolve(first) == first)
        with refused(SourceError, "E306"):
            source.resolve("no-such-branch")

    def test_a_hostile_revision_never_reaches_git(self) -> None:
        self.commit(self.FILES)
        source = self.make()
        for revision in NO_REVISIONS:
            with refused(SourceError, "E304"):
                source.resolve(revision)

    def test_a_tree_lists_what_lies_below_folders(self) -> None:
        commit = self.commit(self.FILES)
        source = self.make()
        expect([file.path for file in source.tree(commit, ())] == sorted(self.FILES))
        below = [file.path for file in source.tree(commit, ("manifests", "reconciler.yaml"))]
        expect(below == ["manifests/production/a.yaml", "manifests/sandbox/a.yaml", "reconciler.yaml"], str(below))
        expect(source.tree(commit, ("no", "*.yaml", ":(glob)**")) == ())

    def test_bytes_come_back_as_they_were_committed(self) -> None:
        commit = self.commit(self.FILES)
        source = self.make()
        files = source.tree(commit, ())
        bodies = source.read(file.id for file in files)
        expect({file.path: bodies[file.id] for file in files} == dict(self.FILES))
        expect({file.path: file.size for file in files} == {path: len(body) for path, body in self.FILES.items()})
        expect(dict(source.read(())) == {})
        with refused(SourceError):
            source.read(["0" * 39 + "1"])

    def test_an_old_commit_stays_what_it_was(self) -> None:
        first = self.commit({"a": b"1"})
        self.commit({"b": b"2"})
        expect([file.path for file in self.make().tree(first, ())] == ["a"])

    def test_order_is_that_of_the_branch(self) -> None:
        first, second, third = (self.commit({"a": bytes([n])}) for n in b"123")
        aside = self.commit_aside({"a": b"4"})
        source = self.make()
        found = [source.order(a, b, branch="main") for a, b in ((second, second), (first, third), (third, first))]
        expect(found == [Order.SAME, Order.AFTER, Order.BEFORE], str(found))
        for a, b in ((aside, first), (first, aside), (aside, aside)):
            expect(source.order(a, b, branch="main") is Order.OFF)

    def test_a_change_starts_where_the_branch_was(self) -> None:
        first, second = self.commit({"a": b"1"}), self.commit({"a": b"2"})
        aside = self.commit_aside({"a": b"3"})
        source = self.make()
        expect(source.base(first, branch="main") is None)
        expect(source.base(second, branch="main") == first)
        expect(source.base(aside, branch="main") == second, "beside the line, what it was made from")

    def test_tracked_names_only_what_head_holds_below_the_paths(self) -> None:
        self.commit(self.FILES)
        source = self.make()
        expect(source.tracked(("manifests-old", ".reconciler/store")) == ("manifests-old/b.yaml",))
        expect(source.tracked(()) == ())


class ProposerContract(ABC):
    @abstractmethod
    def make(self) -> Proposer: ...

    @abstractmethod
    def start(self) -> str:
        """A commit that holds `kept` (b"kept") and `changed` (b"old"), on the branch people work on."""

    @abstractmethod
    def files(self, commit: str) -> Mapping[str, bytes]: ...

    @abstractmethod
    def tip(self, branch: str) -> str | None: ...

    @abstractmethod
    def merge(self, commit: str) -> str:
        """Merge it into the branch people work on; the commit to start from next."""

    def test_a_proposal_is_one_commit_with_exactly_these_changes(self) -> None:
        one = proposal(self.start(), "new\r\nlines\n")
        commit = self.make().propose(one)
        expect(self.files(commit) == {"kept": b"kept", "changed": b"new\r\nlines\n", "deep/new": b"n"})
        expect(self.tip(one.branch) == commit)

    def test_a_proposal_may_remove_files(self) -> None:
        one = replace(proposal(self.start(), "new"), removed=("kept", "never-there"))
        expect("kept" not in self.files(self.make().propose(one)))

    def test_the_same_proposal_again_is_the_same_commit(self) -> None:
        one = proposal(self.start(), "new")
        expect(self.make().propose(one) == self.make().propose(one))

    def test_another_proposal_never_takes_an_open_branch(self) -> None:
        start = self.start()
        commit = self.make().propose(proposal(start, "new"))
        with refused(ConflictError):
            self.make().propose(proposal(start, "other"))
        expect(self.tip(proposal(start, "").branch) == commit)

    def test_a_merged_branch_may_be_used_again(self) -> None:
        merged = self.merge(self.make().propose(proposal(self.start(), "new")))
        commit = self.make().propose(proposal(merged, "newer"))
        expect(self.files(commit)["changed"] == b"newer")


def proposal(start: str, text: str) -> Proposal:
    return Proposal(
        branch="promote/production/payments/1a2b3c",
        start=start,
        files=(("changed", text), ("deep/new", "n")),
        message=f"Promote payments\n\nArtifact: {text.strip() or 'none'}\n",
    )
