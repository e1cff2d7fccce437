"""Archives as an attacker, or a broken disk, would make them: headers of any name, type and size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BLOCK = 512
END = bytes(2 * BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; what is None is as this program writes it."""

    name: bytes
    body: bytes = b"{}"
    kind: bytes = b"0"
    size: bytes | None = None
    prefix: bytes = b""
    link: bytes = b""
    magic: bytes = b"ustar\x0000"
    checksum: bytes | None = None
    padding: bytes | None = None

    def bytes(self) -> bytes:
        size = self.size if self.size is not None else b"%011o\0" % len(self.body)
        fields = (
            self.name.ljust(100, b"\0")[:100],
            b"0000644\0",
            b"0000000\0" * 2,
            size.ljust(12, b"\0"),
            b"%011o\0" % 0,
            b" " * 8,
            self.kind,
            self.link.ljust(100, b"\0"),
            self.magic,
            bytes(64),
            b"0000000\0" * 2,
            self.prefix.ljust(155, b"\0"),
        )
        header = b"".join(fields).ljust(BLOCK, b"\0")
        checksum = self.checksum if self.checksum is not None else b"%06o\0 " % sum(header)
        padding = self.padding if self.padding is not None else bytes(-len(self.body) % BLOCK)
        return header[:148] + checksum + header[156:] + self.body + padding


def archive(entries: Iterable[Entry], end: bytes = END) -> bytes:
    """Return the archive of these entries."""
    return b"".join(entry.bytes() for entry in entries) + end


def entries_of(package: bytes) -> dict[str, bytes]:
    """Return the files of a package that this program wrote, by name, in their order."""
    found, at = {}, 0
    while package[at : at + BLOCK] != bytes(BLOCK):
        name = package[at : at + 100].rstrip(b"\0").decode()
        size = int(package[at + 124 : at + 135], 8)
        found[name] = package[at + BLOCK : at + BLOCK + size]
        at += BLOCK + -(-size // BLOCK) * BLOCK
    return found


def package_of(files: dict[str, bytes]) -> bytes:
    """Return the archive of these files."""
    return archive(Entry(name=name.encode(), body=body) for name, body in files.items())
