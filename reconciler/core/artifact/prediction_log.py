"""The stored record of one run of `predict`, for monitoring to join with outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionLog(Checksummed):
    """One run of `predict`: model, artifact, time; `rows` is the blob of the CSV. Monitoring joins it with outcomes by
    key."""

    environment: str
    model: str
    artifact: Digest
    as_of: str
    when: datetime
    who: str
    rows: Digest
    count: int
    format: int = 1
