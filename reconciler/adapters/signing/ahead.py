"""Import the library of signatures in a thread, beside work that waits for git and for workers anyway.

The import takes some 50 ms of processor time, for signers of all services at once, and a third of a deploy's waits for
other processes is as long. Whoever uses the library calls `settled` first, so that no two threads import it at once.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module

_LIBRARY = "securesystemslib.dsse"
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
