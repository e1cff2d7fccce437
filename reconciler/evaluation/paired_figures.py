"""Compare two models by any figure on the same rows: the paired difference and its interval.

Percentile bootstrap over rows (Efron, "Bootstrap methods", Annals of Statistics 7, 1979), two-sided, 2,000 resamples
from a fixed seed. Figures of the predicted class are resampled over the cells (actual, candidate's class, incumbent's
class), which is the same as over rows. Areas of rankings: DeLong's test of paired areas (Biometrics 44, 1988), by the
pull of each row. The calibration error is no mean over rows, and a bootstrap of it covers nothing where a model is
calibrated: its difference has the interval of Zou and Donner (Statistics in Medicine 27, 2008), as of models that were
judged on rows of their own, which is no narrower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.gates.known_figures import CALIBRATION_ERROR, COVERAGE, known_figure
from reconciler.evaluation.detailed import calibration, intervals
from reconciler.evaluation.detailed.class_figures import squares_of
from reconciler.evaluation.detailed.ranking import rank
from reconciler.evaluation.metrics import correlation_of, log_loss_of, pinball_of, rates_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

RESAMPLES = 2_000
_POWER = 2.802  # two-sided 5 % and 80 % power of a normal difference: 1.960 + 0.842
_AT_ONCE = 4_000_000  # counts of resampled cells in memory
_AREAS = ("roc_auc", "average_precision")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A gate's figure, how many rows it is of, and the confidence of the interval that is asked for."""

    gate: NoWorseThanIncumbent
    rows: int
    confidence: float


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
    compared = _Compared(gate=gate, rows=len(actual), confidence=confidence)
    kind, _, name = gate.metric.partition(":")
    if kind == "log_loss":
        return _by_rows(compared, log_loss_of(a, actual), log_loss_of(b, actual))
    if kind == "brier":
        return _by_rows(compared, squares_of(a, actual), squares_of(b, actual))
    if kind == CALIBRATION_ERROR:
        return _by_calibration(compared, (a, b), actual)
    if kind in _AREAS:
        labels = [classes.index(name)] if name else [1] if len(classes) == 2 else list(range(len(classes)))
        return _by_areas(compared, kind, (a, b), actual, labels)
    ours, theirs = (a.argmax(axis=1), b.argmax(axis=1)) if decided is None else decided
    return _by_cells(compared, actual, ours, theirs, classes)


def paired_numbers(
    gate: NoWorseThanIncumbent,
    a: Matrix,
    b: Matrix,
    actual: Matrix,
    confidence: float = 0.95,
    quantile: float | None = None,
) -> Comparison:
    """Compare two regressions; `a`, `b`: predictions of candidate and incumbent. `quantile`: that they predict."""
    import numpy as np

    compared = _Compared(gate=gate, rows=len(actual), confidence=confidence)
    known = known_figure(gate.metric)
    if known is not None and known.quantile and quantile is None:
        return not_comparable(gate, f"{gate.metric} is of models that predict a quantile", rows=len(actual))
    if gate.metric == COVERAGE and quantile is not None:
        return _by_coverage(compared, actual <= a, actual <= b, quantile)
    if gate.metric == "pinball" and quantile is not None:
        return _by_rows(compared, pinball_of(a, actual, quantile), pinball_of(b, actual, quantile))
    if gate.metric == "mae":
        return _by_rows(compared, np.abs(actual - a), np.abs(actual - b))
    squares = np.stack([(actual - a) ** 2, (actual - b) ** 2, actual, actual**2])
    observed = _from_means(gate.metric, squares.mean(axis=1, keepdims=True))
    means = np.stack([squares[:, chosen].mean(axis=1) for chosen in _resamples(len(actual))], axis=1)
    resampled = _from_means(gate.metric, means)
    return _resampled(compared, float(observed[0][0]), float(observed[1][0]), resampled[0] - resampled[1])


def not_comparable(gate: NoWorseThanIncumbent, reason: str, *, rows: int = 0) -> Comparison:
    """Return the comparison of two models that cannot be compared, with the reason."""
    return Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, rows=rows, reason=reason)


def _by_cells(
    compared: _Compared, actual: NDArray[np.int64], ours: Any, theirs: Any, classes: tuple[str, ...]
) -> Comparison:
    import numpy as np

    k = len(classes)
    cells = np.bincount((actual * k + ours) * k + theirs, minlength=k**3)
    rate = _rate(compared.gate.metric, classes)
    observed = [
        float(rate(cells.reshape(1, k, k, k).sum(axis=axis).astype(np.float64))[0])
        for axis in (3, 2)  # candidate, incumbent
    ]
    differences = [
        rate(counts.sum(axis=3).astype(np.float64)) - rate(counts.sum(axis=2).astype(np.float64))
        for counts in _resampled_cells(cells, k)
    ]
    return _resampled(compared, observed[0], observed[1], np.concatenate(differences))


def _resampled_cells(cells: NDArray[np.int64], k: int) -> Iterator[NDArray[np.int64]]:
    """Yield resamples of the cells, as many at once as memory is to hold."""
    import numpy as np

    random, rows = np.random.Generator(np.random.PCG64(11)), int(cells.sum())
    at_once = max(1, min(RESAMPLES, _AT_ONCE // k**3))
    for start in range(0, RESAMPLES, at_once):
        count = min(at_once, RESAMPLES - start)
        yield random.multinomial(rows, cells / rows, size=count).reshape(count, k, k, k)


def _rate(metric: str, classes: tuple[str, ...]) -> Callable[[Matrix], Matrix]:
    """Return the function that computes a figure of each of many confusion matrices."""
    kind, _, name = metric.partition(":")
    if kind == "matthews":
        return correlation_of
    if name:
        label = classes.index(name)
        return lambda confusion: rates_of(confusion)[kind][..., label]
    return lambda confusion: rates_of(confusion)[kind]


def _by_areas(
    compared: _Compared, kind: str, both: tuple[Matrix, Matrix], actual: NDArray[np.int64], labels: list[int]
) -> Comparison:
    """Compare by the mean area of the rankings of some classes."""
    import numpy as np

    areas, pulls = [], []
    for probabilities in both:
        rankings = [rank(probabilities[:, label], actual == label) for label in labels]
        ranked = [ranking for ranking in rankings if ranking is not None]
        if len(ranked) < len(rankings):
            return _undefined(compared)
        of_areas = kind == "roc_auc"
        areas.append(float(np.mean([each.roc_auc if of_areas else each.average_precision for each in ranked])))
        pulls.append(np.mean([each.roc_pulls if of_areas else each.average_pulls for each in ranked], axis=0))
    difference = pulls[0] - pulls[1]
    around = intervals.linear(areas[0] - areas[1], difference, _normal(compared.confidence))
    ours, theirs = areas
    return _made(compared, ours, theirs, ours - theirs, around, intervals.standard_error(difference))


def _by_calibration(compared: _Compared, both: tuple[Matrix, Matrix], actual: NDArray[np.int64]) -> Comparison:
    import numpy as np

    z, found = _normal(compared.confidence), []
    for probabilities in both:
        certainty, right = probabilities.max(axis=1), (probabilities.argmax(axis=1) == actual).astype(np.float64)
        if probabilities.shape[1] == 2:
            certainty, right = probabilities[:, 1], (actual == 1).astype(np.float64)
        found.append(calibration.expected_error(certainty, right, z))
    (ours, around_ours), (theirs, around_theirs) = found
    around = intervals.difference(theirs, around_theirs, ours, around_ours)
    return _made(compared, ours, theirs, theirs - ours, around, (around[1] - around[0]) / (2 * z))


def _by_coverage(compared: _Compared, ours: Any, theirs: Any, quantile: float) -> Comparison:
    """Compare by how near the share of rows at or below each prediction is to the quantile."""
    import numpy as np

    rows, random = compared.rows, np.random.Generator(np.random.PCG64(11))
    cells = np.bincount(2 * ours.astype(np.int64) + theirs, minlength=4)
    shares = random.multinomial(rows, cells / rows, size=RESAMPLES) / rows
    candidate, incumbent = float(ours.mean()), float(theirs.mean())
    nearer = np.abs(shares[:, 1] + shares[:, 3] - quantile) - np.abs(shares[:, 2] + shares[:, 3] - quantile)
    return _resampled(
        compared, candidate, incumbent, nearer, abs(incumbent - quantile) - abs(candidate - quantile), turned=True
    )


def _from_means(metric: str, means: Matrix) -> tuple[Matrix, Matrix]:
    import numpy as np

    spread = means[3] - means[2] ** 2
    if metric == "rmse":
        return np.sqrt(means[0]), np.sqrt(means[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - means[0] / spread, 1 - means[1] / spread


def _by_rows(compared: _Compared, a: Matrix, b: Matrix) -> Comparison:
    """Compare by a metric that is a mean over rows; `a`, `b`: its value per row."""
    import numpy as np

    difference = a - b
    resampled = np.array([difference[chosen].mean() for chosen in _resamples(len(difference))])
    return _resampled(compared, float(a.mean()), float(b.mean()), resampled)


def _resamples(rows: int) -> Iterator[NDArray[np.int64]]:
    import numpy as np

    random = np.random.Generator(np.random.PCG64(11))
    return (random.integers(0, rows, rows) for _ in range(RESAMPLES))


def _resampled(
    compared: _Compared,
    candidate: float,
    incumbent: float,
    differences: Matrix,
    difference: float | None = None,
    *,
    turned: bool = False,
) -> Comparison:
    """Return the comparison from resampled differences; `turned`: their sign is such that higher is better."""
    import numpy as np

    sign = 1.0 if turned or higher_is_better(compared.gate.metric) else -1.0
    improvements = sign * differences[np.isfinite(differences)]
    if not len(improvements) or not (math.isfinite(candidate) and math.isfinite(incumbent)):
        return _undefined(compared)
    tail = (1 - compared.confidence) / 2
    lower, upper = (float(bound) for bound in np.quantile(improvements, [tail, 1 - tail]))
    improvement = difference if difference is not None else sign * (candidate - incumbent)
    return _made(compared, candidate, incumbent, improvement, (lower, upper), float(improvements.std()))


def _made(
    compared: _Compared,
    candidate: float,
    incumbent: float,
    difference: float,
    around: intervals.Interval,
    error: float,
) -> Comparison:
    """Return the comparison; `error`: the standard error, of which `detectable` is the smallest difference that a test
    at 5 % finds with 80 % power."""
    return Comparison(
        state=Comparability.COMPARED,
        metric=compared.gate.metric,
        rows=compared.rows,
        candidate=candidate,
        incumbent=incumbent,
        difference=difference,
        lower=float(around[0]),
        upper=float(around[1]),
        detectable=_POWER * error,
    )


def _undefined(compared: _Compared) -> Comparison:
    metric = compared.gate.metric
    return not_comparable(compared.gate, f"{metric} is not defined on these rows", rows=compared.rows)


def higher_is_better(metric: str) -> bool:
    """Tell whether a higher figure is a better one."""
    known = known_figure(metric)
    return known is None or known.higher is not False


def _normal(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
