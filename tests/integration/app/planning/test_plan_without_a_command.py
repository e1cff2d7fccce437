"""A notebook or a service plans without a command line: nothing is printed, warnings are passed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.app.planning.plan_cache import PlanCache
from reconciler.app.project_options import ProjectOptions
from reconciler.core.plan.plan import Plan
from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.errors import UsageError
from tests.support.fleet import make_fleet

MODELS = 25  # more than a plan lists one by one


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fleet(tmp_path_factory, MODELS)


def test_plan_returns_a_value_and_prints_nothing(fleet: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plan = PlanCache(ProjectOptions(root=fleet)).plan("production", whole=True)
    assert isinstance(plan, Plan)
    assert len(plan.models) == MODELS
    assert capfd.readouterr() == ("", "")


def test_the_cached_plan_counts_what_the_whole_one_lists(fleet: Path) -> None:
    cache = PlanCache(ProjectOptions(root=fleet))
    for _ in range(1_000):  # a file that was written just now is not believed, for two seconds
        plan = cache.plan("production")
        if isinstance(plan, UnchangedPlan):
            break
    else:
        raise AssertionError("the plan was never taken from the cache")
    whole = cache.plan("production", whole=True)
    assert isinstance(whole, Plan)
    assert (plan.models, plan.role, plan.revision) == (len(whole.models), whole.role, whole.revision)
    assert whole.empty


def test_a_warning_is_passed_on_whether_the_plan_is_cached_or_not(fleet: Path) -> None:
    warnings: list[str] = []
    cache = PlanCache(ProjectOptions(root=fleet, say=warnings.append))
    manifest = next(fleet.glob("manifests/production/*.yaml"))
    text = manifest.read_text()
    manifest.write_text(text + "# changed, not committed\n")
    try:
        cache.plan("production")
        cache.plan("production", whole=True)
    finally:
        manifest.write_text(text)
    assert len(warnings) == 2
    assert all(manifest.name in warning for warning in warnings)


def test_an_environment_that_git_does_not_declare_is_refused(fleet: Path) -> None:
    with pytest.raises(UsageError, match="no environment 'staging'") as refused:
        PlanCache(ProjectOptions(root=fleet)).plan("staging")
    assert refused.value.code == "E801"


def test_planning_imports_no_command_line() -> None:
    script = """
import sys
import reconciler.app.planning.plan_cache, reconciler.app.planning.parallel_plan, reconciler.app.wiring
assert not {"click", "reconciler.cli", "reconciler.console"} & sys.modules.keys(), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
