"""Measure plans over many models as whole processes, beside `git ls-tree`, `dvc status` and `sqlmesh plan`.

python benchmarks/scale.py [MODELS ...]      (default: 10, 100, 1,000 and 10,000)

Peers are measured where they are installed (`benchmarks/peers.py`), over as many definitions, up to 1,000 of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import peers
from benchmarks.plan_cost import Cost, cost, median_wall, tell, tell_if_busy

HERE = Path(__file__).resolve().parents[1]
MODEL = "wide"  # the model of the fleet that was really trained

RUNS = 5
SIZES = (10, 100, 1_000, 10_000)
MOST_FOR_PEERS = 1_000  # with more, one run of a peer takes minutes
RECONCILER = str(Path(sys.executable).parent / "reconciler")
PLAN = [RECONCILER, "plan", "production"]
READERS = {  # each measured without any memory, and again
    "plan --output json": [*PLAN, "--output", "json"],
    "status": [RECONCILER, "status", "production"],
    "status --output json": [RECONCILER, "status", "production", "--output", "json"],
    "apply, nothing to do": [RECONCILER, "apply", "production", "--yes"],
}
BARS = {  # seconds, by number of models
    1_000: {"plan, nothing to do": 0.25, "plan, first run": 1.2, "promote one": 0.5},
    10_000: {"plan, nothing to do": 0.6, "plan, first run": 8.0, "plan, one changed": 0.9}
    | dict.fromkeys(READERS, 1.0),
}
MOST_MEMORY = 100  # MB, of a command with a bar at 10,000 models that reads nothing again


def main(sizes: Sequence[int]) -> None:
    """Measure fleets of the given sizes, and peers up to MOST_FOR_PEERS models."""
    for models in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            fleet = Path(scratch) / "fleet"
            fleet.mkdir()
            # In another process: the memory of this one would be counted with every command that it starts.
            make = [sys.executable, "-m", "benchmarks.many_models", str(fleet), str(models)]
            subprocess.run(make, check=True, cwd=HERE)
            print(f"{models:,} models in production, {models // 10:,} in the sandbox; medians [least - most]")
            measure(fleet, models)
            if models <= MOST_FOR_PEERS:
                for peer, project in peers.installed(Path(scratch), models):
                    runs = [cost(peer.command, project, peers.environment()) for _ in range(3)]
                    tell(f"{peer.name} ({peer.version})", runs)
    tell_if_busy()


def measure(fleet: Path, models: int) -> None:
    """Measure the commands over a fleet and compare them with their bars."""
    few = 3 if models < 5_000 else 1
    costs = {
        "git ls-tree": run(fleet, ["git", "ls-tree", "-r", "HEAD"]),
        "reconciler --version": run(fleet, [RECONCILER, "--version"]),
        "plan, first run": run(fleet, PLAN, before=forget, runs=few),
    }
    # What is in force is recorded by the first apply ever: no later one has that to do.
    subprocess.run([RECONCILER, "apply", "production", "--yes"], cwd=fleet, check=True, capture_output=True)
    settle(fleet, models)
    costs["plan, nothing to do"] = run(fleet, PLAN)
    costs["plan, one changed"] = run(fleet, PLAN, before=change_one)
    costs["plan of one model"] = run(fleet, [*PLAN, "model-00000"])
    for name, command in READERS.items():
        costs[f"{name}, first"] = run(fleet, command, before=forget, runs=few)
        costs[name] = run(fleet, command)
    seed(fleet)
    settle(fleet, models)
    promote = [RECONCILER, "promote", MODEL, "--to", "production"]
    costs["promote one"] = run(fleet, promote, before=drop_branches)
    for name, runs in costs.items():
        tell(name, runs)
        bar = BARS.get(models, {}).get(name)
        if bar is not None:
            print(f"{'':27} the bar is {bar} s: {'met' if median_wall(runs) <= bar else 'MISSED'}")
        memory = max(cost.memory for cost in runs)
        if bar is not None and "first" not in name and memory > MOST_MEMORY:
            print(f"{'':27} the bar is {MOST_MEMORY} MB: MISSED")


def run(
    fleet: Path, command: Sequence[str], *, before: Callable[[Path], None] | None = None, runs: int = RUNS
) -> list[Cost]:
    """Run a command several times, each time after `before`, and return the costs."""
    costs = []
    for _ in range(runs):
        if before is not None:
            before(fleet)
        costs.append(cost(command, fleet, dict(os.environ)))
    return costs


def forget(fleet: Path) -> None:
    """Delete the plan cache."""
    for path in (fleet / ".git/reconciler/cache").glob("*"):
        path.unlink()


def settle(fleet: Path, models: int) -> None:
    """Plan until every model is cached: files changed in the last two seconds are not."""
    for _ in range(20):
        subprocess.run(PLAN, cwd=fleet, check=True, capture_output=True)
        cached_plans = list((fleet / ".git/reconciler/cache").glob("plan-production-*"))
        if cached_plans and cached_plans[0].read_bytes().count(b"IN_SYNC") >= models - 1:
            return
        time.sleep(0.3)


def change_one(fleet: Path) -> None:
    """Commit a change of one manifest."""
    path = fleet / "manifests/production/model-00000.yaml"
    text = path.read_text()
    path.write_text(text.replace("metadata: {name: model-00000", "metadata: {owner: x, name: model-00000", 1))
    if path.read_text() == text:
        path.write_text(text.replace("owner: ", "owner: x", 1))
    subprocess.run(["git", "commit", "-qam", "One changed"], cwd=fleet, check=True)


def seed(fleet: Path) -> None:
    """Train a new candidate of one model."""
    path = fleet / f"manifests/sandbox/{MODEL}.yaml"
    path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
    subprocess.run(["git", "commit", "-qam", "Another seed"], cwd=fleet, check=True)
    subprocess.run([RECONCILER, "apply", "sandbox", MODEL, "--yes"], cwd=fleet, check=True, capture_output=True)


def drop_branches(fleet: Path) -> None:
    """Delete the branches of proposals."""
    listed = ["git", "branch", "--list", "promote/*", "--format=%(refname:short)"]
    names = subprocess.run(listed, cwd=fleet, check=True, capture_output=True, text=True).stdout.split()
    if names:
        subprocess.run(["git", "branch", "-qD", *names], cwd=fleet, check=True)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or SIZES)
