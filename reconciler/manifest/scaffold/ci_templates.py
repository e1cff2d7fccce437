"""Write the files that run a project in CI, for GitHub Actions and for GitLab.

A job without rights plans the content of a request; the job that may comment treats its output as data. Actions are
pinned by commit. No text of a manifest is written into a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.forge.detection import ForgeKind
from reconciler.core.forge.project_place import at_place, place_of

_FOLDER = Path(__file__).parent / "workflows"
_SIMPLE = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CIPlacement:
    """The place of a project in its repository.

    `folder`: below the repository's root, "" for the root itself; `python`: its minor version.
    """

    branch: str
    folder: str
    python: str

    @property
    def place(self) -> str:
        """The place that the names of workflows, jobs and groups carry, empty at the repository's root."""
        return place_of(self.folder)


def possible(where: CIPlacement) -> bool:
    """Return whether branch and folder can be written into these files unquoted: no quotes, blanks or patterns."""
    return _SIMPLE.fullmatch(where.branch) is not None and _SIMPLE.fullmatch(where.folder or ".") is not None


def files(host: ForgeKind, where: CIPlacement) -> dict[str, str]:
    """Return path from the repository's root -> text, for a forge."""
    match host:
        case ForgeKind.GITHUB:
            suffix = f"-{where.place}" if where.place else ""
            return {f".github/workflows/reconciler{suffix}.yml": _filled(host, where)}
        case ForgeKind.GITLAB:
            return {".gitlab-ci.yml": _filled(host, where)}
        case ForgeKind.NONE:
            return {}


def included(where: CIPlacement) -> str:
    """Return the path of GitLab's file for a project beside others, which `.gitlab-ci.yml` is to include."""
    return f".gitlab/reconciler-{where.place}.yml"


def _filled(host: ForgeKind, where: CIPlacement) -> str:
    text = (_FOLDER / f"{host.value}.yml").read_text(encoding="utf-8")
    folder = where.folder or "."
    lock = f"{where.folder}/requirements.lock" if where.folder else "requirements.lock"
    for name, value in {
        "@BRANCH@": where.branch,
        "@FOLDER@": folder,
        "@LOCK@": lock,
        "@PYTHON@": where.python,
        "@AT@": at_place("", where.place),
        "@GROUP@": f"/{where.place}" if where.place else "",  # a resource group of GitLab has no @
    }.items():
        text = text.replace(name, value)
    return text
