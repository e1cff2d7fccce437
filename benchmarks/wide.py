"""Measure a first model from a table of many columns: memory and time of each command, as whole processes.

python benchmarks/wide.py [COLUMNS]      (default: 2,000, with 300 rows)

Bar: 1 GB, for the largest process of each command.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from tests.support.memory_use import MIB, peak_of  # noqa: E402

RECONCILER = str(Path(sys.executable).parent / "reconciler")
ROWS = 300
BAR = 1_000 * MIB


def main(columns: int) -> None:
    """Run the commands over a table of so many columns and compare them with the bar."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "gitconfig").write_text("[user]\n\tname = B\n\temail = b@example.invalid\n")
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(root / "gitconfig"), "GIT_CONFIG_SYSTEM": os.devnull}
        write_table(root / "t.csv", columns)
        project = root / "p"

        def git(*words: str) -> str:
            ran = subprocess.run(
                ["git", *words], cwd=project, env=environment, check=True, capture_output=True, text=True
            )
            return ran.stdout.strip()

        def measure(*words: str, cwd: Path = project) -> None:
            start = time.perf_counter()
            code, output, peak = peak_of(RECONCILER, *words, cwd=cwd, environment=environment)
            told = "" if peak <= BAR else f"  over the bar of {BAR // MIB:,} MiB"
            print(f"{words[0]:<20}{peak / MIB:>8,.0f} MiB{time.perf_counter() - start:>8.1f} s{told}", flush=True)
            if code:
                raise SystemExit(output)

        print(f"{ROWS} rows x {columns:,} columns", flush=True)
        table = ("--from-table", "t.csv", "--outcome", "y", "--name", "m", "--ci", "none")
        measure("init", "p", *table, cwd=root)
        git("add", "-A")
        git("commit", "-qm", "A first model")
        measure("apply", "sandbox", "--yes")
        measure("promote", "m", "--to", "production")
        branch = git("branch", "--list", "promote/*", "--no-merged", "HEAD", "--format", "%(refname:short)")
        git("merge", "-q", "--no-ff", "-m", "Promote", branch)
        measure("apply", "production", "--yes")
        measure("predict", "m", "--in", "production", "--out", str(root / "predicted.csv"))


def write_table(path: Path, columns: int) -> None:
    """Write measurements of which each tenth follows what tells the outcome; each tenth row is open."""
    generator = random.Random(3)
    names = [f"m{number}" for number in range(columns - 2)]
    with path.open("w") as table:
        table.write(",".join(["id", "y", *names]) + "\n")
        for row in range(ROWS):
            cause = generator.random()
            cells = [generator.random() + cause * (number % 10 == 0) for number in range(len(names))]
            outcome = "" if row % 10 == 0 else "yes" if cause > 0.5 else "no"
            table.write(",".join([str(row), outcome, *(f"{cell:.3f}" for cell in cells)]) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
