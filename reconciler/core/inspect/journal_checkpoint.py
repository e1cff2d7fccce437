"""Anchors: the heads of journals in tags of git, out of reach of a writer who could cut a journal's tail.

A chain shows that nothing in it was changed; that its end is gone shows only against something outside (ADR 24).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.digest import Digest

PREFIX = "reconciler/anchor/"
CONTROLS = "(controls)"  # stands for a model's name in the head of an environment's controls log; no model has it
_NAME = re.compile(re.escape(PREFIX) + r"(0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointHead:
    """Entry `n` was the last of this journal, and `entry` the digest of its bytes."""

    environment: str
    model: str
    n: int
    entry: Digest

    @property
    def journal(self) -> tuple[str, str]:
        return (self.environment, self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The content of an anchor's tag message, as canonical JSON.

    `previous`: the digest of the anchor before, of any project of the repository. `heads` are sorted. `place`: that of
    the project in the repository, where two may have one name; None in an anchor of an older version.
    """

    n: int
    project: str
    commit: str
    previous: Digest | None
    heads: tuple[CheckpointHead, ...]
    place: str | None = None
    format: int = 1

    def is_of(self, project: str, place: str) -> bool:
        """Tell whether it is an anchor of this project."""
        return self.project == project and self.place in (None, place)

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.n}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointResult:
    """The result of `anchor`: the tag `name` on `commit`.

    `fresh` False: no head is new since. `name` None: there is no head to anchor.
    """

    project: str
    name: str | None
    commit: str | None
    heads: tuple[CheckpointHead, ...]
    fresh: bool
    signed: bool
    format: int = 1


def number_of(name: str) -> int | None:
    """Return the number in the name of an anchor's tag; None for any other name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def newest(anchors: Iterable[Checkpoint]) -> dict[tuple[str, str], CheckpointHead]:
    """Return the last anchored head of each journal."""
    heads: dict[tuple[str, str], CheckpointHead] = {}
    for checkpoint in sorted(anchors, key=lambda anchor: anchor.n):
        heads.update({head.journal: head for head in checkpoint.heads})
    return heads
