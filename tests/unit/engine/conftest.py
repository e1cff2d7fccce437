from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.scenario import Story


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A town in which every write is watched: no test of the engine may break an invariant unless it says so."""
    told = Story(tmp_path)
    yield told
    assert told.oracle.violations == []
