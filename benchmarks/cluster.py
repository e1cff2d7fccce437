"""Train sixty models on a Dask cluster on loopback, with one worker, then with two, and here; compare what comes out.

python benchmarks/cluster.py [MODELS]      (default: 60)

Needs two processors that nothing else uses: it says so where it had none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import tell_if_busy
from benchmarks.project import make_project

MODELS, ROWS, COLUMNS = 60, 20_000, 20
BAR = 1.7  # times as fast with two workers as with one
COMPUTE = "  compute: {uses: dask, scheduler: env:DASK_SCHEDULER}\n"


def main(models: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch) / "project", rows=ROWS, columns=COLUMNS)
        _declare(project, models)
        here, here_digests = _apply(project, os.environ)
        sandbox = project / "environments/sandbox.yaml"
        sandbox.write_text(sandbox.read_text() + COMPUTE)
        _git(project, "commit", "-qam", "On a cluster")
        times = []
        for workers in (1, 2):
            seconds, digests = _on_cluster(project, Path(scratch) / f"cluster-{workers}", workers)
            times.append(seconds)
            print(f"{workers} worker{'s' * (workers != 1)} of one thread  {seconds:7.1f} s")
            print(f"the same digests as here   {'yes' if digests == here_digests else 'NO'}")
    share = times[0] / times[1]
    print(f"here, all processors       {here:7.1f} s")
    print(f"two workers to one         {share:7.2f} x    the bar is {BAR}: {'met' if share >= BAR else 'MISSED'}")
    tell_if_busy()


def _declare(project: Path, models: int) -> None:
    manifest = project / "manifests/sandbox/wide.yaml"
    text = manifest.read_text()
    manifest.unlink()
    for number in range(models):
        name = f"model-{number:02}"
        own = text.replace("name: wide", f"name: {name}").replace("seed: 7", f"seed: {number}")
        manifest.with_name(f"{name}.yaml").write_text(own)
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", f"{models} models")


def _apply(project: Path, environ: Mapping[str, str]) -> tuple[float, dict[str, str]]:
    """Return the seconds of an apply that trains all, and the artifacts by model."""
    for folder in (".reconciler", ".git/reconciler"):
        shutil.rmtree(project / folder, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "reconciler"), "apply", "sandbox", "--yes", "-o", "json"]
    began = time.monotonic()
    ran = subprocess.run(command, cwd=project, env=dict(environ), capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    return seconds, {result["model"]: result["artifact"] for result in json.loads(ran.stdout)["results"]}


def _on_cluster(project: Path, folder: Path, workers: int) -> tuple[float, dict[str, str]]:
    folder.mkdir()
    file = folder / "scheduler.json"
    environ = {name: text for name, text in os.environ.items() if not name.startswith("DASK_")} | {
        "OMP_NUM_THREADS": "1"
    }
    start = [sys.executable, "-P", "-m"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [*start, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    running = [subprocess.Popen([*scheduler, "--scheduler-file", str(file)], env=environ, cwd=folder, **quiet)]  # type: ignore[call-overload]
    try:
        while not file.exists():
            time.sleep(0.1)
        worker = [*start, "distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny", "--no-dashboard"]
        for number in range(workers):
            own = ["--nthreads", "1", "--memory-limit", "0", "--local-directory", str(folder / str(number))]
            running.append(subprocess.Popen([*worker, *own], env=environ, cwd=folder, **quiet))  # type: ignore[call-overload]
        time.sleep(10)
        return _apply(project, environ | {"DASK_SCHEDULER": json.loads(file.read_text())["address"]})
    finally:
        for process in running:
            process.kill()
            process.wait()


def _git(project: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MODELS)
