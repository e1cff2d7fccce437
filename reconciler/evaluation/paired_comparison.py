"""Compare candidate and incumbent on the same rows: the paired difference of a metric and its bootstrap interval.

Percentile bootstrap over rows (Efron, "Bootstrap methods", Annals of Statistics 7, 1979), two-sided, 95 % unless asked
for more, 2,000 resamples from a fixed seed. Metrics of the predicted class are resampled over the cells (actual,
candidate's class, incumbent's class), which is the same as over rows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import HIGHER_IS_BETTER, QUANTILE_METRICS
from reconciler.core.spec.comparison import Comparability, Comparison, PairedMetric
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.errors import ScoringError
from reconciler.evaluation.metrics import confusion_of, log_loss_of, metrics_of, numbers_of, pinball_of, rates_of
from reconciler.model_file.feature_matrix import labels_of, matrix_of, read_rows, values_of
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
    """Compare two artifacts on the holdout rows that neither was trained on.

    Returns COMPARED with numbers, NOT_COMPARABLE or UNSCORABLE with the reason. Raises ScoringError when the candidate
    cannot be loaded (E506, E507, E511).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    gate = request.gate
    candidate = load(request.candidate)
    try:
        incumbent = load(request.incumbent)
    except ScoringError as error:
        return Comparison(state=Comparability.UNSCORABLE, metric=gate.metric, reason=error.message)
    holdout, features = read_rows(request.holdout), read_rows(request.features)
    trained = read_rows(request.trained).column("key").cast(pa.string()).combine_chunks()
    shared = pc.and_(
        pc.is_in(holdout.column("key"), value_set=features.column("key").combine_chunks()),
        pc.invert(pc.is_in(holdout.column("key"), value_set=trained)),
    )
    rows = holdout.filter(shared).sort_by("key")
    incumbent_rows = features.filter(pc.is_in(features.column("key"), value_set=rows.column("key").combine_chunks()))
    incumbent_rows = incumbent_rows.sort_by("key")
    if not rows.column("key").cast(pa.string()).equals(incumbent_rows.column("key").cast(pa.string())):
        return _not_comparable(gate, "the rows of candidate and incumbent do not pair by key")
    if rows.num_rows < gate.min_rows:
        reason = f"{rows.num_rows:,} rows that neither model was trained on; minRows asks for {gate.min_rows:,}"
        return _not_comparable(gate, reason, rows=rows.num_rows)
    outputs = candidate.outputs(matrix_of(rows, candidate.schema))
    incumbent_outputs = incumbent.outputs(matrix_of(incumbent_rows, incumbent.schema))
    if candidate.schema.classes != incumbent.schema.classes:
        return _not_comparable(gate, "candidate and incumbent declare different classes")
    if candidate.schema.classes:
        labels, classes = labels_of(rows), candidate.schema.classes
        decided = (candidate.decided(outputs), incumbent.decided(incumbent_outputs))
        said = (outputs, incumbent_outputs)
        both = [_class_metrics(*each, labels, classes) for each in zip(said, decided, strict=True)]
        comparison = paired_classes(gate, *said, labels, classes, request.confidence, decided)
    else:
        values = values_of(rows)
        pair, quantile = (outputs[:, 0], incumbent_outputs[:, 0]), request.quantile
        both = [numbers_of(predicted, values, quantile) for predicted in pair]
        comparison = paired_numbers(gate, *pair, values, request.confidence, quantile)
    if comparison.state is not Comparability.COMPARED:
        return comparison
    return replace(comparison, metrics=_paired(*both))


def _class_metrics(
    probabilities: Matrix, decided: Any, actual: NDArray[np.int64], classes: tuple[str, ...]
) -> dict[str, float]:
    import numpy as np

    confusion = confusion_of(actual, decided, len(classes)).astype(np.float64)
    return metrics_of(rates_of(confusion), log_loss_of(probabilities, actual), classes)


def _paired(candidate: dict[str, float], incumbent: dict[str, float]) -> tuple[PairedMetric, ...]:
    return tuple(
        PairedMetric(metric=name, candidate=candidate[name], incumbent=incumbent[name])
        for name in sorted(candidate)
        if math.isfinite(candidate[name]) and math.isfinite(incumbent[name])
    )


def paired_classes(
    gate: NoWorseThanIncumbent,
    a: Matrix,
    b: Matrix,
    actual: NDArray[np.int64],
    classes: tuple[str, ...],
    confidence: float = 0.95,
    decided: tuple[Any, Any] | None = None,
) -> Comparison:
    """Compare two classifications; `a`, `b`: probabilities of candidate and incumbent, (rows, classes). `decided`: the
    classes that they decide on; None: the most likely ones."""
    import numpy as np

    if gate.metric == "log_loss":
        return _by_rows(gate, log_loss_of(a, actual), log_loss_of(b, actual), confidence)
    k = len(classes)
    ours, theirs = (a.argmax(axis=1), b.argmax(axis=1)) if decided is None else decided
    cells = np.bincount((actual * k + ours) * k + theirs, minlength=k**3)
    rows = len(actual)
    random = np.random.Generator(np.random.PCG64(11))
    resampled = random.multinomial(rows, cells / rows, size=RESAMPLES).reshape(RESAMPLES, k, k, k)
    observed = cells.reshape(1, k, k, k)
    values = [
        _rate(gate.metric, counts.sum(axis=axis).astype(np.float64), classes)
        for counts in (observed, resampled)
        for axis in (3, 2)
    ]
    return _comparison(gate, rows, float(values[0][0]), float(values[1][0]), values[2] - values[3], confidence)


def _rate(metric: str, confusion: Matrix, classes: tuple[str, ...]) -> Matrix:
    kind, _, name = metric.partition(":")
    rates = rates_of(confusion)
    return rates[kind][..., classes.index(name)] if name else rates[kind]


def paired_numbers(
    gate: NoWorseThanIncumbent,
    a: Matrix,
    b: Matrix,
    actual: Matrix,
    confidence: float = 0.95,
    quantile: float | None = None,
) -> Comparison:
    """Compare two regressions; `a`, `b`: predictions of candidate and incumbent."""
    import numpy as np

    if gate.metric in QUANTILE_METRICS and quantile is not None:
        both = (pinball_of(a, actual, quantile), pinball_of(b, actual, quantile))
        if gate.metric == "coverage":  # nearer to the quantile is better; of one row, that it is covered says nothing
            return _not_comparable(gate, "coverage is not better where it is higher; compare by pinball")
        return _by_rows(gate, *both, confidence)
    if gate.metric == "mae":
        return _by_rows(gate, np.abs(actual - a), np.abs(actual - b), confidence)
    rows = len(actual)
    squares = np.stack([(actual - a) ** 2, (actual - b) ** 2, actual, actual**2])
    observed = _from_means(gate.metric, squares.mean(axis=1, keepdims=True))
    means = np.stack([squares[:, chosen].mean(axis=1) for chosen in _resamples(rows)], axis=1)
    resampled = _from_means(gate.metric, means)
    return _comparison(
        gate, rows, float(observed[0][0]), float(observed[1][0]), resampled[0] - resampled[1], confidence
    )


def _from_means(metric: str, means: Matrix) -> tuple[Matrix, Matrix]:
    import numpy as np

    spread = means[3] - means[2] ** 2
    if metric == "rmse":
        return np.sqrt(means[0]), np.sqrt(means[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - means[0] / spread, 1 - means[1] / spread


def _by_rows(gate: NoWorseThanIncumbent, a: Matrix, b: Matrix, confidence: float) -> Comparison:
    """Compare by a metric that is a mean over rows; `a`, `b`: its value per row."""
    import numpy as np

    difference = a - b
    resampled = np.array([difference[chosen].mean() for chosen in _resamples(len(difference))])
    return _comparison(gate, len(a), float(a.mean()), float(b.mean()), resampled, confidence)


def _resamples(rows: int) -> list[NDArray[np.int64]]:
    import numpy as np

    random = np.random.Generator(np.random.PCG64(11))
    return [random.integers(0, rows, rows) for _ in range(RESAMPLES)]


def _comparison(
    gate: NoWorseThanIncumbent, rows: int, candidate: float, incumbent: float, differences: Matrix, confidence: float
) -> Comparison:
    """Return the comparison with signs turned so that higher is better.

    `detectable`: the smallest difference that a test at 5 % finds with 80 % power.
    """
    import numpy as np

    better = HIGHER_IS_BETTER.get(gate.metric, True)
    sign = 1.0 if better else -1.0
    improvements = sign * differences[np.isfinite(differences)]
    if not len(improvements) or not (math.isfinite(candidate) and math.isfinite(incumbent)):
        return _not_comparable(gate, f"{gate.metric} is not defined on these rows", rows=rows)
    lower, upper = (float(bound) for bound in np.quantile(improvements, [(1 - confidence) / 2, (1 + confidence) / 2]))
    return Comparison(
        state=Comparability.COMPARED,
        metric=gate.metric,
        rows=rows,
        candidate=candidate,
        incumbent=incumbent,
        difference=sign * (candidate - incumbent),
        lower=lower,
        upper=upper,
        detectable=_POWER * float(improvements.std()),
    )


def _not_comparable(gate: NoWorseThanIncumbent, reason: str, *, rows: int = 0) -> Comparison:
    return Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, rows=rows, reason=reason)
