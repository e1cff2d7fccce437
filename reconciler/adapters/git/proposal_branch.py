"""A commit on a new branch, without touching the work tree or the index: with the user's identity and signing.

Hooks are off: a proposal is checked where it is reviewed.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from reconciler.adapters.git.plumbing import check_revision, prefix_of, top_of
from reconciler.adapters.git.writing import GitWriter
from reconciler.core.forge.project_place import place_of
from reconciler.core.size_limits import COMMIT_BYTES
from reconciler.errors import ConflictError
from reconciler.ports import Proposal

_FILES = "Reconciler-Files: "
_AT_ONCE = 500  # files that one command line names


class GitProposer:
    """`project` is the folder of reconciler.yaml; it may lie below the repository's root, which is `top`, if known."""

    def __init__(self, project: Path, *, top: Path | None = None) -> None:
        self._top = top_of(project) if top is None else top
        self._prefix = prefix_of(project, self._top)
        self.place = place_of(self._prefix)

    def propose(self, proposal: Proposal) -> str:
        check_revision(proposal.branch)
        check_revision(proposal.start)
        ref = f"refs/heads/{proposal.branch}"
        with tempfile.TemporaryDirectory() as scratch:
            git = GitWriter(self._top, proposal.branch, GIT_INDEX_FILE=str(Path(scratch) / "index"))
            tree = self._tree(git, proposal, Path(scratch))
            message = _with_checksum(git, proposal.message, tree, self._paths(proposal))
            tip = git.ask("rev-parse", "--verify", "--quiet", ref) or None
            parents = [proposal.start]
            if tip is not None:
                same = _is_it(git, tip, tree, proposal.start, message)
                if same or self._already_proposes(git, tip, tree, proposal):
                    return tip
                if self._is_earlier(git, tip, proposal):
                    parents = [tip, proposal.start]  # a push of it takes nothing back
                _check_free(git, tip, ref, proposal, earlier=tip in parents)
            commit = _commit(git, tree, message, parents)
            git.run("update-ref", "-m", "reconciler: propose", "--", ref, commit, tip or "0" * len(commit))
        return commit

    def _already_proposes(self, git: GitWriter, tip: str, tree: str, proposal: Proposal) -> bool:
        """Return whether the branch proposes exactly these files and is not merged: its start had the same of them."""
        changed = self._changed(git, tip, proposal)
        if changed is None or not git.run("rev-list", "--max-count=1", tip, f"^{proposal.start}"):
            return False
        states, paths = (tip, tree, changed[0], proposal.start), self._paths(proposal)
        files = [git.run("ls-tree", "-r", "--full-tree", state, "--", *paths) for state in states]
        return files[0] == files[1] and files[2] == files[3]

    def _is_earlier(self, git: GitWriter, tip: str, proposal: Proposal) -> bool:
        """Return whether the branch is this proposal from before its start moved on: each commit is
        ours, unchanged, and has this title."""
        if not git.run("rev-list", "--max-count=1", proposal.start, f"^{tip}"):
            return False
        commits = git.run("rev-list", tip, f"^{proposal.start}").split()
        return bool(commits) and all(self._is_ours(git, commit, proposal) for commit in commits)

    def _is_ours(self, git: GitWriter, commit: str, proposal: Proposal) -> bool:
        changed = self._changed(git, commit, proposal)
        if changed is None:
            return False
        message = _commit_text(git, commit).partition("\n\n")[2].strip()
        plain = message.rpartition(f"\n{_FILES}")[0]
        unchanged = message == _with_checksum(git, plain, commit, changed[1]).strip()
        return unchanged and _title(message) == _title(proposal.message)

    def _changed(self, git: GitWriter, commit: str, proposal: Proposal) -> tuple[str, list[str]] | None:
        """Return (newest commit shared with the start, the proposal's files that differ from there).

        None where no commit is shared, or other files differ, too.
        """
        base = git.ask("merge-base", commit, proposal.start)
        if not base:
            return None
        listed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, commit)
        paths = listed.rstrip("\0").split("\0")
        return (base, paths) if set(paths) <= set(self._paths(proposal)) else None

    def _paths(self, proposal: Proposal) -> list[str]:
        return [self._prefix + path for path, _ in proposal.files]

    def _tree(self, git: GitWriter, proposal: Proposal, scratch: Path) -> str:
        git.run("read-tree", proposal.start)
        sources = [scratch / str(number) for number in range(len(proposal.files))]
        for source, (_, text) in zip(sources, proposal.files, strict=True):
            source.write_bytes(text.encode())
        for start in range(0, len(sources), _AT_ONCE):
            batch = slice(start, start + _AT_ONCE)
            blobs = git.run("hash-object", "-w", "--no-filters", "--", *map(str, sources[batch])).split()
            # Not by --index-info, which takes any path.
            paths = self._paths(proposal)[batch]
            entries = [f"100644,{blob},{path}" for blob, path in zip(blobs, paths, strict=True)]
            git.run("update-index", "--add", *[word for entry in entries for word in ("--cacheinfo", entry)])
        for path in proposal.removed:
            git.run("update-index", "--force-remove", "--", f"{self._prefix}{path}")
        return git.run("write-tree")


def _commit_text(git: GitWriter, commit: str) -> str:
    """Return a commit as git stores it; nothing of one that is larger than any of ours."""
    return git.run("cat-file", "commit", commit) if int(git.run("cat-file", "-s", commit)) <= COMMIT_BYTES else ""


def _is_it(git: GitWriter, commit: str, tree: str, start: str, message: str) -> bool:
    """Return whether `commit` is this very proposal."""
    header, _, text = _commit_text(git, commit).partition("\n\n")
    lines = header.splitlines() or [""]
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return lines[0] == f"tree {tree}" and parents == [start] and text.strip() == message.strip()


def _with_checksum(git: GitWriter, message: str, tree: str, paths: list[str]) -> str:
    """Return the message with a trailer, the checksum of the files: changes by another commit, or of ours, show."""
    listed = git.run("ls-tree", "-r", "--full-tree", tree, "--", *paths)
    digest = hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
    return message.rstrip("\n") + f"\n{_FILES}{digest}\n"


def _title(message: str) -> str:
    return message.partition("\n")[0]


def _check_free(git: GitWriter, tip: str, ref: str, proposal: Proposal, *, earlier: bool) -> None:
    """Raise ConflictError if the branch has commits that are neither in `start` nor an `earlier` state of this
    proposal, or is checked out."""
    if not earlier and git.run("rev-list", "--max-count=1", tip, f"^{proposal.start}"):
        raise ConflictError(
            f"branch {proposal.branch} exists with other contents",
            hint=f"merge it, or delete it: git branch -D {proposal.branch}",
        )
    if f"branch {ref}" in git.run("worktree", "list", "--porcelain").splitlines():
        raise ConflictError(
            f"branch {proposal.branch} is checked out", hint="switch to another branch and run the same command again"
        )


def _commit(git: GitWriter, tree: str, message: str, parents: list[str]) -> str:
    signs = git.switch("commit.gpgSign") is True
    onto = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", *["-S"] * signs, *onto, "-m", message.rstrip("\n"), tree, signing=signs)
