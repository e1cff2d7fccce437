"""Projects with many deployed models: the one that is trained is made once per run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.many_models import grow, make_first
from tests.support.once import copy, once
from tests.support.project import Project


def make_fleet(factory: pytest.TempPathFactory, models: int) -> Path:
    """Return a committed project of its own with `models` models in production, all in sync."""

    def make(folder: Path) -> None:
        folder.mkdir()
        make_first(folder, Project(folder).run)

    def make_many(folder: Path) -> None:
        grow(copy(once(factory, "one-model", make), folder), models)

    return copy(once(factory, f"fleet-{models}", make_many), factory.mktemp("fleet") / "project")
