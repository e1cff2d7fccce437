"""The one place that starts git: constant arguments, and nothing that a repository or its configuration could run.

Hooks, fsmonitor, external transports, pagers, prompts and replace objects are off in every call. `Git(folder)` reads
alone: of the configuration only the repository's own data count, every transport is off (so that no missing object is
fetched), and a hostile `.git/config` starts no process. `Git(folder, environment=user_environment(...))` writes,
fetches and pushes: there the user's own configuration counts (identity, signing, credentials). ADR 26 says why this is
not GitPython.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.adapters.git import bounded_process
from reconciler.core.names import is_revision
from reconciler.core.size_limits import GIT_ANSWER_BYTES, LISTING_BYTES, MIB
from reconciler.errors import SourceError

GIT_FLOOR = (2, 30)
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.pager": "cat",
    "core.alternateRefsCommand": "",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    # Of whoever commits: no identity guessed from the machine's name, and no other bytes.
    "user.useConfigOnly": "true",
    "i18n.commitEncoding": "utf-8",
}
# Another repository, another index, settings of a command that called us, and programs of the caller's choice.
_NOT_PASSED_ON = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|SHALLOW_FILE"
    r"|GRAFT_FILE|REPLACE_REF_BASE|CONFIG|CONFIG_PARAMETERS|LITERAL_PATHSPECS|EDITOR|SEQUENCE_EDITOR|PAGER|EXTERNAL_DIFF"
    r"|TRACE.*|CURL_VERBOSE)"
)


class Git:
    """`folder` is any folder inside the repository.

    `environment`: all environment variables of git; by default, of a git that only reads. `timeout` (seconds): git then
    runs in a session of its own, where it cannot ask the terminal, and all of it is ended when the time is over.
    """

    def __init__(
        self, folder: Path, *, environment: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> None:
        self.folder = folder
        self._environment = environment
        self._timeout = timeout

    def run(
        self, *arguments: str, stdin: bytes = b"", ok: tuple[int, ...] = (0,), largest: int = GIT_ANSWER_BYTES
    ) -> bytes:
        """Return standard output; SourceError E306 when git fails otherwise than by an exit code of `ok`."""
        code, out, error = self.call(*arguments, stdin=stdin, largest=largest)
        if code not in ok:
            raise SourceError(f"git {arguments[0]} failed: {_first_line(error)}", code="E306", hint=_hint(error))
        return out

    def call(self, *arguments: str, stdin: bytes = b"", largest: int = GIT_ANSWER_BYTES) -> tuple[int, bytes, str]:
        """Return (exit code, standard output, standard error).

        Raises SourceError E306 when git cannot be started, E311 when its answer has more than `largest` bytes, and
        subprocess.TimeoutExpired.
        """
        command = ["git", "--no-pager", "--no-replace-objects", "--literal-pathspecs"]
        for name, value in {"safe.directory": str(root_of(self.folder)), **_SETTINGS}.items():
            command += ["-c", f"{name}={value}"]
        environment: Mapping[str, str] = _reading_environment()
        if self._environment is not None:
            environment = self._environment
        else:
            command += ["-c", "core.askPass="]
        try:
            code, out, message = bounded_process.run(
                [*command, *arguments],
                folder=self.folder,
                environment=environment,
                stdin=stdin,
                timeout=self._timeout,
                largest=largest,
            )
        except bounded_process.TooMuchOutputError as error:
            raise SourceError(
                f"git {arguments[0]} answers with more than {largest // MIB} MiB; no more are read",
                code="E311",
                hint="look for what makes the repository so large, such as a folder with very many files",
            ) from error
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise SourceError(f"there is no folder {self.folder}", code="E306", hint="check -C DIR") from error
            raise SourceError("git is not installed", code="E306", hint="install git 2.30 or newer") from error
        except OSError as error:
            raise SourceError(f"cannot run git in {self.folder}: {error.strerror}", code="E306") from error
        return code, out, message.decode("utf-8", "replace")


def user_environment(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return the environment variables of a git for which the user's configuration counts, and `more`."""
    kept = {name: value for name, value in environ.items() if not _NOT_PASSED_ON.fullmatch(name)}
    return {**kept, "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", **more}


def git_version() -> tuple[str, bool]:
    """Return git's own version text, and whether it is new enough. FileNotFoundError where there is no git."""
    _, out, _ = bounded_process.run(
        ["git", "--version"],
        folder=Path.cwd(),
        environment=_reading_environment(),
        stdin=b"",
        timeout=None,
        largest=MIB,
    )
    match = re.search(r"(\d+)\.(\d+)[\w.]*", out.decode("utf-8", "replace"))
    return (match[0], (int(match[1]), int(match[2])) >= GIT_FLOOR) if match else ("of no version", False)


def listing(git: Git, commit: str, prefix: str) -> bytes:
    """Return git's own listing of everything below `prefix` at a commit, without sizes: each would cost a look.

    Raises SourceError E311 for more than LISTING_BYTES: trees that contain each other's can list without end.
    """
    # With --full-tree this is a plain path from the root, not a pattern.
    wanted = [prefix.rstrip("/")] if prefix else []
    return git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit, *wanted, largest=LISTING_BYTES)


def entries_of(listed: bytes, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield (path below `prefix`, mode, object id) of each entry of `listing`."""
    for record in listed.decode("utf-8", "surrogateescape").split("\0"):
        if record:
            meta, _, name = record.partition("\t")
            mode, _, object_id = meta.split(" ")
            yield name.removeprefix(prefix), mode, object_id


def check_revision(text: str) -> str:
    """Return `text` when it is a plain ref name or commit id (with ~n or ^n); SourceError E304 otherwise."""
    if not is_revision(text):
        raise SourceError(
            f"not a revision: {text[:60]!r}",
            code="E304",
            hint="give a branch, a tag or a commit, such as main, v1.2 or 1a2b3c4d",
        )
    return text


def top_of(folder: Path) -> Path:
    """Return the repository's root; SourceError E306 when `folder` is in no work tree of one."""
    out = Git(folder).run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
    if not out:
        raise SourceError("this repository has no work tree", code="E306", hint="clone it, and run there")
    return Path(out)


def prefix_of(project: Path, top: Path | None = None) -> str:
    """Return the project's path below the repository's root `top`, ending in a slash; empty when it is the root."""
    try:
        prefix = project.resolve().relative_to((top or top_of(project)).resolve()).as_posix()
    except ValueError as error:  # a work tree that `.git/config` says is somewhere else
        raise SourceError(
            "the repository's configuration puts its work tree somewhere else",
            code="E306",
            hint="take core.worktree out of .git/config, or clone the repository again",
        ) from error
    return "" if prefix == "." else prefix + "/"


def _reading_environment() -> dict[str, str]:
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


def root_of(folder: Path) -> Path:
    """Return the repository's root as git will name it, without asking git."""
    start = folder.resolve()
    return next((parent for parent in (start, *start.parents) if (parent / ".git").exists()), start)


def _first_line(error: str) -> str:
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in error.splitlines() if line.strip()]
    return lines[0][:200] if lines else "no message"


def _hint(error: str) -> str:
    if "not a git repository" in error:
        return "run the command inside a clone, or name one with -C DIR"
    if "must be run in a work tree" in error:
        return "this repository is bare: clone it, and run there"
    if "dubious ownership" in error:
        return "make the clone your own (chown), or clone it again"
    if "unknown repository" in error or "repository version" in error:
        return "this repository needs a newer git"
    if "shallow" in error:
        return "fetch the whole history: git fetch --unshallow (in CI: fetch-depth: 0)"
    return "check the repository with git fsck"
