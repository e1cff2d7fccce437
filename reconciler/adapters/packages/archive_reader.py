"""Read the tar archive of a model package: our own reader, which refuses what it need not accept.

An archive is only files: `oci-layout`, `index.json` and blobs under their digests, in POSIX ustar headers. Every header
is checked before any file is read, and nothing is ever "cleaned": a name, a type or a size that no package has is
refused with its position. Python's own `tarfile` follows links, takes the last of two equal names and has had bypasses.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.package import layout
from reconciler.core.package.refusal import printable, refused, together
from reconciler.core.size_limits import MIB, PACKAGE_BYTES, PACKAGE_ENTRIES, PACKAGE_PADDING
from reconciler.errors import IntegrityError, UsageError

BLOCK = 512
_ZEROS = bytes(BLOCK)
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd", b"PK": "zip"}
_TYPES = {
    "1": "a hard link",
    "2": "a symbolic link",
    "3": "a character device",
    "4": "a block device",
    "5": "a folder",
    "6": "a named pipe",
    "7": "a reserved file",
    "L": "a long name (GNU)",
    "K": "a long link (GNU)",
    "S": "a sparse file (GNU)",
    "x": "an extended header (pax)",
    "g": "a global extended header (pax)",
}
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_MOST_PROBLEMS = 50
_REGULAR = ("0", "\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive: where its header and its bytes begin."""

    header: int
    start: int
    size: int


class ArchiveReader:
    """An archive whose headers were checked. Implements ports.PackageArchive."""

    def __init__(self, name: str, descriptor: int, size: int) -> None:
        self._name, self._descriptor, self._size = name, descriptor, size
        self._members: dict[str, Member] = {}
        self._problems: list[IntegrityError] = []
        self._folded: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def sizes(self) -> Mapping[str, int]:
        return {name: member.size for name, member in self._members.items()}

    def where(self, name: str) -> str:
        """Return the position of a file in the archive."""
        return self._at(self._members[name].header) if name in self._members else self._name

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; KeyError where there is none."""
        return b"".join(self._parts(self._members[name]))

    def extract(self, name: str, into: Path) -> Digest:
        """Write the bytes of a file to `into` and return their digest."""
        hashed = hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(into, flags, 0o600), "wb") as stream:
            for part in self._parts(self._members[name]):
                hashed.update(part)
                stream.write(part)
        return Digest(f"sha256:{hashed.hexdigest()}")

    def _parts(self, member: Member) -> Iterator[bytes]:
        at, left = member.start, member.size
        while left:
            part = os.pread(self._descriptor, min(left, MIB), at)
            if not part:
                raise refused("E505", "the archive became shorter while it was read", self._at(at))
            yield part
            at, left = at + len(part), left - len(part)

    # --- headers -----------------------------------------------------------------------------------------------------

    def scan(self) -> None:
        """Check every header; raises IntegrityError E502 to E505 or E521 with all problems that were found."""
        at, total = 0, 0
        while True:
            header = os.pread(self._descriptor, BLOCK, at)
            if header == _ZEROS:
                self._end(at)
                break
            if len(header) < BLOCK:
                self._note("E505", "the archive is cut short: its end is missing", at)
                break
            member = self._member(header, at)
            if member is None:
                break
            total += member.size
            if total > PACKAGE_BYTES or len(self._folded) > PACKAGE_ENTRIES:
                limit = f"{PACKAGE_ENTRIES:,} files" if total <= PACKAGE_BYTES else f"{PACKAGE_BYTES:,} bytes"
                self._note("E505", f"the archive holds more than {limit}", at)
                break
            if len(self._problems) >= _MOST_PROBLEMS:
                break
            at = member.start + _padded(member.size)
        if self._problems:
            raise together(self._problems)

    def _member(self, header: bytes, at: int) -> Member | None:
        """Check one header and note what is wrong; None where what follows it cannot be found."""
        if (header[257:263], header[263:265]) != (b"ustar\0", b"00"):
            self._note("E505", f"no ustar header, but {_kind(header)}", at)
            return None
        if _number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * 32:
            self._note("E505", "a header is damaged: its checksum does not match", at)
            return None
        size = _number(header[124:136])
        if size is None:
            self._note("E505", "a size is no octal number", at)
            return None
        start = at + BLOCK
        member = Member(header=at, start=start, size=size)
        if start + _padded(size) > self._size:
            self._note("E505", f"a file of {size:,} bytes ends behind the archive's last byte", at)
            return None
        name = self._name_in(header, at)
        if name is not None:
            self._check(name, chr(header[156]), header, member)
        return member

    def _name_in(self, header: bytes, at: int) -> str | None:
        """Return the name in a header; None where it is none that any package has."""
        fields = [_text(header[345:500]), _text(header[0:100])]
        if None in fields:
            self._note("E502", "a name goes on behind its end (NUL)", at)
            return None
        name = "/".join(field for field in fields if field)
        if not layout.is_safe(name.removesuffix("/") if name in layout.FOLDERS else name):
            self._note("E502", f"the name {printable(name)} may lead elsewhere", at)
            return None
        return name

    def _check(self, name: str, kind: str, header: bytes, member: Member) -> None:
        at = member.header
        if name in layout.FOLDERS and kind == "5":
            if member.size:
                self._note("E503", f"the folder {name} has {member.size:,} bytes", at)
            return
        if kind not in _REGULAR:
            self._note("E503", f"{name} is {_TYPES.get(kind, 'of an unknown type')}; a package holds only files", at)
        elif header[157:257].strip(b"\0"):
            self._note("E503", f"{name} is a file and names the target of a link", at)
        earlier = self._folded.setdefault(name.casefold(), name)
        if name in self._members or earlier != name:
            self._note("E504", f"{name} is there twice" if earlier == name else f"{name} and {earlier} are equal", at)
        elif not layout.is_known(name):
            self._note("E521", f"{name} belongs into no package", at)
        elif member.size == 0 and kind in _REGULAR:
            self._note("E505", f"{name} is empty", at)
        padding = os.pread(self._descriptor, _padded(member.size) - member.size, member.start + member.size)
        if padding.strip(b"\0"):
            self._note("E521", f"bytes are hidden behind the end of {name}", at)
        self._members.setdefault(name, member)

    def _end(self, at: int) -> None:
        """Check that only zeros follow."""
        left = self._size - at
        if left > PACKAGE_PADDING:
            self._note("E505", f"{left:,} bytes follow the last file", at)
        elif left < 2 * BLOCK:
            self._note("E505", "the archive is cut short: its end is missing", at)
        elif os.pread(self._descriptor, left, at).strip(b"\0"):
            self._note("E521", "other bytes follow the archive's end", at)

    def _note(self, code: str, message: str, at: int) -> None:
        self._problems.append(refused(code, message, self._at(at)))

    def _at(self, offset: int) -> str:
        return f"{self._name}, byte {offset:,}"


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _number(field: bytes) -> int | None:
    match = _OCTAL.fullmatch(field)
    return int(match[1], 8) if match is not None else None


def _text(field: bytes) -> str | None:
    """Return the text before the first NUL; None where anything else than NULs follows it."""
    text, _, rest = field.partition(b"\0")
    return None if rest.strip(b"\0") else text.decode("latin-1")


def _kind(start: bytes) -> str:
    known = next((f"a file of {kind}" for mark, kind in _COMPRESSED.items() if start.startswith(mark)), None)
    return known or ("a tar archive of GNU" if start[257:262] == b"ustar" else "other bytes")


@contextmanager
def open_archive(file: Path) -> Iterator[ArchiveReader]:
    """Open a package and check its headers; it is closed at the end.

    Raises UsageError E801 where there is no such file, IntegrityError as `scan` does, E505 where it is too large.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{str(file)[:200]!r} cannot be read: {getattr(error, 'strerror', None) or 'not a path'}",
            hint="name a package that `reconciler export` or `reconciler pull` wrote",
            code="E801",
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{str(file)[:200]!r} is no file", hint="name a package", code="E801")
        reader = ArchiveReader(file.name, descriptor, status.st_size)
        if status.st_size > PACKAGE_BYTES:
            raise refused("E505", f"it has {status.st_size:,} bytes; at most {PACKAGE_BYTES:,} are read", file.name)
        reader.scan()
        yield reader
    finally:
        os.close(descriptor)
