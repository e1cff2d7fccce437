"""Result of `data drift`: the records to predict today against what the deployed model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.quality.drift import DriftVerdict, RowDrift
from reconciler.core.quality.unknown_values import UnknownValues


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDrift:
    """The drift of the `rows` open records of one environment. `drift`: None where the artifact has no reference."""

    environment: str
    model: str
    artifact: Digest
    as_of: str
    rows: int
    unknown: UnknownValues
    drift: RowDrift | None = None
    format: int = 1

    def is_at_least(self, verdict: DriftVerdict) -> bool:
        """Tell whether any feature, or the predicted outcome, drifted as much or more."""
        return self.drift is not None and self.drift.worst.rank >= verdict.rank
