"""What crosses between `serve` and the process that answers requests. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.spec.environment import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRelease:
    """A release to serve: its files, verified, in a folder of our own. `entry`: the digest of the journal entry that
    deployed it, and its number `n`; None where no journal is at hand. `as_of`: the day (ISO) that features know; None:
    today."""

    model: str
    artifact: Digest
    folder: Path
    entry: Digest | None = None
    n: int | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRelease:
    """A release that is not served, and why. What was served before goes on being served."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredModel:
    """A model that is deployed no more."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A look at all models is over. `trouble`: why nothing could be seen; what is served goes on being served."""

    trouble: str | None = None


ServingChange = VerifiedRelease | RefusedRelease | RetiredModel | Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingMessage:
    """A message to the process that answers: one of the changes, or that it is to end when its answers are given."""

    release: VerifiedRelease | None = None
    refused: RefusedRelease | None = None
    retired: RetiredModel | None = None
    looked: Looked | None = None
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingReport:
    """A message from that process: the release that it serves by now (`folder` is not needed any more), one that it
    could not load, or only that it is at work."""

    served: str | None = None
    artifact: Digest | None = None
    failed: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOptions:
    """How requests are answered. `environment`: told in answers. `socket`: the descriptor that is listened at.
    `at_once`: requests that are read or answered at the same time; `seconds`: for one of them; `limits`: of computing
    features."""

    environment: str | None
    socket: int
    at_once: int
    seconds: int
    limits: Limits
