"""The stored record of one run of `predict`, for monitoring to join with outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, Digest
from reconciler.core.quality.drift import DriftSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionLog(Checksummed):
    """One run of `predict`: model, artifact, time; `rows` is the blob of the CSV. Monitoring joins it with outcomes by
    key. `unknown`: rows of which the model did not know something; `drift`: how far the rows were from those of its
    training. Both are None where that is not known."""

    environment: str
    model: str
    artifact: Digest
    as_of: str
    when: datetime
    who: str
    rows: Digest
    count: int
    unknown: int | None = None
    drift: DriftSummary | None = None
    format: int = 1
