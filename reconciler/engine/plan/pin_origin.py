"""Which change of the protected branch brought what is declared now, and what it weakened besides. Reads only.

The change that brought a pin is the one by which the branch came to pin it: a later edit of the same file brings none,
and can neither lend it its approval nor hide what came with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from reconciler.core.artifact.observed_state import FirstParentChange
from reconciler.core.plan.weakened_gates import NOTHING, DeployRequirements, WeakenedGate, weakenings
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Override
from reconciler.engine.load_desired import manifest_path
from reconciler.manifest.loading import past_manifest
from reconciler.ports import Source

FARTHEST = 100  # changes of one file that are looked through


def environment_path(environment: str) -> str:
    return f"environments/{environment}.yaml"


def change_of_pin(
    source: Source, desired: DesiredState, environment: Environment, model: Model
) -> FirstParentChange | None:
    """None where no branch protects the environment, or it never held this pin."""

    def pins(body: bytes) -> bool:
        return (model.artifact or "").encode() in body and past_manifest.pinned(body) == model.artifact

    return _since(source, desired, environment, manifest_path(environment.name, model.name), pins)


def change_of_override(
    source: Source, desired: DesiredState, environment: Environment, one: Override
) -> FirstParentChange | None:
    def says(body: bytes) -> bool:
        return one in past_manifest.policy(body).overrides

    return _since(source, desired, environment, environment_path(environment.name), says)


def _since(
    source: Source, desired: DesiredState, environment: Environment, path: str, holds: Callable[[bytes], bool]
) -> FirstParentChange | None:
    """The change of `path` since which, without a break, `holds` is so of it."""
    branch, at = environment.protect, desired.revision
    found: FirstParentChange | None = None
    for _ in range(FARTHEST):
        change = source.changed(path, at=at, branch=branch) if branch is not None and at is not None else None
        if change is None:
            break
        found, at = change, change.before
        if at is None or not _is_so(source, at, path, holds):
            break
    return found


def _is_so(source: Source, commit: str, path: str, holds: Callable[[bytes], bool]) -> bool:
    body = _body(source, commit, path)
    try:
        return body is not None and holds(body)
    except past_manifest.UnreadableError:
        return False


def weakened(
    source: Source, environment: Environment, model: Model, change: FirstParentChange
) -> tuple[WeakenedGate, ...]:
    """What `change` made weaker for this model, and is weaker still."""
    before = _demands(source, environment, model, change.before) if change.before is not None else None
    if before is None:
        return ()
    if isinstance(before, str):
        return (WeakenedGate(what="gates", old=before, new="those of today"),)
    today = weakenings(before, DeployRequirements(gates=model.gates, policy=environment.policy), model=model.name)
    if not today:
        return ()
    brought = _demands(source, environment, model, change.commit)
    if isinstance(brought, str):
        return today
    after = brought or DeployRequirements(gates=(), policy=Policy())
    subjects = {one.what for one in weakenings(before, after, model=model.name)}
    return tuple(one for one in today if one.what in subjects)


def owners_before(source: Source, environment: Environment, change: FirstParentChange) -> tuple[str, ...]:
    """Who could let something count before this change: whom it appoints has no say in it."""
    body = _body(source, change.before, environment_path(environment.name)) if change.before is not None else None
    try:
        return past_manifest.policy(body).owners if body is not None else ()
    except past_manifest.UnreadableError:
        return ()


def _demands(source: Source, environment: Environment, model: Model, commit: str) -> DeployRequirements | str | None:
    """What stood before a deploy at `commit`: None where neither file was there, or why it cannot be told."""
    try:
        gates: tuple[Gate, ...] = ()
        bodies = list(_bodies(source, environment, model, commit))
        if not any(bodies):
            return None
        own, ours = bodies
        if own is not None:
            gates = past_manifest.gates(own)
        return DeployRequirements(gates=gates, policy=past_manifest.policy(ours) if ours is not None else Policy())
    except past_manifest.UnreadableError as error:
        return f"{NOTHING} that can be compared ({error.message})"


def _bodies(source: Source, environment: Environment, model: Model, commit: str) -> Iterator[bytes | None]:
    """The model's manifest, by the name that it had then, and the environment's."""
    own = _body(source, commit, manifest_path(environment.name, model.name))
    if own is None and model.renamed_from is not None:
        own = _body(source, commit, manifest_path(environment.name, model.renamed_from))
    yield own
    yield _body(source, commit, environment_path(environment.name))


_READ: WeakKeyDictionary[Source, dict[tuple[str, str], dict[str, bytes | None]]] = WeakKeyDictionary()
"""Of each source: (commit, folder) -> path -> bytes of what was read there. A commit never changes."""
_WHOLE = ""  # in place of a path: the folder was read whole


def _body(source: Source, commit: str, path: str) -> bytes | None:
    """One file of a commit. Whoever asks for a second one of a folder gets all that is there read at once: many models
    come with one change, and each reading is a process."""
    folder = path.rpartition("/")[0]
    known = _READ.setdefault(source, {}).setdefault((commit, folder), {})
    if path not in known and _WHOLE not in known:
        if known:
            known[_WHOLE] = b""
        wanted = [one for one in source.tree(commit, (folder if known else path,)) if one.path.endswith(".yaml")]
        bodies = source.read(one.id for one in wanted)
        known.update({path: None, **{one.path: bodies[one.id] for one in wanted}})
    return known.get(path)
