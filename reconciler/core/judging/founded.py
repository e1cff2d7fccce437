"""Tell what an artifact and signed results answer by themselves, so that nobody has to vouch for it. Pure.

A verdict that follows from the artifact's own evaluation, or that somebody who is trusted signed for the same gate and
rows, is the same whoever writes it down: an import judges by such answers alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation.units import judging_of
from reconciler.core.judging.evaluate_gates import evaluate_gates, impossible
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import (
    DataDrift,
    Gate,
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PluginGate,
    Verification,
    needs_rows,
)
from reconciler.core.spec.recipe import Recipe

_OF_THE_PLACE = (NoWorseThanIncumbent, DataDrift, PluginGate)  # gates whose answers depend on where they were asked


def own_answer(gate: Gate, recipe: Recipe, evaluation: Evaluation, *, first: bool) -> GateResult | None:
    """Return what the artifact's own evaluation answers; None where it cannot. `first`: there is nothing that it would
    be compared with."""
    transformed = bool(judging_of(recipe).steps)
    comparisons: dict[NoWorseThanIncumbent, Comparison] = {}
    if isinstance(gate, NoWorseThanIncumbent):
        if not first:
            return None
        comparisons[gate] = Comparison(state=Comparability.NO_INCUMBENT, metric=gate.metric)
    elif needs_rows(gate, transformed=transformed) and (impossible(gate, evaluation.kind, recipe.class_names) is None):
        return None
    (result,) = evaluate_gates((gate,), evaluation, comparisons, transformed=transformed)
    return result


def portable_results(verifications: Iterable[Verification], evaluation: Evaluation) -> dict[Gate, GateResult]:
    """Return the results of an artifact, on the same rows, that count wherever its gates were run."""
    found: dict[Gate, GateResult] = {}
    for verification in verifications:
        if verification.evaluation == evaluation.evaluation_rows:
            for result in verification.applied:
                if not isinstance(result.gate, _OF_THE_PLACE):
                    found.setdefault(result.gate, result)
    return found


def is_founded(
    verification: Verification, recipe: Recipe, evaluation: Evaluation, signed: Iterable[Verification]
) -> bool:
    """Tell whether each result of a verification follows from the artifact or from these signed verifications of it,
    word for word; comparisons only where it says that there was nothing to compare with."""
    first = verification.incumbent is None and not any(digests for _, digests in verification.deployed_before or ())
    known = portable_results(signed, evaluation)
    return verification.evaluation == evaluation.evaluation_rows and all(
        result in (known.get(result.gate), own_answer(result.gate, recipe, evaluation, first=first))
        for result in verification.results
        if result.verdict is not GateStatus.NOT_APPLICABLE
    )
