"""Files of a project on disk, which people read and own: each is written whole or not at all, and none is lost.

A run that was killed leaves whole files, and perhaps a part of one under a hidden name, which the next run removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import is_alive
from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.errors import ConflictError, UsageError

IGNORED = ".gitignore"
_PART = ".part"


def taken(root: Path, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that exist already with other contents."""
    return tuple(name for name in texts if os.path.lexists(root / name) and not _says(root / name, texts[name]))


def check_free(root: Path, texts: Mapping[str, str], copies: Mapping[str, Path], *, hint: str) -> None:
    """Raise UsageError E801 where one of the files exists already with other contents."""
    conflicts = [name for name in taken(root, texts) if name != IGNORED]
    conflicts += [name for name, source in copies.items() if _differs(root / name, source)]
    if conflicts:
        raise UsageError(f"{_and(sorted(conflicts))} would be overwritten", hint=hint, code="E801")


def publish(root: Path, texts: Mapping[str, str], copies: Mapping[str, Path], *, hint: str) -> None:
    """Create the folder, with these texts and copies of these files.

    UsageError, with nothing written, when one exists already with other contents; .gitignore is extended.
    """
    check_free(root, texts, copies, hint=hint)
    try:
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _check_inside(root, path)
            if name == IGNORED:
                _ignore(path, text)
            elif not path.exists():
                _create(path, text, hint=hint)
        for name, source in copies.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _create(path, source, hint=hint)
    except OSError as error:
        raise _unwritable(error, root) from error


def overwrite(root: Path, path: Path, body: str | Path, *, hint: str) -> None:
    """Write a text, or a copy of a file, below `root` in the place of what is there, in one step.

    Raises UsageError E803, also where a link on the way leads out of `root`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_inside(root, path)
        with _whole(path, body) as part:
            part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint=hint, code="E803") from error


def replace_text(path: Path, before: str, after: str) -> None:
    """Replace the text of a file in one step; ConflictError where it is no longer `before`, also with two at once."""
    try:
        with _alone_in(path.parent):
            if not _says(path, before):
                raise ConflictError(f"{path.name} was changed meanwhile", hint="run the same command again")
            with _whole(path, after) as part:
                shutil.copymode(path, part)
                part.replace(path)
    except OSError as error:
        raise _unwritable(error, path) from error


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time replace texts in a folder. The lock ends with its process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: the check before is all there is
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _whole(path: Path, body: str | Path) -> Iterator[Path]:
    """Yield a new file beside `path` with a text, or the bytes of a file; it is removed unless it was moved."""
    _remove_parts(path)
    part = path.with_name(f".{path.name[:200]}.{os.getpid()}{_PART}")
    try:
        with part.open("xb") as stream:
            if isinstance(body, str):
                stream.write(body.encode("utf-8", "surrogateescape"))
            else:
                with body.open("rb") as source:
                    shutil.copyfileobj(source, stream, 1 << 20)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _remove_parts(path: Path) -> None:
    """Remove what killed runs left of this file."""
    start = f".{path.name[:200]}."
    for file in path.parent.iterdir():
        process = file.name.removeprefix(start).removesuffix(_PART)
        if file.name == f"{start}{process}{_PART}" and process.isdecimal() and not is_alive(int(process)):
            file.unlink(missing_ok=True)


def _create(path: Path, body: str | Path, *, hint: str) -> None:
    """Write a file where none is; UsageError E801 where another process was faster with other contents."""
    with _whole(path, body) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            if not filecmp.cmp(part, path, shallow=False):
                raise UsageError(f"{path.name} would be overwritten", hint=hint, code="E801") from None
        except OSError:  # a file system without hard links
            part.replace(path)


def _check_inside(root: Path, path: Path) -> None:
    """Raise UsageError E803 where a link on the way to a file, or in its place, leads out of the folder."""
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{path.parent} leads out of the repository", hint="make it a folder", code="E803")
    if path.is_symlink():
        raise UsageError(f"{path} is a link", hint="put a file in its place", code="E803")


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


def _says(path: Path, text: str) -> bool:
    try:
        body = text.encode()
        return path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body
    except OSError:
        return False


def _ignore(path: Path, text: str) -> None:
    """Add the lines that are missing to .gitignore."""
    if path.exists() and path.stat().st_size > MANIFEST_BYTES:
        raise UsageError(
            f"{path.name} has {path.stat().st_size:,} bytes; at most {MANIFEST_BYTES:,} are read",
            hint="make it smaller, and run the same command again",
            code="E311",
        )
    current = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    missing = [line for line in text.splitlines() if line not in current.splitlines()]
    if missing:
        gap = "" if not current or current.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            stream.write(gap + "".join(f"{line}\n" for line in missing))


def _and(names: list[str]) -> str:
    shown = names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
