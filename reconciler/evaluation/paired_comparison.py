"""Candidate against incumbent on the same rows: the paired difference of a metric and its bootstrap interval.

Percentile bootstrap over rows (Efron 1979), 95 % two-sided, 2,000 resamples from a fixed seed. Metrics of the predicted
class are resampled over the cells (actual, candidate's guess, incumbent's guess), which is the same as over rows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.artifact.evaluation import CLASSIFICATION_METRICS, REGRESSION_METRICS
from reconciler.core.spec.gates import Comparability, Comparison, NoWorseThanIncumbent, PairedMetric
from reconciler.errors import ScoringError
from reconciler.evaluation.metrics import confusion_of, log_loss_of, metrics_of, numbers_of, rates_of
from reconciler.model_file.feature_matrix import keys_of, labels_of, matrix_of, read_rows, values_of
from reconciler.model_file.load import load
from reconciler.ports import CompareRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

RESAMPLES = 2_000
# Two-sided 5 % and 80 % power of a normal difference: 1.960 + 0.842.
_POWER = 2.802


def compare(request: CompareRequest) -> Comparison:
    """COMPARED with numbers, NOT_COMPARABLE or UNSCORABLE with the reason."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gate = request.gate
    candidate = load(request.candidate)
    try:
        incumbent = load(request.incumbent)
    except ScoringError as error:
        return Comparison(state=Comparability.UNSCORABLE, metric=gate.metric, reason=error.message)
    holdout, features = read_rows(request.holdout), read_rows(request.features)
    trained = pa.array(keys_of(read_rows(request.trained)), type=pa.string())
    shared = pc.and_(
        pc.is_in(holdout.column("key"), value_set=features.column("key").combine_chunks()),
        pc.invert(pc.is_in(holdout.column("key"), value_set=trained)),
    )
    ours = holdout.filter(shared).sort_by("key")
    theirs = features.filter(pc.is_in(features.column("key"), value_set=ours.column("key").combine_chunks()))
    theirs = theirs.sort_by("key")
    if keys_of(ours) != keys_of(theirs):
        return _not_comparable(gate, "the two selections do not pair row by row")
    if ours.num_rows < gate.min_rows:
        reason = f"{ours.num_rows:,} rows that neither trained on, {gate.min_rows:,} wanted (minRows)"
        return _not_comparable(gate, reason, rows=ours.num_rows)
    a = candidate.outputs(matrix_of(ours, candidate.schema))
    b = incumbent.outputs(matrix_of(theirs, incumbent.schema))
    if candidate.schema.classes != incumbent.schema.classes:
        return _not_comparable(gate, "the classes are not the incumbent's")
    if candidate.schema.classes:
        labels, classes = labels_of(ours), candidate.schema.classes
        sides = [_of_classes(one, labels, classes) for one in (a, b)]
        found = paired_classes(gate, a, b, labels, classes)
    else:
        values = values_of(ours)
        sides = [numbers_of(one[:, 0], values) for one in (a, b)]
        found = paired_numbers(gate, a[:, 0], b[:, 0], values)
    return replace(found, metrics=_paired(*sides)) if found.state is Comparability.COMPARED else found


def _of_classes(probabilities: Matrix, actual: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, float]:
    import numpy as np

    confusion = confusion_of(actual, probabilities.argmax(axis=1), len(classes)).astype(np.float64)
    return metrics_of(rates_of(confusion), log_loss_of(probabilities, actual), classes)


def _paired(candidate: dict[str, float], incumbent: dict[str, float]) -> tuple[PairedMetric, ...]:
    return tuple(
        PairedMetric(metric=name, candidate=candidate[name], incumbent=incumbent[name])
        for name in sorted(candidate)
        if math.isfinite(candidate[name]) and math.isfinite(incumbent[name])
    )


def paired_classes(
    gate: NoWorseThanIncumbent, a: Matrix, b: Matrix, actual: NDArray[np.int64], classes: tuple[str, ...]
) -> Comparison:
    """`a`, `b`: probabilities of candidate and incumbent, (rows, classes)."""
    import numpy as np

    if gate.metric == "log_loss":
        return _by_rows(gate, log_loss_of(a, actual), log_loss_of(b, actual))
    k = len(classes)
    cells = np.bincount((actual * k + a.argmax(axis=1)) * k + b.argmax(axis=1), minlength=k**3)
    rows = len(actual)
    chance = np.random.Generator(np.random.PCG64(11))
    resampled = chance.multinomial(rows, cells / rows, size=RESAMPLES).reshape(RESAMPLES, k, k, k)
    once = cells.reshape(1, k, k, k)
    values = [
        _named(gate.metric, counts.sum(axis=axis).astype(np.float64), classes)
        for counts in (once, resampled)
        for axis in (3, 2)
    ]
    return _comparison(gate, rows, float(values[0][0]), float(values[1][0]), values[2] - values[3])


def _named(metric: str, confusion: Matrix, classes: tuple[str, ...]) -> Matrix:
    kind, _, name = metric.partition(":")
    rates = rates_of(confusion)
    return rates[kind][..., classes.index(name)] if name else rates[kind]


def paired_numbers(gate: NoWorseThanIncumbent, a: Matrix, b: Matrix, actual: Matrix) -> Comparison:
    """`a`, `b`: predictions of candidate and incumbent."""
    import numpy as np

    if gate.metric == "mae":
        return _by_rows(gate, np.abs(actual - a), np.abs(actual - b))
    rows = len(actual)
    squares = np.stack([(actual - a) ** 2, (actual - b) ** 2, actual, actual**2])
    once = _of_squares(gate.metric, squares.mean(axis=1, keepdims=True))
    means = np.stack([squares[:, pick].mean(axis=1) for pick in _picks(rows)], axis=1)
    resampled = _of_squares(gate.metric, means)
    return _comparison(gate, rows, float(once[0][0]), float(once[1][0]), resampled[0] - resampled[1])


def _of_squares(metric: str, means: Matrix) -> tuple[Matrix, Matrix]:
    import numpy as np

    spread = means[3] - means[2] ** 2
    if metric == "rmse":
        return np.sqrt(means[0]), np.sqrt(means[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - means[0] / spread, 1 - means[1] / spread


def _by_rows(gate: NoWorseThanIncumbent, a: Matrix, b: Matrix) -> Comparison:
    """Metrics that are a mean over rows of something known per row."""
    import numpy as np

    difference = a - b
    resampled = np.array([difference[pick].mean() for pick in _picks(len(difference))])
    return _comparison(gate, len(a), float(a.mean()), float(b.mean()), resampled)


def _picks(rows: int) -> list[NDArray[np.int64]]:
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(11))
    return [chance.integers(0, rows, rows) for _ in range(RESAMPLES)]


def _comparison(
    gate: NoWorseThanIncumbent, rows: int, candidate: float, incumbent: float, differences: Matrix
) -> Comparison:
    """Signs turned so that higher is better."""
    import numpy as np

    better = (CLASSIFICATION_METRICS | REGRESSION_METRICS).get(gate.metric, True)
    sign = 1.0 if better else -1.0
    turned = sign * differences[np.isfinite(differences)]
    if not len(turned) or not (math.isfinite(candidate) and math.isfinite(incumbent)):
        return _not_comparable(gate, f"{gate.metric} is not defined on these rows", rows=rows)
    lower, upper = (float(one) for one in np.quantile(turned, [0.025, 0.975]))
    return Comparison(
        state=Comparability.COMPARED,
        metric=gate.metric,
        rows=rows,
        candidate=candidate,
        incumbent=incumbent,
        difference=sign * (candidate - incumbent),
        lower=lower,
        upper=upper,
        detectable=_POWER * float(turned.std()),
    )


def _not_comparable(gate: NoWorseThanIncumbent, reason: str, *, rows: int = 0) -> Comparison:
    return Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, rows=rows, reason=reason)
