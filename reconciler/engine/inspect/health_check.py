"""Look at an environment's store, target and tables before a command needs them. Reads only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from reconciler.core.artifact.build import Provenance
from reconciler.core.inspect.audit import Audit, AuditFinding
from reconciler.core.inspect.health_check import Check, Level
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Runtime
from reconciler.core.spec.runtime import differences, remedy, runtime_for
from reconciler.core.status_codes import ResultStatus, status_of, worst_status
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.inspect import audit
from reconciler.engine.needed_secrets import is_unset, unset_secrets
from reconciler.engine.plan import observe_loss
from reconciler.engine.refresh.refresh_notes import unset_here
from reconciler.engine.storage import blobs, data_snapshots, folder_rights
from reconciler.engine.table_lookup import header_of
from reconciler.errors import DataError, ReconcilerError
from reconciler.ports import HeaderRequest


def environment_checks(
    deps: Dependencies, desired: DesiredState, environment: Environment, machine: Runtime
) -> Iterator[Check]:
    """Check one environment: branch, tables, runtime, models in use. `machine`: this machine's runtime."""
    if environment.protect is not None:
        yield _branch(deps, desired, environment, environment.protect)
    yield from _tables(deps.data_root, environment)
    yield from _elsewhere(deps, environment)
    if environment.trains:
        yield from _secrets(deps, desired, environment)
    yield from _channels(deps, environment)
    if environment.runtime is not None and environment.compute is None:
        uses = {model.recipe.estimator.uses for model in desired.models_of(environment.name)}
        yield _trains(environment, runtime_for(environment.runtime, uses), machine)
    rights = tuple(_rights(deps, environment))
    yield from rights
    try:
        audited = audit.audit(deps, desired, (environment.name,), hashed=HASHED)
    except ReconcilerError as error:
        if error.code != "E607" or not any(check.level is Level.BAD for check in rights):
            yield bad(environment.name, "stored", error)
        return  # each such folder is told, and what lies there is not read before it is mended
    yield from _stored(environment, audited, told=frozenset(check.found for check in rights))
    yield from _in_use(deps, desired, environment, machine, damaged=audited.status is not ResultStatus.CLEAN)


HASHED = 1024**2  # bytes of a blob that is hashed here, too: all that a plan is decided from; audit hashes every one
MOST = 20  # findings that are told one by one


def _stored(environment: Environment, audited: Audit, *, told: frozenset[str]) -> Iterator[Check]:
    """Tell what an audit of the store and the target finds, but for what was told, and what it did not look at."""
    findings = [finding for finding in audited.findings if finding.problem not in told]
    yield from (_found(finding, Level.BAD) for finding in findings[:MOST])
    if left := findings[MOST:]:
        yield Check(
            area=environment.name,
            name="stored",
            level=Level.BAD,
            found=f"{len(left):,} more findings",
            remedy=f"run `reconciler audit {environment.name}`: it lists all",
            status=worst_status(finding.status for finding in left),
        )
    yield from (_found(note, Level.WARNING) for note in audited.notes[:MOST] if note.problem not in told)
    counts = dict(audited.checked)
    unhashed = counts.pop("blobs not hashed", 0)
    read = f"{sum(counts.values()):,} objects read and hashed" if counts else "nothing yet"
    if unhashed:
        read += (
            f"; the bytes of {unhashed:,} larger blob{'s' * (unhashed != 1)} were not looked at: "
            f"`reconciler audit {environment.name}` does that"
        )
    if not audited.findings:
        yield Check(area=environment.name, name="stored", level=Level.GOOD, found=read)


def _found(finding: AuditFinding, level: Level) -> Check:
    kind = re.split("[/: ]", finding.where)[0] or "rights"
    where = "" if finding.where in finding.problem or finding.where.startswith("/") else f"{finding.where}: "
    return Check(
        area=finding.environment,
        name=kind,
        level=level,
        found=f"{where}{finding.problem}",
        remedy=finding.remedy,
        status=finding.status,
    )


def bad(area: str, name: str, error: ReconcilerError) -> Check:
    """Return a failed check with the error's message and hint."""
    status = ResultStatus.DAMAGED if status_of(error) is ResultStatus.DAMAGED else ResultStatus.FAILED
    return Check(area=area, name=name, level=Level.BAD, found=str(error), remedy=error.hint, status=status)


def _rights(deps: Dependencies, environment: Environment) -> Iterator[Check]:
    """Check who may write the folders of the store and of the target, and those that they lie in."""
    for kind, folder in folder_rights.open_folders(deps, environment.name):
        yield Check(
            area=environment.name,
            name=f"{kind} rights",
            level=Level.BAD if folder.by_everybody else Level.WARNING,
            found=folder.problem,
            remedy=folder.remedy,
            status=folder_rights.open_status(kind, folder),
        )


def _branch(deps: Dependencies, desired: DesiredState, environment: Environment, branch: str) -> Check:
    try:
        if desired.revision is not None:
            deps.source.order(desired.revision, desired.revision, branch=branch)
    except ReconcilerError as error:
        return bad(environment.name, "branch", error)
    return Check(area=environment.name, name="branch", level=Level.GOOD, found=f"only commits of {branch} are applied")


def _tables(root: Path, environment: Environment) -> Iterator[Check]:
    here = [(name, table) for name, table in environment.data.tables if table.is_here]
    missing = [f"{name} ({table.path})" for name, table in here if not (root / table.folder).exists()]
    if missing:
        yield Check(
            area=environment.name,
            name="tables",
            level=Level.BAD,
            found="no file for " + ", ".join(missing),
            remedy="put the file there, or name the folder that table paths start from with --data-root",
        )
    elif here:
        yield Check(area=environment.name, name="tables", level=Level.GOOD, found=", ".join(dict(here)))


def _elsewhere(deps: Dependencies, environment: Environment) -> Iterator[Check]:
    """Ask databases and buckets for the columns of their tables: whether they can be reached from here."""
    reached, elsewhere = [], [(name, table) for name, table in environment.data.tables if not table.is_here]
    for problem in unset_secrets(deps.secret, elsewhere):
        yield _unset(environment, "tables", problem)
    for name, table in elsewhere:
        if deps.headers is None or (table.url is not None and not deps.secret(table.url)):
            continue
        try:
            header = header_of(deps.headers, deps.secret, HeaderRequest(root=deps.data_root, name=name, table=table))
        except ReconcilerError as error:
            yield bad(environment.name, "tables", error)
            continue
        if header.columns is not None:
            reached.append(name)
            continue
        yield Check(
            area=environment.name,
            name="tables",
            level=Level.WARNING,
            found=header.unknown or f"{name} was not found",
            remedy="make it reachable where this environment's tables are copied; elsewhere this is no fault",
        )
    if reached:
        yield Check(area=environment.name, name="tables", level=Level.GOOD, found=f"reached: {', '.join(reached)}")


def _secrets(deps: Dependencies, desired: DesiredState, sandbox: Environment) -> Iterator[Check]:
    """Tell whether the secrets that a refresh needs are set here, where it needs any."""
    data = data_snapshots.source_of(desired, sandbox).data
    if (data.mask_key or sandbox.data.mask_key) is None and not any(table.url for _, table in data.tables):
        return
    problems = unset_here(deps.secret, desired, sandbox)
    for problem in problems:
        yield _unset(sandbox, "secrets", problem)
    if not problems:
        yield Check(area=sandbox.name, name="secrets", level=Level.GOOD, found="all that a refresh needs are set")


def _channels(deps: Dependencies, environment: Environment) -> Iterator[Check]:
    """Tell whether the addresses of the channels that people are told through are set here."""
    for channel in environment.notify:
        known = bool(deps.secret(channel.to))
        yield Check(
            area=environment.name,
            name="notify",
            level=Level.GOOD if known else Level.WARNING,
            found=f"{channel.to} is set" if known else is_unset(channel.to),
            remedy=None if known else "set it where this environment is applied; elsewhere this is no fault",
        )


def _unset(environment: Environment, name: str, problem: DataError) -> Check:
    return Check(area=environment.name, name=name, level=Level.WARNING, found=problem.message, remedy=problem.hint)


def _trains(environment: Environment, declared: Runtime, machine: Runtime) -> Check:
    mismatches = differences(declared, machine)
    if not mismatches:
        versions = ", ".join(f"{name} {value}" for name, value in declared.versions)
        return Check(area=environment.name, name="runtime", level=Level.GOOD, found=f"as declared: {versions}")
    return Check(
        area=environment.name,
        name="runtime",
        level=Level.WARNING,
        found="cannot train on this machine: declared " + "; ".join(mismatches),
        remedy=remedy(declared, machine, environment.lock),
    )


def _in_use(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    machine: Runtime,
    *,
    damaged: bool,
) -> Iterator[Check]:
    """Compare the runtimes that deployed artifacts were trained with to this machine's, as far as they can be read.

    `damaged`: something is not as it should be, and was told.
    """
    journals, store = observe_loss.journals_of(deps, desired), deps.stores[environment.name]

    def runtimes_of(model: str) -> tuple[Runtime | None, ...]:
        """Return the runtime of a deployed model, None where its build is not recorded; nothing where none is."""
        try:
            head = journals.head(environment.name, model)
            if head is None or head.state.artifact is None:
                return ()
            build = head.state.build
            if build is None or not blobs.holds(store, build.provenance):
                return (None,)
            return (blobs.record(store, build.provenance, Provenance).runtime,)
        except ReconcilerError:
            return ()

    declared = [model.name for model in desired.models_of(environment.name)]
    found = [runtime for some in deps.parallel_map(runtimes_of, declared) for runtime in some]
    runtimes, unknown = Counter(runtime for runtime in found if runtime is not None), found.count(None)
    for runtime, models in sorted(runtimes.items(), key=lambda pair: -pair[1]):
        mismatches = differences(runtime, machine)
        sklearn = dict(runtime.versions).get("scikit-learn", "unknown")
        origin = f"{models:,} trained with scikit-learn {sklearn} on {runtime.architecture}"
        yield Check(
            area=environment.name,
            name="models",
            level=Level.WARNING if mismatches else Level.GOOD,
            found=origin
            + (f"; this machine differs: {'; '.join(mismatches)}" if mismatches else ", as on this machine"),
            remedy="install the versions they were trained with, or train them again in the sandbox and promote"
            if mismatches
            else None,
        )
    if not runtimes and not unknown and not damaged:
        yield Check(area=environment.name, name="models", level=Level.GOOD, found="nothing is deployed yet")
    if unknown:
        yield Check(
            area=environment.name,
            name="models",
            level=Level.GOOD,
            found=f"{unknown:,} whose build is not recorded in this store",
        )
