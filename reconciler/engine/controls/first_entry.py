"""Decide whether a person has to accept the controls of an environment whose log cannot say them. Reads only.

A first apply puts the controls in force by itself where nothing can have been in force before. An environment that was
renamed, or whose store or target was moved, has no entry either: git's history tells it from a new one. One that came
back to a store that it had left finds the log as it was then: what was in force elsewhere meanwhile stands in git only.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from reconciler.core.artifact import store_layout
from reconciler.core.controls.controls import ControlsEntry, EnvironmentControls
from reconciler.core.controls.loosened import loosened
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.load_desired import environment_path
from reconciler.errors import ReconcilerError
from reconciler.manifest.unchecked import past_manifest
from reconciler.ports import Source, Store

MOST_VERSIONS = 2_000  # of environment files that are compared
_LOOKED_AT = 50  # changes of a branch in which the place of a version is looked for, to name it
_CONTROLS = (b"protect", b"approvals", b"owners")


def why_to_accept(desired: DesiredState, declared: EnvironmentControls, *, store: Store, source: Source) -> str | None:
    """Return why these controls do not come into force by a first apply, or None where they do."""
    prefix = store_layout.journal(declared.name, "")
    if next(iter(store.keys(prefix)), None) is not None:
        return "its store has deployments, and no entry says which controls judged them"
    return stricter_before(desired, declared, source=source)


def stricter_before(desired: DesiredState, declared: EnvironmentControls, *, source: Source) -> str | None:
    """Return which controls git had before that were stricter than these, or why that cannot be told; None where there
    were none. A work tree has no history."""
    if desired.revision is None:
        return None
    try:
        ids = source.versions("environments", at=desired.revision)
        if len(ids) > MOST_VERSIONS:
            return f"git has {len(ids):,} earlier versions of environments, more than are compared"
        bodies = source.read(ids)
    except ReconcilerError as error:
        return f"whether others were in force before cannot be told: {error.message}"
    for object_id in ids:
        try:
            reason = _looser_than(bodies[object_id], declared)
        except past_manifest.UnreadableError:
            place = _place_of(object_id, at=desired.revision, branch=declared.protect, source=source)
            return f"git has an earlier version of it that cannot be read, so what it asked for is not known: {place}"
        if reason is not None:
            return reason
    return None


def elsewhere_since(
    entry: ControlsEntry, declared: EnvironmentControls, *, revision: str, branch: str, source: Source
) -> str | None:
    """Return where git had the environment between the entry's commit and this one, or why that cannot be told; None
    where it stayed at the store and target that are declared now."""
    path = environment_path(declared.name)
    places = {place for place in (declared.store, declared.target) if place is not None}
    try:
        for change in source.touching((path,), after=entry.commit, at=revision, branch=branch):
            where = f"git had it elsewhere at {change.commit[:12]}, after entry {entry.n} of its controls"
            files = {file.path: file.id for file in source.tree(change.commit, (path,))}
            if path not in files:
                return f"{where}: {path} was not there"
            try:
                past = past_manifest.environment(source.read((files[path],))[files[path]])
            except past_manifest.UnreadableError:
                return (
                    f"{path} cannot be read in commit {change.commit[:12]}, made after entry {entry.n} of its "
                    "controls, so the store and target that it had there are not known"
                )
            if (left := {past.store, past.target} - {None, *places}) and past.name == declared.name:
                return f"{where}: {', '.join(sorted(place.address for place in left if place is not None))}"
    except ReconcilerError as error:
        return f"whether it was elsewhere since the last entry of its controls cannot be told: {error.message}"
    return None


def _looser_than(body: bytes, declared: EnvironmentControls) -> str | None:
    """Return what an earlier version of an environment asked for that these controls do not; None where nothing.

    Raises UnreadableError where it has this name, and its controls cannot be read.
    """
    try:
        past = past_manifest.environment(body)
    except past_manifest.UnreadableError:
        named = f"name: {declared.name}".encode() in body
        if named and any(word in body for word in _CONTROLS):
            raise
        return None
    policy = past.policy
    controlled = past.protect is not None or policy.approvals is not None or bool(policy.owners)
    if not controlled or not _is_same(past, declared):
        return None
    items = loosened(_controls(past), declared)
    if not items:
        return None
    also = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    first = items[0]
    return (
        f"git has an earlier version of {past.name} that was stricter: {first.what}: {first.old} -> {first.new}{also}"
    )


def _place_of(object_id: str, *, at: str, branch: str | None, source: Source) -> str:
    """Name the commit and the file of a version; git's command that finds it where the newest changes have it not."""
    with suppress(ReconcilerError):
        changes = source.touching(("environments",), after=None, at=at, branch=branch) if branch is not None else ()
        for change in islice(changes, _LOOKED_AT):
            for file in source.tree(change.commit, ("environments",)):
                if file.id == object_id:
                    return f"{file.path} in commit {change.commit[:12]}"
    return f"`git log --find-object={object_id[:12]}` names its commit"


def _is_same(past: Environment, declared: EnvironmentControls) -> bool:
    """Tell whether an earlier environment had this name, this store or this target."""
    if past.name == declared.name:
        return True
    places = (declared.store,) if declared.target is None else (declared.store, declared.target)
    return any(earlier.overlaps(place) for earlier in past.places for place in places)


def _controls(past: Environment) -> EnvironmentControls:
    return EnvironmentControls(
        name=past.name,
        role=past.role,
        store=past.store,
        target=past.target,
        protect=past.protect,
        promotes_from=past.promotes_from,
        policy=past.policy,
        sources=(),
        managed=past.managed,
    )
