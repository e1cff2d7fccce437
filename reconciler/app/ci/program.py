"""Choose where jobs install this program from: what `--install` says, else as it was installed here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from reconciler.adapters.system.installed_from import direct_url
from reconciler.core.size_limits import WHEEL_BYTES
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import program_source
from reconciler.manifest.scaffold.program_source import ProgramSource, SourceKind

_INDEX_HINT = "if the package index does not have it: `reconciler ci --install WHEEL` (or git+URL@COMMIT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Where jobs install this program from. `wheel`: the file to copy into the project; `why`: the reason."""

    source: ProgramSource
    why: str
    wheel: Path | None = None

    def copies(self, root: Path) -> dict[str, Path]:
        """Return the wheel to copy by its path in the project, unless the same bytes lie there."""
        if self.wheel is None:
            return {}
        inside = f"{program_source.WHEELS}/{self.source.where}"
        there = root / inside
        return {} if there.is_file() and there.read_bytes() == self.wheel.read_bytes() else {inside: self.wheel}


def choose(given: str | None, *, record: Mapping[str, Any] | None = None) -> Program:
    """Return the program that `given` names: `index`, a wheel's file, or `git+URL@COMMIT`; None: as installed here.

    `record`: what the installer recorded (by default asked). Raises UsageError E801, E803.
    """
    if given is None:
        return _as_installed(direct_url(program_source.NAME) if record is None else record)
    if given == SourceKind.INDEX:
        return Program(source=ProgramSource(), why="--install")
    if given.startswith("git+"):
        return Program(source=program_source.git(given), why="--install")
    path = Path(given)
    source = program_source.wheel(path.name)
    _check(path, given)
    return Program(source=source, why="--install", wheel=path)


def _as_installed(record: Mapping[str, Any]) -> Program:
    url, archive, version = (record.get(name) for name in ("url", "archive_info", "vcs_info"))
    url = url if isinstance(url, str) else ""
    try:
        if isinstance(archive, dict) and url.startswith("file:") and (path := _same_file(url, archive)) is not None:
            source = program_source.wheel(path.name)
            _check(path, path.name)
            return Program(source=source, why="as it was installed here; --install chooses", wheel=path)
        if isinstance(version, dict) and version.get("vcs") == "git" and not url.startswith(("file:", "/")):
            source = program_source.git(f"git+{url}@{version.get('commit_id')}")
            return Program(source=source, why="as it was installed here; --install chooses")
    except UsageError:
        pass  # such a record is no source for others: the index is
    return Program(source=ProgramSource(), why=_INDEX_HINT)


def _same_file(url: str, archive: Mapping[str, Any]) -> Path | None:
    """Return the wheel that was installed, if it still lies there unchanged."""
    path = Path(unquote(urlsplit(url).path))
    hashes = archive.get("hashes")
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    if not path.is_file() or path.stat().st_size > WHEEL_BYTES:
        return None
    return path if digest in (None, hashlib.sha256(path.read_bytes()).hexdigest()) else None


def _check(path: Path, given: str) -> None:
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise UsageError(
            f"--install {given!r} cannot be read: {error.strerror}", hint="check its permissions", code="E803"
        ) from error
    if size is None:
        raise UsageError(f"--install {given!r} is not there", hint="name a wheel's file", code="E801")
    if size > WHEEL_BYTES:
        raise UsageError(
            f"--install {given!r} has {size:,} bytes; at most {WHEEL_BYTES:,} are taken",
            hint="a wheel of this program has less than 2 MiB",
            code="E801",
        )
