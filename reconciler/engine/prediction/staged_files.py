"""Put several files into place, each in one step, once all of them could be written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import UsageError


@contextmanager
def staged(files: Sequence[tuple[Path, Path]]) -> Iterator[Callable[[], None]]:
    """Copy each (source, place) beside its place; yield what puts them there: a reader sees the old file or the whole
    new one. What was not put there is removed. Raises UsageError E801."""
    copies = [(place.with_name(f".{place.name}.{os.getpid()}"), place) for _, place in files]

    def publish() -> None:
        for copy, place in copies:
            with _told(place):
                copy.replace(place)

    try:
        for (source, place), (copy, _) in zip(files, copies, strict=True):
            with _told(place):
                shutil.copyfile(source, copy)
        yield publish
    finally:
        for copy, _ in copies:
            copy.unlink(missing_ok=True)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write {place}: {error.strerror}"
        raise UsageError(message, hint="choose another --out", code="E801") from error
