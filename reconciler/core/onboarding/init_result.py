"""The result of `init`: the choices with their reasons, the files, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InitChoice:
    """One choice: its subject `what`, the choice made, and the reason."""

    what: str
    chosen: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """A new project. `folder`: as the author named it. `repository`: whether a git repository was created for it."""

    folder: str
    project: str
    model: str
    manifest: str
    choices: tuple[InitChoice, ...]
    files: tuple[str, ...]
    repository: bool
    format: int = 1
