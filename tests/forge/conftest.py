"""One forge of its own per test, without git; the contract of forges and `tests/e2e` have a real repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forge.fake.graph import GraphPlace
from tests.forge.fake.server import Server, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "forge", GraphPlace()) as here:
        yield here
