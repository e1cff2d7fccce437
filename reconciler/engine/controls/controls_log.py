"""Read and append an environment's controls log: numbered entries, chained by digest, with their parts as blobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.controls.controls import (
    ControlsEntry,
    ControlsHead,
    EnvironmentControls,
    ModelRecord,
    ModelRecords,
)
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.engine.storage import blobs, numbered_log
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store


def part_of(model: str) -> str:
    """Return the part of the log's models that holds this one: the first hexadecimal digit of its name's digest."""
    return digest_of_bytes(model.encode())[len("sha256:")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsLog:
    """The controls log of one environment of a project, in that environment's store."""

    store: Store
    project: str
    environment: str

    @property
    def _prefix(self) -> str:
        return store_layout.controls(self.environment)

    @property
    def start(self) -> int:
        """Return the number of the first entry that there is, or would be: 0, but after a loss that was accepted."""
        return numbered_log.first(self.store, self._prefix)

    def head(self) -> ControlsHead | None:
        """Return the last entry, or None where there is none.

        Raises IntegrityError E508 when it is damaged, E609 when it is another project's, E603 when earlier ones are
        gone.
        """
        last = numbered_log.last(self.store, self._prefix)
        return None if last is None else self._decoded(*last)

    def entry(self, n: int) -> ControlsHead:
        """Return entry `n`; raises as `head` does."""
        body = self.store.read(store_layout.member(self._prefix, n))
        if body is None:
            raise numbered_log.missing(self._prefix, n)
        return self._decoded(n, body)

    def _decoded(self, n: int, body: bytes) -> ControlsHead:
        key = store_layout.member(self._prefix, n)
        entry = codec.decode(ControlsEntry, body, what=key)
        if (entry.project, entry.environment, entry.n) != (self.project, self.environment, n):
            raise IntegrityError(
                f"{key} is entry {entry.n} of {entry.environment} in project {entry.project}",
                code="E609",
                hint=f"this store belongs to another project than {self.project}, or the file was moved",
            )
        return ControlsHead(entry=entry, digest=digest_of_bytes(body))

    def entries(self) -> Iterator[ControlsHead]:
        """Yield every entry from 0 to the head, checking the chain; IntegrityError E603 names what breaks it."""
        last, previous = self.head(), None
        for n in range(self.start if last is not None else 0, last.entry.n + 1 if last is not None else 0):
            head = self.entry(n)
            if head.entry.previous != previous:
                raise IntegrityError(
                    f"{store_layout.member(self._prefix, n)} does not follow entry {n - 1}: it records another "
                    "previous digest",
                    code="E603",
                    hint="the controls log was edited or entries were swapped; restore it from a backup of the store",
                )
            previous = head.digest
            yield head

    def check_named(self, head: ControlsHead) -> None:
        """Raise IntegrityError E604 where something that an entry names is not there."""
        named = (head.entry.declared, *head.entry.in_force, *(digest for _, digest in head.entry.parts))
        for digest in dict.fromkeys(named):
            if not blobs.holds(self.store, digest):
                raise blobs.absent(digest)

    def controls(self, digest: Digest) -> EnvironmentControls:
        """Read the controls of this digest."""
        return blobs.record(self.store, digest, EnvironmentControls)

    def in_force(self, entry: ControlsEntry) -> tuple[EnvironmentControls, ...]:
        """Read the controls in force by an entry: the last that were let in, then those that tighten them."""
        return tuple(map(self.controls, entry.in_force))

    def asks_people(self) -> bool:
        """Tell whether the controls in force ask owners or approvers; False where they cannot be read, which whoever
        acts by them is told."""
        try:
            head = self.head()
            in_force = self.in_force(head.entry) if head is not None else ()
        except ReconcilerError:
            return False
        return any(each.policy.owners or each.policy.approvals is not None for each in in_force)

    def records(self, entry: ControlsEntry) -> tuple[ModelRecord, ...]:
        """Read every model of an entry."""
        parts = (blobs.record(self.store, digest, ModelRecords) for _, digest in entry.parts)
        return tuple(record for part in parts for record in part.models)

    def record(self, entry: ControlsEntry, model: str) -> ModelRecord | None:
        """Read one model of an entry, or return None where the entry does not have it."""
        digest = dict(entry.parts).get(part_of(model))
        return blobs.record(self.store, digest, ModelRecords).model(model) if digest is not None else None

    def put(self, value: EnvironmentControls | ModelRecords) -> Digest:
        """Store a part of an entry; return its digest."""
        return blobs.put(self.store, codec.encode(value))

    def append(self, entry: ControlsEntry) -> ControlsHead:
        """Append an entry; ConflictError E702 when another process appended this number first."""
        body = codec.encode(entry)
        numbered_log.append(self.store, self._prefix, entry.n, body, ours=body.__eq__)
        return ControlsHead(entry=entry, digest=digest_of_bytes(body))
