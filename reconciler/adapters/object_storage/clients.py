"""obstore's clients for a bucket, from its location and the operator's environment variables.

Credentials are found as obstore finds them (AWS_*, GOOGLE_*, AZURE_*, web identity, instance roles). An address to
connect to is only ever the operator's (AWS_ENDPOINT_URL, GOOGLE_BASE_URL, AZURE_STORAGE_ENDPOINT); without encryption
it must be this very machine, unless RECONCILER_ALLOW_HTTP says that the network may see keys and models."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.core.storage.location import StorageLocation
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

TIMEOUT = "RECONCILER_STORE_TIMEOUT"
ALLOW_HTTP = "RECONCILER_ALLOW_HTTP"
_DEFAULT_PATIENCE = 30.0  # seconds
_HEAVY = timedelta(hours=2)
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gcs": ("GOOGLE_BASE_URL",),
    "azure": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AZURITE_BLOB_STORAGE_URL"),
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Clients:
    """Three clients of one bucket: `reader` repeats, the writers do not; `heavy` has time for large bodies.

    Writers are made when something is written: most commands only read, and a client takes as long as a listing.
    """

    def __init__(
        self, *, reader: ObjectStore, writer: Callable[[], ObjectStore], heavy: Callable[[], ObjectStore]
    ) -> None:
        self.reader = reader
        self._writer = writer
        self._heavy = heavy

    @cached_property
    def writer(self) -> ObjectStore:
        return self._writer()

    @cached_property
    def heavy(self) -> ObjectStore:
        return self._heavy()

    @classmethod
    def of(cls, client: ObjectStore) -> Clients:
        """Return one client for all."""
        return cls(reader=client, writer=lambda: client, heavy=lambda: client)


def clients_of(location: StorageLocation) -> Clients:
    """Return the clients of a bucket. Raises ModuleNotFoundError without obstore, UsageError E607 for an address that
    is not safe to connect to."""
    from obstore.store import AzureStore, GCSStore, S3Store

    kinds: dict[str, Callable[..., Any]] = {"s3": S3Store, "gcs": GCSStore, "azure": AzureStore}
    name = location.setting("bucket") or location.setting("container") or ""
    client = partial(kinds[location.uses], name, prefix=location.setting("prefix"), **_settings(location))
    plain, patience = _is_plain(location), _patience()
    return Clients(
        reader=client(**_retry_settings(plain, patience, timeout=_HEAVY, read_timeout=patience, retries=4)),
        writer=partial(client, **_retry_settings(plain, patience, timeout=patience)),
        heavy=partial(client, **_retry_settings(plain, patience, timeout=_HEAVY)),
    )


def reading_client(location: StorageLocation) -> Any:
    """Return obstore's client to read a whole bucket with. Raises as `clients_of`, and ModuleNotFoundError."""
    from obstore.store import AzureStore, GCSStore, S3Store

    kinds: dict[str, Callable[..., Any]] = {"s3": S3Store, "gcs": GCSStore, "azure": AzureStore}
    plain, patience = _is_plain(location), _patience()
    retries = _retry_settings(plain, patience, timeout=_HEAVY, read_timeout=patience, retries=4)
    name = location.setting("bucket") or location.setting("container") or ""
    return kinds[location.uses](name, **_settings(location), **retries)


def _settings(location: StorageLocation) -> dict[str, Any]:
    match location.uses:
        case "s3":  # in spite of the environment: all safety rests on the condition
            return _given(region=location.setting("region"), endpoint=endpoint("s3"), conditional_put="etag")
        case "azure":
            return _given(account_name=location.setting("account"))
    return {}


def _retry_settings(
    plain: bool, patience: timedelta, *, timeout: timedelta, read_timeout: timedelta | None = None, retries: int = 0
) -> dict[str, Any]:
    """Return the settings for how a client waits and repeats."""
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2)}
    return {
        "client_options": _given(
            allow_http=plain,
            timeout=timeout,
            read_timeout=read_timeout,
            connect_timeout=min(patience, timedelta(seconds=5)),
            user_agent="model-reconciler",
        ),
        "retry_config": {"max_retries": retries, "backoff": backoff, "retry_timeout": 2 * patience},
    }


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def endpoint(uses: str) -> str | None:
    """Return the address of a service that the operator gives; None for the service's own."""
    return next((os.environ[name] for name in _ENDPOINTS[uses] if os.environ.get(name)), None)


def _is_plain(location: StorageLocation) -> bool:
    """Whether the connection is without encryption, and may be."""
    address = endpoint(location.uses)
    if address is None:
        return location.uses == "azure" and os.environ.get("AZURE_STORAGE_USE_EMULATOR", "").lower() in ("1", "true")
    name = next(name for name in _ENDPOINTS[location.uses] if os.environ.get(name))
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise UsageError(
            f"{name} is not the address of a server",
            hint=f"write it as https://host or https://host:port: it is where {location.address} is looked for",
            code="E607",
        )
    if parts.scheme == "http" and host not in _LOOPBACK and os.environ.get(ALLOW_HTTP, "").lower() not in ("1", "true"):
        raise UsageError(
            f"{name} would send keys and models over the network without encryption",
            hint=f"give it an https address; {ALLOW_HTTP}=true takes the risk",
            code="E607",
        )
    return parts.scheme == "http"


def _patience() -> timedelta:
    text = os.environ.get(TIMEOUT) or str(_DEFAULT_PATIENCE)
    try:
        seconds = float(text)
        if not (math.isfinite(seconds) and 0.1 <= seconds <= 3600):
            raise ValueError
    except ValueError as error:
        raise UsageError(
            f"{TIMEOUT} is not a time: {text[:40]!r}", hint="write seconds, from 0.1 to 3600", code="E801"
        ) from error
    return timedelta(seconds=seconds)
