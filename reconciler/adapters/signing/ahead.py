"""Import the library of signatures in a thread, beside work that waits for git and for workers anyway.

What keys of Ed25519 need takes some 10 ms of processor time, and a deploy waits longer than that for other processes.
Whoever uses the library calls `settled` first, so that no two threads import it at once.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module

_LIBRARY = "cryptography.hazmat.primitives.asymmetric.ed25519"
_running: list[threading.Thread] = []


def import_ahead() -> None:
    """Begin to import the library, unless that was begun. Call it only in a process that forks no more."""
    if not _running:
        thread = threading.Thread(target=_import, name="signatures")
        _running.append(thread)
        thread.start()


def settled() -> None:
    """Wait until an import that was begun is over."""
    for thread in _running:
        thread.join()


def _import() -> None:
    with suppress(ImportError):  # who uses it tells what is missing
        import_module(_LIBRARY)
