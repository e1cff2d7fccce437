"""Write the tar archive of a model package: the same files give the same bytes, and the file is whole or absent."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.adapters.filesystem import durable_files
from reconciler.core.digest import Digest
from reconciler.core.size_limits import MIB
from reconciler.errors import StoreError, UsageError

_BLOCK = 512
_MODE = 0o644
_END = bytes(2 * _BLOCK)


class ArchiveWriter:
    """Writes packages on this disk. Implements ports.PackageWriter."""

    def write(self, file: Path, members: Sequence[tuple[str, bytes | Path]]) -> Digest:
        """Write an archive under a temporary name, force it down, and link it to its own; return its digest."""
        check_absent(file)
        temporary = file.parent / durable_files.temporary_name()
        hashed = hashlib.sha256()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, _MODE), "wb") as stream:
                for part in _parts(members):
                    hashed.update(part)
                    stream.write(part)
                stream.flush()
                os.fsync(stream.fileno())
            _name(temporary, file)
            durable_files.force_folder(file.parent)
        except OSError as error:
            raise _explained(error, file) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return Digest(f"sha256:{hashed.hexdigest()}")


def check_absent(file: Path) -> None:
    """Raise UsageError E801 where there is something under this name, or no folder to write it in."""
    if os.path.lexists(file):
        raise UsageError(
            f"{str(file)!r} exists already; a package is never overwritten", hint="name another file", code="E801"
        )
    if not file.parent.is_dir():
        raise UsageError(f"{str(file.parent)!r} is no folder", hint="make the folder first", code="E801")


def _name(temporary: Path, file: Path) -> None:
    """Give the file its name, unless another took it meanwhile: a link is created exclusively."""
    try:
        os.link(temporary, file)
    except FileExistsError:
        check_absent(file)
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        check_absent(file)  # a file system without hard links
        temporary.rename(file)


def _parts(members: Sequence[tuple[str, bytes | Path]]) -> Iterator[bytes]:
    for name, body in members:
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        yield header_of(name, size)
        if isinstance(body, bytes):
            yield body
        else:
            yield from _of_file(body, size)
        yield bytes(-size % _BLOCK)
    yield _END


def _of_file(path: Path, size: int) -> Iterator[bytes]:
    left = size
    with path.open("rb") as stream:
        while left and (part := stream.read(min(left, MIB))):
            left -= len(part)
            yield part
    if left:
        raise OSError(errno.EIO, "a file became shorter while it was read")


def header_of(name: str, size: int) -> bytes:
    """Return the ustar header of a file: of nobody, of no time."""
    fields = [
        name.encode("ascii").ljust(100, b"\0"),
        b"%07o\0" % _MODE,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        b"0",
        bytes(100),
        b"ustar\0" + b"00",
        bytes(64),
        b"%07o\0" % 0,
        b"%07o\0" % 0,
    ]
    header = b"".join(fields).ljust(_BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def _explained(error: OSError, file: Path) -> StoreError:
    said = durable_files.explained(error, file)
    return StoreError(
        said.message, code=said.code, hint="make room or name another folder, and run the same command again"
    )
