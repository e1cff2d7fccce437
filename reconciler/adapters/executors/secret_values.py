"""Look up the secrets that tables refer to, right before they are handed to the process of the copy.

Keeps true: a value goes into a request over a pipe and nowhere else: not into an environment, an argument, a file, a
log or an error. What buckets need is found by their library in the environment, and only that process gets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.core.spec.data import Table, is_in_bucket
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError
from reconciler.ports import Secret

_MOST = 64 * 1024  # bytes of a secret's file
_OF_BUCKETS = (
    *("AWS_", "GOOGLE_", "AZURE_", "AZURITE_", "GCP_", "SSL_CERT_", "KUBERNETES_", "IDENTITY_", "MSI_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("RECONCILER_STORE_TIMEOUT", "RECONCILER_ALLOW_HTTP"),
)


def secrets_of(tables: Iterable[tuple[str, Table]], root: Path, environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return the secrets that the tables refer to, each once. `root`: where relative paths of files start from.

    Raises DataError E433 where one is not set here.
    """
    secrets: dict[str, Secret] = {}
    for name, table in tables:
        if table.url is not None and table.url not in secrets:
            secrets[table.url] = Secret(reference=table.url, value=_value(name, table, table.url, root, environ))
    return tuple(secrets.values())


def bucket_environment(tables: Iterable[tuple[str, Table]], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which buckets are reached, where a table is in one."""
    if not any(is_in_bucket(table.path) for _, table in tables):
        return {}
    return {name: value for name, value in environ.items() if name.startswith(_OF_BUCKETS)}


def _value(name: str, table: Table, reference: str, root: Path, environ: Mapping[str, str]) -> str:
    kind, _, place = reference.partition(":")
    if kind == "env":
        if not (value := environ.get(place, "").strip()):
            raise _unset(name, table, f"the environment variable {place} is not set", f"set {place} for this command")
        return value
    try:
        path = root / place
        body = path.read_bytes() if path.is_file() and path.stat().st_size <= _MOST else b""
        value = body.decode().strip()
    except (OSError, ValueError):
        value = ""
    if not value:
        hint = f"write the secret into {place}, and make it readable for this user"
        raise _unset(name, table, f"the file {place} holds no text that can be read", hint)
    return value


def _unset(name: str, table: Table, message: str, hint: str) -> DataError:
    return table_error(name, table, code="E433", message=message, hint=hint)
