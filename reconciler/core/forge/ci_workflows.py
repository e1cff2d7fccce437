"""The results of `ci`: what became of each file, and the environments that jobs ask for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.forge.detection import ForgeKind
from reconciler.core.status_codes import ResultStatus


class CIFileState(StrEnum):
    """What `ci` does, or with --check would do, to a file."""

    SAME = "same"
    CREATED = "created"
    UPDATED = "updated"
    EDITED = "edited"  # by a person: replaced with --overwrite only
    LEFT = "left"  # written once, and the repository's own since then

    @property
    def is_change(self) -> bool:
        """Whether the file's bytes change."""
        return self in (CIFileState.CREATED, CIFileState.UPDATED, CIFileState.EDITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CIFile:
    """A file, by its path from the project's folder. `diff`: from what lies there to what `ci` writes, unified."""

    path: str
    state: CIFileState
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CIResult:
    """The files for CI. `written`: they are on disk now, otherwise they were only compared. `todo`: what is left to a
    person, a sentence each. `installs`: the line of the lock that this program is installed by."""

    forge: ForgeKind
    branch: str
    installs: str | None
    files: tuple[CIFile, ...]
    written: bool
    todo: tuple[str, ...] = ()
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Pending where files were compared and differ."""
        differs = any(file.state.is_change for file in self.files)
        return ResultStatus.PENDING if differs and not self.written else ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class CIEnvironments:
    """The environments of a commit by how CI treats them: `apply --on-merge` where a branch protects what is deployed,
    plain `apply` for sandboxes and others; `all` are planned. A file that cannot be read stands in `all` alone."""

    all: tuple[str, ...]
    apply: tuple[str, ...]
    on_merge: tuple[str, ...]
    format: int = 1
