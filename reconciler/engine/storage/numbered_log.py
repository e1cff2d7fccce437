"""Append to numbered logs in a store: `<prefix>/0.json`, `1.json`, … without a gap; creating n+1 is the commit point.

Exclusive create is the only guarantee that this needs: two writers of the same n cannot both succeed. A listing is only
a hint where to start; whether n+1 exists is always read from the store itself. A gap means that a member was deleted,
and is an integrity error, never a shorter history; but where a person accepted that the members up to some number are
lost (`repair`), the log begins there, and a record says so.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.loss import LostHistory
from reconciler.core.digest import Digest
from reconciler.errors import AmbiguousWriteError, ConflictError, IntegrityError
from reconciler.ports import Store

ATTEMPTS = 4


def last(store: Store, prefix: str) -> tuple[int, bytes] | None:
    """Return number and bytes of the last member, or None for an empty log; IntegrityError E603 for a gap."""
    listed = sorted(n for key in store.keys(prefix + "/") if (n := store_layout.number(key)) is not None)
    n = listed[-1] if listed else -1
    if len(listed) != n + 1:
        begins = first(store, prefix)
        gap = next((i for i in range(begins, n + 1) if store.read(store_layout.member(prefix, i)) is None), None)
        if gap is not None:
            raise missing(prefix, gap)
    last_member: tuple[int, bytes] | None = None
    if n >= 0:
        body = store.read(store_layout.member(prefix, n))
        if body is None:
            raise missing(prefix, n)
        last_member = (n, body)
    while (body := store.read(store_layout.member(prefix, n + 1))) is not None:
        n += 1
        last_member = (n, body)
    return last_member


def first(store: Store, prefix: str) -> int:
    """Return the number that a log begins with: 0, or where its earlier members are lost, and a person accepted that
    (`LostHistory`), the one that it goes on from."""
    if store.read(store_layout.member(prefix, 0)) is not None:
        return 0
    loss = lost_history(store, prefix)
    return loss.first if loss is not None else 0


def start(store: Store, prefix: str) -> tuple[int, Digest | None]:
    """Return the number of the first member of a log without members, and the digest that it names as the one before:
    where all before is lost, and a person accepted that, those from which it goes on."""
    loss = lost_history(store, prefix)
    return (loss.first, loss.previous) if loss is not None else (0, None)


def begun(store: Store, prefix: str) -> bool:
    """Tell whether the first member that a log must have is there, damaged or not."""
    if store.read(store_layout.member(prefix, 0)) is not None:
        return True
    begins = first(store, prefix)
    return begins > 0 and store.read(store_layout.member(prefix, begins)) is not None


def lost_history(store: Store, prefix: str) -> LostHistory | None:
    """Return the newest record of what a log lost; None where it lost nothing."""
    newest: LostHistory | None = None
    log, n = store_layout.losses(prefix), 0
    while (body := store.read(store_layout.member(log, n))) is not None:
        newest = codec.decode(LostHistory, body, what=store_layout.member(log, n))
        if newest.log != prefix:
            raise misplaced(store_layout.member(log, n), f"what {newest.log} lost")
        n += 1
    return newest


def missing(prefix: str, n: int) -> IntegrityError:
    """Return the error E603 for a member that is missing though later ones exist."""
    return IntegrityError(
        f"{store_layout.member(prefix, n)} is missing from its store, though later entries exist",
        code="E603",
        hint="restore it from a backup of the store; `reconciler audit` lists what else is missing",
    )


def gone(key: str, namer: str = "the journal") -> IntegrityError:
    """Return the error E604 for a record that `namer` names and its store does not have."""
    return IntegrityError(
        f"{key} is not in its store, though {namer} names it",
        code="E604",
        hint="restore it from a backup of the store; `reconciler audit` lists what else is missing",
    )


def misplaced(key: str, content: str) -> IntegrityError:
    """Return the error E509 for a record whose content belongs under another key."""
    return IntegrityError(
        f"{key} holds {content}, which belongs under another name",
        code="E509",
        hint="the store was edited by hand; restore the file from a backup",
    )


def impossible(key: str, problem: str) -> IntegrityError:
    """Return the error E508 for a record whose content no program could have written, though its checksum is right."""
    return IntegrityError(
        f"{key} {problem}",
        code="E508",
        hint="find out who writes to the store, and restore the file from a backup",
    )


def append(store: Store, prefix: str, n: int, body: bytes, *, ours: Callable[[bytes], bool]) -> None:
    """Create member `n`; ConflictError E702 when another process has created it.

    `ours` recognises an earlier, unanswered try of this process by its bytes, which carry an attempt id or state the
    same fact. Raises AmbiguousWriteError when the store leaves several tries in a row unanswered.
    """
    key = store_layout.member(prefix, n)
    for _ in range(ATTEMPTS):
        try:
            if store.create(key, body):
                return
        except AmbiguousWriteError:
            pass
        written = store.read(key)
        if written is None:
            continue  # the unanswered try did not happen
        if ours(written):
            return
        raise ConflictError(
            f"{key} was written by another process in the meantime", hint="run the same command again", code="E702"
        )
    raise AmbiguousWriteError(
        f"the store did not say whether {key} was written, {ATTEMPTS} times in a row",
        hint="check the store's health and run the same command again: it is safe",
    )


def create_or_read(store: Store, key: str, body: bytes) -> bytes:
    """Create `key` unless it exists, and return the bytes it holds now: those of the first writer."""
    for _ in range(ATTEMPTS):
        try:
            if store.create(key, body):
                return body
        except AmbiguousWriteError:
            pass
        if (written := store.read(key)) is not None:
            return written
    raise AmbiguousWriteError(
        f"the store did not say whether {key} was written, {ATTEMPTS} times in a row",
        hint="check the store's health and run the same command again: it is safe",
    )


def append_next(store: Store, prefix: str, body: bytes) -> int:
    """Append at the next free number and return it, for logs where the order among writers does not matter."""
    for _ in range(100):
        last_member = last(store, prefix)
        n = last_member[0] + 1 if last_member else 0
        try:
            append(store, prefix, n, body, ours=body.__eq__)
        except ConflictError:
            continue
        return n
    raise ConflictError(
        f"other processes wrote to {prefix} a hundred times in a row", hint="run the same command again"
    )
