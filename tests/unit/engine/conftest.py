from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.scenario import Scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    """A scenario in which every write is watched: no test of the engine may break an invariant unless it says so."""
    told = Scenario(tmp_path)
    yield told
    assert told.oracle.violations == []
