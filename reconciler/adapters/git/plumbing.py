"""Git by its plumbing: constant arguments, no configuration but the repository's own data, nothing that runs code.

Hooks, fsmonitor, filters, pagers, prompts, every transport (so that no missing object is fetched), replace objects,
grafts and the user's and system's configuration are switched off; a hostile `.git/config` starts no process. Each call
is one short-lived process.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from reconciler.core.names import is_revision
from reconciler.errors import SourceError

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.pager": "cat",
    "core.askPass": "",
    "core.alternateRefsCommand": "",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
}


class Git:
    """`folder` is any folder inside the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, stdin: bytes = b"", ok: tuple[int, ...] = (0,)) -> bytes:
        """Standard output; SourceError E306 when git fails otherwise than by an exit code of `ok`."""
        code, out, error = self.call(*arguments, stdin=stdin)
        if code not in ok:
            raise SourceError(f"git {arguments[0]} failed: {_first_line(error)}", code="E306", hint=_remedy(error))
        return out

    def call(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        command = [
            "git",
            "--no-pager",
            "--no-replace-objects",
            "--literal-pathspecs",
            "-c",
            f"safe.directory={_real(self.folder)}",
        ]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        try:
            ran = subprocess.run(
                [*command, *arguments],
                cwd=self.folder,
                input=stdin,
                capture_output=True,
                env=_environment(),
                check=False,
            )
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise SourceError(f"there is no folder {self.folder}", code="E306", hint="check -C DIR") from error
            raise SourceError("git is not installed", code="E306", hint="install git 2.30 or newer") from error
        except OSError as error:
            raise SourceError(f"cannot run git in {self.folder}: {error.strerror}", code="E306") from error
        return ran.returncode, ran.stdout, ran.stderr.decode("utf-8", "replace")


def listing(git: Git, commit: str, prefix: str) -> bytes:
    """Git's own listing of everything below `prefix` at a commit, without sizes: those cost a look at each object."""
    # With --full-tree this is a plain path from the root, not a pattern.
    wanted = [prefix.rstrip("/")] if prefix else []
    return git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, *wanted)


def entries_of(listed: bytes, prefix: str) -> Iterator[tuple[str, str, str]]:
    """(path below `prefix`, mode, object id)"""
    for record in listed.decode("utf-8", "surrogateescape").split("\0"):
        if record:
            meta, _, name = record.partition("\t")
            mode, _, object_id = meta.split(" ")
            yield name.removeprefix(prefix), mode, object_id


def check_revision(text: str) -> str:
    """`text` when it is a plain ref name or commit id (with ~n or ^n); SourceError E304 otherwise."""
    if not is_revision(text):
        raise SourceError(
            f"not a revision: {text[:60]!r}",
            code="E304",
            hint="give a branch, a tag or a commit, such as main, v1.2 or 1a2b3c4d",
        )
    return text


def top_of(folder: Path) -> Path:
    """The repository's root; SourceError E306 when `folder` is in no work tree of one."""
    out = Git(folder).run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
    if not out:
        raise SourceError("this repository has no work tree", code="E306", hint="clone it, and run there")
    return Path(out)


def prefix_of(project: Path, top: Path | None = None) -> str:
    """The project's path below the repository's root `top`, ending in a slash; empty when it is the root."""
    try:
        prefix = project.resolve().relative_to((top or top_of(project)).resolve()).as_posix()
    except ValueError as error:  # a work tree that `.git/config` says is somewhere else
        raise SourceError(
            "the repository's configuration puts its work tree somewhere else",
            code="E306",
            hint="take core.worktree out of .git/config, or clone the repository anew",
        ) from error
    return "" if prefix == "." else prefix + "/"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # for a git older than the line above
        "GIT_GRAFT_FILE": os.devnull,
        "LC_ALL": "C",
    }


def _real(folder: Path) -> str:
    """The repository's root as git will name it, found without asking git."""
    here = folder.resolve()
    for one in (here, *here.parents):
        if (one / ".git").exists():
            return str(one)
    return str(here)


def _first_line(error: str) -> str:
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in error.splitlines() if line.strip()]
    return lines[0][:200] if lines else "no message"


def _remedy(error: str) -> str:
    if "not a git repository" in error:
        return "run the command inside a clone, or name one with -C DIR"
    if "must be run in a work tree" in error:
        return "this repository is bare: clone it, and run there"
    if "dubious ownership" in error:
        return "make the clone your own (chown), or clone it anew"
    if "unknown repository" in error or "repository version" in error:
        return "this repository needs a newer git"
    if "shallow" in error:
        return "fetch the whole history: git fetch --unshallow (in CI: fetch-depth: 0)"
    return "check the repository with git fsck"
