"""What every source of manifests and every proposer must do, as classes to subclass (see `contracts`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Proposal, Proposer, Source, Tags
from reconciler.testing.contracts.stores_and_targets import expect, refused

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
        expect({file.path for file in files} == set(self.FILES))
        expect(all(file.size in (None, len(self.FILES[file.path])) for file in files))
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
        orders = [source.order(a, b, branch="main") for a, b in ((second, second), (first, third), (third, first))]
        expect(orders == [CommitOrder.SAME, CommitOrder.AFTER, CommitOrder.BEFORE], str(orders))
        for a, b in ((aside, first), (first, aside), (aside, aside)):
            expect(source.order(a, b, branch="main") is CommitOrder.OFF)

    def test_the_last_change_of_a_path_is_found_where_it_was_made(self) -> None:
        first = self.commit({"a": b"1", "deep/b": b"1"})
        second = self.commit({"a": b"1", "deep/b": b"2", "*.yaml": b"1"})
        third = self.commit({"a": b"3", "*.yaml": b"1"})
        source = self.make()

        def changed(path: str, at: str) -> FirstParentChange | None:
            return source.changed(path, at=at, branch="main")

        expect(changed("a", third) == FirstParentChange(commit=third, before=second))
        expect(changed("a", second) == FirstParentChange(commit=first, before=None), "a later change does not count")
        expect(changed("deep/b", second) == FirstParentChange(commit=second, before=first))
        expect(
            changed("deep/b", third) == FirstParentChange(commit=third, before=second), "being taken away is a change"
        )
        expect(changed("*.yaml", third) == FirstParentChange(commit=second, before=first), "a path is no pattern")
        expect(changed("b", third) is None)
        expect(changed("deep", first) in (None, FirstParentChange(commit=first, before=None)))

    def test_every_version_of_a_folder_and_what_was_removed_from_it_is_known(self) -> None:
        first = self.commit({"environments/a.yaml": b"1", "environments/b.yaml": b"b", "x": b"x"})
        second = self.commit({"environments/a.yaml": b"2", "environments/b.yaml": b"b", "x": b"x"})
        third = self.commit({"environments/b.yaml": b"b", "x": b"x"})
        source = self.make()

        def versions(at: str) -> set[bytes]:
            return set(source.read(source.versions("environments", at=at)).values())

        expect(versions(first) == {b"1", b"b"}, str(versions(first)))
        expect(versions(third) == {b"1", b"2", b"b"}, str(versions(third)))
        expect(source.versions("environment*", at=third) == (), "a folder is no pattern")
        expect(source.removed("environments", at=second) == ())
        (gone,) = source.removed("environments", at=third)
        expect((gone.path, source.read([gone.id])[gone.id]) == ("environments/a.yaml", b"2"), str(gone))
        back = self.commit({"environments/a.yaml": b"3", "x": b"x"})
        (gone,) = self.make().removed("environments", at=back)
        expect(gone.path == "environments/b.yaml", "what came back is not removed")

    def test_each_change_that_touches_a_path_is_listed_newest_first(self) -> None:
        first = self.commit({"environments/a.yaml": b"1", "x": b"1"})
        second = self.commit({"environments/a.yaml": b"1", "x": b"2"})
        third = self.commit({"environments/a.yaml": b"3", "x": b"2"})
        source = self.make()

        def touching(path: str, after: str | None) -> list[str]:
            changes = source.touching((path,), after=after, at=third, branch="main")
            return [change.commit for change in changes]

        expect(touching("environments/a.yaml", None) == [third, first])
        expect(touching("environments", first) == [third])
        expect(touching("x", None) == [second, first])
        expect(touching("*.yaml", None) == [], "a path is no pattern")

    def test_a_commit_beside_the_line_is_one_change_since_it_left_it(self) -> None:
        first = self.commit({"a": b"1", "b": b"1"})
        aside = self.commit_aside({"a": b"2", "b": b"1"})
        self.commit({"a": b"3", "b": b"3"})
        source = self.make()
        expect(source.changed("a", at=aside, branch="main") == FirstParentChange(commit=aside, before=first))
        expect(source.changed("b", at=aside, branch="main") == FirstParentChange(commit=first, before=None))

    def test_a_change_starts_where_the_branch_was(self) -> None:
        first, second = self.commit({"a": b"1"}), self.commit({"a": b"2"})
        aside = self.commit_aside({"a": b"3"})
        source = self.make()
        expect(source.base(first, branch="main") is None)
        expect(source.base(second, branch="main") == first)
        expect(source.base(aside, branch="main") == second, "beside the line, what it was made from")

    def test_the_message_of_a_commit_that_is_here_is_known(self) -> None:
        first = self.commit({"a": b"1"})
        said = self.make().messages((first, "0" * 40, "HEAD"))
        expect(set(said) == {first}, f"of no other, and never by a name: {sorted(said)}")
        expect(bool(said[first].strip()))
        expect(dict(self.make().messages(())) == {})

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
        change = proposal(self.start(), "new\r\nlines\n")
        commit = self.make().propose(change)
        expect(self.files(commit) == {"kept": b"kept", "changed": b"new\r\nlines\n", "deep/new": b"n"})
        expect(self.tip(change.branch) == commit)

    def test_a_proposal_may_remove_files(self) -> None:
        change = replace(proposal(self.start(), "new"), removed=("kept", "never-there"))
        expect("kept" not in self.files(self.make().propose(change)))

    def test_the_same_proposal_again_is_the_same_commit(self) -> None:
        change = proposal(self.start(), "new")
        expect(self.make().propose(change) == self.make().propose(change))

    def test_the_same_files_from_a_later_start_are_the_same_commit_until_it_is_merged(self) -> None:
        change = proposal(self.start(), "new")
        commit = self.make().propose(change)
        other = replace(proposal(change.start, "n"), branch="promote/production/other/1", files=(("other", "o"),))
        moved = self.merge(self.make().propose(other))
        expect(self.make().propose(replace(change, start=moved)) == commit)
        merged = self.merge(commit)
        expect(self.make().propose(replace(change, start=merged)) != commit)

    def test_where_the_start_and_with_it_the_content_moved_the_branch_is_brought_up_to_date(self) -> None:
        change = proposal(self.start(), "new")
        commit = self.make().propose(change)
        other = replace(proposal(change.start, "n"), branch="promote/production/other/1", files=(("other", "o"),))
        moved = self.merge(self.make().propose(other))
        two = replace(proposal(moved, "newer"), message=change.message)
        updated = self.make().propose(two)
        expect(updated not in (commit, moved))
        expect(self.tip(change.branch) == updated)
        expect(self.files(updated)["changed"] == b"newer")
        expect(self.files(updated)["other"] == b"o")
        expect(self.make().propose(two) == updated, "and again is the same")

    def test_the_same_files_are_proposed_anew_where_others_changed_them_meanwhile(self) -> None:
        change = proposal(self.start(), "new")
        commit = self.make().propose(change)
        other = replace(proposal(change.start, "else"), branch="promote/production/payments/4d5e6f")
        moved = self.merge(self.make().propose(other))
        again = self.make().propose(replace(change, start=moved))
        expect(again != commit, "merging the first would be a conflict")
        expect(self.files(again)["changed"] == b"new")

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


class TagsContract(ABC):
    @abstractmethod
    def make(self) -> Tags: ...

    @abstractmethod
    def commit(self) -> str:
        """A new commit on the branch people work on."""

    MESSAGE = 'Anchor 0\n\n{"a":"\u00e4 \u2192"}\n'

    def test_a_tag_says_what_it_was_made_with(self) -> None:
        commit = self.commit()
        tag = self.make().create("reconciler/anchor/0", commit=commit, message=self.MESSAGE)
        expect((tag.name, tag.commit, tag.message) == ("reconciler/anchor/0", commit, self.MESSAGE), str(tag))
        expect(self.make().under("reconciler/anchor/") == (tag,))

    def test_a_tag_is_never_made_over_another(self) -> None:
        first, second = self.commit(), self.commit()
        tag = self.make().create("reconciler/anchor/0", commit=first, message="one")
        with refused(ConflictError):
            self.make().create("reconciler/anchor/0", commit=second, message="two")
        expect(self.make().under("reconciler/") == (tag,))

    def test_only_tags_of_that_name_are_listed(self) -> None:
        commit = self.commit()
        tags = self.make()
        for name in ("reconciler/anchor/10", "reconciler/anchor/9", "reconciler/anchored", "v1"):
            tags.create(name, commit=commit, message="x")
        names = [tag.name for tag in self.make().under("reconciler/anchor/")]
        expect(names == ["reconciler/anchor/10", "reconciler/anchor/9"], str(names))
        names = [tag.name for tag in self.make().under("reconciler/anchor/", newest=1)]
        expect(names == ["reconciler/anchor/10"], str(names))

    def test_how_many_tags_were_listed_before_changes_no_answer(self) -> None:
        commit = self.commit()
        both = ["reconciler/anchor/10", "reconciler/anchor/9"]
        for name in both:
            self.make().create(name, commit=commit, message="x")
        for asked in ((1, 2, None), (2, 3, None, 1), (3, None, 2, 1), (None, 3, 1)):
            tags = self.make()
            for newest in asked:
                names = [tag.name for tag in tags.under("reconciler/anchor/", newest=newest)]
                expect(names == (both if newest != 1 else both[:1]), f"{asked}, {newest}: {names}")

    def test_a_hostile_name_never_reaches_git(self) -> None:
        commit = self.commit()
        for name in NO_REVISIONS:
            with refused(SourceError, "E304"):
                self.make().create(name, commit=commit, message="x")
        expect(self.make().under("x") == ())


def proposal(start: str, text: str) -> Proposal:
    return Proposal(
        branch="promote/production/payments/1a2b3c",
        start=start,
        files=(("changed", text), ("deep/new", "n")),
        message=f"Promote payments\n\nArtifact: {text.strip() or 'none'}\n",
    )
