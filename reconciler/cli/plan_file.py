"""Write a plan to a file, read it back, and tell the status of a plan.

The file is the plan's canonical JSON. Reading it back recomputes its id and each model's digest, so that one edited by
hand is refused (E703); what still holds of it is for `engine.apply` to find out.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import tempfile
from pathlib import Path

from reconciler import codec
from reconciler.console.invocation import Invocation
from reconciler.core.plan.plan import PLAN_FORMAT, Plan, PlanIdentity
from reconciler.core.size_limits import PLAN_BYTES, PLAN_ITEMS
from reconciler.core.status_codes import ResultStatus, worst_status
from reconciler.errors import IntegrityError, UsageError

_AGAIN = "make a new plan with `reconciler plan ENV --out FILE`, review it, and apply that file"


def pending(plan: Plan) -> ResultStatus:
    """Return the status for `plan --check`: the worst of all models; a refresh of data counts as a change, and so does
    what is served otherwise than it was applied, where apply does not correct it."""
    refresh = ResultStatus.PENDING if plan.refresh else ResultStatus.CLEAN
    return worst_status([refresh, plan.trouble, *(part.status for part in plan.models)])


def readable(plan: Plan) -> ResultStatus:
    """Return the status for `plan`: clean unless something is broken, whatever is pending or refused."""
    broken = (ResultStatus.FAILED, ResultStatus.INVALID, ResultStatus.DAMAGED)
    return worst_status(part.status for part in plan.models if part.status in broken)


def write(plan: Plan, out: Path | None) -> None:
    """Write a plan to `out`, if any, replacing it in one step. Raises UsageError E803."""
    if out is None:
        return
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name[:100]}.", dir=out.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(codec.encode(plan))
        temporary.replace(out)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="choose another --out", code="E803") from error


def read(file: Path, environment: str, invocation: Invocation, *, refresh: bool = False) -> Plan:
    """Return the plan in `file`, which is for `environment`, and set the invocation to the plan's revision.

    Raises UsageError E801 for another plan, and where a `refresh` is asked for that the plan may not have.
    """
    if refresh:
        hint = f"`reconciler plan {environment} --refresh --out FILE` writes a plan with a refresh"
        raise UsageError("--refresh and --plan exclude each other", hint=hint, code="E801")
    plan = _decoded(_body(file), file)
    if plan.environment != environment:
        raise UsageError(
            f"{file} is a plan for {plan.environment}, not for {environment}",
            hint=f"run `reconciler apply {plan.environment} --plan {shlex.quote(str(file))}`",
            code="E801",
        )
    if invocation.revision is not None or invocation.working_tree:
        raise UsageError(
            "a plan is applied at the revision that it was made for", hint="leave out --revision and --working-tree",
            code="E801",
        )  # fmt: skip
    invocation.revision, invocation.working_tree = plan.revision, plan.revision is None
    return plan


def _body(file: Path) -> bytes:
    try:
        if file.exists() and not file.is_file():
            raise UsageError(
                f"{file} is not a file", hint="name a file that `reconciler plan --out` wrote", code="E801"
            )
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > PLAN_BYTES:
                message = f"{file} is too large for a plan: {size:,} bytes, at most {PLAN_BYTES:,} are read"
                raise IntegrityError(message, code="E703", hint=_AGAIN)
            return stream.read(PLAN_BYTES)
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", hint="name a file that `reconciler plan --out` wrote", code="E801"
        ) from error


def _decoded(body: bytes, file: Path) -> Plan:
    if codec.items_of(body) > PLAN_ITEMS:
        raise IntegrityError(f"{file} has more items than any plan", code="E703", hint=_AGAIN)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or "format" not in document:
        raise IntegrityError(f"{file} is not a plan", code="E703", hint=_AGAIN)
    if document["format"] != PLAN_FORMAT:
        raise IntegrityError(
            f"{file} was written by another version: this one reads plans of format {PLAN_FORMAT}",
            code="E703",
            hint=_AGAIN,
        )
    try:
        plan = codec.decode(Plan, body, what=str(file))
    except IntegrityError as error:
        raise IntegrityError(f"{file} is not a plan as it was written", code="E703", hint=_AGAIN) from error
    identity = PlanIdentity(
        environment=plan.environment,
        revision=plan.revision,
        refresh=plan.refresh is not None,
        models=tuple(part.digest for part in plan.models),
    )
    sound = all(
        part.digest == codec.digest_of(part.basis)
        and (part.basis.environment, part.basis.model) == (plan.environment, part.model)
        for part in plan.models
    )
    if not sound or plan.id != codec.digest_of(identity):
        raise IntegrityError(f"{file} was changed by hand: its digests do not fit", code="E703", hint=_AGAIN)
    return plan
