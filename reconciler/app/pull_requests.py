"""Comment the plan of a pull request on it; apply what merged ones were approved for, and report there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.adapters.filesystem.durable_files import FileTooLargeError, read_regular
from reconciler.adapters.git.plumbing import prefix_of
from reconciler.app import forge_connection
from reconciler.app.project_options import ProjectOptions
from reconciler.core.forge import ci_job
from reconciler.core.forge.project_place import at_place, place_of
from reconciler.core.forge.pull_request import CommitStatus, StatusState
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.promotion.merge_result import MergedPullRequest, MergeResult
from reconciler.core.promotion.reviewed_plan import PlanComment
from reconciler.core.size_limits import EVENT_BYTES, PLAN_BYTES
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.promotion import apply_on_merge, plan_pull_request
from reconciler.errors import ConflictError, ForgeError, IntegrityError, ReconcilerError, UsageError
from reconciler.ports import Forge
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.plan import merge_result, pull_request_comment

MOST_STATUSES = 20  # of models that are not finished, beside the environment's own


def plan_comment(
    options: ProjectOptions,
    environment: str,
    request: int | None,
    *,
    out: Path | None = None,
    read: Path | None = None,
) -> PlanComment:
    """Plan `environment` for pull request `request` (None: what the CI job runs for), and comment there.

    With `out` it is written there instead of commented. With `read` the request is planned again, and refused where
    that file says something else: no text of another job is posted. Raises IntegrityError E703.
    """
    job = ci_job.job(os.environ, _event())
    planned = _planned(options, environment, job) if read is None else _verified(options, environment, job, read)
    place = place_of(prefix_of(options.root)) or None
    planned = pull_request_comment.bound(replace(planned, place=place))
    body = to_markdown(pull_request_comment.blocks(planned))
    if job.summary is not None and read is None:
        with Path(job.summary).open("a", encoding="utf-8") as stream:
            stream.write(body + "\n")
    if out is not None:
        out.write_bytes(codec.encode(planned))
    elif not job.fork:
        _post(options, planned, body, request or job.request, job.head)
    else:
        options.say("this pull request comes from a fork, so nothing is posted on it")
    return planned


def _event() -> Mapping[str, Any]:
    """Return the CI runner's description of the event that started the job; empty where it cannot be read."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        event = json.loads(read_regular(path, EVENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _read(file: Path, environment: str) -> PlanComment:
    try:
        planned = codec.decode(PlanComment, read_regular(file, PLAN_BYTES), what=str(file))
    except FileTooLargeError as error:
        message = f"{file} is too large for a plan comment: {error.strerror}"
        raise IntegrityError(message, hint="plan again: --comment --out FILE", code="E703") from error
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", hint="name the file of --comment --out", code="E801"
        ) from error
    if planned.environment != environment:
        raise UsageError(f"{file} is a plan for {planned.environment}, not for {environment}", code="E801")
    return planned


def _verified(options: ProjectOptions, environment: str, job: ci_job.CIJob, file: Path) -> PlanComment:
    """Plan the request's head from git, and compare with the plan that another job wrote to `file`."""
    claimed = _read(file, environment).reviewed
    head = job.head or claimed.commit
    planned = _planned(replace(options, revision=head, working_tree=False), environment, replace(job, head=head))
    reviewed = planned.reviewed
    if claimed.depth is reviewed.depth:
        agreed = replace(claimed, shown=None) == replace(reviewed, shown=None)
    else:  # one of the two could read the stores: the plan of this job is posted
        agreed = claimed.commit == reviewed.commit
    if agreed:
        return planned
    raise IntegrityError(
        f"the plan in {file.name} differs from the plan of {environment} that this job made for commit {head[:12]}",
        hint=f"check out the request and run `reconciler plan {environment} --comment`, which takes no file",
        code="E703",
    )


def _planned(options: ProjectOptions, environment: str, job: ci_job.CIJob) -> PlanComment:
    from reconciler.app.wiring import open_project
    from reconciler.engine.load_desired import load

    with open_project(options) as project:
        declared, revision = project.environment(environment), project.desired.revision
        if revision is None:
            raise UsageError("a pull request is planned from a commit, not from a work tree", code="E801")
        source = project.deps.source
        base = source.base(revision, branch=_branch(project.desired, declared))
        old = load(source, project.checkout.expressions, revision=base).desired if base is not None else None
        return plan_pull_request.plan_comment(project.deps, old, project.desired, declared, head=job.head or revision)


def _branch(desired: DesiredState, environment: Environment) -> str:
    """Return the branch that pull requests are merged into: the environment's own, else that of another one."""
    branches = [environment.protect, *(declared.protect for declared in desired.environments)]
    branch = next((name for name in branches if name is not None), None)
    if branch is None:
        raise UsageError(
            f"no environment says which branch pull requests for {environment.name} are merged into",
            hint=f"name it in environments/{environment.name}.yaml: protect: {{branch: main}}",
            code="E801",
        )
    return branch


def _post(options: ProjectOptions, planned: PlanComment, body: str, number: int | None, head: str | None) -> None:
    forge = forge_connection.forge_here(options.root, os.environ)
    if forge is None:
        options.say("no GitHub or GitLab is known for this repository, so the comment is shown here and not posted")
        return
    if number is None:
        raise UsageError(
            "no pull request is named, and this is no CI job of one", hint="name its number: --request N", code="E801"
        )
    tip = forge.pull(number).commit
    if planned.reviewed.commit not in (tip, head):
        raise ConflictError(
            f"pull request {number} is now at commit {tip[:12]}, and this plan is for {planned.reviewed.commit[:12]}",
            hint="check out its newest commit and plan again",
        )
    if planned.reviewed.commit != tip:
        raise ConflictError(
            f"pull request {number} is now at commit {tip[:12]}", hint="the CI job of that commit plans it"
        )
    url = forge.comment(number, apply_on_merge.comment_key(planned.environment), body)
    refused = pull_request_comment.status_of_plans(planned) is not ResultStatus.CLEAN
    forge.set_status(
        tip,
        CommitStatus(
            name=apply_on_merge.status_name(planned.environment),
            state=StatusState.FAILURE if refused else StatusState.SUCCESS,
            description=f"{pull_request_comment.summary(planned)}; {codec.digest_of(planned.reviewed)}",
            url=url,
        ),
    )
    options.say(f"commented on pull request {number}: {url}")


def apply_merged(options: ProjectOptions, environment: str) -> MergeResult:
    """Apply what was approved in each merged pull request, and report on it there. Raises ForgeError E905."""
    from reconciler.app.wiring import open_project, proposer
    from reconciler.engine.inspect import status as inspect
    from reconciler.engine.load_desired import load
    from reconciler.engine.plan import make_plan

    with open_project(options, changes=environment, ask_forge=True) as project:
        declared, desired = project.environment(environment), project.desired
        deps = project.training_only_in(declared)
        if deps.forge is None:
            raise ForgeError(
                "--on-merge reads pull requests, and no GitHub or GitLab is known for this repository",
                hint=f"apply a reviewed plan: reconciler apply {environment} --plan FILE",
                code="E905",
            )
        started = deps.clock()
        plan = make_plan.make_plan(deps, desired, declared)
        reported = []
        for change in apply_on_merge.pending_changes(deps, desired, declared, plan, deps.forge):
            applied = apply_on_merge.apply_change(deps, desired, declared, plan, change)
            failed = [
                result.model
                for result in applied.results
                if result.status in (ResultStatus.FAILED, ResultStatus.DAMAGED)
            ]
            branch = None
            if failed and change.before is not None:
                old = load(deps.source, project.checkout.expressions, revision=change.before)
                why = "; ".join(
                    f"{result.model}: {result.problem}" for result in applied.results if result.model in failed
                )
                branch = apply_on_merge.propose_revert(
                    proposer(project.root), old, project.checkout, environment=environment, models=failed, reason=why
                )
            (current,) = inspect.status(deps, desired, (environment,)).environments
            request = change.approved.request if change.approved is not None else None
            record = change.approved.record if change.approved is not None else None
            merged = MergedPullRequest(
                commit=change.commit,
                request=request.number if request else None,
                url=request.url if request else None,
                depth=record.depth if record else None,
                applied=applied,
                status=tuple(model for model in current.models if model.model in change.models),
                plan=plan.id,
                revert=branch,
            )
            reported.append(_report(options, deps.forge, environment, merged))
        seconds = int((deps.clock() - started).total_seconds())
    return MergeResult(
        environment=environment, revision=desired.revision or "", merged=tuple(reported), seconds=seconds
    )


def _report(options: ProjectOptions, forge: Forge, environment: str, merged: MergedPullRequest) -> MergedPullRequest:
    """Report on the pull request, and on the merge commit. A failure is a warning: what was applied stays applied."""
    try:
        for status in _statuses(environment, merged.applied):
            forge.set_status(merged.commit, status)
        if merged.request is None:
            return merged
        where = at_place(environment, place_of(prefix_of(options.root)))
        body = to_markdown(merge_result.request_blocks(where, merged))
        return replace(merged, told=forge.comment(merged.request, f"apply/{environment}", body))
    except ReconcilerError as error:
        options.say(f"warning: the result could not be reported on the forge: {error}")
        return merged


def _statuses(environment: str, applied: ApplyResult) -> Iterator[CommitStatus]:
    from reconciler.report.plan.apply_result import summary

    name = f"reconciler/apply/{environment}"
    unfinished = [result for result in applied.results if result.status is not ResultStatus.CLEAN]
    for result in unfinished[:MOST_STATUSES]:
        state, problem = StatusState.FAILURE, result.problem or "not finished"
        yield CommitStatus(name=f"{name}/{result.model}", state=state, description=problem)
    state = StatusState.FAILURE if unfinished else StatusState.SUCCESS
    yield CommitStatus(name=name, state=state, description=summary(applied))
