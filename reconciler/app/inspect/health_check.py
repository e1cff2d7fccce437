"""Check the machine, then the project, then each environment, as far as each can be reached."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, git_version
from reconciler.adapters.system import machine
from reconciler.adapters.system.host import cores, memory
from reconciler.app import actor, forge_connection
from reconciler.app.inspect.worker_limits import network_left, worker_limits
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import OpenProject, open_project
from reconciler.core.duration import in_words
from reconciler.core.forge.detection import ForgeKind, token_of
from reconciler.core.inspect.health_check import Check, HealthReport, Level, room
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.runtime import runtime_for
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.inspect.health_check import bad, environment_checks
from reconciler.engine.needed_secrets import is_unset
from reconciler.engine.removed_environments import leftovers, without_settled
from reconciler.engine.trust.check_keys import signing_key, trusted_keys
from reconciler.errors import InvalidManifestsError, ReconcilerError
from reconciler.ports import ReachabilityCheck
from reconciler.report.layout.formatting import at, count, size

MACHINE, PROJECT = "this machine", "the project"


def check_all(find: Callable[[], ProjectOptions]) -> HealthReport:
    """Check the machine, then the project that `find` returns or raises why there is none, then its environments."""
    return HealthReport(checks=(*_machine(), *_project(find)))


def _check(area: str, name: str, message: str, *, level: Level = Level.GOOD, remedy: str | None = None) -> Check:
    return Check(area=area, name=name, level=level, found=message, remedy=None if level is Level.GOOD else remedy)


# --- the machine -----------------------------------------------------------------------------------------------------


def _machine() -> Iterator[Check]:
    host = platform.uname()
    system = f"{host.system} {host.machine}, {count(cores(), 'core')}, {size(memory())}"
    yield _check(MACHINE, "system", system)
    yield _check(MACHINE, "python", platform.python_version())
    yield _packages()
    yield _git()
    yield worker_limits(MACHINE, network_left())
    yield _folder(MACHINE, "temporary", Path(tempfile.gettempdir()), "set TMPDIR to a folder with more room")


def _packages() -> Check:
    packages = machine.packages("model-reconciler")
    misfits = [
        f"{package.name} {package.found or 'is missing'}, expected {package.wanted}"
        for package in packages
        if not package.fits
    ]
    return _check(
        MACHINE,
        "packages",
        "; ".join(misfits) or f"all {len(packages)} have the versions that this release was tested with",
        level=Level.BAD if misfits else Level.GOOD,
        remedy="pip install --force-reinstall model-reconciler, in an environment of its own",
    )


def _git() -> Check:
    remedy = "install git 2.30 or newer"
    try:
        version, new_enough = git_version()
    except OSError:
        return _check(MACHINE, "git", "cannot be run", level=Level.BAD, remedy=remedy)
    return _check(MACHINE, "git", version, level=Level.GOOD if new_enough else Level.BAD, remedy=remedy)


def _folder(area: str, name: str, folder: Path, remedy: str) -> Check:
    try:
        free = machine.probe(folder)
    except ReconcilerError as error:
        return bad(area, name, error)
    new = "" if folder.exists() else ", will be created"
    return _check(area, name, f"{_relative(folder)}{new}: {size(free)} free", level=room(free), remedy=remedy)


def _relative(folder: Path) -> str:
    """Return a folder's path, relative to the current folder where it lies there."""
    current = Path.cwd()
    return str(folder.relative_to(current)) if current in folder.parents else str(folder)


# --- the project -----------------------------------------------------------------------------------------------------


def _project(find: Callable[[], ProjectOptions]) -> Iterator[Check]:
    try:
        options = find()
        yield from _repository(options.root)
        with open_project(options, removed=None) as project:
            left = leftovers(project.deps, project.desired)
            desired = without_settled(project.desired, ())
            manifests = count(len(desired.models), "model manifest")
            environments = count(len(desired.environments), "environment")
            yield _check(
                PROJECT, "manifests", f"{desired.project} {at(desired.revision)}: {manifests}, {environments}, valid"
            )
            yield from signing_key(project.deps, desired, PROJECT)
            runtime = machine.runtime()
            for declared in desired.environments:
                yield from _storage(project, declared)
                yield from _compute(project, declared)
                yield from trusted_keys(project.deps, desired, declared)
                yield from environment_checks(project.deps, desired, declared, runtime)
            for each in left:
                yield _check(each.environment.name, "removed", each.problem, level=Level.WARNING, remedy=each.remedy)
    except InvalidManifestsError as error:
        remedy = "run `reconciler validate`: it lists every problem"
        yield _check(PROJECT, "manifests", str(error), level=Level.BAD, remedy=remedy)
    except ReconcilerError as error:
        yield bad(PROJECT, "project", error)


def _repository(root: Path) -> Iterator[Check]:
    shallow = Git(root).run("rev-parse", "--is-shallow-repository").strip() == b"true"
    yield _check(
        PROJECT,
        "history",
        "shallow: the order of commits is unknown" if shallow else "complete",
        level=Level.WARNING if shallow else Level.GOOD,
        remedy="git fetch --unshallow (in CI: fetch-depth: 0)",
    )
    user = actor.git_user(root, os.environ)
    known = user is not None and "<" in user
    yield _check(
        PROJECT,
        "identity",
        user if user is not None and known else "git has no user name and email, so promote and rollback cannot commit",
        level=Level.GOOD if known else Level.WARNING,
        remedy='git config user.name "Your Name" && git config user.email you@example.org',
    )
    yield _forge(root)


def _forge(root: Path) -> Check:
    """Check where pull requests go, and whose token opens them. Only commands that open one need a forge."""
    try:
        choice = forge_connection.choice_here(root, os.environ)
        if choice.kind is ForgeKind.NONE:
            return _check(PROJECT, "forge", f"none: {choice.because}")
        token = token_of(os.environ, choice.kind)
        forge = forge_connection.forge(choice, token, os.environ)
        forge.opened("promote/")  # tests that the token may read the project; writing is not tested
        message = f"{forge.name}, {choice.project}: {token.name} belongs to {forge.whoami()}, and can read"
        if token.name == "CI_JOB_TOKEN":
            message, remedy = (
                f"{message}; GitLab does not let it open merge requests",
                "set GITLAB_TOKEN, a project access token",
            )
            return _check(PROJECT, "forge", message, level=Level.WARNING, remedy=remedy)
    except ReconcilerError as error:
        level = Level.WARNING if error.code in ("E902", "E906") else Level.BAD
        return _check(PROJECT, "forge", str(error), level=level, remedy=error.hint)
    return _check(PROJECT, "forge", message)


def _storage(project: OpenProject, environment: Environment) -> Iterator[Check]:
    """Check the store and the target of an environment, and the memory that it may use."""
    name = environment.name
    yield _location(project.root, name, "store", environment.store, project.deps.stores)
    if environment.target is not None:
        yield _location(project.root, name, "target", environment.target, project.deps.targets)
    available = memory()
    if environment.trains and environment.limits.memory > available:
        message = f"a worker process may use {size(environment.limits.memory)}, and this machine has {size(available)}"
        remedy = "set `limits.memory` of the environment to less than the machine has"
        yield _check(name, "memory", message, level=Level.WARNING, remedy=remedy)


def _compute(project: OpenProject, environment: Environment) -> Iterator[Check]:
    """Check the cluster that a sandbox trains on: its scheduler, and whether each worker would take a task."""
    name, compute = environment.name, environment.compute
    if compute is None:
        return
    from reconciler.app.cluster.connect import open_cluster

    if not project.deps.secret(compute.scheduler):
        remedy = "set it where this environment is applied; elsewhere this is no fault"
        yield _check(name, "compute", is_unset(compute.scheduler), level=Level.WARNING, remedy=remedy)
        return
    cluster = open_cluster(project, environment, compute)
    try:
        uses = {model.recipe.estimator.uses for model in project.desired.models_of(name)}
        declared = runtime_for(environment.runtime, uses) if environment.runtime is not None else None
        workers = cluster.workers(declared)
    except ReconcilerError as error:
        yield bad(name, "compute", error)
        return
    finally:
        cluster.close()
    fitting = [worker for worker in workers if worker.problem is None]
    for worker in workers:
        if worker.problem is not None:
            yield _check(name, "compute", worker.problem, level=Level.BAD, remedy=worker.remedy)
    if not workers:
        remedy = f"start workers, or let the cluster start them: an apply waits {in_words(compute.wait)} for one"
        yield _check(
            name, "compute", "the scheduler answers, and has no worker now", level=Level.WARNING, remedy=remedy
        )
    if fitting:
        tasks = count(sum(worker.threads for worker in fitting), "task")
        found = f"{count(len(fitting), 'worker')} of Dask for {tasks} at once, with this runtime and this store"
        yield _check(name, "compute", found)


def _location(root: Path, name: str, kind: str, place: StorageLocation, opened: Mapping[str, object]) -> Check:
    """Check one store or target: `kind` of the environment `name`."""
    if place.root is not None:
        remedy = "free space on that disk, but delete nothing that is stored there"
        return _folder(name, kind, root / place.root, remedy)
    try:
        storage = opened[name]
        if not isinstance(storage, ReachabilityCheck):
            return _check(name, kind, f"{place.address}: not checked, as its plug-in has no check")
        storage.reach()
    except ReconcilerError as error:
        return bad(name, kind, error)
    try:
        storage.probe()
    except ReconcilerError as error:
        if error.code != "E602":
            return bad(name, kind, error)
        message = f"{place.address} can be read, but not written by this user"
        return _check(
            name,
            kind,
            message,
            level=Level.WARNING,
            remedy="nothing to do where only CI applies; else grant this user the right to write there",
        )
    if place.is_by_environment:
        message = f"{place.address}: tested; of two simultaneous writers the later one puts the newer release in place"
        return _check(name, kind, message)
    return _check(name, kind, f"{place.address}: tested; of two simultaneous writers only the first succeeds")
