"""Say of gates what a plan says: which do not apply, which cannot be passed, and what to do about a refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.evaluation.quantiles import kind_of
from reconciler.core.judging.applicable_gates import ApplicableGates, exemption, undeclared
from reconciler.core.judging.evaluate_gates import impossible
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.spec.gates import Gate, GateResult, GateStatus
from reconciler.core.spec.model import Model

JUDGED_AGAIN = "an artifact is judged again only when a gate, or what it is compared with, has changed"


def not_applying(gates: tuple[Gate, ...]) -> tuple[GateResult, ...]:
    """Return one result for each gate that does not apply to the model, in order."""
    return tuple(GateResult(gate=gate, verdict=GateStatus.NOT_APPLICABLE, reason=exemption(gate)) for gate in gates)


def remedy(gates: ApplicableGates, model: Model, source: str) -> str:
    """Say what to do about a model that was refused by an environment's gates. `source`: where it is trained."""
    task, classes = kind_of(model.recipe), model.recipe.class_names
    again = f"apply {source} again"
    if not gates.applying:
        return f"add a gate that applies to it, or widen the `for:` of one, and {again}"
    if any(impossible(gate, task, classes) for gate in gates.applying):
        return f"narrow the gate by `for:` where it is not meant for such a model, and {again}"
    slices = [each.name for each in model.evaluation.slices]
    if per := next((per for gate in gates.applying if (per := undeclared(gate, slices)) is not None), None):
        return f"declare the slice in the model, `evaluation: {{slices: [{per}]}}`, and {again}"
    return f"change the recipe, or the gate by a pull request, and {again}: {JUDGED_AGAIN}"


def gate_notes(facts: VerificationFacts, model: Model) -> Iterator[str]:
    """Say which gates do not apply or can never be passed, as far as no verification says so."""
    known, task, classes = facts.verification, kind_of(model.recipe), model.recipe.class_names
    slices = [each.name for each in model.evaluation.slices]
    told = {result.gate for result in known.results} if known is not None else set()
    for gate in facts.gates.others:
        if gate not in told:
            yield f"{facts.environment}: {exemption(gate)}"
    for gate in facts.gates.applying:
        problem = impossible(gate, task, classes)
        per = undeclared(gate, slices)
        why = problem[0] if problem is not None else f"the model declares no slice {per}" if per is not None else None
        if why is not None and known is None:
            yield f"{facts.environment} will refuse every candidate: {why}"
