"""What mistakes cost, by a declared matrix: of a model, of the naive guess, and of deciding by cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.evaluation.figures import CostReport, Figure
from reconciler.core.evaluation.too_few import too_few
from reconciler.evaluation.detailed import intervals

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_ALIKE = "every record costs the same"


def report_of(
    matrix: tuple[tuple[float, ...], ...], probabilities: Matrix, actual: Any, guessed: int, decided: Any = None
) -> tuple[CostReport, Matrix]:
    """Return the report, and what each row costs as it is predicted. `guessed`: the class of the naive guess;
    `decided`: the predicted class of each row, where it is not the most likely one."""
    import numpy as np

    costs = np.asarray(matrix, dtype=np.float64)
    expected = costs[actual, probabilities.argmax(axis=1) if decided is None else decided]
    least = costs[actual, (probabilities @ costs).argmin(axis=1)]
    report = CostReport(
        matrix=matrix,
        expected=_mean("expected_cost", expected),
        naive=_mean("naive_cost", costs[actual, guessed]),
        least=_mean("least_cost", least),
        saved=_mean("saved_cost", expected - least),
    )
    return report, expected


def _mean(name: str, values: Matrix) -> Figure:
    value, why = float(values.mean()), too_few(len(values))
    around = intervals.mean(values) if why is None else None
    if around is None:
        return Figure(name=name, value=value, why=why or _ALIKE)
    return Figure(name=name, value=value, low=around[0], high=around[1])
