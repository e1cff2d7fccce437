"""Look at an environment's store, target and tables before a command needs them. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from reconciler.core.artifact.build import Provenance
from reconciler.core.inspect.health_check import Check, Level
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Runtime
from reconciler.core.spec.runtime import differences
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import make_plan, observe_loss
from reconciler.engine.storage import blobs, folder_rights
from reconciler.errors import ReconcilerError


def environment_checks(
    deps: Dependencies, desired: DesiredState, environment: Environment, machine: Runtime
) -> Iterator[Check]:
    """Check one environment: branch, tables, runtime, models in use. `machine`: this machine's runtime."""
    if environment.protect is not None:
        yield _branch(deps, desired, environment, environment.protect)
    yield from _tables(deps.data_root, environment)
    if environment.runtime is not None:
        yield _trains(environment, environment.runtime, machine)
    rights = tuple(_rights(deps, environment))
    yield from rights
    try:
        damage = make_plan.damage(deps, desired, environment)
    except ReconcilerError as error:
        if error.code != "E607" or not any(check.level is Level.BAD for check in rights):
            raise
        return  # each such folder is told, and what lies there is not read before it is mended
    for problem in damage:
        yield Check(
            area=environment.name,
            name=problem.model or "serving",
            level=Level.BAD,
            found=problem.problem,
            remedy=problem.remedy,
            status=problem.status,
        )
    if all(problem.model is not None for problem in damage):
        yield from _in_use(deps, desired, environment, machine, damaged={problem.model for problem in damage})


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
            status=ResultStatus.FAILED if folder.by_everybody else ResultStatus.CLEAN,
        )


def _branch(deps: Dependencies, desired: DesiredState, environment: Environment, branch: str) -> Check:
    try:
        if desired.revision is not None:
            deps.source.order(desired.revision, desired.revision, branch=branch)
    except ReconcilerError as error:
        return bad(environment.name, "branch", error)
    return Check(area=environment.name, name="branch", level=Level.GOOD, found=f"protected by {branch}")


def _tables(root: Path, environment: Environment) -> Iterator[Check]:
    missing = [f"{name} ({table.path})" for name, table in environment.data.tables if not (root / table.path).is_file()]
    if missing:
        yield Check(
            area=environment.name,
            name="tables",
            level=Level.BAD,
            found="no file for " + ", ".join(missing),
            remedy="put the file there, or name the folder that table paths start from with --data-root",
        )
    elif environment.data.tables:
        yield Check(
            area=environment.name, name="tables", level=Level.GOOD, found=", ".join(dict(environment.data.tables))
        )


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
        remedy="install the declared lock, or change `runtime` in the environment by a pull request",
    )


def _in_use(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    machine: Runtime,
    *,
    damaged: Collection[str | None],
) -> Iterator[Check]:
    """Compare the runtimes that deployed artifacts were trained with to this machine's, but for `damaged` models."""
    runtimes: Counter[Runtime] = Counter()
    unknown = 0
    journals = observe_loss.journals_of(deps, desired)
    declared = [model.name for model in desired.models_of(environment.name) if model.name not in damaged]
    for head in deps.parallel_map(lambda model: journals.head(environment.name, model), declared):
        if head is None or head.state.artifact is None:
            continue
        build = head.state.build
        if build is None or not blobs.holds(deps.stores[environment.name], build.provenance):
            unknown += 1
            continue
        runtimes[blobs.record(deps.stores[environment.name], build.provenance, Provenance).runtime] += 1
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
