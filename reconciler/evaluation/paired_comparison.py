"""Compare candidate and incumbent on the rows that neither was trained on, as a whole and on each part of a slice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.core.judging.judged_figures import MOST_PARTS
from reconciler.core.names import seen
from reconciler.core.spec.comparison import Comparability, ComparedPart, ComparedParts, Comparison, PairedMetric
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.errors import ScoringError
from reconciler.evaluation.declared_slices import slices_of
from reconciler.evaluation.detailed.number_figures import untransformed
from reconciler.evaluation.detailed.slices import MISSING, named_parts
from reconciler.evaluation.metrics import confusion_of, log_loss_of, metrics_of, numbers_of, rates_of
from reconciler.evaluation.paired_figures import not_comparable, paired_classes, paired_numbers
from reconciler.model_file.feature_matrix import Rows, labels_of, matrix_of, read_rows, values_of
from reconciler.model_file.load import load
from reconciler.ports import CompareRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix


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
        return not_comparable(gate, "the rows of candidate and incumbent do not pair by key")
    if rows.num_rows < gate.min_rows:
        reason = f"{rows.num_rows:,} rows that neither model was trained on; minRows asks for {gate.min_rows:,}"
        return not_comparable(gate, reason, rows=rows.num_rows)
    outputs = candidate.outputs(matrix_of(rows, candidate.schema))
    incumbent_outputs = incumbent.outputs(matrix_of(incumbent_rows, incumbent.schema))
    if candidate.schema.classes != incumbent.schema.classes:
        return not_comparable(gate, "candidate and incumbent declare different classes")
    names, quantile = candidate.schema.classes, request.quantile
    said = (outputs, incumbent_outputs)
    if not names:  # each turned back from what it predicts, so that both are numbers of one unit
        said = (
            untransformed(outputs[:, 0], request.steps),
            untransformed(incumbent_outputs[:, 0], request.incumbent_steps),
        )
    actual: Any = labels_of(rows) if names else untransformed(values_of(rows), request.steps)
    decided = (candidate.decided(outputs), incumbent.decided(incumbent_outputs)) if names else None

    def compared(chosen: Any, confidence: float) -> Comparison:
        """Compare on the rows that a mask or a slice chooses."""
        pair = (said[0][chosen], said[1][chosen])
        if decided is None:
            return paired_numbers(gate, *pair, actual[chosen], confidence, quantile)
        ours = (decided[0][chosen], decided[1][chosen])
        return paired_classes(gate, *pair, actual[chosen], names, confidence, ours)

    comparison = compared(slice(None), request.confidence)
    if gate.per is not None:
        per = _per_part(request, gate, rows, compared)
        comparison = replace(comparison, per=per)
    if comparison.state is not Comparability.COMPARED:
        return comparison
    both = [
        _class_metrics(said[n], decided[n], actual, names) if decided else numbers_of(said[n], actual, quantile)
        for n in (0, 1)
    ]
    for metrics, value in zip(both, (comparison.candidate, comparison.incumbent), strict=True):
        metrics.setdefault(gate.metric, value if value is not None else math.nan)
    return replace(comparison, metrics=_paired(*both))


def _per_part(
    request: CompareRequest, gate: NoWorseThanIncumbent, rows: Rows, compared: Callable[[Any, float], Comparison]
) -> ComparedParts:
    """Compare on each part of the gate's slice with rows enough; of k parts, each interval has the confidence that all
    of them together cover as often as one is asked to."""
    import numpy as np

    values = next((each.values for each in slices_of(request, rows) if each.name == gate.per), None)
    if values is None:
        return ComparedParts(problem="the slice cannot be cut")
    labels, codes = named_parts(values)
    counts = np.bincount(codes, minlength=len(labels) + 1)
    if len(labels) > MOST_PARTS:
        return ComparedParts(problem=f"{len(labels):,} values are no slice; at most {MOST_PARTS:,} are")
    named = [(name, code) for code, name in enumerate([*labels, MISSING]) if counts[code]]
    large = [(name, code) for name, code in named if counts[code] >= gate.support]
    small = [int(counts[code]) for _, code in named if counts[code] < gate.support]
    confidence = 1 - (1 - request.confidence) / max(1, len(large))
    parts = tuple(
        _part(f"{gate.per} = {seen(name)}", compared(codes == code, confidence), confidence, int(counts[code]))
        for name, code in large
    )
    return ComparedParts(parts=parts, small=len(small), small_rows=sum(small))


def _part(name: str, comparison: Comparison, confidence: float, rows: int) -> ComparedPart:
    if comparison.state is not Comparability.COMPARED:
        return ComparedPart(name=name, rows=rows, why=comparison.reason)
    return ComparedPart(
        name=name,
        rows=rows,
        candidate=comparison.candidate,
        incumbent=comparison.incumbent,
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
        confidence=confidence,
    )


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
