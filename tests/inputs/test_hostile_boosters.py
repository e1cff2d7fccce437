"""Files of LightGBM and XGBoost whose author means harm are refused; those of honest trainings never are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import count

pytestmark = pytest.mark.needs("lightgbm")

REPOSITORY = Path(__file__).resolve().parents[2]


def swept(module: str, files: int) -> Any:
    run = subprocess.run(
        [sys.executable, "-m", f"tests.inputs.{module}", "1", str(files)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    told = json.loads(run.stdout)
    assert told["bad"] == []
    assert sum(told["ends"].values()) == files
    return told["ends"]


@pytest.mark.soak
def test_no_changed_file_ends_the_process_hangs_or_takes_much_memory() -> None:
    """Indexes, counts, cycles, sizes, lengths, cut and doubled parts, huge numbers: of each library 200 and more.

    What passes our check is read by the library without complaint, and predicts.
    """
    files = count("BOOSTER_FILES")
    ends = swept("mutated_boosters", files)
    assert set(ends) == {"E507", "predicted"}
    assert ends["E507"] > files * 0.9


@pytest.mark.soak
def test_no_honest_model_is_refused_and_each_adds_up_as_its_library_does() -> None:
    models = count("RANDOM_BOOSTERS")
    ends = swept("random_boosters", models)
    assert ends["the same"] > models * 0.9
