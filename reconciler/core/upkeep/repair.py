"""Repair of a store that was lost, or lost objects: what is put back, what proves it, and what is gone."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.status_codes import ResultStatus

MIRROR, TARGET = "mirror", "target"  # names of sources that are no environment and no path


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairedLog:
    """One numbered log, a journal or the controls, that is put back: entries `first` to `last`, of which `written` were
    absent. `lost`: how many entries before them nobody has. `proof`: what outside the store names an entry of it, and
    which; None where nothing does. `continues`: its last entry is one that `repair` writes, after the one that is
    served, whose bytes nobody has."""

    log: str
    first: int
    last: int
    written: int
    lost: int
    proof: str | None
    sources: tuple[str, ...]
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairProblem:
    """Something that is not put back. `refused`: a source contradicts what is proven, or is damaged."""

    where: str
    problem: str
    remedy: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """The result of `repair`, or with `dry_run` what it would do. `sources`: what was asked, in order. `logs`: those
    that something was missing of; `whole`: how many others there are. `objects`: records and blobs that are put back;
    `gone`: what journals name and nobody has, by key. `kept`: entries that the target keeps from now on. `problems`:
    what is not put back. `following`: commands that remain. `mirrored`: objects that the mirror lacked."""

    environment: str
    sources: tuple[str, ...]
    logs: tuple[RepairedLog, ...]
    whole: int
    objects: int
    gone: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    kept: int = 0
    mirrored: int = 0
    problems: tuple[RepairProblem, ...] = ()
    following: tuple[str, ...] = ()
    marked: bool = False
    dry_run: bool = False
    format: int = 1

    @property
    def changes(self) -> bool:
        """Tell whether anything is put back or written down."""
        return bool(
            self.marked or self.logs or self.objects or self.gone or self.given_up or self.kept or self.mirrored
        )

    @property
    def loses(self) -> bool:
        """Tell whether anything is lost for good, which a person has to accept."""
        return bool(self.gone or self.given_up or any(log.lost or log.continues for log in self.logs))

    @property
    def status(self) -> ResultStatus:
        """Return what `repair` ends with: damaged where something is refused."""
        return ResultStatus.DAMAGED if any(each.refused for each in self.problems) else ResultStatus.CLEAN

    @property
    def id(self) -> Digest:
        """Return what names this repair, as it was shown."""
        lines = [*map(repr, self.logs), *self.gone, *self.given_up, str(self.objects), str(self.marked)]
        return digest_of_bytes("\n".join(lines).encode())
