"""The project that these tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project, begin, configured


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A configured, committed project in which nothing was made yet."""
    return begin(configured(tmp_path / "project"))
