"""A commit on a new branch, without touching the work tree or the index: with the user's identity and signing.

Written through GitPython with constant arguments; no repository object outlives a call. Hooks are switched off: what is
proposed is checked where it is reviewed. Pushing and opening a request are left to the user.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from reconciler.adapters.git_plumbing import check_revision, prefix_of, top_of
from reconciler.errors import ConflictError, ReconcilerError, SourceError
from reconciler.ports import Proposal

# The user's own configuration counts here (identity, signing), but nothing in it may run a hook, guess an identity from
# the machine's name, or change bytes.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "user.useConfigOnly": "true",
    "i18n.commitEncoding": "utf-8",
    "protocol.ext.allow": "never",
}
_NOBODY = ("empty ident", "tell me who you are", "auto-detect", "auto-detection is disabled", "no name was given")
_LOCK = re.compile(r"Unable to create '([^']+\.lock)': File exists")


class GitProposer:
    """`project` is the folder of reconciler.yaml; it may lie below the repository's root."""

    def __init__(self, project: Path) -> None:
        self._top = top_of(project)
        self._prefix = prefix_of(project)

    def propose(self, proposal: Proposal) -> str:
        from git import GitCommandError, Repo

        check_revision(proposal.branch)
        check_revision(proposal.start)
        ref = f"refs/heads/{proposal.branch}"
        with Repo(self._top) as repository, tempfile.TemporaryDirectory() as scratch:
            git = repository.git
            with git.custom_environment(**_environment(Path(scratch))):
                try:
                    tree = self._tree(git, proposal, Path(scratch))
                    before = _commit_of(git, ref)
                    if before is not None:
                        if _is_it(git, before, tree, proposal):
                            return before
                        _check_free(git, before, ref, proposal)
                    commit = _commit(git, tree, proposal)
                    git.update_ref("-m", "reconciler: propose", "--", ref, commit, before or "0" * len(commit))
                except GitCommandError as error:
                    raise _explained(error, proposal.branch) from error
        return commit

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


def _environment(scratch: Path) -> dict[str, str]:
    """An index of our own, and settings that no configuration file overrides (git 2.31 and newer)."""
    environment = {"GIT_INDEX_FILE": str(scratch / "index"), "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    environment["GIT_CONFIG_COUNT"] = str(len(_SETTINGS))
    for number, (name, value) in enumerate(_SETTINGS.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _commit_of(git: Any, ref: str) -> str | None:
    return str(git.rev_parse("--verify", "--quiet", ref, with_exceptions=False)) or None


def _is_it(git: Any, commit: str, tree: str, proposal: Proposal) -> bool:
    """Whether `commit` is this very proposal."""
    header, _, message = str(git.cat_file("commit", commit)).partition("\n\n")
    lines = header.splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    return lines[0] == f"tree {tree}" and parents == [proposal.start] and message.strip() == proposal.message.strip()


def _check_free(git: Any, tip: str, ref: str, proposal: Proposal) -> None:
    """ConflictError unless everything on the branch is already in `start`, and nobody works on it."""
    if git.rev_list("--max-count=1", tip, f"^{proposal.start}"):
        raise ConflictError(
            f"branch {proposal.branch} exists and holds something else",
            hint=f"merge it, or delete it: git branch -D {proposal.branch}",
        )
    if f"branch {ref}" in str(git.worktree("list", "--porcelain")).splitlines():
        raise ConflictError(
            f"branch {proposal.branch} is checked out", hint="switch to another branch and run the same command again"
        )


def _commit(git: Any, tree: str, proposal: Proposal) -> str:
    signs = str(git.config("--type=bool", "--get", "commit.gpgSign", with_exceptions=False)) == "true"
    signing = ["-S"] if signs else []
    return str(git.commit_tree(*signing, "-p", proposal.start, "-m", proposal.message.rstrip("\n"), tree))


def _explained(error: Exception, branch: str) -> ReconcilerError:
    text = str(getattr(error, "stderr", ""))
    if any(words in text for words in _NOBODY):
        return SourceError(
            "git does not know who you are",
            code="E306",
            hint='git config user.name "Your Name" && git config user.email you@example.org',
        )
    if (lock := _LOCK.search(text)) is not None:
        return ConflictError(
            "another git command is at work in this repository, or died in the middle of one",
            hint=f"run the same command again; if no git runs any more, remove {lock[1]}",
        )
    if "cannot lock ref" in text:
        return ConflictError(
            f"branch {branch} was made by somebody else in the meantime, or stands in another branch's way",
            hint="run the same command again; if it stays, see `git branch --list`",
        )
    if "gpg failed" in text or "failed to write commit object" in text:
        return SourceError(
            "git could not sign the commit",
            code="E306",
            hint="check user.signingKey, or switch signing off: git config commit.gpgSign false",
        )
    lines = [line.strip().strip("'") for line in text.splitlines() if line.strip()]
    return SourceError(f"git refused: {lines[-1][:200] if lines else 'no message'}", code="E306")
