"""A commit on a new branch, without touching the work tree or the index: with the user's identity and signing.

Written through GitPython with constant arguments; no repository object outlives a call. Hooks do not run, since no
porcelain does: what is proposed is checked where it is reviewed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from reconciler.adapters.git_plumbing import top_of
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Proposal


class GitProposer:
    def __init__(self, project: Path) -> None:
        self._top = top_of(project)
        prefix = project.resolve().relative_to(self._top.resolve()).as_posix()
        self._prefix = "" if prefix == "." else prefix + "/"

    def propose(self, proposal: Proposal) -> str:
        from git import GitCommandError, Repo

        with Repo(self._top) as repository:
            git = repository.git
            ref = f"refs/heads/{proposal.branch}"
            try:
                tree = self._tree(git, proposal)
                before = self._tip(git, ref)
                if before is not None and self._same(git, before, tree, proposal):
                    return before
                if before is not None and not _contained(git, before, proposal.start):
                    raise ConflictError(
                        f"branch {proposal.branch} exists and holds something else",
                        hint=f"merge it, or delete it: git branch -D {proposal.branch}",
                    )
                commit = self._commit(git, repository, tree, proposal)
                git.update_ref("-m", "reconciler: propose", "--", ref, commit, before or "0" * len(commit))
            except GitCommandError as error:
                raise _explained(error) from error
        return commit

    def _tree(self, git: Any, proposal: Proposal) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            environment = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            with git.custom_environment(**environment):
                git.read_tree(proposal.start)
                for number, (path, text) in enumerate(proposal.files):
                    source = Path(scratch) / str(number)
                    source.write_bytes(text.encode())
                    blob = git.hash_object("-w", "--no-filters", "--", str(source))
                    git.update_index("--add", "--cacheinfo", f"100644,{blob},{self._prefix}{path}")
                return str(git.write_tree())

    def _tip(self, git: Any, ref: str) -> str | None:
        out = git.for_each_ref("--format=%(objectname)", ref)
        return str(out) or None

    def _same(self, git: Any, commit: str, tree: str, proposal: Proposal) -> bool:
        found = git.show("-s", "--format=%T%n%P%n%B", commit).split("\n", 2)
        return bool(found == [tree, proposal.start, found[2]] and found[2].strip() == proposal.message.strip())

    def _commit(self, git: Any, repository: Any, tree: str, proposal: Proposal) -> str:
        with repository.config_reader() as configuration:
            signs = configuration.get_value("commit", "gpgSign", default=False)
        signing = ["-S"] if signs in (True, "true") else []
        return str(git.commit_tree(*signing, "-p", proposal.start, "-m", proposal.message.rstrip("\n"), tree))


def _contained(git: Any, commit: str, start: str) -> bool:
    """Whether everything on the branch is already in `start`."""
    return not git.rev_list("--max-count=1", commit, f"^{start}")


def _explained(error: Exception) -> SourceError:
    text = str(getattr(error, "stderr", ""))
    if "empty ident" in text or "tell me who you are" in text or "auto-detect email" in text:
        return SourceError(
            "git does not know who you are",
            code="E306",
            hint='git config user.name "Your Name" && git config user.email you@example.org',
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return SourceError(f"git refused: {lines[-1][:200] if lines else 'no message'}", code="E306")


def who(project: Path) -> str:
    """The user as git knows them; the login name otherwise."""
    from git import GitCommandError, Repo

    try:
        with Repo(project, search_parent_directories=True) as repository:
            ident = str(repository.git.var("GIT_AUTHOR_IDENT"))
            return ident.rsplit(">", 1)[0] + ">"
    except (GitCommandError, ValueError):
        return os.environ.get("USER", "unknown")
