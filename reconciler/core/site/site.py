"""The site of an environment: a row for each model, the changes of each, and what a run wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import short
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus


class PlotChoice(StrEnum):
    """Whose plots a run draws: of models that are evaluated in full and were not drawn since they changed, the newest
    MOST_DRAWN of them; of every model, which is evaluated for it; of none."""

    CHANGED = "changed"
    ALL = "all"
    NONE = "none"


MOST_DRAWN = 100
"""Pages whose plots one run draws of those that changed: about 30 seconds."""
KEPT_CHANGES = 4
_LONGEST = 160
"""Newest entries of each model that the site's history is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """A journal entry of a model as the site's history lists it. `when`: ISO, to the second; `artifact`,
    `commit`: their first 12 digits; `request`: as
    `HistoryEvent` has it, with the address that was recorded."""

    model: str
    n: int
    when: str
    action: str
    artifact: str
    commit: str
    who: str
    reason: str
    request: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A model in the lists of the site. `since`, `data_as_of`: days (ISO), empty where there are none. `figure`: the
    metric that `headline` is; `unit`: of what both it and the grade are, where the model predicts a transform."""

    model: str
    sync: SyncStatus
    health: HealthStatus
    grade: str
    headline: float | None
    since: str
    data_as_of: str
    reason: str
    notes: int = 0
    figure: str = ""
    unit: str = ""
    status: ResultStatus = ResultStatus.CLEAN

    @property
    def needs_attention(self) -> bool:
        """Tell whether a person should look at it."""
        settled = self.sync is SyncStatus.IN_SYNC and self.health is HealthStatus.HEALTHY
        return not settled or self.status is not ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanges:
    """What one commit, or the request that brought it, changed. `models`: the first of `count`."""

    commit: str
    request: str
    url: str
    when: str
    who: str
    models: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOverview:
    """What the pages of a site besides those of its models show. `made`: ISO, to the minute."""

    project: str
    environment: str
    role: str
    revision: str
    made: str
    notes: tuple[str, ...]
    rows: tuple[SiteRow, ...]
    history: tuple[ModelChange, ...]
    requests: tuple[RequestChanges, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """What a run did to a site. `written`, `unchanged`, `removed`: pages of models. `drawn`: pages with new plots;
    `waiting`: pages that have none yet though their models are evaluated in full; `unread`: models of which something
    is damaged, as their pages say. `index`: the file to open."""

    environment: str
    index: str
    models: int
    written: int
    unchanged: int
    removed: int
    drawn: int
    waiting: int
    unread: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """A page that was written, of one model. `file`: as it was named; `bytes`: of it."""

    model: str
    environment: str
    file: str
    bytes: int
    grade: str | None
    plots: bool
    format: int = 1


def change_of(event: HistoryEvent) -> ModelChange:
    """Return a journal entry as the site's history lists it."""
    approved = event.approved
    return ModelChange(
        model=event.model,
        n=event.n,
        when=event.when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        action=event.action.value,
        artifact=short(event.artifact) if event.artifact is not None else "",
        commit=(event.commit or "")[:12],
        who=event.who,
        reason=event.reason[:_LONGEST],
        request=event.request or (f"request {approved.number}" if approved is not None else ""),
        url=approved.url if approved is not None else "",
    )
