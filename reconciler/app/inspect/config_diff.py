"""Compare two environments of a project, or two of its commits."""

from __future__ import annotations

from dataclasses import replace

from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import open_project
from reconciler.core.plan.config_diff import ConfigDiff
from reconciler.engine.promotion import config_diff
from reconciler.errors import UsageError


def compare(options: ProjectOptions, names: tuple[str, ...], *, before: str | None, after: str | None) -> ConfigDiff:
    """Compare the environments `names`, or the commits `before` and `after`; further names are models.

    Raises UsageError E801 where neither two environments nor two commits are named.
    """
    if before is None and after is None:
        if len(names) < 2:
            raise UsageError(
                "nothing to compare: name two environments, or a commit with --from",
                hint="reconciler diff production sandbox, or reconciler diff --from HEAD~1",
                code="E801",
            )
        with open_project(options) as project:
            old, new = (project.environment(name) for name in names[:2])
            return config_diff.environments(project.deps, project.desired, old, new, names[2:])
    if before is None:
        raise UsageError("--to is given without --from", hint="reconciler diff --from REV --to REV", code="E801")
    earlier = replace(options, revision=before)
    with open_project(earlier) as project:
        old_desired = project.desired
    with open_project(replace(options, revision=after or "HEAD")) as project:
        environment = names[0] if names else None
        return config_diff.revisions(project.deps, old_desired, project.desired, environment, names[1:])
