"""Files of a new project on disk: created, never overwritten; and a git repository where there is none."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.git.objects import too_large
from reconciler.adapters.git.plumbing import Git
from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.errors import ConflictError, UsageError

BRANCH = "main"
IGNORED = ".gitignore"


def branch_of(root: Path) -> str | None:
    """Return the branch that the repository around `root` is on; None where there is no repository."""
    existing = next((folder for folder in (root, *root.parents) if folder.is_dir()), root)
    code, out, _ = Git(existing).call("symbolic-ref", "--short", "HEAD")
    if code == 0:
        return out.decode("utf-8", "replace").strip()
    code, _, _ = Git(existing).call("rev-parse", "--git-dir")
    return BRANCH if code == 0 else None


def top_of(root: Path) -> Path | None:
    """Return the root of the repository around `root`; None where there is none."""
    existing = next((folder for folder in (root, *root.parents) if folder.is_dir()), root)
    code, out, _ = Git(existing).call("rev-parse", "--show-toplevel")
    return Path(out.decode("utf-8", "surrogateescape").rstrip("\n")) if code == 0 else None


def remote_of(root: Path) -> str | None:
    """Return the configured address of the remote `origin`; None where there is none."""
    existing = next((folder for folder in (root, *root.parents) if folder.is_dir()), root)
    code, out, _ = Git(existing).call("config", "--get", "remote.origin.url")
    return out.decode("utf-8", "replace").strip() if code == 0 else None


def taken(root: Path, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that exist already with other contents."""
    return tuple(name for name in texts if os.path.lexists(root / name) and not _says(root / name, texts[name]))


def is_kept_out(root: Path, path: str) -> bool:
    """Tell whether git ignores a file that is there, or has it already: then .gitignore needs to say nothing of it."""
    git = Git(root)
    asked = (("--others", "--ignored", "--exclude-standard"), ("--cached",))
    return any(git.call("ls-files", *which, "--", path)[1] for which in asked)


def check_free(root: Path, texts: Mapping[str, str], copies: Mapping[str, Path], *, hint: str) -> None:
    """Raise UsageError E801 where one of the files exists already with other contents."""
    conflicts = [name for name in taken(root, texts) if name != IGNORED]
    conflicts += [name for name, source in copies.items() if _differs(root / name, source)]
    if conflicts:
        raise UsageError(f"{_and(sorted(conflicts))} would be overwritten", hint=hint, code="E801")


def replace_text(path: Path, before: str, after: str) -> None:
    """Replace the text of a file in one step; ConflictError where it is no longer `before`."""
    if not _says(path, before):
        raise ConflictError(f"{path.name} was changed meanwhile", hint="run the same command again")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as stream:
            stream.write(after)
        shutil.copymode(path, part)
        part.replace(path)
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        part.unlink(missing_ok=True)


def publish(
    root: Path,
    texts: Mapping[str, str],
    copies: Mapping[str, Path],
    *,
    hint: str = "name another folder, or move them away: init never overwrites",
) -> None:
    """Create the folder, with these texts and copies of these files.

    UsageError, with nothing written, when one exists already with other contents; .gitignore is extended.
    """
    check_free(root, texts, copies, hint=hint)
    try:
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == IGNORED:
                _ignore(path, text)
            elif not path.exists():
                with path.open("x", encoding="utf-8", newline="\n") as stream:
                    stream.write(text)
        for name, source in copies.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, path)
    except OSError as error:
        raise _unwritable(error, root) from error


def _unwritable(error: OSError, path: Path) -> UsageError:
    return UsageError(
        f"{error.filename or path} cannot be written: {error.strerror}",
        hint="name a folder that you may write to; running the command again goes on",
        code="E803",
    )


def _differs(path: Path, source: Path) -> bool:
    """Return whether something else than a copy of `source` is there: a run that was killed left the copy."""
    if not os.path.lexists(path):
        return False
    return path.is_symlink() or not path.is_file() or not filecmp.cmp(path, source, shallow=False)


def _copy(source: Path, path: Path) -> None:
    """Copy a file whole or not at all, to where none is."""
    if path.exists():
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with source.open("rb") as read, part.open("xb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def start_repository(root: Path) -> None:
    code, _, problem = Git(root).call("init", "-q", "-b", BRANCH)
    if code != 0:
        raise UsageError(f"git init failed: {problem.strip()[:200]}", hint="make the repository yourself", code="E306")


def _says(path: Path, text: str) -> bool:
    try:
        body = text.encode()
        return path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body
    except OSError:
        return False


def _ignore(path: Path, text: str) -> None:
    if path.exists() and path.stat().st_size > MANIFEST_BYTES:
        raise too_large(f"{path.name} has {path.stat().st_size:,} bytes; at most {MANIFEST_BYTES:,} are read")
    current = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    missing = [line for line in text.splitlines() if line not in current.splitlines()]
    if missing:
        gap = "" if not current or current.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            stream.write(gap + "".join(f"{line}\n" for line in missing))


def _and(names: list[str]) -> str:
    shown = names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
