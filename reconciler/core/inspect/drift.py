"""Drift: a target differs from the last journal entry. Rules for one model at a time; none depends on a clock.

A declared change that nobody applied yet is pending, not drift: drift is measured against the journal. (ADR 23)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from reconciler.core.artifact.observed_state import DriftType, JournalHead, LiveDeployment, drift_of
from reconciler.core.inspect.explanation import Advice
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFinding:
    """One thing that drifted. `model` None: the environment itself. `since`: when it was first seen. `status`
    (in JSON the number `exit`): pending, unless the facts could not be read."""

    model: str | None
    kind: DriftType
    what: str
    since: datetime | None = None
    remedies: tuple[Advice, ...] = ()
    status: ResultStatus = ResultStatus.PENDING

    @property
    def key(self) -> tuple[str, str]:
        """Return the model and the kind: a later finding with the same key is the same finding."""
        return (self.model or "", self.kind.value)


class IssueChange(StrEnum):
    """The change that one run made to an environment's issue."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDrift:
    """The drift of one environment.

    `models`: the number of checked models, `loaded` of them loaded; `pending`: the number with a declared change that
    nobody applied yet. `problem`: why the environment could not be checked. `news`: the change of its issue, where one
    was asked for and is or was open; `issue`: its address, where the run wrote to it.
    """

    environment: str
    role: str
    findings: tuple[DriftFinding, ...]
    models: int = 0
    loaded: int = 0
    pending: int = 0
    notes: tuple[str, ...] = ()
    problem: str | None = None
    news: IssueChange | None = None
    issue: str | None = None
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The findings of `drift`, environment by environment."""

    project: str
    revision: str | None
    environments: tuple[EnvironmentDrift, ...]
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        return worst_status(environment.status for environment in self.environments)


Seen = dict[tuple[str, str], datetime]
"""When each finding was first seen, by its key."""

HIDDEN = 24_000  # characters that an issue keeps of first-seen times; findings that do not fit count as new
_HIDDEN = re.compile(r"<!-- reconciler-seen (\{[^<>]*\}) -->")


def of_served(
    environment: str, head: JournalHead | None, served: LiveDeployment | None, files: frozenset[str]
) -> Iterator[DriftFinding]:
    """Return the differences of a target from its journal's head.

    `files`: the names of the applied artifact's files, as far as they are known; other files among them were added.
    """
    if served is None and head is None:
        return
    model = served.model if served is not None else head.entry.model if head is not None else ""
    apply = Advice(reason="restore the applied artifact", command=f"reconciler apply {environment} {model}")
    drift = drift_of(head, served, files)
    if drift is not None:
        yield DriftFinding(model=model, kind=drift.type, what=drift.message, remedies=(apply,))
    for line in served.around if served is not None else ():
        remedy = Advice(reason=remedy_around(line))
        yield DriftFinding(model=model, kind=DriftType.CONFIG_CHANGED, what=line, remedies=(remedy,))


def remedy_around(line: str) -> str:
    """Return what to do about a line of `LiveDeployment.around`."""
    if " is a link" in line:
        return "put in its place the folder or the file itself"
    return "remove the write permission of others: chmod go-w FOLDER"


def ordered(findings: Iterable[DriftFinding]) -> tuple[DriftFinding, ...]:
    """Sort findings: worst first, then by model."""
    kinds = list(DriftType)
    return tuple(sorted(findings, key=lambda finding: (kinds.index(finding.kind), finding.model or "", finding.what)))


def dated(findings: Iterable[DriftFinding], *seen: Seen, now: datetime) -> tuple[DriftFinding, ...]:
    """Give each finding the time at which it was first seen: from the first of `seen` that has its key, else now."""
    return tuple(
        replace(finding, since=next((known[finding.key] for known in seen if finding.key in known), now))
        for finding in findings
    )


def first_seen_by_key(findings: Iterable[DriftFinding]) -> Seen:
    """Return when each finding was first seen, by its key. Of two with one key, the older counts."""
    seen: Seen = {}
    for finding in findings:
        if finding.since is not None:
            seen[finding.key] = min(finding.since, seen.get(finding.key, finding.since))
    return seen


def hidden_comment(findings: Iterable[DriftFinding]) -> str:
    """Return the invisible line in which an issue keeps when each finding was first seen."""
    by_time: dict[str, dict[str, list[str]]] = {}
    room = HIDDEN
    for (model, kind), since in sorted(first_seen_by_key(findings).items()):
        room -= len(model) + len(kind) + 30
        if room > 0:
            by_time.setdefault(_stamp(since), {}).setdefault(kind, []).append(model)
    return f"<!-- reconciler-seen {json.dumps(by_time, separators=(',', ':'), sort_keys=True)} -->"


def read_hidden_comment(body: str) -> Seen:
    """Return the times that `hidden_comment` wrote into this text; none where somebody spoilt it."""
    match = _HIDDEN.search(body)
    try:
        by_time = json.loads(match[1]) if match is not None else {}
        return {
            (str(model), str(kind)): datetime.fromisoformat(time).astimezone(UTC)
            for time, kinds in by_time.items()
            for kind, models in kinds.items()
            for model in models
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
