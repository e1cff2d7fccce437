"""The drift of features and of the predicted outcome, as it is measured (`feature_drift`), told and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import DefaultsLeftOut

OUTCOME = "predicted outcome"


class Measure(StrEnum):
    """How the distance between two distributions is measured."""

    PSI = "psi"
    TV = "tv"


class DriftVerdict(StrEnum):
    """How much a distribution has changed, by the size of the effect."""

    NONE = "none"
    SOME = "some"
    STRONG = "strong"
    TOO_FEW = "too few rows to tell"

    @property
    def rank(self) -> int:
        """Return 0 for none, 1 for some, 2 for strong; too few rows to tell is no drift that was seen."""
        return {DriftVerdict.SOME: 1, DriftVerdict.STRONG: 2}.get(self, 0)


BANDS = {Measure.PSI: (0.1, 0.25), Measure.TV: (0.1, 0.2)}
"""From which effect on there is some drift, and strong drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDrift:
    """The drift of one feature, or of the predicted outcome. `lower`, `upper`: the effect's 95 % interval. `missing`
    and `missing_trained`: the share of rows without a value, today and in training."""

    feature: str
    measure: Measure
    effect: float
    lower: float
    upper: float
    verdict: DriftVerdict
    missing: float = 0.0
    missing_trained: float = 0.0

    @property
    def severity(self) -> float:
        """Return the effect by the size from which there is some drift, which is the same for both measures."""
        return self.effect / BANDS[self.measure][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDrift(DefaultsLeftOut):
    """The drift of `rows` against the `trained` rows of a reference; features with the largest effect first. `needed`:
    where there are too few rows for some, about how many would do for all; None where no number would."""

    rows: int
    trained: int
    outcome: FeatureDrift
    features: tuple[FeatureDrift, ...]
    needed: int | None = None

    @property
    def worst(self) -> DriftVerdict:
        """Return the gravest verdict of all; too few rows to tell only where that is all that can be said."""
        return worst_verdict(each.verdict for each in (self.outcome, *self.features))

    def at_least(self, verdict: DriftVerdict) -> tuple[FeatureDrift, ...]:
        """Return the features that drifted as much or more, the gravest first, of those the largest effect."""
        found = [feature for feature in self.features if feature.verdict.rank >= verdict.rank]
        return tuple(sorted(found, key=lambda each: (-each.verdict.rank, -each.severity, each.feature)))


MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary(DefaultsLeftOut):
    """What a record keeps of a drift: how many features were measured, how many drifted, those that did the most."""

    rows: int
    features: int
    some: int
    strong: int
    too_few: int
    outcome: FeatureDrift
    worst: tuple[FeatureDrift, ...]
    needed: int | None = None


def summary_of(drift: RowDrift) -> DriftSummary:
    """Return what a record keeps of a drift."""
    verdicts = [feature.verdict for feature in drift.features]
    return DriftSummary(
        rows=drift.rows,
        features=len(verdicts),
        some=verdicts.count(DriftVerdict.SOME),
        strong=verdicts.count(DriftVerdict.STRONG),
        too_few=verdicts.count(DriftVerdict.TOO_FEW),
        outcome=drift.outcome,
        worst=drift.at_least(DriftVerdict.SOME)[:MOST_TOLD],
        needed=drift.needed,
    )


def worst_verdict(verdicts: Iterable[DriftVerdict]) -> DriftVerdict:
    """Return the gravest of some verdicts."""
    known = set(verdicts)
    for verdict in (DriftVerdict.STRONG, DriftVerdict.SOME, DriftVerdict.NONE, DriftVerdict.TOO_FEW):
        if verdict in known:
            return verdict
    return DriftVerdict.TOO_FEW
