"""Pull requests from the command line: a plan told as one comment, and what was merged carried out and reported."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.adapters.filesystem.durable_files import read_regular
from reconciler.app import forge_connection, locations
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.core.forge import ci_job
from reconciler.core.forge.pull_request import CommitStatus, StatusState
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.promotion.merge_result import MergedPullRequest, MergeResult
from reconciler.core.promotion.reviewed_plan import PlanComment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import Exit
from reconciler.engine.promotion import apply_on_merge, plan_pull_request
from reconciler.errors import ConflictError, ForgeError, ReconcilerError, UsageError
from reconciler.ports import Forge
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.plan import merge_result, pull_request_comment

LARGEST_EVENT = 16 * 1024**2  # bytes
MOST_STATUSES = 20  # of models that are not finished, beside the environment's own


def comment(
    invocation: Invocation,
    environment: str,
    request: int | None,
    *,
    part: bool = False,
    out: Path | None = None,
    read: Path | None = None,
) -> int:
    """Plan `environment` for a request, or take the plan from `read`; write it to `out`, or tell it there. `part`: less
    than that was asked for."""
    if part:
        raise UsageError(
            "--comment is for a whole environment, and checks nothing", hint="leave out the rest", code="E801"
        )
    job = ci_job.job(os.environ, _event())
    found = _read(read, environment) if read is not None else _made(invocation, environment, job)
    body = to_markdown(pull_request_comment.blocks(found))
    if job.summary is not None and read is None:
        with Path(job.summary).open("a", encoding="utf-8") as stream:
            stream.write(body + "\n")
    number = request or job.request
    if out is not None:
        out.write_bytes(codec.encode(found))
    elif not job.fork:
        _tell(found, body, number, job.head)
    else:
        streams.say("a fork's request: nothing is written there")
    if invocation.form is OutputFormat.JSON:
        from reconciler.report.layout.json_output import document

        streams.put(document(found))
    else:
        streams.put(body)
    broken = pull_request_comment.exit_of(found)
    return int(broken if broken in (Exit.FAILED, Exit.USAGE, Exit.INTEGRITY) else Exit.CLEAN)


def _event() -> Mapping[str, Any]:
    """The runner's own description of what started the job; empty where there is none that can be read."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        body = read_regular(path)
        found = json.loads(body) if len(body) <= LARGEST_EVENT else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(file: Path, environment: str) -> PlanComment:
    try:
        found = codec.decode(PlanComment, read_regular(file), what=str(file))
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", hint="name the file of --comment --out", code="E801"
        ) from error
    if found.environment != environment:
        raise UsageError(f"{file} is a plan for {found.environment}, not for {environment}", code="E801")
    return found


def _made(invocation: Invocation, environment: str, job: ci_job.CIJob) -> PlanComment:
    from reconciler.app.wiring import opened
    from reconciler.engine.load_desired import load

    with opened(invocation) as project:
        here, revision = project.environment(environment), project.desired.revision
        if revision is None:
            raise UsageError("a request is planned from a commit, not from a work tree", code="E801")
        source = project.deps.source
        base = source.base(revision, branch=_branch(project.desired, here))
        old = load(source, project.checkout.expressions, revision=base).desired if base is not None else None
        return plan_pull_request.plan_comment(project.deps, old, project.desired, here, head=job.head or revision)


def _branch(desired: DesiredState, environment: Environment) -> str:
    """What requests are merged into: the environment's own branch, else (a sandbox's) that of the others."""
    branches = [environment.protect, *(one.protect for one in desired.environments)]
    found = next((one for one in branches if one is not None), None)
    if found is None:
        raise UsageError(
            f"nothing says which branch requests for {environment.name} are merged into",
            hint=f"name it in environments/{environment.name}.yaml: protect: {{branch: main}}",
            code="E801",
        )
    return found


def _tell(found: PlanComment, body: str, number: int | None, head: str | None) -> None:
    root = locations.project()
    forge = forge_connection.forge_here(root, os.environ)
    if forge is None:
        streams.say("no forge is known here: this is what would be told on the request")
        return
    if number is None:
        raise UsageError("which request?", hint="name it: --request N", code="E801")
    tip = forge.pull(number).commit
    if found.reviewed.commit not in (tip, head):
        raise ConflictError(
            f"request {number} has moved on to {tip[:12]}, and this is a plan for {found.reviewed.commit[:12]}",
            hint="plan its last commit",
        )
    if found.reviewed.commit != tip:
        raise ConflictError(f"request {number} has moved on to {tip[:12]}", hint="its own job will plan that")
    url = forge.comment(number, apply_on_merge.comment_key(found.environment), body)
    refused = pull_request_comment.exit_of(found) is not Exit.CLEAN
    forge.set_status(
        tip,
        CommitStatus(
            name=apply_on_merge.status_name(found.environment),
            state=StatusState.FAILURE if refused else StatusState.SUCCESS,
            description=f"{pull_request_comment.summary(found)}; {codec.digest_of(found.reviewed)}",
            url=url,
        ),
    )
    streams.say(f"told on request {number}: {url}")


def on_merge(invocation: Invocation, environment: str, *, chosen: bool = False) -> int:
    """Carry out what was approved in the requests that were merged, and report on them. `chosen`: the command line says
    what to apply, which is for the requests to say."""
    if chosen:
        raise UsageError("--on-merge takes no models and no plan", hint="leave them out", code="E801")
    found = _carried_out(invocation, environment)
    streams.show(invocation, merge_result, found, exit=int(found.exit))
    return int(found.exit)


def _carried_out(invocation: Invocation, environment: str) -> MergeResult:
    from reconciler.app.wiring import opened, proposer
    from reconciler.engine.inspect import status as inspect
    from reconciler.engine.load_desired import load
    from reconciler.engine.plan import make_plan
    from reconciler.engine.promotion.revert_branch import propose_revert

    with opened(invocation, changes=environment, asks=True) as project:
        here, desired = project.environment(environment), project.desired
        deps = project.training_only_in(here)
        if deps.forge is None:
            raise ForgeError(
                "no forge is known for this repository, so nobody can say what was approved",
                hint=f"apply a plan that was reviewed: reconciler apply {environment} --plan FILE",
                code="E905",
            )
        started = deps.clock()
        plan = make_plan.make_plan(deps, desired, here)
        done = []
        for change in apply_on_merge.pending_changes(deps, desired, here, plan, deps.forge):
            applied = apply_on_merge.apply_change(deps, desired, here, plan, change)
            failed = [one.model for one in applied.results if one.exit in (Exit.FAILED, Exit.INTEGRITY)]
            branch = None
            if failed and change.before is not None:
                old = load(deps.source, project.checkout.expressions, revision=change.before)
                why = "; ".join(f"{one.model}: {one.problem}" for one in applied.results if one.model in failed)
                branch = propose_revert(
                    proposer(project.root), old, project.checkout, environment=environment, models=failed, reason=why
                )
            (now,) = inspect.status(deps, desired, (environment,)).environments
            request = change.approved.request if change.approved is not None else None
            record = change.approved.record if change.approved is not None else None
            one = MergedPullRequest(
                commit=change.commit,
                request=request.number if request else None,
                url=request.url if request else None,
                depth=record.depth if record else None,
                applied=applied,
                status=tuple(model for model in now.models if model.model in change.models),
                plan=plan.id,
                revert=branch,
            )
            done.append(_reported(deps.forge, environment, one))
        seconds = int((deps.clock() - started).total_seconds())
    return MergeResult(environment=environment, revision=desired.revision or "", merged=tuple(done), seconds=seconds)


def _reported(forge: Forge, environment: str, one: MergedPullRequest) -> MergedPullRequest:
    """Told on the request, and under the merge's commit. What was applied stays so when telling fails: that is said."""
    from dataclasses import replace

    try:
        for status in _statuses(environment, one.applied):
            forge.set_status(one.commit, status)
        if one.request is None:
            return one
        body = to_markdown(merge_result.request_blocks(environment, one))
        return replace(one, told=forge.comment(one.request, f"apply/{environment}", body))
    except ReconcilerError as error:
        streams.say(f"it could not be told at the forge: {error}")
        return one


def _statuses(environment: str, applied: ApplyResult) -> Iterator[CommitStatus]:
    from reconciler.report.plan.apply_result import summary

    name = f"reconciler/apply/{environment}"
    unfinished = [one for one in applied.results if one.exit]
    for one in unfinished[:MOST_STATUSES]:
        state, why = StatusState.FAILURE, one.problem or "not finished"
        yield CommitStatus(name=f"{name}/{one.model}", state=state, description=why)
    state = StatusState.FAILURE if unfinished else StatusState.SUCCESS
    yield CommitStatus(name=name, state=state, description=summary(applied))
