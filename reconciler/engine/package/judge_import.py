"""Judge an imported artifact by the gates of its environment, from the evidence that came with it. Computes no figure.

A result counts that was recorded where the rows are, for the same gate and the same rows; what the artifact's own
evaluation can answer is answered from it. A comparison counts only where it was made for this environment, against what
is deployed here (`engine.plan.verification`).
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler import codec
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.judging.founded import own_answer, portable_results
from reconciler.core.plan.gate_evaluation import not_applying
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate, GateResult, NoWorseThanIncumbent, Verification
from reconciler.core.spec.model import Model
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage.yardsticks import Yardsticks
from reconciler.ports import Store


def judge_import(
    store: Store,
    model: Model,
    environment: Environment,
    evaluation: Evaluation,
    verifications: Sequence[Verification],
    compared: Yardsticks,
    artifact: Digest,
) -> Verification | None:
    """Return the verification of an artifact by today's gates; None where the evidence leaves a gate unanswered.

    `verifications`: those that came with it. What is new is not recorded here.
    """
    gate_set = verify.gate_set_of(model, environment, evaluation, compared)
    digest = codec.digest_of(gate_set)
    known = verify.read(store, artifact, digest) or verify.joined(store, gate_set, artifact, compared)
    if known is not None:
        return known
    answered: dict[Gate, GateResult] = dict(verify.results(store, gate_set, artifact, compared))
    for verification in verifications:
        if verification.gate_set == digest:
            return verification
    for gate, result in portable_results(verifications, evaluation).items():
        answered.setdefault(gate, result)
    for gate in gate_set.gates:
        if gate not in answered and (own := _own_answer(gate, model, evaluation, compared)) is not None:
            answered[gate] = own
    if not gate_set.gates or any(gate not in answered for gate in gate_set.gates):
        return None
    return Verification(
        artifact=artifact,
        environment=environment.name,
        gate_set=digest,
        evaluation=gate_set.evaluation,
        incumbent=gate_set.incumbent,
        deployed_before=gate_set.deployed_before,
        results=(
            *(answered[gate] for gate in gate_set.gates),
            *not_applying(gates_of(model, environment).others),
        ),
    )


def unanswered(
    store: Store,
    model: Model,
    environment: Environment,
    evaluation: Evaluation,
    verifications: Sequence[Verification],
    compared: Yardsticks,
    artifact: Digest,
) -> tuple[str, ...]:
    """Return the gates that no evidence at hand answers, by their names in manifests."""
    gate_set = verify.gate_set_of(model, environment, evaluation, compared)
    known = {*verify.results(store, gate_set, artifact, compared), *portable_results(verifications, evaluation)}
    left = (gate for gate in gate_set.gates if gate not in known)
    return tuple(gate.uses for gate in left if _own_answer(gate, model, evaluation, compared) is None)


def _own_answer(gate: Gate, model: Model, evaluation: Evaluation, compared: Yardsticks) -> GateResult | None:
    first = not isinstance(gate, NoWorseThanIncumbent) or (compared.incumbent is None and not compared.before(gate))
    return own_answer(gate, model.recipe, evaluation, first=first)
