"""A commit on a new branch, without touching the work tree or the index: with the user's identity and signing.

Written through GitPython with constant arguments; no repository object outlives a call. Hooks are switched off: what is
proposed is checked where it is reviewed.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from reconciler.adapters.git.plumbing import check_revision, prefix_of, top_of
from reconciler.adapters.git.write_settings import environment, explained
from reconciler.errors import ConflictError
from reconciler.ports import Proposal

_FILES = "Reconciler-Files: "
_AT_ONCE = 500  # files that one command line names


class GitProposer:
    """`project` is the folder of reconciler.yaml; it may lie below the repository's root, which is `top`, if known."""

    def __init__(self, project: Path, *, top: Path | None = None) -> None:
        self._top = top_of(project) if top is None else top
        self._prefix = prefix_of(project, self._top)

    def propose(self, proposal: Proposal) -> str:
        from git import GitCommandError, Repo

        check_revision(proposal.branch)
        check_revision(proposal.start)
        ref = f"refs/heads/{proposal.branch}"
        with Repo(self._top) as repository, tempfile.TemporaryDirectory() as scratch:
            git = repository.git
            with git.custom_environment(**environment(GIT_INDEX_FILE=str(Path(scratch) / "index"))):
                try:
                    tree = self._tree(git, proposal, Path(scratch))
                    sealed = _sealed(git, proposal.message, tree, self._paths(proposal))
                    before = _commit_of(git, ref)
                    parents = [proposal.start]
                    if before is not None:
                        again = _is_it(git, before, tree, proposal.start, sealed)
                        if again or self._stands(git, before, tree, proposal):
                            return before
                        if self._is_earlier(git, before, proposal):
                            parents = [before, proposal.start]  # a push of it takes nothing back
                        _check_free(git, before, ref, proposal, earlier=before in parents)
                    commit = _commit(git, tree, sealed, parents)
                    git.update_ref("-m", "reconciler: propose", "--", ref, commit, before or "0" * len(commit))
                except GitCommandError as error:
                    raise explained(error, proposal.branch) from error
        return commit

    def _stands(self, git: Any, tip: str, tree: str, proposal: Proposal) -> bool:
        """Whether the branch proposes these very files and no others already, from an earlier start that had the same
        of them, and is not merged."""
        changed = self._changed(git, tip, proposal)
        if changed is None or not git.rev_list("--max-count=1", tip, f"^{proposal.start}"):
            return False
        states, paths = (tip, tree, changed[0], proposal.start), self._paths(proposal)
        files = [str(git.ls_tree("-r", "--full-tree", one, "--", *paths)) for one in states]
        return files[0] == files[1] and files[2] == files[3]

    def _is_earlier(self, git: Any, tip: str, proposal: Proposal) -> bool:
        """Whether the branch is this proposal as it was before its start moved on: each of its commits is ours, holds
        what we wrote, and has this title."""
        if not git.rev_list("--max-count=1", proposal.start, f"^{tip}"):
            return False
        commits = str(git.rev_list(tip, f"^{proposal.start}")).split()
        return bool(commits) and all(self._is_ours(git, commit, proposal) for commit in commits)

    def _is_ours(self, git: Any, commit: str, proposal: Proposal) -> bool:
        changed = self._changed(git, commit, proposal)
        if changed is None:
            return False
        message = str(git.cat_file("commit", commit)).partition("\n\n")[2].strip()
        plain = message.rpartition(f"\n{_FILES}")[0]
        whole = message == _sealed(git, plain, commit, changed[1]).strip()
        return whole and _title(message) == _title(proposal.message)

    def _changed(self, git: Any, commit: str, proposal: Proposal) -> tuple[str, list[str]] | None:
        """(the newest commit that it shares with the start, the proposal's files that differ from there); None where
        it shares nothing, or others than these differ."""
        begun = str(git.merge_base(commit, proposal.start, with_exceptions=False))
        if not begun:
            return None
        listed = str(git.diff_tree("-r", "-z", "--name-only", "--no-renames", begun, commit))
        paths = listed.rstrip("\0").split("\0")
        return (begun, paths) if set(paths) <= set(self._paths(proposal)) else None

    def _paths(self, proposal: Proposal) -> list[str]:
        return [self._prefix + path for path, _ in proposal.files]

    def _tree(self, git: Any, proposal: Proposal, scratch: Path) -> str:
        git.read_tree(proposal.start)
        sources = [scratch / str(number) for number in range(len(proposal.files))]
        for source, (_, text) in zip(sources, proposal.files, strict=True):
            source.write_bytes(text.encode())
        for start in range(0, len(sources), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            blobs = str(git.hash_object("-w", "--no-filters", "--", *map(str, sources[some]))).split()
            # Not by --index-info, which takes any path.
            entries = [f"100644,{one},{path}" for one, path in zip(blobs, self._paths(proposal)[some], strict=True)]
            git.update_index("--add", *[word for entry in entries for word in ("--cacheinfo", entry)])
        for path in proposal.removed:
            git.update_index("--force-remove", "--", f"{self._prefix}{path}")
        return str(git.write_tree())


def _commit_of(git: Any, ref: str) -> str | None:
    return str(git.rev_parse("--verify", "--quiet", ref, with_exceptions=False)) or None


def _is_it(git: Any, commit: str, tree: str, start: str, message: str) -> bool:
    """Whether `commit` is this very proposal."""
    header, _, said = str(git.cat_file("commit", commit)).partition("\n\n")
    lines = header.splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return lines[0] == f"tree {tree}" and parents == [start] and said.strip() == message.strip()


def _sealed(git: Any, message: str, tree: str, paths: list[str]) -> str:
    """The message with a trailer that says which files were written: who changes them after us, by a commit of their
    own or by changing ours, is noticed."""
    listed = str(git.ls_tree("-r", "--full-tree", tree, "--", *paths))
    digest = hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
    return message.rstrip("\n") + f"\n{_FILES}{digest}\n"


def _title(message: str) -> str:
    return message.partition("\n")[0]


def _check_free(git: Any, tip: str, ref: str, proposal: Proposal, *, earlier: bool) -> None:
    """ConflictError unless everything on the branch is already in `start` or an `earlier` state of this proposal, and
    nobody works on it."""
    if not earlier and git.rev_list("--max-count=1", tip, f"^{proposal.start}"):
        raise ConflictError(
            f"branch {proposal.branch} exists and holds something else",
            hint=f"merge it, or delete it: git branch -D {proposal.branch}",
        )
    if f"branch {ref}" in str(git.worktree("list", "--porcelain")).splitlines():
        raise ConflictError(
            f"branch {proposal.branch} is checked out", hint="switch to another branch and run the same command again"
        )


def _commit(git: Any, tree: str, message: str, parents: list[str]) -> str:
    signs = str(git.config("--type=bool", "--get", "commit.gpgSign", with_exceptions=False)) == "true"
    signing = ["-S"] if signs else []
    onto = [word for parent in parents for word in ("-p", parent)]
    return str(git.commit_tree(*signing, *onto, "-m", message.rstrip("\n"), tree))
