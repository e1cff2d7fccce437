"""The work of `drift`: look, with what is remembered of when each thing was first seen, and remember."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from reconciler.adapters.caches import drift_first_seen
from reconciler.app import locations
from reconciler.app.project_options import ProjectOptions
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.inspect.drift import DriftReport, seen_in


def detect(options: ProjectOptions, environments: tuple[str, ...], *, issue: bool, loads: bool) -> DriftReport:
    from reconciler.app.wiring import git_folder, open_project
    from reconciler.engine.inspect.detect_drift import drift
    from reconciler.report.inspect.drift import issue as render

    with open_project(options, ask_forge=issue) as project:
        memo = _memo(project.root, git_folder(project.root))
        remembered = drift_first_seen.load(memo)
        found = drift(
            project.deps,
            project.desired,
            environments,
            loads=loads,
            remembered=remembered,
            issue=render if issue else None,
        )
    looked = {one.environment: seen_in(one.findings) for one in found.environments if one.problem is None}
    if not loads:  # what did not load is not well because nothing was loaded
        for name, one in looked.items():
            unwell = {key: since for key, since in remembered.get(name, {}).items() if key[1] == DriftType.UNHEALTHY}
            looked[name] = unwell | one
    fresh = {name: one for name, one in (remembered | looked).items() if one}
    if fresh != remembered:
        drift_first_seen.save(memo, fresh)
    return found


def _memo(root: Path, git: Path | None) -> Path:
    where = hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()
    return locations.cache(git) / f"drift-{where}.json"
