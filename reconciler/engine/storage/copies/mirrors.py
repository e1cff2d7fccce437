"""Keep a second copy of what proves an environment's history: journals, and controls with their parts.

Who writes an entry copies it, after the store took it: a mirror never says more than the store. What was not copied,
since the mirror could not be reached or the run was killed, is copied with the next entry of that log, or by `repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.digest import digest_of_bytes
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, numbered_log, store_mark
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store

_SHOWN = 3  # objects that a finding names


def copier(deps: Dependencies, project: str) -> Callable[[str, str], None]:
    """Return what copies a log of an environment (its name, the log's) to its mirror, where it has one, for one run.

    What is wrong with the mirror is told, and stops nothing: the entry is in the store, and what is served waits for
    it. After that, the run asks this mirror no more.
    """
    failed = set[str]()

    def copy(environment: str, log: str) -> None:
        mirror = deps.mirrors.get(environment)
        if mirror is None or environment in failed:
            return
        try:
            store_mark.claim(mirror, project, environment)
            follow(deps.stores[environment], mirror, log)
        except ReconcilerError as error:
            failed.add(environment)
            deps.progress.done("mirror", f"{log} is not copied: {error.message}; `reconciler repair {environment}`")

    return copy


def follow(store: Store, mirror: Store, log: str) -> None:
    """Copy the end of a log that the mirror does not have, the oldest first.

    Raises IntegrityError E603 where the mirror has other bytes under a number.
    """
    last = numbered_log.last(store, log)
    missing: list[tuple[int, bytes]] = []
    for n in range(last[0] if last is not None else -1, -1, -1):
        key = store_layout.member(log, n)
        body, there = store.read(key), mirror.read(key)
        if body is None or there == body:
            break
        if there is not None:
            raise _differs(key)
        missing.append((n, body))
    for n, body in reversed(missing):
        _copy(store, mirror, store_layout.member(log, n), body)


def copy_all(deps: Dependencies, environment: str, project: str) -> int:
    """Copy everything that the mirror of an environment lacks, and return how many objects that were.

    Raises IntegrityError E603 where it has other bytes, E609 where it is another environment's.
    """
    store, mirror, copied = deps.stores[environment], deps.mirrors[environment], 0
    store_mark.claim(mirror, project, environment)
    for key in sorted(_keys(store, environment)):
        body, there = store.read(key), mirror.read(key)
        if body is None or there == body:
            continue
        if there is not None:
            raise _differs(key)
        _copy(store, mirror, key, body)
        copied += 1
    return copied


def lacking(deps: Dependencies, environment: str) -> int:
    """Return how many objects a mirror lacks, by listings; 0 where there is no mirror."""
    mirror = deps.mirrors.get(environment)
    if mirror is None:
        return 0
    return len(_keys(deps.stores[environment], environment) - _keys(mirror, environment))


def notes(deps: Dependencies, environment: str) -> Iterator[str]:
    """Yield what `status` says of the mirror: nothing where it has everything."""
    if deps.mirrors.get(environment) is None:
        return
    try:
        behind = lacking(deps, environment)
    except ReconcilerError as error:
        yield f"the mirror cannot be read: {error.message}"
        return
    if behind:
        yield f"the mirror lacks {behind} object{'s' * (behind > 1)}: reconciler repair {environment}"


def findings(deps: Dependencies, environment: str) -> Iterator[AuditFinding]:
    """Yield what is wrong with the mirror of an environment, compared byte by byte. Nothing of it is a loss: the store
    has everything."""
    mirror = deps.mirrors.get(environment)
    if mirror is None:
        return
    try:
        store = deps.stores[environment]
        own, there = _keys(store, environment), _keys(mirror, environment)
        other = [key for key in sorted(own & there) if store.read(key) != mirror.read(key)]
    except ReconcilerError as error:
        yield _finding(environment, f"it cannot be read: {error.message}", error.hint, ResultStatus.FAILED)
        return
    repair = f"reconciler repair {environment}"
    if behind := sorted(own - there):
        yield _finding(environment, f"it lacks {_named(behind)}", repair, ResultStatus.PENDING)
    if other:
        remedy = "find out who writes to the mirror, remove these there by hand, and run: " + repair
        yield _finding(environment, f"it has other bytes of {_named(other)}", remedy, ResultStatus.PENDING)
    if more := sorted(key for key in there - own if _goes_on(store, key)):
        yield _finding(environment, f"it has what the store lacks: {_named(more)}", repair, ResultStatus.PENDING)


def _finding(environment: str, problem: str, remedy: str | None, status: ResultStatus) -> AuditFinding:
    return AuditFinding(environment=environment, where="mirror", problem=problem, remedy=remedy, status=status)


def _named(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{', '.join(keys[:_SHOWN])}{more}"


def _keys(store: Store, environment: str) -> frozenset[str]:
    """Return the keys of everything that is mirrored, but for the parts of the controls."""
    logs = (store_layout.journal(environment, ""), f"{store_layout.controls(environment)}/")
    return frozenset(key for log in logs for key in store.keys(log))


def _goes_on(store: Store, key: str) -> bool:
    """Tell whether a key that only the mirror has is none of those that the store lost for good."""
    log, number = key.rpartition("/")[0], store_layout.number(key)
    return number is None or number >= numbered_log.first(store, log)


def _copy(store: Store, mirror: Store, key: str, body: bytes) -> None:
    """Copy one object; of an entry of the controls first its parts."""
    if key.startswith("controls/"):
        entry = codec.decode(ControlsEntry, body, what=key)
        for digest in (entry.declared, *entry.in_force, *(digest for _, digest in entry.parts)):
            if not blobs.is_stored(mirror, digest):
                blobs.put(mirror, blobs.get(store, digest))
    written = numbered_log.create_or_read(mirror, key, body)
    if digest_of_bytes(written) != digest_of_bytes(body):
        raise _differs(key)


def _differs(key: str) -> IntegrityError:
    return IntegrityError(
        f"the mirror has other bytes of {key} than the store",
        code="E603",
        hint="find out who writes to the mirror, and remove the file there by hand; the store is whole",
    )
