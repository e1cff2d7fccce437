"""Git objects that are small in the repository and large when they are read."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path

_BLOCK = b"# as often as it takes\n" * 4096


def large_blob(folder: Path, size: int, *, first: str) -> str:
    """Write a loose blob of about `size` bytes, which begins with `first`, and return its id.

    Its compressed form is put together from one block that is compressed once.
    """
    times = max(1, size // len(_BLOCK))
    start = first.encode()
    header = b"blob %d\0" % (len(start) + times * len(_BLOCK)) + start
    sha, check = hashlib.sha1(header, usedforsecurity=False), zlib.adler32(header)
    for _ in range(times):
        sha.update(_BLOCK)
        check = zlib.adler32(_BLOCK, check)
    stream = b"\x78\x01" + _deflated(header) + _deflated(_BLOCK) * times
    stream += zlib.compressobj(wbits=-15).flush(zlib.Z_FINISH) + check.to_bytes(4, "big")
    return _written(folder, sha.hexdigest(), stream)


def nested_trees(folder: Path, *, depth: int, width: int) -> str:
    """Write trees that each name the one below `width` times, and return the top one: `width ** depth` files."""
    inner, mode = _object(folder, b"blob", b"x"), b"100644"
    for _ in range(depth):
        entries = b"".join(mode + b" %03d\0" % number + bytes.fromhex(inner) for number in range(width))
        inner, mode = _object(folder, b"tree", entries), b"40000"
    return inner


def commit_with(
    folder: Path, files: Mapping[str, str], *, parent: str = "HEAD", trees: Mapping[str, str] | None = None
) -> str:
    """Commit these blobs (path -> id) and `trees` (name at the top -> id) on `parent`, beside every branch."""
    git(folder, "read-tree", parent)
    for path, blob in files.items():
        git(folder, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    tree = git(folder, "write-tree")
    git(folder, "read-tree", "HEAD")
    if trees:
        listed = git(folder, "ls-tree", tree) + "".join(f"\n040000 tree {top}\t{name}" for name, top in trees.items())
        tree = git(folder, "mktree", stdin=listed + "\n")
    return git(folder, "commit-tree", tree, "-p", parent, "-m", "large")


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    ran = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def _deflated(part: bytes) -> bytes:
    packer = zlib.compressobj(level=6, wbits=-15)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)


def _object(folder: Path, kind: bytes, body: bytes) -> str:
    whole = kind + b" %d\0" % len(body) + body
    return _written(folder, hashlib.sha1(whole, usedforsecurity=False).hexdigest(), zlib.compress(whole))


def _written(folder: Path, name: str, stream: bytes) -> str:
    place = folder / ".git/objects" / name[:2] / name[2:]
    place.parent.mkdir(exist_ok=True)
    if not place.exists():
        place.write_bytes(stream)
    return name
