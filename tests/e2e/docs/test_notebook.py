"""The tutorial as a notebook, run as a person runs it: every cell works, and its tables show the right values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import CI, Project
from tests.support.warm_start import warm_workers

NOTEBOOK = Path(__file__).resolve().parents[3] / "docs/tutorial.ipynb"
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import sys; sys.executable = {sys.argv[3]!r}"))
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
del notebook.cells[0]
nbformat.write(notebook, sys.argv[2])
"""
"""The first cell lets the workers be forked."""


def _run(folder: Path) -> list[list[dict[str, Any]]]:
    """Outputs of each code cell, run in `folder` and with nothing of this machine's settings."""
    import nbformat

    out = folder / "done.ipynb"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(CI)}
    environment |= {
        f"GIT_{role}_{fact}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")
    }
    environment |= {"HOME": str(folder), "IPYTHONDIR": str(folder / ".ipython"), "GIT_CONFIG_NOSYSTEM": "1"}
    environment |= {"OMP_NUM_THREADS": "1"}
    environment |= {f"JUPYTER_{kind}_DIR": str(folder / ".jupyter") for kind in ("CONFIG", "DATA", "RUNTIME")}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EXECUTE, str(NOTEBOOK), str(out), warm_workers()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [cell["outputs"] for cell in nbformat.read(out, as_version=4)["cells"] if cell["cell_type"] == "code"]


def _table(outputs: list[dict[str, Any]]) -> str:
    """The HTML of a cell's value, which must be a table."""
    [html] = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert "<table" in html
    return str(html)


@pytest.mark.soak(only=True)  # what its cells call is called in tests/integration/api, too
@pytest.mark.needs("notebook")
def test_the_notebook_runs_and_its_tables_show_what_the_command_line_shows(tmp_path: Path) -> None:
    cells = _run(tmp_path)
    assert not [output for outputs in cells for output in outputs if output["output_type"] in ("error", "stream")]
    _, plan, applied, status, models, metrics, predictions, what_if, history = cells
    project = Project(tmp_path / "shop")
    model = project.model_status("sandbox")
    assert (model["sync"], model["model"]) == ("IN_SYNC", "orders")
    artifact = model["artifact"].removeprefix("sha256:")[:12]
    assert "not trained before" in _table(plan)
    assert "orders" in _table(applied)
    assert f"{model['headline']:.3f}" in _table(status)
    assert artifact in _table(status)
    assert f'<td style="text-align: right">{model["headline"]:.3f}</td>' in _table(models)
    assert "f1:yes" in _table(metrics)
    project.run("predict", "orders", "--in", "sandbox", "--out", str(tmp_path / "p.json"))
    first = json.loads((tmp_path / "p.json").read_text())[0]
    assert str(next(iter(first.values()))) in _table(predictions)
    assert f"{first['probability']:.6f}" in _table(predictions)
    assert _table(what_if).count("<tr") == 1 + 3
    assert artifact in _table(history)


def test_the_notebook_is_committed_as_it_was_written_without_what_a_run_left() -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
