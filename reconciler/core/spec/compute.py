"""Where an environment trains: on this machine, or as tasks of a Dask cluster. It is no part of any digest."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

WAIT = 600
"""Seconds that an apply waits for a first worker, where the manifest does not say."""

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:]{2,45}\]|[A-Za-z0-9_.-]{1,253}):([0-9]{1,5})")

_CERTIFICATES = "`security: {ca: file:ca.pem, certificate: file:client.pem, key: file:client-key.pem}`"
_START = "start the scheduler with --tls-ca-file, --tls-cert and --tls-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSecurity:
    """Where the certificates of a cluster are: references (env:NAME or file:PATH) to texts in PEM form."""

    ca: str
    certificate: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaskCompute:
    """An existing Dask cluster. `scheduler` refers to its address; `wait`: for how many seconds without any worker."""

    scheduler: str
    security: ClusterSecurity | None = None
    wait: int = WAIT


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def unsafe_address(address: str, *, secured: bool) -> tuple[str, str] | None:
    """Return what is wrong with the address of a scheduler, and what to do; None where nothing is.

    `secured`: certificates are declared. A scheduler and its workers run code for whoever reaches them, so nothing but
    a connection within this machine goes without.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[3]) < 65536:
        return (
            "is not an address of a Dask scheduler",
            "expected tls://HOST:PORT, or on this machine tcp://127.0.0.1:PORT",
        )
    if match[1] == "tls":
        if secured:
            return None
        return (
            "begins with tls://, and no certificates are declared",
            f"declare {_CERTIFICATES} of `compute`",
        )
    if secured:
        return (
            "is not encrypted, although `security` is declared",
            f"{_START}, and write its address as tls://HOST:PORT",
        )
    if not is_loopback(match[2]):
        return (
            "is not encrypted and not on this machine",
            f"{_START}, write its address as tls://HOST:PORT, and declare {_CERTIFICATES}",
        )
    return None
