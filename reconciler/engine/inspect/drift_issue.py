"""The one issue per environment that tells of its drift: opened, brought up to date, closed with a last word.

Its body remembers when each finding was first seen, invisibly, so that whoever looks next knows it. Nothing is sent
when nothing changed: a body holds no ages and no time of the run.
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
"""(what was found, what the issue said before, now) -> the body; without findings, the last word."""


def forge_of(deps: Dependencies) -> Forge:
    if deps.forge is None:
        raise ForgeError(
            "no forge is known to open an issue at",
            code="E905",
            hint="set RECONCILER_FORGE and its token in the environment, or run without --issue",
        )
    return deps.forge


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedIssue:
    """What the issue says: its text while it is open, when each finding was first seen, or why that is not known."""

    text: str | None = None
    seen: Seen = field(default_factory=dict)
    problem: ReconcilerError | None = None


def read(forge: Forge, environment: str) -> PostedIssue:
    try:
        text = forge.issue_body(_key(environment))
    except ReconcilerError as error:
        return PostedIssue(problem=error)
    return PostedIssue(text=text, seen=drift.read_hidden_comment(text) if text is not None else {})


def update(
    forge: Forge, report: EnvironmentDrift, posted: PostedIssue, hints: Seen, render: Render, *, now: datetime
) -> EnvironmentDrift:
    """`found`, dated by the issue first and by `hints` else, with what became of the issue."""
    dated = replace(report, findings=drift.dated(report.findings, posted.seen, hints, now=now))
    try:
        if posted.problem is not None:
            raise posted.problem
        return _update(forge, dated, posted, render, now=now)
    except ReconcilerError as error:
        # What was found must not be lost because it could not be told.
        return replace(
            dated,
            notes=(*report.notes, f"the issue could not be brought up to date: {error}"),
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
    if posted.seen:  # else the last word was said, and only the closing failed
        forge.issue(key, title=title, body=render(dated, posted.seen, now))
    return replace(dated, issue=forge.issue(key, title=title, body=None), news=IssueChange.CLOSED)


def _key(environment: str) -> str:
    return f"drift/{environment}"


def _same_text(first: str, second: str) -> bool:
    """Forges change the ends of lines and of the text."""
    return first.replace("\r\n", "\n").strip() == second.replace("\r\n", "\n").strip()
