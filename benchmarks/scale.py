"""Plans over many models, as whole processes, beside `git ls-tree`, `dvc status` and `sqlmesh plan` in the same run.

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
MODEL = "wide"  # the one of the fleet that went the real way

RUNS = 5
SIZES = (10, 100, 1_000, 10_000)
MOST_FOR_PEERS = 1_000  # beyond it one run of theirs takes minutes
BARS = {  # seconds, by number of models
    1_000: {"plan, nothing to do": 0.25, "plan, first run": 1.2, "promote one": 0.5},
    10_000: {"plan, nothing to do": 0.6, "plan, first run": 8.0, "plan, one changed": 0.9},
}
RECONCILER = str(Path(sys.executable).parent / "reconciler")
PLAN = [RECONCILER, "plan", "production"]


def main(sizes: Sequence[int]) -> None:
    for models in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            fleet = Path(scratch) / "fleet"
            fleet.mkdir()
            # In a process of its own: what this one holds would be counted with every command that it starts.
            make = [sys.executable, "-m", "benchmarks.many_models", str(fleet), str(models)]
            subprocess.run(make, check=True, cwd=HERE)
            print(f"{models:,} models in production, {models // 10:,} in the sandbox; medians [least - most]")
            measure(fleet, models)
            if models <= MOST_FOR_PEERS:
                for peer, project in peers.installed(Path(scratch), models):
                    found = [cost(peer.command, project, peers.environment()) for _ in range(3)]
                    tell(f"{peer.name} ({peer.version})", found)
    tell_if_busy()


def measure(fleet: Path, models: int) -> None:
    few = 3 if models < 5_000 else 1
    costs = {
        "git ls-tree": run(fleet, ["git", "ls-tree", "-r", "HEAD"]),
        "reconciler --version": run(fleet, [RECONCILER, "--version"]),
        "plan, first run": run(fleet, PLAN, before=forget, runs=few),
    }
    settle(fleet, models)
    costs["plan, nothing to do"] = run(fleet, PLAN)
    costs["plan, one changed"] = run(fleet, PLAN, before=change_one)
    costs["plan of one model"] = run(fleet, [*PLAN, "model-00000"])
    costs["plan --output json"] = run(fleet, [*PLAN, "--output", "json"], runs=few)
    costs["status production"] = run(fleet, [RECONCILER, "status", "production"], runs=few)
    costs["apply, nothing to do"] = run(fleet, [RECONCILER, "apply", "production", "--yes"], runs=few)
    seed(fleet)
    settle(fleet, models)
    promote = [RECONCILER, "promote", MODEL, "--to", "production"]
    costs["promote one"] = run(fleet, promote, before=drop_branches)
    for name, found in costs.items():
        tell(name, found)
        bar = BARS.get(models, {}).get(name)
        if bar is not None:
            print(f"{'':24} the bar is {bar} s: {'met' if median_wall(found) <= bar else 'MISSED'}")


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
        found = list((fleet / ".git/reconciler/cache").glob("plan-production-*"))
        if found and found[0].read_bytes().count(b"IN_SYNC") >= models - 1:
            return
        time.sleep(0.3)


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
    main([int(text) for text in sys.argv[1:]] or SIZES)
