"""The journal of one model in one environment: numbered entries, chained by digest, each with the folded state.

`head` is all that a plan reads. `append` is the commit point of every change of what an environment serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Action, ApprovalRecord, Entry, OverrideRecord, State
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.engine.storage import numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Clock, NewId, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWriter:
    """What every entry of one run has in common."""

    project: str
    commit: str | None
    who: str
    clock: Clock
    new_id: NewId


def models(store: Store, environment: str) -> tuple[str, ...]:
    """Every model that a listing shows a journal of, sorted, declared or not."""
    prefix = store_layout.journal(environment, "")
    return tuple(sorted({key.removeprefix(prefix).split("/", 1)[0] for key in store.keys(prefix)}))


def head(store: Store, *, project: str, environment: str, model: str) -> JournalHead | None:
    """The last entry; IntegrityError when it is damaged, another project's, or entries before it are gone."""
    prefix = store_layout.journal(environment, model)
    found = numbered_log.last(store, prefix)
    if found is None:
        return None
    n, body = found
    return _head(body, n, project=project, environment=environment, model=model)


def _head(body: bytes, n: int, *, project: str, environment: str, model: str) -> JournalHead:
    key = store_layout.member(store_layout.journal(environment, model), n)
    entry = codec.decode(Entry, body, what=key)
    found = (entry.project, entry.environment, entry.model, entry.n)
    if found != (project, environment, model, n):
        raise IntegrityError(
            f"{key} says it is entry {entry.n} of {entry.environment}/{entry.model} in project {entry.project}",
            code="E609",
            hint=f"this store belongs to another project than {project}, or the file was moved",
        )
    return JournalHead(entry=entry, digest=digest_of_bytes(body))


def entries(store: Store, *, project: str, environment: str, model: str) -> Iterator[JournalHead]:
    """Every entry from 0 to the head, each held against the chain; IntegrityError E603 names the n that breaks it."""
    found = head(store, project=project, environment=environment, model=model)
    previous: Digest | None = None
    for n in range(found.entry.n + 1 if found else 0):
        prefix = store_layout.journal(environment, model)
        body = store.read(store_layout.member(prefix, n))
        if body is None:
            raise numbered_log.missing(prefix, n)
        one = _head(body, n, project=project, environment=environment, model=model)
        if one.entry.previous != previous:
            raise IntegrityError(
                f"{store_layout.member(prefix, n)} does not follow entry {n - 1}: its previous digest is another",
                code="E603",
                hint="the journal was edited or entries were swapped; restore it from a backup of the store",
            )
        previous = one.digest
        yield one


def append(
    store: Store,
    writer: EntryWriter,
    *,
    after: JournalHead | None,
    environment: str,
    model: str,
    plan: Digest,
    action: Action,
    state: State,
    reason: str,
    verification: Digest | None = None,
    approved: ApprovalRecord | None = None,
    overrides: tuple[OverrideRecord, ...] = (),
) -> JournalHead:
    """Commit entry n+1 with `state` folded in; ConflictError when somebody else committed it first."""
    entry = Entry(
        project=writer.project,
        environment=environment,
        model=model,
        n=after.entry.n + 1 if after else 0,
        previous=after.digest if after else None,
        commit=writer.commit,
        plan=plan,
        action=action,
        artifact=state.artifact,
        verification=verification,
        reason=reason,
        who=writer.who,
        when=writer.clock(),
        attempt=writer.new_id(),
        state=state,
        approved=approved,
        overrides=overrides or None,
    )
    body = codec.encode(entry)
    numbered_log.append(store, store_layout.journal(environment, model), entry.n, body, ours=body.__eq__)
    return JournalHead(entry=entry, digest=digest_of_bytes(body))


def build_of(
    store: Store, *, project: str, environment: str, model: str, artifact: Digest, after: JournalHead | None = None
) -> Build | None:
    """How this artifact was built, as the newest entry that put it there recorded it; None when no entry did. `after`:
    the journal's head, where it was just read."""
    found = after or head(store, project=project, environment=environment, model=model)
    prefix = store_layout.journal(environment, model)
    while found is not None:
        if found.state.artifact == artifact and found.state.build is not None:
            return found.state.build
        n = found.entry.n - 1
        if n < 0:
            return None
        body = store.read(store_layout.member(prefix, n))
        if body is None:
            raise numbered_log.missing(prefix, n)
        found = _head(body, n, project=project, environment=environment, model=model)
    return None
