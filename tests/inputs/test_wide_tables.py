"""Tables of many columns: the memory that a look, a copy and a selection take grows with the columns, not their square.

Measured from outside, by the kernel: DuckDB does not count the vectors of its queries against its own limit. What grows
with the square of 300 columns takes over a gigabyte.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.support.memory_use import MIB, peak_of

COLUMNS = 300
PROGRAM = """
import sys
from pathlib import Path
from reconciler.core.onboarding.suggest_recipe import suggest
from reconciler.core.onboarding.table_profile import ProfileRequest
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.ports import CopyRequest, SelectionKind, SelectRequest

root, data, limits, day = Path(sys.argv[1]), LocalData(), Limits(), "2024-01-01"
for folder in ("look", "copy", "rows"):
    (root / folder).mkdir()
profile = data.profile(ProfileRequest(path=root / "t.csv", into=root / "look", limits=limits))
recipe = suggest(profile, name="t", today=day, outcome="y").recipe
tables = data.copy(
    CopyRequest(root=root, tables=(("t", profile.table),), held=(), into=root / "copy", limits=limits)
)
rows = data.select(
    SelectRequest(
        recipe=recipe, tables=tables, as_of=day, want=SelectionKind.FIT, into=root / "rows", limits=limits
    )
)
print(len(recipe.features.numeric), rows.rows + rows.holdout_rows)
"""


@pytest.mark.soak(only=True)
def test_three_hundred_columns_are_looked_at_copied_and_selected_in_little_memory(tmp_path: Path) -> None:
    generator = random.Random(3)
    lines = [",".join(["id", "y", *(f"m{n}" for n in range(COLUMNS))])]
    for row in range(60):
        cells = [str(row), "no" if row % 2 else "yes", *(f"{generator.random():.3f}" for _ in range(COLUMNS))]
        lines.append(",".join(cells))
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    home = Path(__file__).resolve().parents[2]
    code, output, peak = peak_of(
        sys.executable, "-c", PROGRAM, str(tmp_path), cwd=home, environment={**os.environ, "PYTHONPATH": str(home)}
    )
    assert (code, output.split()[-2:]) == (0, [str(COLUMNS), "60"])  # behind DuckDB's bar of progress, if slow
    assert peak < 500 * MIB
