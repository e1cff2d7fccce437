"""Whole processes: `--version`, and a `plan` with nothing to do, beside bare Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.project import make_project

RUNS = 9


def seconds(command: list[str], folder: Path | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), rows=2_000, columns=5)
        reconciler = str(Path(sys.executable).parent / "reconciler")
        subprocess.run([reconciler, "apply", "sandbox", "--yes"], check=True, capture_output=True, cwd=project)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "reconciler --version": [reconciler, "--version"],
            "reconciler validate": [reconciler, "validate"],
            "reconciler plan sandbox": [reconciler, "plan", "sandbox"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(seconds(command, project))
        for name, found in times.items():
            print(f"{name:28} {statistics.median(found):.3f} s  [{min(found):.3f} - {max(found):.3f}]")
        code = (
            "import sys; from reconciler.cli import main; sys.argv = ['reconciler', 'plan', 'sandbox']\n"
            "try:\n main.run()\nexcept SystemExit:\n pass\n"
            "sys.stderr.write(' '.join(m for m in ('sklearn', 'pandas', 'duckdb') if m in sys.modules) or 'none')"
        )
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project, check=False)
        print(f"heavy libraries loaded by plan: {loaded.stderr.strip()}")


if __name__ == "__main__":
    main()
