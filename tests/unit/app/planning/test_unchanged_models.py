"""The program's version, by which a plan that another program cached is told."""

from __future__ import annotations

from pathlib import Path

import reconciler
from reconciler.app.planning.unchanged_models import program_version, version_of


def test_the_version_changes_with_every_file_of_the_program_that_is_edited_added_or_removed(tmp_path: Path) -> None:
    below = tmp_path / "core" / "plan"
    below.mkdir(parents=True)
    (below / "planner.py").write_text("GATES = 1\n")
    versions = [version_of(tmp_path)]
    (below / "planner.py").write_text("GATES = 10\n")
    versions.append(version_of(tmp_path))
    (below / "words.txt").write_text("drift\n")
    versions.append(version_of(tmp_path))
    (below / "planner.py").unlink()
    versions.append(version_of(tmp_path))
    assert len(set(versions)) == len(versions)
    assert version_of(tmp_path) == versions[-1]


def test_what_python_compiled_is_no_part_of_it(tmp_path: Path) -> None:
    before = version_of(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "planner.cpython-311.pyc").write_text("compiled")
    assert version_of(tmp_path) == before


def test_this_program_is_the_package_that_runs() -> None:
    assert program_version() == version_of(Path(reconciler.__file__).parent)
