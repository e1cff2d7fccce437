"""Detect drift, and keep when each finding was first seen."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.caches import drift_first_seen
from reconciler.app import locations
from reconciler.app.project_options import ProjectOptions
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.inspect.drift import DriftReport, first_seen_by_key


def detect(
    options: ProjectOptions,
    environments: tuple[str, ...],
    models: tuple[str, ...] = (),
    *,
    issue: bool,
    loads: bool,
    notifies: bool = False,
) -> DriftReport:
    """Return the drift of the named environments and models, or of all; `loads`: deployed models are loaded, too.

    With `issue`, drift is also reported in one issue of the forge per environment; `notifies`: also to the people that
    environments name.
    """
    from reconciler.app.git_folder import git_folder
    from reconciler.app.wiring import open_project
    from reconciler.engine.inspect.detect_drift import drift
    from reconciler.report.inspect.drift import issue as render

    with open_project(options, ask_forge=issue, removed=environments) as project:
        cache_file = _cache_file(project.root, git_folder(project.root))
        first_seen = drift_first_seen.load(cache_file)
        report = drift(
            project.deps,
            project.desired,
            environments,
            models,
            loads=loads,
            remembered=first_seen,
            issue=render if issue else None,
            notifies=notifies,
        )
    current = {
        environment.environment: first_seen_by_key(environment.findings)
        for environment in report.environments
        if environment.problem is None
    }
    if models:  # what was seen of the others stays
        for name, findings in current.items():
            current[name] = {k: since for k, since in first_seen.get(name, {}).items() if k[0] not in models} | findings
    if not loads:  # a model that did not load before is not healthy now because none was loaded
        for name, findings in current.items():
            unwell = {key: since for key, since in first_seen.get(name, {}).items() if key[1] == DriftType.UNHEALTHY}
            current[name] = unwell | findings
    fresh = {name: findings for name, findings in (first_seen | current).items() if findings}
    if fresh != first_seen:
        drift_first_seen.save(cache_file, fresh)
    return report


def _cache_file(root: Path, git_folder: Path | None) -> Path:
    return locations.cache(git_folder) / f"drift-{locations.key_of(root)}.json"
