"""A cache of tables' columns by file and declaration: while neither changed, no worker process is started for them.

One JSON file outside the work tree, safe to delete; a damaged one is ignored.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.adapters.caches import cached_json
from reconciler.core.computed_once import computed_once
from reconciler.ports import HeaderRequest, TableHeader, TableHeaders

LIMIT = 5_000  # tables; beyond it the cache begins anew
SETTLED = 2_000_000_000  # nanoseconds


class CachedHeaders:
    """Implements ports.TableHeaders. `path` returns the cache's file, one for each version of the rules. `settled`: the
    nanoseconds after which another write to a file shows in its times."""

    def __init__(self, inner: TableHeaders, path: Callable[[], Path], *, settled: int = SETTLED) -> None:
        self._inner = inner
        self._find = path
        self._settled = settled

    def header(self, request: HeaderRequest) -> TableHeader:
        key = _key(request, self._settled)
        if key is not None and (known := _header(self._known.get(key))) is not None:
            return known
        header = self._inner.header(request)
        if key is not None and header.columns is not None:
            if len(self._known) >= LIMIT:
                self._known.clear()
            self._known[key] = [list(header.columns), list(header.texts)]
            cached_json.save(self._path, self._known)
        return header

    @computed_once
    def _path(self) -> Path:
        return self._find()

    @computed_once
    def _known(self) -> dict[str, Any]:
        return cached_json.load(self._path)


def _header(known: Any) -> TableHeader | None:
    """Return what was saved of a header; None where it is something else."""
    match known:
        case [list() as columns, list() as texts] if all(isinstance(name, str) for name in (*columns, *texts)):
            return TableHeader(columns=tuple(columns), texts=tuple(texts))
    return None


def _key(request: HeaderRequest, settled: int) -> str | None:
    """Return a key of the file as it is, and of its declaration; None where it is not there, or too young to tell."""
    if not request.table.is_here:
        return None
    path = request.root / request.table.path
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    if time.time_ns() - status.st_ctime_ns < settled:
        return None
    times = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return f"{path} {times} {request.name} {codec.digest_of(request.table)}"
