"""The rounds of `doctor`: the machine, then the project, then each environment, as far as each can be reached."""

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
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import OpenProject, open_project
from reconciler.core.forge.detection import ForgeKind, token_of
from reconciler.core.inspect.health_check import Check, HealthReport, Level, room
from reconciler.core.spec.environment import Environment, StorageLocation
from reconciler.engine.inspect.health_check import bad, environment
from reconciler.errors import InvalidManifestsError, ReconcilerError
from reconciler.ports import ReachabilityCheck
from reconciler.report.layout.formatting import at, count, size

MACHINE, PROJECT = "this machine", "the project"


def check_all(find: Callable[[], ProjectOptions]) -> HealthReport:
    """Check the machine, then the project that `find` returns or raises why there is none, then its environments."""
    return HealthReport(checks=(*_machine(), *_project(find)))


def _check(area: str, name: str, found: str, *, level: Level = Level.GOOD, remedy: str | None = None) -> Check:
    return Check(area=area, name=name, level=level, found=found, remedy=None if level is Level.GOOD else remedy)


# --- the machine -----------------------------------------------------------------------------------------------------


def _machine() -> Iterator[Check]:
    host = platform.uname()
    system = f"{host.system} {host.machine}, {count(cores(), 'core')}, {size(memory())}"
    yield _check(MACHINE, "system", system)
    yield _check(MACHINE, "python", platform.python_version())
    yield _packages()
    yield _git()
    yield _folder(MACHINE, "temporary", Path(tempfile.gettempdir()), "set TMPDIR to a folder with more room")


def _packages() -> Check:
    found = machine.packages("model-reconciler")
    odd = [
        f"{one.name} {one.found}, wanted {one.wanted}" if one.found else f"no {one.name}, wanted {one.wanted}"
        for one in found
        if not one.fits
    ]
    return _check(
        MACHINE,
        "packages",
        "; ".join(odd) or f"all {len(found)} as this release was tested with",
        level=Level.BAD if odd else Level.GOOD,
        remedy="pip install --force-reinstall model-reconciler, in an environment of its own",
    )


def _git() -> Check:
    remedy = "install git 2.30 or newer"
    try:
        found, new_enough = git_version()
    except OSError:
        return _check(MACHINE, "git", "cannot be run", level=Level.BAD, remedy=remedy)
    return _check(MACHINE, "git", found, level=Level.GOOD if new_enough else Level.BAD, remedy=remedy)


def _folder(area: str, name: str, folder: Path, remedy: str) -> Check:
    try:
        free = machine.probe(folder)
    except ReconcilerError as error:
        return bad(area, name, error)
    new = "" if folder.exists() else ", will be made"
    shown = f"{_shown(folder)}{new}: {size(free)} free"
    return _check(area, name, shown, level=room(free), remedy=remedy)


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if here in folder.parents else str(folder)


# --- the project -----------------------------------------------------------------------------------------------------


def _project(find: Callable[[], ProjectOptions]) -> Iterator[Check]:
    try:
        options = find()
        yield from _repository(options.root)
        with open_project(options) as project:
            desired = project.desired
            models = count(len(desired.models), "model")
            there = count(len(desired.environments), "environment")
            yield _check(PROJECT, "manifests", f"{desired.project} {at(desired.revision)}: {models} in {there}, valid")
            here = machine.runtime()
            for one in desired.environments:
                yield from _places(project, one)
                yield from environment(project.deps, desired, one, here)
    except InvalidManifestsError as error:
        remedy = "reconciler validate says what and where"
        yield _check(PROJECT, "manifests", str(error), level=Level.BAD, remedy=remedy)
    except ReconcilerError as error:
        yield bad(PROJECT, "project", error)


def _repository(root: Path) -> Iterator[Check]:
    shallow = Git(root).run("rev-parse", "--is-shallow-repository").strip() == b"true"
    yield _check(
        PROJECT,
        "history",
        "cut off: whether a commit follows another cannot be told" if shallow else "whole",
        level=Level.WARNING if shallow else Level.GOOD,
        remedy="git fetch --unshallow (in CI: fetch-depth: 0)",
    )
    user = actor.git_user(root, os.environ)
    known = user is not None and "<" in user
    yield _check(
        PROJECT,
        "identity",
        user if user is not None and known else "git does not know who you are, so promote and rollback cannot commit",
        level=Level.GOOD if known else Level.WARNING,
        remedy='git config user.name "Your Name" && git config user.email you@example.org',
    )
    yield _forge(root)


def _forge(root: Path) -> Check:
    """Where pull requests go, and whose token opens them. Having none stops only what asks for one."""
    try:
        choice = forge_connection.choice_here(root, os.environ)
        if choice.kind is ForgeKind.NONE:
            return _check(PROJECT, "forge", f"none: {choice.because}")
        token = token_of(os.environ, choice.kind)
        there = forge_connection.forge(choice, token, os.environ)
        there.opened("promote/")  # whether it may see the project; that it may write is not tried
        found = f"{there.name}, {choice.project}: {token.name} is of {there.whoami()}, and can read"
        if token.name == "CI_JOB_TOKEN":
            found, remedy = f"{found}; GitLab lets it open nothing", "set GITLAB_TOKEN, a project access token"
            return _check(PROJECT, "forge", found, level=Level.WARNING, remedy=remedy)
    except ReconcilerError as error:
        level = Level.WARNING if error.code in ("E902", "E906") else Level.BAD
        return _check(PROJECT, "forge", str(error), level=level, remedy=error.hint)
    return _check(PROJECT, "forge", found)


def _places(project: OpenProject, one: Environment) -> Iterator[Check]:
    yield _place(project.root, one, "store", one.store, project.deps.stores)
    if one.target is not None:
        yield _place(project.root, one, "target", one.target, project.deps.targets)
    has = memory()
    if one.trains and one.limits.memory > has:
        found = f"a worker process may use {size(one.limits.memory)}, and this machine has {size(has)}"
        remedy = "set `limits.memory` of the environment to less than the machine has"
        yield _check(one.name, "memory", found, level=Level.WARNING, remedy=remedy)


def _place(root: Path, one: Environment, what: str, place: StorageLocation, opened: Mapping[str, object]) -> Check:
    if place.root is not None:
        remedy = "make room there: nothing of what is stored may be deleted by hand"
        return _folder(one.name, what, root / place.root, remedy)
    try:
        there = opened[one.name]
        if not isinstance(there, ReachabilityCheck):
            return _check(one.name, what, f"{place.address}, by a plug-in that cannot be tried")
        there.reach()
    except ReconcilerError as error:
        return bad(one.name, what, error)
    try:
        there.probe()
    except ReconcilerError as error:
        if error.code != "E602":
            return bad(one.name, what, error)
        found = f"{place.address} can be read, and this user may not write there"
        return _check(one.name, what, found, level=Level.WARNING, remedy="nothing, where only CI applies")
    return _check(one.name, what, f"{place.address}: tried, and it keeps the first of two writers")
