"""The project that these tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.once import copy
from tests.support.project import Project, committed


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A configured, committed project in which nothing was made yet."""
    return Project(copy(committed(tmp_path_factory), tmp_path / "project"))
