"""What `init` made: the choices with their reasons, the files, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InitChoice:
    """`what` was chosen, as what, and why."""

    what: str
    chosen: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """`folder`: as the author named it. `repository`: whether a git repository was made for it."""

    folder: str
    project: str
    model: str
    manifest: str
    choices: tuple[InitChoice, ...]
    files: tuple[str, ...]
    repository: bool
    format: int = 1
