"""A production host: the wheel and the run-time lock, no extras, no tools. It begins, trains, promotes and predicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import CI

REPOSITORY = Path(__file__).resolve().parents[2]
LARGEST = 620  # MB on disk: what is there today, and a tenth more
TIMED = "import time; t = time.perf_counter(); from reconciler import Project; print(time.perf_counter() - t)"
IMPORTED = "import json, sys; from reconciler import Project; print(json.dumps(sorted(sys.modules)))"


def _megabytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) // 1_000_000


def _installed(folder: Path) -> Path:
    """The interpreter of an environment with the wheel and what the run-time lock names, nothing else."""
    wheels = folder / "wheels"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "host")], check=True)
    python = folder / "host/bin/python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(REPOSITORY / "requirements.lock")], check=True)
    [wheel] = wheels.glob("*.whl")
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return python


@pytest.mark.soak(only=True)
@pytest.mark.needs("registry")
def test_a_bare_install_goes_from_nothing_to_predictions_of_production(tmp_path: Path) -> None:
    python = _installed(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith((*CI, "PYTHON"))}
    people = [f"GIT_{role}_{fact}" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")]
    environment |= dict.fromkeys(people, "ada@example.org") | {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    shop = tmp_path / "shop"

    def run(*command: str) -> str:
        folder = shop if shop.exists() else tmp_path
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def reconciler(*arguments: str) -> str:
        return run(str(python.with_name("reconciler")), *arguments)

    run(str(python), "-m", "pip", "check")
    size = _megabytes(tmp_path / "host")
    seconds = float(run(str(python), "-c", TIMED))
    print(f"bare install: {size} MB; `from reconciler import Project`: {seconds:.3f} s")
    assert size < LARGEST
    loaded = {name.partition(".")[0] for name in json.loads(run(str(python), "-c", IMPORTED))}
    assert not loaded & {"pandas", "sklearn", "numpy", "duckdb", "pyarrow", "click"}

    reconciler("init", "shop", "--ci", "none")
    run("git", "add", ".")
    run("git", "commit", "-q", "-m", "A first model")
    reconciler("apply", "sandbox", "--yes")
    proposed = json.loads(reconciler("promote", "orders", "--to", "production", "-o", "json"))
    run("git", "merge", "-q", "--no-ff", "-m", "Merge it", proposed["branch"])
    assert json.loads(reconciler("plan", "production", "-o", "json"))["models"][0]["steps"]
    reconciler("apply", "production", "--yes")
    reconciler("predict", "orders", "--in", "production", "--out", "predictions.csv")
    assert len((shop / "predictions.csv").read_text().splitlines()) == 1 + 60
    status = json.loads(reconciler("status", "production", "-o", "json"))["environments"][0]["models"][0]
    assert (status["artifact"], status["health"]) == (proposed["artifact"], "HEALTHY")
    assert not list((tmp_path / "host").rglob("pandas"))
