"""Numbered series in a store: `<prefix>/0.json`, `1.json`, … without a gap; creating n+1 is the commit point.

Exclusive create is all that this needs to be right: two writers of the same n cannot both succeed. A listing is only a
hint where to start looking; that n+1 is absent is always asked of the store itself. A gap means that something was
deleted, and is an integrity error, never a shorter history.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.artifact import store_layout
from reconciler.errors import AmbiguousWriteError, ConflictError, IntegrityError
from reconciler.ports import Store

ATTEMPTS = 4


def last(store: Store, prefix: str) -> tuple[int, bytes] | None:
    """Number and bytes of the last member; None for an empty series."""
    listed = sorted(n for key in store.keys(prefix + "/") if (n := store_layout.number(key)) is not None)
    n = listed[-1] if listed else -1
    if len(listed) != n + 1:
        gap = next((i for i in range(n + 1) if store.read(store_layout.member(prefix, i)) is None), None)
        if gap is not None:
            raise missing(prefix, gap)
    found: tuple[int, bytes] | None = None
    if n >= 0:
        body = store.read(store_layout.member(prefix, n))
        if body is None:
            raise missing(prefix, n)
        found = (n, body)
    while (body := store.read(store_layout.member(prefix, n + 1))) is not None:
        n += 1
        found = (n, body)
    return found


def missing(prefix: str, n: int) -> IntegrityError:
    return IntegrityError(
        f"{store_layout.member(prefix, n)} is missing from its store, though later ones are there",
        code="E603",
        hint="restore it from a backup of the store; `reconciler audit` lists what else is missing",
    )


def misplaced(key: str, what: str) -> IntegrityError:
    return IntegrityError(
        f"{key} is {what}: not what its name says",
        code="E509",
        hint="the store was edited by hand; restore the file from a backup",
    )


def append(store: Store, prefix: str, n: int, body: bytes, *, ours: Callable[[bytes], bool]) -> None:
    """Create member `n`; ConflictError when somebody else has. `ours` tells our own earlier, unanswered try by its
    bytes (it carries an attempt id, or is the same fact)."""
    key = store_layout.member(prefix, n)
    for _ in range(ATTEMPTS):
        try:
            if store.create(key, body):
                return
        except AmbiguousWriteError:
            pass
        found = store.read(key)
        if found is None:
            continue  # the unanswered try did not happen
        if ours(found):
            return
        raise ConflictError(
            f"{key} was written by somebody else in the meantime", hint="run the same command again", code="E702"
        )
    raise AmbiguousWriteError(
        f"the store did not say whether {key} was written, {ATTEMPTS} times in a row",
        hint="check the store's health and run the same command again: it is safe",
    )


def once(store: Store, key: str, body: bytes) -> bytes:
    """Create `key` unless it exists; the bytes that are there now: the first writer wins and everybody adopts them."""
    for _ in range(ATTEMPTS):
        try:
            if store.create(key, body):
                return body
        except AmbiguousWriteError:
            pass
        if (found := store.read(key)) is not None:
            return found
    raise AmbiguousWriteError(
        f"the store did not say whether {key} was written, {ATTEMPTS} times in a row",
        hint="check the store's health and run the same command again: it is safe",
    )


def push(store: Store, prefix: str, body: bytes) -> int:
    """Append at whatever number is free, for logs where order among writers does not matter; the number."""
    for _ in range(100):
        found = last(store, prefix)
        n = found[0] + 1 if found else 0
        try:
            append(store, prefix, n, body, ours=body.__eq__)
        except ConflictError:
            continue
        return n
    raise ConflictError(f"a hundred others wrote to {prefix} first", hint="run the same command again")
