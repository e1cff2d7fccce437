"""The folder of a site: only what this program wrote there is replaced or removed, one file at a time in one step.

The folder's own record, one line of JSON for each page behind a line that says whose it is, tells which files are ours.
It is written before the first page, with every page that may come to exist, and again at the end: a run that was killed
leaves nothing that the next one takes for somebody else's. No link inside the folder is followed. Files are not forced
down: a site can be made again, and a page that is not as long as the record says is written again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.core.names import visible
from reconciler.core.size_limits import CACHE_BYTES
from reconciler.errors import ConflictError, ReconcilerError, UsageError

RECORD, PAGES, LISTS = "reconciler-site.jsonl", "models", "list"
_TEMPORARY = re.compile(r"\.tmp-[0-9]+-[0-9a-f]{32}")
_MARK = "reconciler-site"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_SHOWN = 3


class SiteFolder:
    """An open folder that no other run writes to. `record` holds the lines of what an earlier run wrote, by page."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._folders: dict[str, int] = {"": descriptor}

    def record(self, owner: tuple[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the lines of the record; nothing where there is none. `owner`: project and environment of the site.

        Raises UsageError E801 for a record of another site, and one that is damaged.
        """
        try:
            stream = os.fdopen(self._open(RECORD), "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._damaged() from error
        with stream:
            if os.fstat(stream.fileno()).st_size > CACHE_BYTES:
                raise self._damaged()
            checksum, last, first = hashlib.blake2b(digest_size=16), b"", True
            for line in stream:
                if last:
                    checksum.update(last)
                    if first:
                        self._check_owner(last, owner)
                        first = False
                    else:
                        yield self._parsed(last)
                last = line
            if self._parsed(last or b"{}").get("checksum") != checksum.hexdigest():
                raise self._damaged()

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise self._damaged()
        return parsed

    def _check_owner(self, line: bytes, owner: tuple[str, str]) -> None:
        recorded = self._parsed(line).get(_MARK)
        if recorded != list(owner):
            shown = "/".join(map(str, recorded)) if isinstance(recorded, list) else "something else"
            raise UsageError(
                f"{self.path} holds the site of {visible(shown[:100])}, not of {'/'.join(owner)}",
                hint="name another folder with --html",
                code="E801",
            )

    def _damaged(self) -> UsageError:
        return UsageError(
            f"{self.path / RECORD} is damaged, so it cannot be told which files there are ours",
            hint="name an empty folder with --html, or empty this one",
            code="E801",
        )

    def check_ours(self) -> None:
        """Raise UsageError E801 where the folder is neither empty nor one that a site was written to."""
        if self.size(RECORD) is not None:
            return
        others = sorted(name for name in os.listdir(self._descriptor) if not _TEMPORARY.fullmatch(name))  # noqa: PTH208  (of a descriptor)
        if others:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            raise UsageError(
                f"{self.path} holds files that no site of ours is made of: {', '.join(others[:_SHOWN])}{more}",
                hint="name an empty folder, or a new one, with --html",
                code="E801",
            )

    def write_record(self, owner: tuple[str, str], lines: Iterable[dict[str, Any]]) -> None:
        """Replace the record."""
        checksum = hashlib.blake2b(digest_size=16)

        def bodies() -> Iterator[bytes]:
            for line in ({_MARK: list(owner)}, *lines):
                body = json.dumps(line, separators=(",", ":")).encode() + b"\n"
                checksum.update(body)
                yield body
            yield json.dumps({"checksum": checksum.hexdigest()}).encode() + b"\n"

        self._replace(RECORD, bodies())

    def write(self, name: str, body: bytes) -> None:
        """Replace a file, such as `models/NAME.html`; one that holds these bytes already is left alone."""
        if self.size(name) == len(body) and self._read(name) == body:
            return
        self._replace(name, (body,))

    def size(self, name: str) -> int | None:
        """Return the size of a plain file; None where there is none."""
        folder, leaf = self._place(name)
        try:
            status = os.stat(leaf, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def remove(self, name: str) -> None:
        """Remove a file that the record names."""
        folder, leaf = self._place(name)
        with contextlib.suppress(FileNotFoundError):
            self._told(name, os.unlink, leaf, dir_fd=folder)

    def clear_temporary(self) -> None:
        """Remove what runs that were killed left behind; no other run is writing."""
        for folder in (self._descriptor, *(self._place(f"{name}/.")[0] for name in (PAGES, LISTS))):
            for name in os.listdir(folder):  # noqa: PTH208  (of a descriptor)
                if _TEMPORARY.fullmatch(name):
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=folder)

    def close(self) -> None:
        for descriptor in self._folders.values():
            os.close(descriptor)

    def _read(self, name: str) -> bytes | None:
        try:
            with os.fdopen(self._open(name), "rb") as stream:
                return stream.read()
        except OSError:
            return None

    def _open(self, name: str) -> int:
        folder, leaf = self._place(name)
        return os.open(leaf, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)

    def _place(self, name: str) -> tuple[int, str]:
        parent, _, leaf = name.rpartition("/")
        if parent not in self._folders:
            with contextlib.suppress(FileExistsError):
                self._told(parent, os.mkdir, parent, 0o755, dir_fd=self._descriptor)
            opened = self._told(parent, os.open, parent, _FOLDER | os.O_NOFOLLOW, dir_fd=self._descriptor)
            self._folders[parent] = opened
        return self._folders[parent], leaf

    def _replace(self, name: str, parts: Iterable[bytes]) -> None:
        folder, leaf = self._place(name)
        temporary = f".tmp-{os.getpid()}-{uuid.uuid4().hex}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = self._told(name, os.open, temporary, flags, 0o644, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for part in parts:
                    stream.write(part)
            os.rename(temporary, leaf, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            if isinstance(error, OSError):
                raise unwritable(self.path / name, error) from error
            raise

    def _told(self, name: str, function: Any, *arguments: Any, **settings: Any) -> Any:
        try:
            return function(*arguments, **settings)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError as error:
            raise unwritable(self.path / name, error) from error


def unwritable(path: Path, error: OSError) -> ReconcilerError:
    """Return the error for a file of a report that cannot be written."""
    reason = error.strerror or type(error).__name__
    return UsageError(
        f"cannot write {path}: {reason}", hint="name another place with --html, or make room there", code="E803"
    )


@contextmanager
def open_site(path: Path) -> Iterator[SiteFolder]:
    """Open the folder of a site, which is made where it is missing, until the block ends.

    Raises UsageError E803 where it cannot be made or read, E801 where it holds files of others; ConflictError E702
    while another run writes to it.
    """
    made = False
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            made = True
        descriptor = os.open(path, _FOLDER)
    except OSError as error:
        raise unwritable(path, error) from error
    folder = SiteFolder(path, descriptor)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"another run writes the site in {path}", hint="run the same command again when it is done", code="E702"
            ) from error
        folder.check_ours()
        yield folder
    except BaseException:
        if made:  # and nothing was written to it
            with contextlib.suppress(OSError):
                path.rmdir()
        raise
    finally:
        folder.close()


def write_file(path: Path, body: bytes) -> None:
    """Write a page in one step in the place of what was there. Raises UsageError E803."""
    temporary = path.with_name(f".tmp-{os.getpid()}-{uuid.uuid4().hex}")
    try:
        try:
            with temporary.open("xb") as stream:
                stream.write(body)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
