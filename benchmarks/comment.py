"""The comment on a request that changes many models alike: planned, grouped and written, as one whole process.

python benchmarks/comment.py [MODELS]      (default: 500; the bar is 3 s)

The request makes the gate of production stricter, so that every model that is pinned there is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cost import cost, median_wall, tell, tell_if_busy

HERE = Path(__file__).resolve().parents[1]
MODELS, RUNS, BAR = 500, 5, 3.0
LONGEST = 65_536  # characters of a comment on GitHub
RECONCILER = str(Path(sys.executable).parent / "reconciler")


def main(models: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        fleet, plan = Path(scratch) / "fleet", Path(scratch) / "plan.json"
        fleet.mkdir()
        subprocess.run([sys.executable, "-m", "benchmarks.fleet", str(fleet), str(models)], check=True, cwd=HERE)
        subprocess.run(["git", "switch", "-q", "-c", "stricter"], cwd=fleet, check=True)
        gates = fleet / "environments/production.yaml"
        gates.write_text(gates.read_text().replace("atLeast: 0.2", "atLeast: 0.25"))
        subprocess.run(["git", "commit", "-q", "-a", "-m", "A stricter gate"], cwd=fleet, check=True)
        command = [RECONCILER, "plan", "production", "--comment", "--out", str(plan), "--output", "markdown"]
        told = subprocess.run(command, cwd=fleet, check=True, capture_output=True, text=True).stdout
        costs = [cost(command, fleet, dict(os.environ)) for _ in range(RUNS)]
    lines = [line for line in told.splitlines() if f"**{models:,}**" in line]
    print(f"{models:,} models changed alike: {len(lines)} line, {len(told):,} of {LONGEST:,} characters")
    print(f"  {lines[0]}")
    tell("plan --comment", costs)
    print(f"{'':24} the bar is {BAR} s: {'met' if median_wall(costs) <= BAR else 'MISSED'}")
    tell_if_busy()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MODELS)
