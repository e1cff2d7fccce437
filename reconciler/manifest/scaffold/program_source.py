"""Say where jobs, and people, install this program from: one line of the lock.

From the index by its version, from a wheel that is committed beside the lock, or from a commit of a git repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler import __version__
from reconciler.errors import UsageError

NAME = "model-reconciler"
WHEELS = "wheels"  # the project's folder for a committed wheel
_LINE = re.compile(r"[ \t]*(?:model[-_.]+reconciler\b|(?:\./)?[^\s#]*/model_reconciler-[^\s/]*\.whl)", re.IGNORECASE)
_WHEEL = re.compile(r"model_reconciler-[A-Za-z0-9_.!+]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+\.whl")
_GIT = re.compile(r"git\+[A-Za-z][A-Za-z0-9+.-]*://[\x21-\x7e]+@([0-9a-f]{40}|[0-9a-f]{64})")
_USER = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_COMMENT = "# This program, for CI. `reconciler ci --install` writes the next line: from the index, a wheel, or git."


class SourceKind(StrEnum):
    """The kinds of places that this program is installed from."""

    INDEX = "index"
    WHEEL = "wheel"
    GIT = "git"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSource:
    """A place to install this program from. `where`: a wheel's file name, or `git+URL@COMMIT`; empty for the index."""

    kind: SourceKind = SourceKind.INDEX
    where: str = ""

    def requirement(self, extras: tuple[str, ...]) -> str:
        """Return the line of a requirements file, with the extras that are needed."""
        chosen = f"[{','.join(extras)}]" if extras else ""
        match self.kind:
            case SourceKind.INDEX:
                return f"{NAME}{chosen}=={__version__}"
            case SourceKind.WHEEL:
                return f"./{WHEELS}/{self.where}{chosen}"
            case SourceKind.GIT:
                return f"{NAME}{chosen} @ {self.where}"


def wheel(file_name: str) -> ProgramSource:
    """Return the source of a wheel. Raises UsageError E801 where the file's name is not one of this program's."""
    if not _WHEEL.fullmatch(file_name):
        raise UsageError(
            f"{file_name[:100]!r} is no wheel of {NAME}",
            hint=f"name a file such as model_reconciler-{__version__}-py3-none-any.whl; "
            f"`pip wheel --no-deps .` in a clone builds one",
            code="E801",
        )
    return ProgramSource(kind=SourceKind.WHEEL, where=file_name)


def git(url: str) -> ProgramSource:
    """Return the source of a commit of a repository. Raises UsageError E801 where no commit is named, or a password."""
    if _USER.search(url):
        raise UsageError(
            "--install: the address holds a user and a password, and the lock is committed",
            hint="leave them out: git asks its credential helper",
            code="E801",
        )
    if not _GIT.fullmatch(url):
        raise UsageError(
            f"--install {url[:100]!r} names no commit",
            hint="write git+https://HOST/OWNER/REPOSITORY@ and the commit's whole id",
            code="E801",
        )
    return ProgramSource(kind=SourceKind.GIT, where=url)


def line_of(lock: str) -> str | None:
    """Return the line of a lock that installs this program, or None where there is none."""
    return next((line.strip() for line in lock.splitlines() if _LINE.match(line)), None)


def has_hashes(lock: str) -> bool:
    """Return whether pip will ask a hash of everything in the lock."""
    return "--hash=" in lock


def with_line(lock: str, line: str) -> str:
    """Return the lock with this line in the place of the one that installs this program, or at its end."""
    lines = lock.splitlines()
    for number, old in enumerate(lines):
        if _LINE.match(old):
            lines[number] = line
            return "\n".join(lines) + "\n"
    return "\n".join([*lines, _COMMENT, line]) + "\n"


def extras_of(line: str) -> tuple[str, ...]:
    """Return the extras that a line asks for, such as `github`."""
    found = re.search(r"\[([A-Za-z0-9_., -]*)\]", line)
    return tuple(part.strip() for part in found[1].split(",") if part.strip()) if found else ()


def with_extras(line: str, extras: tuple[str, ...]) -> str:
    """Return a line that installs this program with these extras, and otherwise as it is."""
    chosen = f"[{','.join(extras)}]"
    if "[" in line:
        return re.sub(r"\[[^\]]*\]", chosen, line, count=1)
    name = r"\.whl\b" if ".whl" in line else r"model[-_.]+reconciler"
    return re.sub(name, lambda found: found[0] + chosen, line, count=1, flags=re.IGNORECASE)
