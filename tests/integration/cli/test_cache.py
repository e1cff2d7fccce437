"""The cache is a hint that anybody may have written: no change to a protected environment believes it."""

from __future__ import annotations

import json

from reconciler.adapters.filesystem.durable_files import read_checked, write_checked
from tests.support.project import Project


def test_apply_on_a_protected_environment_does_not_believe_the_cache(project: Project) -> None:
    project.run("plan", "sandbox")
    project.recipe("late: days_late > 0", "late: days_late > random()")
    project.run("plan", "sandbox", code=2)
    (cache,) = (project.root / ".git/reconciler").rglob("expressions-*.json")
    known = json.loads(next(read_checked(cache)))
    known["days_late > random()"] = known["days_late > 0"]
    write_checked(cache, [json.dumps(known).encode()])
    project.run("plan", "sandbox")
    project.run("plan", "production")
    refused = project.run("apply", "production", "--yes", code=2)
    assert "random" in refused.err
    assert "manifests/sandbox/lateness.yaml:" in refused.err
