"""One apply of the sample project over stores and a target in a bucket, then a report of what is left; a function and a
process that can be killed. Training and scoring are fakes; everything that writes is real."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from reconciler import codec, plugins
from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.system import host
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit
from reconciler.engine.plan import make_plan
from reconciler.ports import StorageAccess
from reconciler.testing.fake_compute import FakeData, FakeScorer, FakeTrainer, Silent
from reconciler.testing.memory_git import MemorySource
from tests.object_storage.servers import BUCKET
from tests.simulation import sample_project


def part(prefix: str, name: str) -> StorageLocation:
    return StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"{prefix}/{name}")))


def world_of(prefix: str, commits: list[str], scratch: Path) -> Dependencies:
    source = MemorySource()
    source.line = commits
    opening = StorageAccess(root=scratch, project=sample_project.PROJECT, environment="production", scratch=scratch)
    return Dependencies(
        source=source,
        stores={
            name: plugins.store(part(prefix, name), replace(opening, environment=name))
            for name in ("sandbox", "production")
        },
        targets={"production": plugins.target(part(prefix, "serving"), opening)},
        data=FakeData(),
        trainer=FakeTrainer(),
        scorer=FakeScorer(),
        clock=host.now,
        new_id=host.new_id,
        progress=Silent(),
        actor=lambda: "test",
        scratch=scratch,
        data_root=scratch,
        parallel_map=partial(parallel_map, at_once=4),
    )


def run(
    prefix: str, environment: str, commits: list[str], seed: int, pin: str = "", pinned: int = 0
) -> dict[str, object]:
    """Apply as the newest commit says. Errors are raised, or told of each model."""
    with tempfile.TemporaryDirectory() as name:
        deps = world_of(prefix, commits, Path(name))
        desired = sample_project.desired(commits[-1], seed=seed, pin=pin or None, pinned_seed=pinned or None)
        where = environment_of(desired, environment)
        plan = make_plan.make_plan(deps, desired, where)
        done = apply.apply(deps, desired, where, plan, confirmed=True)
        left = make_plan.make_plan(deps, desired, where)
        return {
            "exit": codec.to_json(done.status),
            "problems": [one.problem for one in done.results if one.problem],
            "left": [step.action.value for model in left.models for step in model.steps],
            "candidate": left.models[0].detail.candidate if left.models else None,
        }


def findings(prefix: str, commits: list[str], seed: int, pin: str, pinned: int) -> list[str]:
    """What an audit of both environments finds."""
    with tempfile.TemporaryDirectory() as name:
        deps = world_of(prefix, commits, Path(name))
        desired = sample_project.desired(commits[-1], seed=seed, pin=pin or None, pinned_seed=pinned or None)
        return [str(one) for one in audit.audit(deps, desired, ("sandbox", "production")).findings]


if __name__ == "__main__":
    _, where_, environment_, line, seed_, pin_, pinned_ = sys.argv
    print(json.dumps(run(where_, environment_, line.split(","), int(seed_), pin_, int(pinned_ or 0))))
