"""The pull request options of `plan` (--comment) and of `apply` (--on-merge)."""

from __future__ import annotations

from pathlib import Path

from reconciler.app import pull_requests
from reconciler.cli import project
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.core.status_codes import ResultStatus
from reconciler.errors import UsageError
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.plan import merge_result, pull_request_comment


def comment(
    invocation: Invocation,
    environment: str,
    request: int | None,
    *,
    part: bool = False,
    out: Path | None = None,
    read: Path | None = None,
) -> int:
    """Plan for a pull request, comment there and show the comment. `part`: less than the environment was asked for."""
    if part:
        raise UsageError(
            "--comment plans the whole environment: it takes no MODEL and no --check",
            hint="leave out MODEL and --check",
            code="E801",
        )
    planned = pull_requests.plan_comment(project.options_of(invocation), environment, request, out=out, read=read)
    if invocation.form is OutputFormat.JSON:
        from reconciler.report.layout.json_output import document

        streams.put(document(planned))
    else:
        streams.put(to_markdown(pull_request_comment.blocks(planned)))
    broken = pull_request_comment.status_of_plans(planned)
    return exit_code(
        broken if broken in (ResultStatus.FAILED, ResultStatus.INVALID, ResultStatus.DAMAGED) else ResultStatus.CLEAN
    )


def on_merge(invocation: Invocation, environment: str, *, chosen: bool = False) -> int:
    """Apply what merged pull requests were approved for. `chosen`: models or a plan were named, which requests name."""
    if chosen:
        raise UsageError("--on-merge takes no MODEL and no --plan", hint="leave out MODEL and --plan", code="E801")
    with project.shown(invocation) as options:
        merged = pull_requests.apply_merged(options, environment)
    streams.show(invocation, merge_result, merged, exit=exit_code(merged.status))
    return exit_code(merged.status)
