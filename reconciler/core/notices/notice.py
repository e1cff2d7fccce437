"""A notice of one event, the record that it was told, and the message that tells several of a kind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from reconciler.core.digest import Checksummed
from reconciler.core.inspect.drift import EnvironmentDrift
from reconciler.core.monitoring.record import LiveVerdict
from reconciler.core.monitoring.results import Monitoring
from reconciler.core.monitoring.words import figure, of_unit, outcomes
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.spec.notify import NoticeEvent
from reconciler.core.status_codes import ResultStatus

_LISTED = 30  # lines of a message
_LONGEST = 400  # characters of a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event. `model` None: the environment itself. `about`: what tells it from another event of its kind; `text`:
    one line with its figures."""

    environment: str
    event: NoticeEvent
    model: str | None
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecord(Checksummed):
    """That a notice goes to a channel, written before it is sent: whoever wrote it sends it, and nobody else.

    `failed`: why it could not be sent, in a later record of the same notice.
    """

    environment: str
    event: NoticeEvent
    model: str | None
    about: str
    channel: str
    when: datetime
    who: str
    attempt: str
    failed: str | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The text that a channel gets for the notices of one kind."""

    title: str
    body: str


def refusals(applied: ApplyResult) -> tuple[Notice, ...]:
    """Return a notice for each model that an apply was refused."""
    return tuple(
        Notice(
            environment=applied.environment,
            event=NoticeEvent.REFUSED,
            model=result.model,
            about=f"{result.artifact or ''} {result.problem}",
            text=result.problem or "refused",
        )
        for result in applied.results
        if result.status is ResultStatus.DENIED
    )


def drifts(drift: EnvironmentDrift, entries: dict[str, int]) -> tuple[Notice, ...]:
    """Return a notice for each finding of drift. `entries`: the number of each model's newest journal entry; a finding
    that comes back after it was corrected is another one."""
    return tuple(
        Notice(
            environment=drift.environment,
            event=NoticeEvent.DRIFTED,
            model=finding.model,
            about=f"{finding.kind} {entries.get(finding.model or '', '')} {finding.what}",
            text=f"{finding.kind}: {finding.what}",
        )
        for finding in drift.findings
    )


def degradations(found: Monitoring) -> tuple[Notice, ...]:
    """Return a notice for each model that does not keep what it promised; of one artifact, one."""
    return tuple(
        Notice(
            environment=found.environment,
            event=NoticeEvent.DEGRADED,
            model=each.model,
            about=str(each.artifact),
            text=f"{of_unit(each.figure, each.unit)} {figure(each.recent.value)} in {outcomes(each.recent)}; "
            f"its holdout promised {figure(each.promised)} ({each.promised_rows:,} rows)",
        )
        for each in found.models
        if each.verdict is LiveVerdict.DEGRADED and each.recent is not None and each.promised is not None
    )


def messages(notices: Iterable[Notice], *, project: str) -> tuple[tuple[Message, tuple[Notice, ...]], ...]:
    """Return one message for all notices of a kind and environment, with the notices that it tells."""
    ordered = sorted(notices, key=lambda each: (each.environment, each.event, each.model or "", each.about))
    groups = groupby(ordered, key=lambda each: (each.environment, each.event))
    return tuple((_message(tuple(group), project), group) for group in (tuple(each) for _, each in groups))


def _message(notices: Sequence[Notice], project: str) -> Message:
    first = notices[0]
    names = sorted({each.model for each in notices if each.model is not None})
    what = names[0] if len(names) == 1 else f"{len(names)} models" if names else "the environment"
    lines = [_line(each) for each in notices[:_LISTED]]
    if (more := len(notices) - _LISTED) > 0:
        lines.append(f"and {more:,} more")
    event = first.event.replace("-", " ")
    return Message(title=f"{project}/{first.environment}: {what} {event}", body="\n".join(lines))


def _line(notice: Notice) -> str:
    text = " ".join(notice.text.split())
    line = f"{notice.model}: {text}" if notice.model is not None else text
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
