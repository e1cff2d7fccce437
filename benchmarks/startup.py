"""Measure `--version` and a no-op `plan` as whole processes, beside bare Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import Cost, cost, median_wall, tell, tell_if_busy
from benchmarks.project import make_project

RUNS = 9


HEAVY = ("sklearn", "pandas", "duckdb")


def main() -> None:
    """Measure the commands and list the heavy libraries that `plan` loads."""
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
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                costs[name].append(cost(command, project))
        for name, runs in costs.items():
            tell(name, runs)
        version = median_wall(costs["reconciler --version"])
        print(f"--version: the bar is 0.150 s: {'met' if version <= 0.15 else 'MISSED'}")
        code = (
            "import sys; from reconciler.cli import main; sys.argv = ['reconciler', 'plan', 'sandbox']\n"
            "try:\n main.run()\nexcept SystemExit:\n pass\n"
            f"sys.stderr.write(' '.join(m for m in {HEAVY} if m in sys.modules) or 'none')"
        )
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=project, check=False)
        print(f"heavy libraries loaded by plan: {loaded.stderr.strip()}")
        tell_if_busy()


if __name__ == "__main__":
    main()
