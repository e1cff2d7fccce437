"""Make the page of one model, as one file."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.filesystem.site_folder import write_file
from reconciler.app.wiring import OpenProject
from reconciler.core.digest import DigestPrefix
from reconciler.core.site.model_report import ModelReport
from reconciler.core.site.site import PageResult
from reconciler.engine.evaluation.judge_model import judge
from reconciler.engine.inspect import status as inspect
from reconciler.engine.model_report.collect import Collector, requests_named


def collect(project: OpenProject, environment: str, model: str, digest: DigestPrefix | None) -> ModelReport:
    """Return the report of a model, evaluated in full. Raises as `judge_model.judge` does."""
    declared = project.environment(environment)
    judged = judge(project.deps, project.desired, declared, model, digest)
    collector = Collector(deps=project.deps, desired=project.desired, environment=declared)
    status = None
    if project.desired.model(environment, model) is not None:
        found = inspect.status(project.deps, project.desired, (environment,), (model,)).environments[0].models
        status = next(iter(found), None)
    return requests_named(project.deps, collector.report(model, status=status, judged=judged), {})


def write(report: ModelReport, file: Path) -> PageResult:
    """Write the page, with plots where the artifact is evaluated in full. Raises UsageError E801 without matplotlib,
    E803 where it cannot be written."""
    from reconciler.report.evaluation_page.page import page

    judged = report.judged
    plots = judged is not None and (judged.detailed is not None or len(report.versions) > 1)
    body = page(report, plots=plots).encode()
    write_file(file, body)
    grade = None
    if judged is not None:
        grade = str(judged.detailed.grade.grade if judged.detailed is not None else judged.evaluation.grade)
    return PageResult(
        model=report.model,
        environment=report.environment,
        file=str(file),
        bytes=len(body),
        grade=grade,
        plots=plots,
    )
