"""The cache is a hint that anybody may have written: no change to a protected environment believes it."""

from __future__ import annotations

import json

from reconciler.adapters.filesystem.durable_files import read_checked, write_checked
from tests.support.project import Project


def plant(project: Project) -> None:
    """Write into the cache that an expression is allowed which is not."""
    (cache,) = (project.root / ".git/reconciler").rglob("expressions-*.json")
    known = json.loads(next(read_checked(cache)))
    known["days_late > random()"] = known["days_late > 0"]
    write_checked(cache, [json.dumps(known).encode()])


def test_apply_on_a_protected_environment_does_not_believe_the_cache(project: Project) -> None:
    project.run("plan", "sandbox")
    project.recipe("late: days_late > 0", "late: days_late > random()")
    project.run("plan", "sandbox", code=2)
    plant(project)
    project.run("plan", "sandbox")
    project.run("plan", "production")
    refused = project.run("apply", "production", "--yes", code=2)
    assert "random" in refused.err
    assert "manifests/sandbox/lateness.yaml:" in refused.err


def test_nor_is_the_cache_believed_where_the_protection_is_written_with_escapes(project: Project) -> None:
    project.run("plan", "sandbox")
    document = project.root / "environments/production.yaml"
    text = document.read_text()
    assert text.count("protect") == text.count("  protect:") == 1
    document.write_text(text.replace("protect:", '"\\x70rotect":'))
    project.recipe("late: days_late > 0", "late: days_late > random()")
    project.run("plan", "sandbox", code=2)
    plant(project)
    project.run("plan", "sandbox")
    assert "random" in project.run("apply", "production", "--yes", code=2).err
