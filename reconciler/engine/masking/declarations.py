"""Find every declaration of tables and masks that counts: in force, on the protected branch, at the commit at hand.

A commit that is applied in a sandbox may be anybody's branch: so what it says of masks can only add to what the
environment with the data has in force by its controls, and to what the protected branch says (ADR 40). Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.spec.data import DataBinding
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.errors import DataError, ReconcilerError
from reconciler.manifest.unchecked import past_manifest
from reconciler.ports import Source

MOST_VERSIONS = 2_000  # of environment files of the history that are looked at for names of protected branches
_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The data of one environment as one place declares it. `reviewed`: the place is no commit of just anybody."""

    environment: str
    data: DataBinding
    where: str
    reviewed: bool = True


def declarations(deps: Dependencies, desired: DesiredState, copied_from: Environment) -> tuple[Declaration, ...]:
    """Return every declaration that counts, the strictest places first.

    Raises DataError E453 where the protected branch cannot be read and nothing of `copied_from` is in force.
    """
    protected: dict[str, bool] = {}  # by branch: whether it has to be there
    found = list(_in_force(deps, desired, protected))
    known = any(each.environment == copied_from.name for each in found)
    for environment in desired.environments:
        if environment.protect is not None and environment.data.tables:
            protected[environment.protect] = environment.name == copied_from.name and not known
    git = deps.history or deps.source
    if (here := _commit(git, desired)) is not None:
        for branch in () if known else _protected_before(git, here):
            protected.setdefault(branch, False)
        for branch in (*protected, *(name for name in _USUAL if name not in protected)):
            found += _on_branch(git, branch, needed=protected.get(branch, False))
    found += (
        Declaration(environment=each.name, data=each.data, where="this commit", reviewed=False)
        for each in desired.environments
        if each.data.tables
    )
    return tuple(dict.fromkeys(found))


def _in_force(deps: Dependencies, desired: DesiredState, protected: dict[str, bool]) -> Iterator[Declaration]:
    """Yield what is in force by the controls logs, and collect the branches that they protect."""
    for environment in desired.environments:
        if environment.trains or environment.name not in deps.stores:
            continue
        log = ControlsLog(store=deps.stores[environment.name], project=desired.project, environment=environment.name)
        if (head := log.head()) is None:
            continue
        for controls in log.in_force(head.entry):
            if controls.protect is not None:
                protected[controls.protect] = False
            said = controls.protection
            yield Declaration(
                environment=environment.name,
                data=DataBinding(
                    tables=said.tables,
                    masks=said.masks,
                    mask_key=said.mask_key,
                    personal_data=said.personal_data,
                    not_personal=said.not_personal,
                ),
                where=f"in force in {environment.name}",
            )


def _commit(git: Source, desired: DesiredState) -> str | None:
    """Return the commit at hand, or that of the work tree; None where there is no git."""
    if desired.revision is not None:
        return desired.revision
    try:
        return git.resolve("HEAD")
    except ReconcilerError:
        return None


def _protected_before(git: Source, commit: str) -> tuple[str, ...]:
    """Return the branches that any version of an environment in the history protects."""
    try:
        ids = git.versions("environments", at=commit)[:MOST_VERSIONS]
        bodies = git.read(ids)
    except ReconcilerError:
        return ()
    branches: dict[str, None] = {}
    for body in bodies.values():
        try:
            branch = past_manifest.environment(body).protect if b"protect" in body else None
        except past_manifest.UnreadableError:
            continue
        if branch is not None:
            branches[branch] = None
    return tuple(branches)


def _on_branch(git: Source, branch: str, *, needed: bool) -> Iterator[Declaration]:
    """Yield what the newest commit of a branch declares."""
    try:
        commit = git.tip(branch)
        files = [file for file in git.tree(commit, ("environments",)) if file.path.endswith(".yaml")] if commit else []
        bodies = git.read(file.id for file in files)
    except ReconcilerError as error:
        if needed:
            hint = f"fetch {branch}, so that its masks are known here, or apply the environment that has the tables"
            message = f"what may be copied is not known: branch {branch} cannot be read: {error.message}"
            raise DataError(message, code="E453", hint=hint) from error
        return
    for file in files:
        try:
            read = past_manifest.environment(bodies[file.id])
        except past_manifest.UnreadableError:
            if b"mask" not in bodies[file.id]:
                continue
            message = f"what may be copied is not known: {file.path} of branch {branch} cannot be read"
            hint = f"see `reconciler validate --revision {branch}`"
            raise DataError(message, code="E453", hint=hint) from None
        if read.data.tables:
            yield Declaration(environment=read.name, data=read.data, where=f"branch {branch}")
