"""All that a model's page shows: what is deployed, how good it is, how it became so, and who let it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Digest
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.snapshots.results import SnapshotTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """An artifact of the model, as its own holdout judged it. `n`: the journal entry that brought it; `figure`: the
    headline figure (`f1_macro`, `r2`), with its interval where one is recorded; `rows`: of the holdout. `grade` is None
    where its evaluation cannot be read."""

    artifact: Digest
    n: int
    when: datetime
    data_as_of: str | None = None
    grade: str | None = None
    figure: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    apart: str | None = None
    """Why its figure does not stand beside that of the artifact that the report is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """The report of one model in one environment, of what is recorded: nothing in it depends on the clock.

    `judged`: the artifact that it is about; None where there is none, and then `unknown` says why. `versions`: the
    earliest first. `events`: the newest of the journal first; `earlier`: how many are left out. `tables`: of the data
    snapshot that the artifact was trained on; empty where that is not kept, and then `tables_unknown` says why.
    """

    model: str
    environment: str
    role: str
    revision: str | None
    status: ModelStatus | None = None
    judged: JudgedModel | None = None
    unknown: str | None = None
    versions: tuple[ModelVersion, ...] = ()
    events: tuple[HistoryEvent, ...] = ()
    earlier: int = 0
    tables: tuple[SnapshotTable, ...] = ()
    tables_unknown: str | None = None
    format: int = 1
