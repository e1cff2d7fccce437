"""Plans over many models, as whole processes, beside `git ls-tree` in the same run.

python benchmarks/scale.py [MODELS ...]      (default: 1,000 and 10,000)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cost import Cost, cost, median_wall, tell, tell_if_busy
from benchmarks.fleet import MODEL, make_fleet

RUNS = 5
BARS = {  # seconds, by number of models
    1_000: {"plan, nothing to do": 0.25, "plan, first run": 1.2, "promote one": 0.5},
    10_000: {"plan, nothing to do": 0.6, "plan, first run": 8.0, "plan, one changed": 0.9},
}
RECONCILER = str(Path(sys.executable).parent / "reconciler")
PLAN = [RECONCILER, "plan", "production"]


def main(sizes: Sequence[int]) -> None:
    for models in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            fleet = make_fleet(Path(scratch), models)
            print(f"{models:,} models in production, {models // 10:,} in the sandbox; medians [least - most]")
            measure(fleet, models)
    tell_if_busy()


def measure(fleet: Path, models: int) -> None:
    costs = {
        "git ls-tree": run(fleet, ["git", "ls-tree", "-r", "HEAD"]),
        "reconciler --version": run(fleet, [RECONCILER, "--version"]),
        "plan, first run": run(fleet, PLAN, before=forget, runs=3 if models < 5_000 else 1),
    }
    settle(fleet, models)
    costs["plan, nothing to do"] = run(fleet, PLAN)
    costs["plan, one changed"] = run(fleet, PLAN, before=change_one)
    seed(fleet)
    settle(fleet, models)
    promote = [RECONCILER, "promote", MODEL, "--to", "production"]
    costs["promote one"] = run(fleet, promote, before=drop_branches)
    for name, found in costs.items():
        tell(name, found)
        bar = BARS.get(models, {}).get(name)
        if bar is not None:
            print(f"{'':24} the bar is {bar} s: {'met' if median_wall(found) <= bar else 'MISSED'}")
    said = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=fleet, capture_output=True, text=True, check=True
    ).stderr.strip()
    print(f"{'memory of a plan':24} {int(said.splitlines()[-1]) // 1024:,} MB with nothing to do")


# The peak of the only child, in KiB on Linux.
MEMORY = (
    "import resource, subprocess, sys\n"
    f"subprocess.run({PLAN!r}, check=True, capture_output=True)\n"
    "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
)


def run(
    fleet: Path, command: Sequence[str], *, before: Callable[[Path], None] | None = None, runs: int = RUNS
) -> list[Cost]:
    found = []
    for _ in range(runs):
        if before is not None:
            before(fleet)
        found.append(cost(command, fleet, dict(os.environ)))
    return found


def forget(fleet: Path) -> None:
    for one in (fleet / ".git/reconciler/cache").glob("*"):
        one.unlink()


def settle(fleet: Path, models: int) -> None:
    """Plan until all is remembered: what was written in the last two seconds is not believed."""
    for _ in range(20):
        subprocess.run(PLAN, cwd=fleet, check=True, capture_output=True)
        (memo,) = (fleet / ".git/reconciler/cache").glob("plan-production-*")
        if memo.read_bytes().count(b"IN_SYNC") >= models - 1:
            return


def change_one(fleet: Path) -> None:
    path = fleet / "manifests/production/model-00000.yaml"
    text = path.read_text()
    path.write_text(text.replace("metadata: {name: model-00000", "metadata: {owner: x, name: model-00000", 1))
    if path.read_text() == text:
        path.write_text(text.replace("owner: ", "owner: x", 1))
    subprocess.run(["git", "commit", "-qam", "One changed"], cwd=fleet, check=True)


def seed(fleet: Path) -> None:
    """A new candidate of one model."""
    path = fleet / f"manifests/sandbox/{MODEL}.yaml"
    path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
    subprocess.run(["git", "commit", "-qam", "Another seed"], cwd=fleet, check=True)
    subprocess.run([RECONCILER, "apply", "sandbox", MODEL, "--yes"], cwd=fleet, check=True, capture_output=True)


def drop_branches(fleet: Path) -> None:
    listed = ["git", "branch", "--list", "promote/*", "--format=%(refname:short)"]
    names = subprocess.run(listed, cwd=fleet, check=True, capture_output=True, text=True).stdout.split()
    if names:
        subprocess.run(["git", "branch", "-qD", *names], cwd=fleet, check=True)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or sorted(BARS))
