"""Report drift in one issue per environment: opened, updated on a change, closed with a comment.

Its body keeps, invisibly, when each finding was first seen, for runs on other machines. A run without changes sends
nothing: a body holds no ages and no time of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.core.inspect import drift
from reconciler.core.inspect.drift import EnvironmentDrift, IssueChange, Seen
from reconciler.core.status_codes import status_of, worst_status
from reconciler.engine.dependencies import Dependencies
from reconciler.errors import ForgeError, ReconcilerError
from reconciler.ports import Forge

Render = Callable[[EnvironmentDrift, Seen, datetime], str]
"""(findings, times in the issue so far, now) -> the body; without findings, the closing comment."""


def forge_of(deps: Dependencies) -> Forge:
    """Return the forge that issues are posted to; ForgeError E905 where none is known."""
    if deps.forge is None:
        raise ForgeError(
            "--issue needs GitHub or GitLab, and none is known for this repository",
            code="E905",
            hint="set RECONCILER_FORGE=github (or gitlab) and GITHUB_TOKEN (or GITLAB_TOKEN), or leave out --issue",
        )
    return deps.forge


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedIssue:
    """The posted issue: its text while it is open, first-seen times, or the problem of reading it."""

    text: str | None = None
    seen: Seen = field(default_factory=dict)
    problem: ReconcilerError | None = None


def read(forge: Forge, environment: str) -> PostedIssue:
    """Read the environment's open issue; a failure is kept in `problem`."""
    try:
        text = forge.issue_body(_key(environment))
    except ReconcilerError as error:
        return PostedIssue(problem=error)
    return PostedIssue(text=text, seen=drift.read_hidden_comment(text) if text is not None else {})


def update(
    forge: Forge, report: EnvironmentDrift, posted: PostedIssue, hints: Seen, render: Render, *, now: datetime
) -> EnvironmentDrift:
    """Post the drift to its issue where it changed, and return it with dates and the issue's change.

    A finding is dated by the issue first, else by `hints`. A forge that fails is noted in the result: no finding is
    lost.
    """
    dated = replace(report, findings=drift.dated(report.findings, posted.seen, hints, now=now))
    try:
        if posted.problem is not None:
            raise posted.problem
        return _update(forge, dated, posted, render, now=now)
    except ReconcilerError as error:
        # Findings must not be lost because the forge fails.
        return replace(
            dated,
            notes=(*report.notes, f"the issue could not be updated: {error}"),
            status=worst_status((report.status, status_of(error))),
        )


def _update(
    forge: Forge, dated: EnvironmentDrift, posted: PostedIssue, render: Render, *, now: datetime
) -> EnvironmentDrift:
    key, title = _key(dated.environment), f"Drift in {dated.environment}"
    if dated.findings:
        body = render(dated, posted.seen, now)
        if posted.text is not None and _same_text(posted.text, body):
            return replace(dated, news=IssueChange.UNCHANGED)
        address = forge.issue(key, title=title, body=body)
        return replace(dated, issue=address, news=IssueChange.OPENED if posted.text is None else IssueChange.UPDATED)
    if posted.text is None:
        return dated
    if posted.seen:  # else the closing comment was written, and only the closing failed
        forge.issue(key, title=title, body=render(dated, posted.seen, now))
    return replace(dated, issue=forge.issue(key, title=title, body=None), news=IssueChange.CLOSED)


def _key(environment: str) -> str:
    return f"drift/{environment}"


def _same_text(first: str, second: str) -> bool:
    """Compare but for the ends of lines and of the text, which forges change."""
    return first.replace("\r\n", "\n").strip() == second.replace("\r\n", "\n").strip()
