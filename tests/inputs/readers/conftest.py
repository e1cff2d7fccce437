"""A project that deployed twice, whose files the tests of this folder damage, each in a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.once import copy
from tests.support.project_on_disk import FOLDERS, ProjectOnDisk, deployed_twice


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ProjectOnDisk:
    """A project that deployed two artifacts, one after the other, and predicted with them."""
    return deployed_twice(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def project(whole: ProjectOnDisk, tmp_path: Path) -> ProjectOnDisk:
    """A copy of that project's folders, and its git."""
    for folder in FOLDERS.values():
        copy(whole.root / folder, tmp_path / "project" / folder)
    return whole.at(tmp_path / "project")
