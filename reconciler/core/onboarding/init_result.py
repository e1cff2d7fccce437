"""The results of `init` and `add`: the choices with their reasons, the files, and what to do next."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResult:
    """A new model of a project. `folder`: the project's, from where the command was typed. `environment`: the one that
    trains it. `like`: the model whose recipe was copied. `files`: those written or changed, below the project;
    `promotes_to`: the environments that take the model next."""

    folder: str
    project: str
    model: str
    environment: str
    manifest: str
    choices: tuple[InitChoice, ...]
    files: tuple[str, ...]
    promotes_to: tuple[str, ...]
    like: str | None = None
    format: int = 1
