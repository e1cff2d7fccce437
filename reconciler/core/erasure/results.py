"""Results of `data forget`. No value of a table is part of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedModel:
    """A model of an environment whose current artifact learnt from an entity that is forgotten."""

    environment: str
    model: str
    artifact: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedTable:
    """A table that leads to the entity, and how many rows of it the newest data snapshots hold."""

    name: str
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetResult:
    """An erasure that was begun, or found again. `known`: it was begun before. `snapshots`: ENVIRONMENT/N with rows of
    the entity; `builds`: how many learnt from it; `logs`: prediction logs that hold it. `not_searched`: tables that
    no reference leads from; `not_told`: what could not be searched, and so counts as affected; `elsewhere`: places
    that this tool does not reach."""

    environment: str
    erasure: int
    table: str
    column: str
    reason: str
    due: datetime
    known: bool
    searched: tuple[SearchedTable, ...]
    snapshots: tuple[str, ...]
    builds: int
    models: tuple[AffectedModel, ...]
    logs: int
    not_searched: tuple[str, ...] = ()
    not_followed: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    format: int = 1

    @property
    def is_nowhere(self) -> bool:
        """Tell whether nothing at hand holds the entity."""
        return not (self.snapshots or self.builds or self.logs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnResult:
    """Erasures that were ended, since the entity came back."""

    environment: str
    table: str
    column: str
    ended: tuple[int, ...]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedErasure:
    """An erasure whose traces were removed as far as they can be. `waiting`: models that use what learnt from the
    entity: it stays until they are replaced; `certified`: whether all is gone, and the certificate says so."""

    erasure: int
    due: datetime
    removed: int
    waiting: tuple[AffectedModel, ...]
    certified: bool
    not_told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishResult:
    """The erasures that were due. `later`: those whose time has not come, with their days."""

    environment: str
    erasures: tuple[FinishedErasure, ...]
    later: tuple[str, ...]
    format: int = 1

    @property
    def is_done(self) -> bool:
        """Tell whether all that was due is certified."""
        return all(each.certified for each in self.erasures)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCertificate:
    """A certificate held against the stores. `problems`: what is not as it says; `searched`: how many objects were
    looked through for the value, where it was given."""

    environment: str
    erasure: int
    finished: datetime
    objects: int
    builds: int
    problems: tuple[str, ...]
    searched: int | None = None
    format: int = 1
