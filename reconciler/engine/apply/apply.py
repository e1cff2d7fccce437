"""Carry out a plan, model by model. The only caller of the steps that change anything.

Each model is atomic and independent: its failure is recorded, the others go on, and what served before still serves. So
several are worked on at once (`concurrency`), and reported in the order of the plan. A model whose digest is not the
reviewed one is skipped, and the input that changed is named. After an interruption nothing new is started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.journal import Action
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.plan.plan import REFRESH_ASKED, ModelPlan, Plan, inputs_in_words
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Role
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.apply import concurrency_groups, deployment_steps, sandbox_steps
from reconciler.engine.apply.apply_run import ApplyRun, StepResult, add_interrupted, outcome_of
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.apply.record_controls import record_controls, register_controls
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.notices.of_apply import notices_of
from reconciler.engine.notices.tell import tell
from reconciler.engine.plan import make_plan, observe_loss
from reconciler.engine.refresh.take_snapshot import try_snapshot
from reconciler.engine.removed_environments import check_deploys
from reconciler.engine.storage import data_snapshots, journal, register, store_mark
from reconciler.engine.trust.entries import entry_writer
from reconciler.engine.trust.in_force import trust_of
from reconciler.errors import GateRefusedError, ReconcilerError, SourceError, UsageError


def claim(deps: Dependencies, desired: DesiredState, environment: Environment) -> None:
    """Create the store's ownership marker, or check that it is ours; IntegrityError E609 when it is not, E603 when the
    store was lost."""
    observe_loss.check_store(deps, desired, environment)
    store_mark.claim(deps.stores[environment.name], desired.project, environment.name)


def apply(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    plan: Plan,
    *,
    models: Iterable[str] = (),
    confirmed: bool = False,
    journals: journal.Journals | None = None,
) -> ApplyResult:
    """Carry out `plan` (the reviewed one, or one made a moment ago) as far as it still holds.

    `confirmed`: a person saw this very plan; `prune: confirm` asks for that. `journals`: those that `plan` was made
    from a moment ago (`with_journals`); where it has nothing to do, and no control changes, it is not made again.
    """
    may_apply(deps, desired, environment)
    _warm(deps, environment, plan)
    claim(deps, desired, environment)
    writer = entry_writer(deps, desired)
    queries = ForgeQueries(deps.forge)
    settled = journals is not None and not any(part.steps or part.blocked for part in plan.models)
    if not environment.trains:
        try:
            settled = not _record_controls(deps, desired, environment, writer, queries) and settled
        except SourceError as error:
            if (refused := _refused(desired, environment, plan, models, error)) is None:
                raise
            return refused
        register_controls(deps.stores[environment.name], environment.name)
    names = tuple(models) or tuple(part.model for part in plan.models)
    if settled and journals is not None and plan.refresh is None:
        fresh = plan
    else:
        journals = observe_loss.journals_of(deps, desired)
        asked = plan.refresh is not None and plan.refresh.reason == REFRESH_ASKED
        fresh = make_plan.make_plan(deps, desired, environment, names, journals=journals, refresh_anyway=asked)
    if not environment.trains and any(part.steps for part in fresh.models):
        trust_of(deps, desired, environment).check_signer(writer.signer)
    run = ApplyRun(
        deps=deps,
        desired=desired,
        environment=environment,
        writer=writer,
        confirmed=confirmed,
        queries=queries,
        journals=journals,
    )
    _register_begun(deps, environment, fresh)
    outcomes: dict[str, tuple[ModelResult, list[StepResult]]] = {}
    refreshed: Snapshot | None = None
    unrefreshed: ReconcilerError | None = None
    interrupted = False
    try:
        if fresh.refresh is not None:
            refreshed, unrefreshed = try_snapshot(deps, desired, environment)
        snapshot = refreshed
        if environment.trains and snapshot is None:
            snapshot = data_snapshots.newest(deps.stores[environment.name])
        # Without new data, only what trains nothing goes on: on the last snapshot, which stays in use.
        ready = [part for part in fresh.models if unrefreshed is None or not part.trains]
        going = [part for part in ready if not _skip(plan, part, outcomes)]
        deps.progress.expect(sum(bool(part.steps) for part in going))
        works = [
            partial(_work, run, group, snapshot, outcomes)
            for group in concurrency_groups.groups(desired, environment, going)
        ]
        deps.concurrency.run(works)
    except KeyboardInterrupt:
        interrupted = True
    _register_seen(deps, environment, journals, outcomes)
    if unrefreshed is not None:
        raise unrefreshed
    add_interrupted(outcomes, fresh.models if interrupted else ())
    finished = [outcomes[part.model] for part in fresh.models if part.model in outcomes]
    applied = ApplyResult(
        environment=environment.name,
        revision=desired.revision,
        plan=fresh.id,
        results=tuple(result for result, _ in finished),
        refreshed=refreshed.n if refreshed else None,
        masked=refreshed.masked if refreshed else (),
        trained=sum(step.trained for _, done in finished for step in done),
        interrupted=interrupted,
    )
    if environment.notify:
        notices = notices_of(deps.stores[environment.name], desired.project, applied)
        tell(deps, desired.project, environment, notices)
    return applied


def _refused(
    desired: DesiredState, environment: Environment, plan: Plan, models: Iterable[str], error: SourceError
) -> ApplyResult | None:
    """Return the result where git cannot tell what the controls are: each model that waits is told why, if any does."""
    chosen, status = frozenset(models), status_of(error)
    results = tuple(
        ModelResult(model=part.model, status=status, problem=str(error), remedy=error.hint)
        for part in plan.models
        if (part.steps or part.blocked is not None) and (not chosen or part.model in chosen)
    )
    done = ApplyResult(environment=environment.name, revision=desired.revision, plan=plan.id, results=results)
    return done if results else None


def _register_begun(deps: Dependencies, environment: Environment, plan: Plan) -> None:
    """Register the journals that this run begins, before anything of theirs is stored."""
    begun = [part.model for part in plan.models if part.steps and part.basis.head is None]
    register.add(deps.stores[environment.name], environment.name, begun=begun)


def _register_seen(
    deps: Dependencies,
    environment: Environment,
    journals: journal.Journals,
    outcomes: Mapping[str, tuple[ModelResult, list[StepResult]]],
) -> None:
    """Register the journals that this run saw or began, in any environment; what it did stands also where it cannot."""
    seen = {*journals.seen, *((environment.name, model) for model, (_, done) in outcomes.items() if done)}
    for store in filter(None, (deps.stores[environment.name], deps.witness())):
        with suppress(ReconcilerError):
            for name in sorted({name for name, _ in seen}):
                models = [model for owner, model in seen if owner == name]
                register.add(store, name, journals=models)


def _record_controls(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    writer: journal.EntryWriter,
    queries: ForgeQueries,
) -> bool:
    """Record the controls, and report what came into force by that and what did not. Return whether they changed."""
    if (head := record_controls(deps, desired, environment, writer, queries)) is None:
        return False
    entry, name = head.entry, environment.name
    lines = [f"in force now: {line}" for line in entry.let_in] + [f"not in force: {line}" for line in entry.held_back]
    if entry.n == 0:
        lines = [f"recorded the controls of {name} for the first time; see: reconciler controls show {name}"]
    for line in lines:
        deps.progress.done("controls", line)
    return True


def _skip(reviewed: Plan, part: ModelPlan, outcomes: dict[str, tuple[ModelResult, list[StepResult]]]) -> bool:
    """Tell whether the model is skipped: its plan is not the reviewed one, or it is queued for a later run."""
    left = _stale(reviewed, part) or (outcome_of(part, []) if part.waits else None)
    if left is not None:
        outcomes[part.model] = left, []
    return left is not None


def _work(
    run: ApplyRun,
    group: tuple[ModelPlan, ...],
    snapshot: Snapshot | None,
    outcomes: dict[str, tuple[ModelResult, list[StepResult]]],
) -> None:
    """Apply the model plans of one group, in order, in one thread."""
    retired = 0
    for part in group:
        result, done = _model(run, part, snapshot, retired=retired)
        outcomes[part.model] = result, done
        retired += sum(step.retired for step in done)


def _warm(deps: Dependencies, environment: Environment, plan: Plan) -> None:
    """Start the trainer while the rows are still being read, where something will be trained."""
    trains = sum(part.trains for part in plan.models)
    if trains and deps.compute is not None:
        deps.compute.warm()
    elif trains and deps.trainer is not None:
        deps.trainer.warm(environment.limits, at_once=min(trains, deps.concurrency.count))


def may_apply(deps: Dependencies, desired: DesiredState, environment: Environment) -> None:
    """Raise UsageError where a protected environment would be applied from a work tree; GateRefusedError E706 where a
    protected one would become a sandbox. What git says counts, and what is in force."""
    check_deploys(environment)
    protected = environment.protect is not None or environment.role is Role.PRODUCTION
    if desired.revision is not None and not environment.trains:
        return
    controls = observe_controls(
        desired, environment, store=deps.stores[environment.name], source=deps.source, acts=False
    )
    if environment.trains and controls.moved is not None:
        reason, remedy = controls.moved
        raise GateRefusedError(reason, hint=remedy, code="E706")
    protected = protected or (controls.head is not None and controls.only_from_commits)
    if desired.revision is None and protected:
        raise UsageError(
            f"{environment.name} is protected: it is applied from a commit, never from a work tree",
            hint="commit and merge, then apply without --working-tree",
        )


def _stale(reviewed: Plan, part: ModelPlan) -> ModelResult | None:
    """Return why this model plan is not the reviewed one; None when it is, or when there is nothing left to do."""
    before = reviewed.part(part.model)
    same = before is not None and (
        (before.digest == part.digest and (_steps(before) == _steps(part) or _waits(before, part)))
        or _restores_alike(before, part)
    )
    if same or (not part.steps and part.blocked is None):
        return None
    if before is None:
        moved = "the reviewed plan does not name this model"
    else:
        names = [field.name for field in fields(part.basis)]
        differing = [name for name in names if getattr(part.basis, name) != getattr(before.basis, name)]
        changed = f"{inputs_in_words(differing)} changed since it was made"
        moved = changed if differing else "the steps are not the reviewed ones"
    return ModelResult(
        model=part.model,
        status=ResultStatus.CONFLICT,
        problem=f"the plan is stale: {moved}",
        remedy=f"make and review a new plan: `reconciler plan {reviewed.environment} --out FILE`",
    )


def _waits(*parts: ModelPlan) -> bool:
    """Tell whether only the clock makes the difference: a freeze in force at the review, or now."""
    return any(part.blocked is not None and part.blocked.until is not None for part in parts)


def _restores_alike(before: ModelPlan, part: ModelPlan) -> bool:
    """Tell whether both put back the journal's head in place of the same files: no control judges that, so those that
    this very run let in make no other plan of it."""
    actions = {step.action for each in (before, part) for step in each.steps}
    alike = (before.basis.head, before.basis.served) == (part.basis.head, part.basis.served)
    return actions == {Action.RESTORE} and alike and _steps(before) == _steps(part)


def _steps(part: ModelPlan) -> tuple[object, ...]:
    """Return what would be done, without the reasons."""
    return tuple((step.action, step.artifact, step.target) for step in part.steps)


def _model(
    run: ApplyRun, part: ModelPlan, snapshot: Snapshot | None, *, retired: int
) -> tuple[ModelResult, list[StepResult]]:
    done: list[StepResult] = []
    started = run.deps.clock()
    try:
        steps = (
            sandbox_steps.steps(run, part, snapshot)
            if run.environment.trains
            else deployment_steps.steps(run, part, retired)
        )
        if part.steps:
            run.deps.progress.start(part.model, ", ".join(step.action.value for step in part.steps))
        for step in steps:
            done.append(step)
            run.deps.progress.done(part.model, step.line)
    except ReconcilerError as error:
        result = ModelResult(model=part.model, status=status_of(error), problem=str(error), remedy=error.hint)
    except OSError as error:  # a full or failing disk under our own scratch folder
        where = f" ({error.filename})" if error.filename else ""
        result = ModelResult(
            model=part.model,
            status=ResultStatus.FAILED,
            problem=f"{error.strerror or type(error).__name__}{where}",
            remedy="deployed artifacts are unchanged: free space and run the same command again",
        )
    else:
        result = outcome_of(part, done)
    finally:
        if part.steps:
            run.deps.progress.leave(part.model)
    artifact = next((step.artifact for step in reversed(done) if step.artifact), None)
    action = part.steps[0].action if part.steps and done else None
    took = round((run.deps.clock() - started).total_seconds(), 1)
    lines, checks = tuple(step.line for step in done), sum((step.checks for step in done), ())
    return replace(result, done=lines, artifact=artifact, action=action, seconds=took, checks=checks), done
