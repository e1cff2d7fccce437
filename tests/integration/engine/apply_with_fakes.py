"""One apply of real files to real files, with fakes for training and scoring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler import codec
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.adapters.system import host
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit
from reconciler.engine.plan.make_plan import make_plan
from reconciler.testing.fake_compute import FakeData, FakeScorer, FakeTrainer, Silent
from reconciler.testing.memory_git import MemorySource
from tests.simulation import sample_project


def on_disk(folder: Path, source: MemorySource) -> Dependencies:
    """Return one process's ports: stores and a target below a folder, and fakes for training and scoring."""
    scratch = folder / "scratch" / host.new_id()
    scratch.mkdir(parents=True)
    return Dependencies(
        source=source,
        stores={name: FilesStore(folder / name) for name in ("sandbox", "production")},
        targets={
            "production": DirectoryTarget(folder / "serving", project=sample_project.PROJECT, environment="production")
        },
        data=FakeData(),
        trainer=FakeTrainer(),
        scorer=FakeScorer(),
        clock=host.now,
        new_id=host.new_id,
        progress=Silent(),
        actor=lambda: "test",
        scratch=scratch,
        data_root=folder,
    )


def apply_once(folder: str, environment: str, commits: str, seed: str, pin: str, pinned: str) -> dict[str, object]:
    """Apply the last of `commits`, as a process does that has nothing but the folder; `pinned`: the seed of the pin."""
    source = MemorySource()
    source.line = commits.split(",")
    pinned_seed = int(pinned) if pinned else None
    desired = sample_project.desired(source.line[-1], seed=int(seed), pin=pin or None, pinned_seed=pinned_seed)
    trainer = FakeTrainer()
    deps = replace(on_disk(Path(folder), source), trainer=trainer)
    where = environment_of(desired, environment)
    done = apply.apply(deps, desired, where, make_plan(deps, desired, where), confirmed=True)
    left = make_plan(deps, desired, where)
    return {
        "exit": codec.to_json(done.status),
        "trained": len(trainer.trained),
        "left": [step.action.value for part in left.models for step in part.steps],
        "findings": [str(finding) for finding in audit.audit(deps, desired, ("sandbox", "production")).findings],
        "candidate": left.models[0].detail.candidate if left.models else None,
    }
