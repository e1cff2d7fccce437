"""The port that joins predictions with the outcomes that became known since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.core.monitoring.outcomes import KnownOutcomes
from reconciler.core.monitoring.promise import Promise
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.ports.messages import TableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedRows:
    """The CSV of one run of `predict`, the day (ISO) that it counts for, and that of the tables that it read."""

    path: Path
    day: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesRequest:
    """A request for what is known of predicted records. `predictions`: in the order in which they were made; of a
    record that is in several, the first counts. `tables`: as they stand on the day `as_of` (ISO). `into`: a folder."""

    recipe: Recipe
    tables: tuple[TableFile, ...]
    as_of: str
    predictions: tuple[PredictedRows, ...]
    promise: Promise
    into: Path
    limits: Limits


class OutcomeEngine(Protocol):
    """Joins predictions with outcomes. Writes nothing that stays."""

    def known_outcomes(self, request: OutcomesRequest) -> KnownOutcomes:
        """Return the outcomes that are known and matured, as a training would select them, by day of the prediction.

        Raises DataError as `DataEngine.select` does.
        """
