"""A model that is served otherwise than it was applied is never shown, counted or remembered as in sync."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.app.planning import planned_models
from reconciler.cli import plan_file
from reconciler.core.plan.plan import Plan
from reconciler.core.spec.environment import DriftPolicy
from reconciler.core.status_codes import ResultStatus
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from reconciler.report.plan import headlines, plan_report
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario


def reported(tmp_path: Path) -> Plan:
    """Return the plan of an environment that only reports drift, in which somebody changed what is served."""
    scenario = Scenario(tmp_path)
    report = replace(PRODUCTION, drift=DriftPolicy.REPORT)
    scenario.commit(seed=10, production=report)
    scenario.apply("sandbox")
    scenario.commit(seed=10, pin=scenario.candidate, production=report)
    scenario.apply("production")
    (release,) = scenario.project.target.releases[MODEL].values()
    release["model.skops"] += b"!"
    return scenario.plan("production")


def test_drift_that_is_only_reported_is_no_model_in_sync(tmp_path: Path) -> None:
    plan = reported(tmp_path)
    (part,) = plan.models
    assert (part.steps, part.status, part.trouble) == ((), ResultStatus.CLEAN, ResultStatus.PENDING)
    assert not headlines.is_unchanged(part)
    assert not planned_models.is_unchanged(part)
    assert plan_file.pending(plan) is ResultStatus.PENDING
    said = to_text(plan_report.blocks(plan, Detail.SCREEN), TextStyle())
    assert "tampered: model.skops" in said
    assert said.rstrip().endswith("Nothing to apply; what is told above is for a person to mend.")
