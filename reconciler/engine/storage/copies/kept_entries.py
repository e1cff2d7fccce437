"""Keep the entries of a journal beside what a target serves: after the loss of a store they tell what was deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import digest_of_bytes
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.status_codes import ResultStatus
from reconciler.errors import IntegrityError
from reconciler.ports import EntryKeeping, Store, Target


def keep_entries(target: Target, store: Store, head: JournalHead) -> None:
    """Keep the entry that is about to be put in place, and those before it that the target does not keep yet: of an
    older program, or of one that was killed. Oldest first, so that what a kill leaves out is found the next time."""
    if not isinstance(target, EntryKeeping):
        return
    entry = head.entry
    prefix = store_layout.journal(entry.environment, entry.model)
    missing: list[tuple[int, bytes]] = []
    for n in range(entry.n, -1, -1):
        try:
            body = store.read(store_layout.member(prefix, n))
        except IntegrityError:  # an entry of before that is damaged stops no deploy; `audit` tells of it
            break
        if body is None or (n == entry.n and digest_of_bytes(body) != head.digest):
            break  # lost, or changed meanwhile: whoever reads the journal is told
        if target.kept_entry(entry.model, n) == body:
            break
        missing.append((n, body))
    for n, body in reversed(missing):
        target.keep_entry(entry.model, n, body)


def findings(target: Target, store: Store, heads: Iterable[JournalHead]) -> Iterator[AuditFinding]:
    """Yield a finding for each entry of which a target keeps other bytes than the journal has."""
    if not isinstance(target, EntryKeeping):
        return
    for head in heads:
        entry = head.entry
        for n in range(entry.n + 1):
            kept = target.kept_entry(entry.model, n)
            body = store.read(store_layout.member(store_layout.journal(entry.environment, entry.model), n))
            if kept is not None and body is not None and kept != body:
                yield AuditFinding(
                    environment=entry.environment,
                    where=f"target: {entry.model}",
                    problem=f"what it keeps of entry {n} is not what the journal has",
                    remedy=f"reconciler repair {entry.environment}",
                    status=ResultStatus.PENDING,
                )
