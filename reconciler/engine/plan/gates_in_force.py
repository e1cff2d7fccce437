"""Find the gates that an artifact does not meet: a pin those in force, what is deployed those of today. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.controls.in_force import PinControls
from reconciler.core.controls.weakened_gates import CHECK_ON, WeakenedGate, check_subject
from reconciler.core.digest import Digest
from reconciler.core.evaluation.units import judging_of
from reconciler.core.judging.applicable_gates import gates_of, is_of_quantiles
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.judging.judged_again import judged_again
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate, GateSet, GateStatus, PerformanceGrade, needs_rows
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Task
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.yardsticks import Yardsticks
from reconciler.ports import Store


def unmet(
    controls: PinControls,
    stores: Iterable[Store],
    artifact: Digest,
    gate_set: GateSet,
    evaluation: Evaluation,
    compared: Yardsticks,
    checks: CheckFacts | None = None,
    model: Model | None = None,
) -> tuple[WeakenedGate, ...]:
    """List what the pin's change loosened and the artifact does not meet, and gates whose loosening was not let in.

    `stores`: those that may hold the artifact's verifications. `gate_set`: of the gates that the change declares.
    `compared`: what the artifact is compared with. `checks`: of its rows, under what git declares.
    `model`: the declaration that pins it.
    """
    transformed = model is not None and bool(judging_of(model.recipe).steps)
    failed = _failed(controls.gates, stores, artifact, gate_set, evaluation, compared, transformed=transformed)
    subjects = {demand.subject: demand.amount for gate in failed for demand in gate.demands}
    subjects |= _failed_checks(controls, checks)
    by_change = tuple(item for item in controls.loosened if item in controls.evidence or item.what in subjects)
    told = {item.what for item in by_change}
    pending = tuple(
        WeakenedGate(what=subject, old=amount, new="weaker, and not let in")
        for subject, amount in subjects.items()
        if subject not in told
    )
    return (*by_change, *pending)


def _failed_checks(controls: PinControls, checks: CheckFacts | None) -> dict[str, str]:
    """Return the checks that git declares to be off, that found an error, and that were on by what is in force."""
    if checks is None:
        return {}
    in_force = replace(checks, off=controls.checks_off, allowed=controls.checks_allowed)
    refusing = (finding for finding in in_force.refusing if finding not in checks.refusing)
    return dict.fromkeys((check_subject(finding.check) for finding in refusing), CHECK_ON)


def checks_of(
    stores: Iterable[Store], environment: Environment, model: Model, build: Build, head: JournalHead | None
) -> CheckFacts | None:
    """Return what the checks found in the rows of a pin that is to be deployed; of a deployed one nothing is read."""
    if head is not None and head.state.artifact == build.artifact:
        return None
    report = builds.checks_of(stores, build.fingerprint)
    return CheckFacts(
        findings=report.findings if report is not None else None,
        off=model.checks_off,
        allowed=environment.policy.checks,
    )


def _failed(
    gates: tuple[Gate, ...],
    stores: Iterable[Store],
    artifact: Digest,
    gate_set: GateSet,
    evaluation: Evaluation,
    compared: Yardsticks,
    *,
    transformed: bool,
) -> tuple[Gate, ...]:
    """Return the gates that the artifact failed, or whose comparison nobody made."""
    if not gates:
        return ()
    known = {
        gate: result
        for store in stores
        for gate, result in verification.results(store, gate_set, artifact, compared).items()
    }
    failed = []
    for gate in gates:
        if is_of_quantiles(gate) and evaluation.kind == Task.REGRESSION.value:
            continue  # what is in force does not say whether a model predicts a quantile: the artifact does
        result = known.get(gate)
        if result is not None and isinstance(gate, PerformanceGrade):
            # As it was judged when it was verified, by the bands or in full.
            result = judged_again(result, evaluation)
        elif not needs_rows(gate, transformed=transformed):
            (result,) = evaluate_gates((gate,), evaluation, {}, transformed=transformed)
        if result is None or result.verdict is not GateStatus.PASSED:
            failed.append(gate)
    return tuple(failed)


def policy_violations(
    store: Store, environment: Environment, model: Model, evaluation: Evaluation, head: JournalHead | None
) -> tuple[str, ...]:
    """Say why today's policy would deny the deployed artifact: shown, never acted upon. `store`: the environment's."""
    deployed = head.state.artifact if head else None
    if deployed is None or deployed != model.artifact or not blobs.holds(store, deployed):
        return ()
    transformed = bool(judging_of(model.recipe).steps)
    applying = gates_of(model, environment).applying
    gates = tuple(gate for gate in applying if not needs_rows(gate, transformed=transformed))
    results = evaluate_gates(gates, evaluation, {})
    return tuple(
        f"today's policy would deny it: {result.reason}"
        for result in results
        if result.verdict is not GateStatus.PASSED
    )
