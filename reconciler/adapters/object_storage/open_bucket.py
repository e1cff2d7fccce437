"""Open a bucket from its location. obstore is imported by that, so that who uses none needs none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.core.storage.location import StorageLocation
from reconciler.errors import AmbiguousWriteError, StoreError, TargetError, UsageError

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket


def open_bucket(location: StorageLocation, *, kind: type[StoreError] | type[TargetError] = StoreError) -> Bucket:
    """Open a bucket; UsageError E610 without obstore, E607 for an address that is not safe to connect to."""
    try:
        from reconciler.adapters.object_storage.bucket import Bucket
        from reconciler.adapters.object_storage.clients import clients_of

        return Bucket(clients_of(location), location.address, kind=kind)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "obstore":
            raise
        raise UsageError(
            f"{location.address} needs the library obstore, which is not installed",
            hint="pip install 'model-reconciler[stores]'",
            code="E610",
        ) from error


@contextmanager
def as_target_error(address: str) -> Iterator[None]:
    """Raise errors of this machine's disk, and lost answers, as TargetError."""
    try:
        yield
    except AmbiguousWriteError as error:
        raise TargetError(error.message, code=error.code, hint=error.hint) from error
    except OSError as error:
        raise TargetError(
            f"cannot read what {address} shall serve: {error.strerror or type(error).__name__}", code="E608"
        ) from error
