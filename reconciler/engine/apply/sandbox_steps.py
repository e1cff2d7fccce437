"""Carry out the steps of one model of a sandbox: train it or reuse a build, then verify it for each environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.journal import Action, GateSetResult, State
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import short
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.evaluation.units import unit_in_words
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.facts import TrainingFacts
from reconciler.core.plan.gate_evaluation import remedy
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.plan.planner import decide_training
from reconciler.core.quality.findings import CheckFacts, MayBeOff
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import train
from reconciler.engine.apply.apply_run import ApplyRun, StepResult
from reconciler.engine.apply.run_gates import run_gates
from reconciler.engine.evaluation.known import brief_of
from reconciler.engine.plan import verification
from reconciler.engine.plan.observe_training import training_observer
from reconciler.engine.storage import builds, journal
from reconciler.engine.storage.yardsticks import Yardsticks
from reconciler.errors import UsageError


def steps(run: ApplyRun, part: ModelPlan, snapshot: Snapshot | None) -> Iterator[StepResult]:
    """Carry out what the facts ask for now: after a refresh they may ask for less than the plan expected."""
    model = run.desired.model(run.environment.name, part.model)
    invalid = part.blocked is not None and part.blocked.status is ResultStatus.INVALID
    if model is None or snapshot is None or invalid:
        return
    observer = training_observer(
        run.deps, run.desired, run.environment, snapshot=snapshot, now=run.deps.clock(), journals=run.journals
    )
    facts = observer.facts(model)
    head, build = facts.head, facts.build
    for step in decide_training(facts).steps:
        if step.action is Action.TRAIN:
            head, build, done = _train(run, part, facts, snapshot, observer.may_be_off)
            yield done
        elif step.action is Action.VERIFY and head is not None and build is not None and step.target is not None:
            judging = run.desired.environment(step.target)
            if judging is None:
                raise UsageError(f"no environment {step.target!r} is declared", code="E212")
            compared = observer.yardsticks(judging, model, build)
            head, done = _verify(run, part, observer.judging(judging, model), head, build, compared)
            yield done


def _train(
    run: ApplyRun, part: ModelPlan, facts: TrainingFacts, snapshot: Snapshot, may_be_off: MayBeOff
) -> tuple[JournalHead, Build, StepResult]:
    deps, environment = run.deps, run.environment
    build, trained, report = facts.build, False, None
    if build is None:
        deps.progress.start(part.model, "train")
        result = train.train(
            deps,
            project=run.desired.project,
            commit=run.desired.revision,
            environment=environment,
            model=facts.model,
            snapshot=snapshot,
            may_be_off=may_be_off,
        )
        build, trained, report = result.build, result.trained, result.checks
    else:
        # A crash may have come between a build and its numbered log.
        builds.add_to_recipe_log(deps.stores[environment.name], build)
        report = builds.checks_of((deps.stores[environment.name],), build.fingerprint)
    checks = CheckFacts(
        findings=report.findings if report is not None else None,
        off=facts.model.checks_off,
        allowed=may_be_off.checks,
    )
    head = journal.append(
        deps.stores[environment.name],
        run.writer,
        after=facts.head,
        environment=environment.name,
        model=part.model,
        plan=part.digest,
        action=Action.TRAIN,
        state=State(artifact=build.artifact, build=build, checks=checks.names),
        reason=facts.missing or "reusing the artifact already built from the same inputs",
    )
    evaluation = verification.evaluation_of(deps.stores[environment.name], build.artifact)
    headline, value = evaluation.headline
    unit = unit_in_words(run.desired.model(environment.name, part.model), evaluation)
    verb = "trained" if trained else "reused"
    line = f"{verb} {short(build.artifact)}: grade {evaluation.grade}"
    judged = brief_of(deps.stores, run.desired, environment, part.model, build.artifact)
    if judged is not None:
        line = f"{verb} {short(build.artifact)}: {judged.line}"
    elif value is not None:
        line += f", {headline} {value:.3f}{unit} on {evaluation.rows:,} rows{evaluation.doubt}"
    if (reason := reason_of(evaluation)).grade is not evaluation.grade:
        line += f"; grade {reason.grade} in full: {reason.reason}"
    return head, build, StepResult(line=line, artifact=build.artifact, built=True, trained=trained, checks=checks.told)


def _verify(
    run: ApplyRun, part: ModelPlan, environment: Environment, head: JournalHead, build: Build, compared: Yardsticks
) -> tuple[JournalHead, StepResult]:
    deps, own = run.deps, run.environment
    model = run.desired.model(own.name, part.model)
    if model is None:
        raise UsageError(f"{own.name} declares no model {part.model}")
    deps.progress.start(part.model, f"verify for {environment.name}")
    verified = run_gates(deps, model, environment, build, compared)
    gate_result = GateSetResult(environment=environment.name, gate_set=verified.gate_set, passed=verified.passed)
    kept = tuple(result for result in head.state.judged if result.environment != environment.name)
    refusals = "; ".join(verified.refusals)
    after = journal.append(
        deps.stores[own.name],
        run.writer,
        after=head,
        environment=own.name,
        model=part.model,
        plan=part.digest,
        action=Action.VERIFY,
        state=replace(head.state, judged=tuple(sorted((*kept, gate_result), key=lambda result: result.environment))),
        reason=f"verified for {environment.name}: {'passed' if verified.passed else f'refused: {refusals}'}",
        verification=verified.gate_set,
    )
    gates, others = len(verified.applied), len(verified.results) - len(verified.applied)
    skipped = f"; {others} do{'es' * (others == 1)} not apply" if others else ""
    if verified.passed:
        line = f"passed {gates} gate{'s' * (gates != 1)} for {environment.name}{skipped}"
        return after, StepResult(line=line, artifact=build.artifact)
    failures = tuple(f"{environment.name}: {reason}" for reason in verified.refusals)
    line = f"failed {len(verified.failures)} of {gates} gate{'s' * (gates != 1)} for {environment.name}{skipped}"
    if not gates:
        line = f"not passed for {environment.name}: no gate applies to it{skipped}"
    advice = remedy(gates_of(model, environment), model, own.name)
    return after, StepResult(line=line, artifact=build.artifact, failures=failures, remedy=advice)
