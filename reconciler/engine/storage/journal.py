"""Read and append the journal of one model in one environment: numbered entries, chained by digest.

Every entry holds the accumulated state, so a plan reads the `head` only. `append` is the commit point of every change
of a deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Action, ApprovalRecord, Entry, OverrideRecord, State
from reconciler.core.artifact.observed_state import JournalHead, SeenHead
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.model import Model
from reconciler.engine.storage import numbered_log
from reconciler.engine.storage.packages import imports
from reconciler.errors import IntegrityError
from reconciler.ports import Clock, NameListing, NewId, Signer, Store


def _unsigned(entry: Entry) -> Entry:
    """Sign nothing."""
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWriter:
    """The fields that all entries of one run share. `actor` is the acting person, as git names them; `signer` signs
    each entry by `sign`, None: nobody does (`engine.trust.entries.entry_writer`). `copy` takes a log to the mirror."""

    project: str
    commit: str | None
    actor: str
    clock: Clock
    new_id: NewId
    signer: Signer | None = None
    sign: Callable[[Entry], Entry] = _unsigned
    copy: Callable[[str, str], None] | None = None


def models(store: Store, environment: str) -> tuple[str, ...]:
    """Return every model with a journal, declared or not, sorted; from a listing, so for reports only."""
    prefix = store_layout.journal(environment, "")
    return tuple(sorted({key.removeprefix(prefix).split("/", 1)[0] for key in store.keys(prefix)}))


def names(store: Store, environment: str) -> frozenset[str]:
    """Return every model with a journal, and perhaps some without: a hint whose journals to look for, at a lower cost
    than `models` where the store can tell (`ports.NameListing`)."""
    if not isinstance(store, NameListing):
        return frozenset(models(store, environment))
    below = store.folders(store_layout.journal(environment, "").rstrip("/"))
    return frozenset(filter(store_layout.is_part, below))


def head(store: Store, *, project: str, environment: str, model: str) -> JournalHead | None:
    """Return the last entry, or None where there is none.

    Raises IntegrityError E508 when it is damaged, E609 when it is another project's, E603 when earlier ones are gone.
    """
    prefix = store_layout.journal(environment, model)
    last_member = numbered_log.last(store, prefix)
    if last_member is None:
        return None
    n, body = last_member
    return _head(body, n, project=project, environment=environment, model=model)


def _head(body: bytes, n: int, *, project: str, environment: str, model: str) -> JournalHead:
    key = store_layout.member(store_layout.journal(environment, model), n)
    entry = codec.decode(Entry, body, what=key)
    claimed = (entry.project, entry.environment, entry.model, entry.n)
    if claimed != (project, environment, model, n):
        raise IntegrityError(
            f"{key} is entry {entry.n} of {entry.environment}/{entry.model} in project {entry.project}",
            code="E609",
            hint=f"this store belongs to another project than {project}, or the file was moved",
        )
    return JournalHead(entry=entry, digest=digest_of_bytes(body))


def back_to(store: Store, last: JournalHead, n: int) -> JournalHead:
    """Return entry `n` by the chain from a later one, which a signature may vouch for; IntegrityError E603 where it
    breaks."""
    while last.entry.n > n:
        earlier = _before(store, last)
        if earlier is None:
            entry = last.entry
            raise numbered_log.missing(store_layout.journal(entry.environment, entry.model), entry.n - 1)
        last = earlier
    return last


def _before(store: Store, last: JournalHead) -> JournalHead | None:
    """Return the entry that `last` follows, which it must name; None where a person accepted that it is lost."""
    entry = last.entry
    prefix, n = store_layout.journal(entry.environment, entry.model), entry.n - 1
    body = store.read(store_layout.member(prefix, n))
    if body is None and n < numbered_log.first(store, prefix):
        return None
    if body is None:
        raise numbered_log.missing(prefix, n)
    earlier = _head(body, n, project=entry.project, environment=entry.environment, model=entry.model)
    _check_follows(last, earlier)
    return earlier


def entries(store: Store, *, project: str, environment: str, model: str) -> Iterator[JournalHead]:
    """Yield every entry from the first to the head, checking the chain; IntegrityError E603 names what breaks it."""
    last_head = head(store, project=project, environment=environment, model=model)
    previous: JournalHead | None = None
    prefix = store_layout.journal(environment, model)
    begins = numbered_log.first(store, prefix)
    for n in range(begins, last_head.entry.n + 1 if last_head else 0):
        body = store.read(store_layout.member(prefix, n))
        if body is None:
            raise numbered_log.missing(prefix, n)
        entry_head = _head(body, n, project=project, environment=environment, model=model)
        if n > begins or n == 0:
            _check_follows(entry_head, previous)
        previous = entry_head
        yield entry_head


def newest(store: Store, *, project: str, environment: str, model: str, most: int) -> list[JournalHead]:
    """Return at most so many entries, the newest first, checking the chain between them; raises as `entries` does."""
    last_head = head(store, project=project, environment=environment, model=model)
    found = [last_head] if last_head is not None else []
    while found and found[-1].entry.n > 0 and len(found) < most:
        earlier = _before(store, found[-1])
        if earlier is None:
            break
        found.append(earlier)
    return found


def _check_follows(entry_head: JournalHead, earlier: JournalHead | None) -> None:
    """Raise IntegrityError E603 where an entry does not name the one before it."""
    entry = entry_head.entry
    if entry.previous != (earlier.digest if earlier is not None else None):
        key = store_layout.member(store_layout.journal(entry.environment, entry.model), entry.n)
        raise IntegrityError(
            f"{key} does not follow entry {entry.n - 1}: it records another previous digest",
            code="E603",
            hint="the journal was edited or entries were swapped; restore it from a backup of the store",
        )


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
    """Append the entry after `after` (None: entry 0); ConflictError E702 when another process appended it first.

    `state` is the accumulated state after this entry; `plan` the digest of the model's plan.
    """
    prefix = store_layout.journal(environment, model)
    n, previous = (after.entry.n + 1, after.digest) if after else numbered_log.start(store, prefix)
    entry = Entry(
        project=writer.project,
        environment=environment,
        model=model,
        n=n,
        previous=previous,
        commit=writer.commit,
        plan=plan,
        action=action,
        artifact=state.artifact,
        verification=verification,
        reason=reason,
        who=writer.actor,
        when=writer.clock(),
        attempt=writer.new_id(),
        state=state,
        approved=approved,
        overrides=overrides or None,
        controls=_controls_entry(store, environment) if writer.signer is not None else None,
    )
    entry = writer.sign(entry)
    body = codec.encode(entry)
    numbered_log.append(store, prefix, n, body, ours=body.__eq__)
    if writer.copy is not None:
        writer.copy(environment, prefix)
    return JournalHead(entry=entry, digest=digest_of_bytes(body))


def _controls_entry(store: Store, environment: str) -> int | None:
    """Return the number of the newest entry of the controls log; None where there is none."""
    last_member = numbered_log.last(store, store_layout.controls(environment))
    return last_member[0] if last_member is not None else None


def build_of(
    store: Store, *, project: str, environment: str, model: str, artifact: Digest, after: JournalHead | None = None
) -> Build | None:
    """Return how the artifact was built, as the newest entry that deployed it recorded; None when no entry did.

    `after` is the journal's head, where it was just read.
    """
    current = after or head(store, project=project, environment=environment, model=model)
    while current is not None:
        if current.state.artifact == artifact and current.state.build is not None:
            return current.state.build
        current = _before(store, current) if current.entry.n else None
    return None


def builds(store: Store, *, project: str, environment: str, model: str) -> dict[Digest, Build]:
    """Return how each artifact that the journal names was built, the newest first, as its newest entry recorded it."""
    found: dict[Digest, Build] = {}
    for entry in entries(store, project=project, environment=environment, model=model):
        state = entry.state
        if state.artifact is not None and state.build is not None:
            found.pop(state.artifact, None)
            found[state.artifact] = state.build
    return dict(reversed(found.items()))


class HeadCheck(Protocol):
    """Holds last entries against who is trusted, which is read once: `head` raises IntegrityError E520."""

    def read(self, environment: str) -> None: ...

    def head(self, environment: str, head: JournalHead) -> None: ...


@dataclass(frozen=True, slots=True)
class Journals:
    """The journals of one project, in the stores of its environments (by name).

    `gone`: returns the error for a journal (environment, model) that is absent, or ends too early, though something
    tells of its entries. `trusted`: checks who signed each last entry.
    `seen`: the journals (environment, model) that were found, with what their last entries said then.
    """

    stores: Mapping[str, Store]
    project: str
    gone: Callable[[str, str, JournalHead | None], IntegrityError | None] | None = None
    trusted: HeadCheck | None = None
    seen: dict[tuple[str, str], SeenHead] = field(default_factory=dict, compare=False)

    def models(self, environment: str) -> tuple[str, ...]:
        """Return every model with a journal in the environment, as `models` does."""
        return models(self.stores[environment], environment)

    def names(self, environment: str) -> frozenset[str]:
        """Return names of models whose journals may be in the environment, as `names` does."""
        return names(self.stores[environment], environment)

    def head(self, environment: str, model: str) -> JournalHead | None:
        """Return the last entry, or None where there never was one; raises as `head` does, and E603 for a journal that
        is gone."""
        last_head = self._head(environment, model)
        if self.gone is not None and self.gone(environment, model, last_head) is not None:
            last_head = self._head(environment, model)  # another process may have written the entry meanwhile
            if (lost := self.gone(environment, model, last_head)) is not None:
                raise lost
        if last_head is not None:
            if self.trusted is not None:
                self.trusted.head(environment, last_head)
            self.seen[environment, model] = SeenHead.of(last_head)
        return last_head

    def read_trust(self, environment: str) -> None:
        """Read who is trusted in an environment before any model: it concerns them all."""
        if self.trusted is not None:
            self.trusted.read(environment)

    def _head(self, environment: str, model: str) -> JournalHead | None:
        return head(self.stores[environment], project=self.project, environment=environment, model=model)

    def predecessor(self, model: Model) -> JournalHead | None:
        """Return the last entry under the name that the model had before it was renamed; None where it was not."""
        return self.head(model.environment, model.renamed_from) if model.renamed_from is not None else None

    def build_of(
        self, environments: Iterable[str], model: Model, artifact: Digest, known: JournalHead | None = None
    ) -> Build | None:
        """Return how an artifact was built, by the first of these environments that recorded it under the model's name
        or its former one, in its journal or when it was imported. `known`: the head of the model's own journal, where
        it was just read."""
        names = [name for name in (model.name, model.renamed_from) if name is not None]
        for environment in environments:
            store = self.stores.get(environment)
            if store is None:
                continue
            for name in names:
                build = build_of(
                    store,
                    project=self.project,
                    environment=environment,
                    model=name,
                    artifact=artifact,
                    after=known if (environment, name) == (model.environment, model.name) else None,
                )
                if build is not None:
                    return build
            if environment == model.environment:
                imported = (imports.build_of(store, environment, name, artifact) for name in names)
                if (build := next(filter(None, imported), None)) is not None:
                    return build
        return None
