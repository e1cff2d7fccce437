"""A commit on a new branch, without touching the work tree or the index: with the user's identity and signing.

Written through GitPython with constant arguments; no repository object outlives a call. Hooks are switched off: what is
proposed is checked where it is reviewed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from reconciler.adapters.git_plumbing import check_revision, prefix_of, top_of
from reconciler.adapters.git_writing import environment, explained
from reconciler.errors import ConflictError
from reconciler.ports import Proposal


class GitProposer:
    """`project` is the folder of reconciler.yaml; it may lie below the repository's root."""

    def __init__(self, project: Path) -> None:
        self._top = top_of(project)
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
                    before = _commit_of(git, ref)
                    parents = [proposal.start]
                    if before is not None:
                        if _is_it(git, before, tree, proposal) or self._stands(git, before, tree, proposal):
                            return before
                        if self._is_earlier(git, before, proposal):
                            parents = [before, proposal.start]  # a push of it takes nothing back
                        _check_free(git, before, ref, proposal, earlier=before in parents)
                    commit = _commit(git, tree, proposal, parents)
                    git.update_ref("-m", "reconciler: propose", "--", ref, commit, before or "0" * len(commit))
                except GitCommandError as error:
                    raise explained(error, proposal.branch) from error
        return commit

    def _stands(self, git: Any, tip: str, tree: str, proposal: Proposal) -> bool:
        """Whether the branch proposes these very files and no others already, from an earlier start that had the same
        of them, and is not merged."""
        begun = self._begun(git, tip, proposal)
        if begun is None:
            return False
        paths = self._paths(proposal)
        files = [str(git.ls_tree("-r", "--full-tree", one, "--", *paths)) for one in (tip, tree, begun, proposal.start)]
        return files[0] == files[1] and files[2] == files[3]

    def _is_earlier(self, git: Any, tip: str, proposal: Proposal) -> bool:
        """Whether the branch is this proposal as it was before its start moved on, and nobody committed to it since."""
        if not git.rev_list("--max-count=1", proposal.start, f"^{tip}"):
            return False
        titles = str(git.log("--format=%s", tip, f"^{proposal.start}")).splitlines()
        ours = set(titles) == {proposal.message.partition("\n")[0]}
        return ours and self._begun(git, tip, proposal) is not None

    def _begun(self, git: Any, tip: str, proposal: Proposal) -> str | None:
        """Where the branch left the start's history; None where it is merged, or changes other files than these."""
        if not git.rev_list("--max-count=1", tip, f"^{proposal.start}"):
            return None
        begun = str(git.merge_base(tip, proposal.start, with_exceptions=False))
        changed = str(git.diff_tree("-r", "-z", "--name-only", "--no-renames", begun, tip)) if begun else "?"
        return begun if set(changed.rstrip("\0").split("\0")) <= set(self._paths(proposal)) else None

    def _paths(self, proposal: Proposal) -> list[str]:
        return [self._prefix + path for path, _ in proposal.files]

    def _tree(self, git: Any, proposal: Proposal, scratch: Path) -> str:
        git.read_tree(proposal.start)
        for number, (path, text) in enumerate(proposal.files):
            source = scratch / str(number)
            source.write_bytes(text.encode())
            blob = git.hash_object("-w", "--no-filters", "--", str(source))
            git.update_index("--add", "--cacheinfo", f"100644,{blob},{self._prefix}{path}")
        for path in proposal.removed:
            git.update_index("--force-remove", "--", f"{self._prefix}{path}")
        return str(git.write_tree())


def _commit_of(git: Any, ref: str) -> str | None:
    return str(git.rev_parse("--verify", "--quiet", ref, with_exceptions=False)) or None


def _is_it(git: Any, commit: str, tree: str, proposal: Proposal) -> bool:
    """Whether `commit` is this very proposal."""
    header, _, message = str(git.cat_file("commit", commit)).partition("\n\n")
    lines = header.splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return lines[0] == f"tree {tree}" and parents == [proposal.start] and message.strip() == proposal.message.strip()


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


def _commit(git: Any, tree: str, proposal: Proposal, parents: list[str]) -> str:
    signs = str(git.config("--type=bool", "--get", "commit.gpgSign", with_exceptions=False)) == "true"
    signing = ["-S"] if signs else []
    onto = [word for parent in parents for word in ("-p", parent)]
    return str(git.commit_tree(*signing, *onto, "-m", proposal.message.rstrip("\n"), tree))
