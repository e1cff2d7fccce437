"""The repository around a project: its root, branch and remote, what it ignores; and a new one where there is none."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.git.plumbing import Git
from reconciler.errors import UsageError

BRANCH = "main"


def check_work_tree(root: Path) -> None:
    """Raise UsageError E801 in a bare repository and in git's own folder: nothing there can be committed."""
    existing = _existing(root)
    code, out, _ = Git(existing).call("rev-parse", "--is-inside-work-tree")
    if code == 0 and out.strip() == b"false":
        raise UsageError(
            f"{existing} lies in a repository without a work tree",
            hint="clone it, and begin in the clone, or name a folder elsewhere",
            code="E801",
        )


def branch_of(root: Path) -> str | None:
    """Return the branch that the repository around `root` is on; None where there is no repository."""
    existing = _existing(root)
    code, out, _ = Git(existing).call("symbolic-ref", "--short", "HEAD")
    if code == 0:
        return out.decode("utf-8", "replace").strip()
    code, _, _ = Git(existing).call("rev-parse", "--git-dir")
    return BRANCH if code == 0 else None


def top_of(root: Path) -> Path | None:
    """Return the root of the repository around `root`; None where there is none."""
    existing = _existing(root)
    code, out, _ = Git(existing).call("rev-parse", "--show-toplevel")
    return Path(out.decode("utf-8", "surrogateescape").rstrip("\n")) if code == 0 else None


def remote_of(root: Path) -> str | None:
    """Return the configured address of the remote `origin`; None where there is none."""
    existing = _existing(root)
    code, out, _ = Git(existing).call("config", "--get", "remote.origin.url")
    return out.decode("utf-8", "replace").strip() if code == 0 else None


def is_kept_out(root: Path, path: str) -> bool:
    """Tell whether git ignores a file that is there, or has it already: then .gitignore needs to say nothing of it."""
    git = Git(root)
    asked = (("--others", "--ignored", "--exclude-standard"), ("--cached",))
    return any(git.call("ls-files", *which, "--", path)[1] for which in asked)


def start_repository(root: Path) -> None:
    """Make a repository of this folder. Raises UsageError E306."""
    code, _, problem = Git(root).call("init", "-q", "-b", BRANCH)
    if code != 0:
        raise UsageError(f"git init failed: {problem.strip()[:200]}", hint="make the repository yourself", code="E306")


def _existing(root: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next((folder for folder in (root, *root.parents) if folder.is_dir()), root)
