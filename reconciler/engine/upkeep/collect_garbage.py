"""Take blobs that nothing names out of a store, and remove them once their grace period is over.

Order of effects: a member of the log of sweeps; then for each blob a copy below `garbage/<sweep>/`, and only then its
removal, manifests before what they name. Who needs a blob that was taken out still reads it there (`blobs`), and who
stores it again relies on no such copy. A later sweep puts back what is named by then, and removes the rest for good.

Why nothing is lost, whoever is at work meanwhile and wherever one is killed: a command names a blob at most GRACE after
it found it in the store. So by the end of a blob's grace period either a record names it, and it is put back, or nobody
will. Each sweep has keys of its own, so that no late sweep takes out what an earlier one removes. A listing must show
every record that is older than the grace period, which every file system and bucket does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest, digest_of_file
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.core.upkeep.garbage import GRACE, MOST, YOUNG, GarbageResult, Sweep
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.inspect.audit import audit
from reconciler.engine.plan import observe_loss
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.upkeep.named_blobs import named_blobs, names_others
from reconciler.errors import IntegrityError, StoreError
from reconciler.ports import BlobRemoval, Store, WriteTimes

_BLOBS = "blobs/sha256/"


class _Removing(Store, BlobRemoval, Protocol):
    """A store that can remove blobs."""


def collect_garbage(
    deps: Dependencies, desired: DesiredState, environment: Environment, *, dry_run: bool = False
) -> GarbageResult:
    """Take out what nothing names in the store of an environment, and remove what was taken out long enough ago.

    With `dry_run`, tell only what would be done. Raises IntegrityError, before anything is changed, where the store is
    lost or damaged (E603, E604, what `audit` finds); StoreError for a store that removes nothing.
    """
    store = _removing(deps.stores[environment.name], environment)
    observe_loss.check_store(deps, desired, environment)
    _check_whole(deps, desired, environment)
    present = frozenset(key.removeprefix(_BLOBS) for key in store.keys(_BLOBS))
    out = tuple(_taken_out(store))
    named = named_blobs(store, desired, present | {digest.removeprefix("sha256:") for _, digest, _ in out})
    now = deps.clock()
    result = GarbageResult(environment=environment.name, blobs=len(present), dry_run=dry_run)
    for key, digest, when in out:
        result = _settle(store, result, key, digest, due=when + timedelta(seconds=GRACE), now=now, named=named)
    unnamed = [Digest(f"sha256:{digits}") for digits in sorted(present - named)]
    going = [digest for digest in unnamed if not _is_young(store, digest, now)]
    if going:
        due = now + timedelta(seconds=GRACE)
        result = replace(
            result, taken_out=len(going), waiting=result.waiting + len(going), due=min(result.due or due, due)
        )
    if not dry_run:
        _take_out(deps, environment, store, going)
    return replace(result, young=len(unnamed) - len(going))


def _removing(store: Store, environment: Environment) -> _Removing:
    if not isinstance(store, BlobRemoval):
        raise StoreError(
            f"the store of {environment.name} cannot remove a blob, so nothing is taken out of it",
            hint="the plug-in of this kind of store has no `remove`: ask those who made it",
        )
    return store


def _check_whole(deps: Dependencies, desired: DesiredState, environment: Environment) -> None:
    """Raise IntegrityError E604 where anything is damaged or missing: what a lost record named looks unnamed."""
    findings = audit(deps, desired, (environment.name,), hashed=0).findings
    damaged = [finding for finding in findings if finding.status is ResultStatus.DAMAGED]
    if damaged:
        raise IntegrityError(
            f"nothing is taken out of a damaged store: {damaged[0].where}: {damaged[0].problem}"
            f"{f', and {len(damaged) - 1} more' if len(damaged) > 1 else ''}",
            code="E604",
            hint=f"reconciler audit {environment.name} lists what is damaged, and what to do",
        )


def _taken_out(store: Store) -> Iterator[tuple[str, Digest, datetime]]:
    """Yield the key, the digest and the time of each blob that was taken out; the time is that of its sweep."""
    times: dict[int, datetime] = {}
    for key in list(store.keys(f"{store_layout.GARBAGE}/")):
        if (found := store_layout.taken_out(key)) is None:
            continue
        sweep, digest = found
        if sweep not in times:
            name = store_layout.member(store_layout.SWEEPS, sweep)
            if (body := store.read(name)) is None:
                raise numbered_log.gone(name, key)
            times[sweep] = codec.decode(Sweep, body, what=name).when
        yield key, digest, times[sweep]


def _settle(
    store: _Removing,
    result: GarbageResult,
    key: str,
    digest: Digest,
    *,
    due: datetime,
    now: datetime,
    named: frozenset[str],
) -> GarbageResult:
    """Put a blob back that is named by now, remove one whose grace period is over, and leave any other."""
    if digest.removeprefix("sha256:") in named and not blobs.is_stored(store, digest):
        if not result.dry_run:
            _put_back(store, key, digest)
        return replace(result, returned=result.returned + 1)
    if due > now:
        return replace(result, waiting=result.waiting + 1, due=min(result.due or due, due))
    path = store.path(key)
    size = path.stat().st_size if path is not None else 0
    if not result.dry_run:
        store.remove(key)
    return replace(result, removed=result.removed + 1, freed=result.freed + size)


def _put_back(store: Store, key: str, digest: Digest) -> None:
    path = store.path(key)
    if path is None:
        return  # another gc settled it just now
    if digest_of_file(path) != digest:
        raise blobs.damaged(digest)
    blobs.put_file(store, path)


def _is_young(store: Store, digest: Digest, now: datetime) -> bool:
    """Tell whether a blob was written just now, where the store knows."""
    if not isinstance(store, WriteTimes):
        return False
    written = store.written(store_layout.blob(digest))
    return written is not None and (now - written).total_seconds() < YOUNG


def _take_out(deps: Dependencies, environment: Environment, store: _Removing, going: list[Digest]) -> None:
    """Move these blobs below the keys of a new sweep, those first that name others."""
    first = [digest for digest in going if names_others(store, digest)]
    ordered = [*first, *sorted(set(going) - set(first))]
    for start in range(0, len(ordered), MOST):
        part = tuple(ordered[start : start + MOST])
        record = Sweep(environment=environment.name, when=deps.clock(), who=deps.actor(), blobs=part)
        sweep = numbered_log.append_next(store, store_layout.SWEEPS, codec.encode(record))
        for digest in part:
            path = store.path(store_layout.blob(digest))
            if path is None:
                continue  # another gc took it out just now
            store.create(store_layout.garbage(sweep, digest), path)
            store.remove(store_layout.blob(digest))
