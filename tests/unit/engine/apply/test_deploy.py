"""What a target serves is read back and hashed after every swap: a target that answers well and serves ill is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.digest import hex_of
from reconciler.core.status_codes import ResultStatus
from reconciler.testing.memory import MemoryTarget
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


class LosesBytes(MemoryTarget):
    """What it has just placed is another byte shorter."""

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        super().place(current, files)
        if current.artifact is not None:
            release = self.releases[current.model][hex_of(current.artifact)]
            release["model.skops"] = release["model.skops"][:-1]


class Forgets(MemoryTarget):
    """It does not serve what it has just placed."""

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        super().place(current, files)
        del self.current[current.model]


@pytest.mark.parametrize(
    ("target", "status", "told"),
    [
        (LosesBytes, ResultStatus.DAMAGED, "model.skops"),
        (Forgets, ResultStatus.FAILED, "should serve"),
    ],
)
def test_a_target_that_does_not_serve_what_was_placed_is_told(
    scenario: Scenario, tmp_path: Path, target: type[MemoryTarget], status: ResultStatus, told: str
) -> None:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=10, pin=scenario.candidate)
    scenario.project.target = target(tmp_path / "ill")
    result = scenario.one("production")
    assert result.status is status
    assert told in (result.problem or "")
    assert result.model == MODEL
