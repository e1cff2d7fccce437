"""Measure the comment on a request that changes many models in the same way, as one whole process.

python benchmarks/comment.py [MODELS]      (default: 500; the bar is 3 s)

The request changes one parameter of every model of the sandbox, so that all are trained and evaluated again: those
that were never trained on one line, the others on another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import cost, median_wall, tell, tell_if_busy

HERE = Path(__file__).resolve().parents[1]
MODELS, RUNS, BAR = 500, 5, 3.0
LONGEST = 65_536  # characters of a comment on GitHub
RECONCILER = str(Path(sys.executable).parent / "reconciler")


def main(models: int) -> None:
    """Measure `plan --comment` over so many models."""
    with tempfile.TemporaryDirectory() as scratch:
        fleet, plan = Path(scratch) / "fleet", Path(scratch) / "plan.json"
        fleet.mkdir()
        subprocess.run([sys.executable, "-m", "benchmarks.many_models", str(fleet), str(models)], check=True, cwd=HERE)
        declared = declare(fleet)
        subprocess.run(["git", "switch", "-q", "-c", "deeper"], cwd=fleet, check=True)
        for manifest in (fleet / "manifests/sandbox").glob("*.yaml"):
            manifest.write_text(manifest.read_text().replace("max_depth: 3", "max_depth: 4"))
        subprocess.run(["git", "commit", "-q", "-a", "-m", "Deeper trees"], cwd=fleet, check=True)
        command = [RECONCILER, "plan", "sandbox", "--comment", "--out", str(plan), "--output", "markdown"]
        report = subprocess.run(command, cwd=fleet, check=True, capture_output=True, text=True).stdout
        costs = [cost(command, fleet, dict(os.environ)) for _ in range(RUNS)]
    lines = [line for line in report.splitlines() if line.startswith("| 🔵")]
    print(f"{declared:,} models changed: {len(lines)} lines, {len(report):,} of {LONGEST:,} characters")
    print(*lines, sep="\n")
    tell("plan --comment", costs)
    print(f"{'':24} the bar is {BAR} s: {'met' if median_wall(costs) <= BAR else 'MISSED'}")
    tell_if_busy()


def declare(fleet: Path) -> int:
    """Declare every model of production in the sandbox too, where a tenth is trained; return their number."""
    for manifest in (fleet / "manifests/production").glob("*.yaml"):
        lines = manifest.read_text().splitlines(keepends=True)
        recipe = "".join(line for line in lines if not line.startswith("  artifact:"))
        (fleet / "manifests/sandbox" / manifest.name).write_text(recipe)
    subprocess.run(["git", "add", "-A"], cwd=fleet, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "All in the sandbox"], cwd=fleet, check=True)
    return len(list((fleet / "manifests/sandbox").glob("*.yaml")))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MODELS)
