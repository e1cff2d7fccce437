"""Parse the address of a git remote, strictly.

An address that git could take for an option or a command, or for another host than a person reads, is refused. No
message holds a user's name or password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.errors import SourceError

SCHEMES = ("https", "ssh", "http", "file")
FORMS = "https://host/owner/repository, ssh://git@host/owner/repository, git@host:owner/repository, or a path"

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\]"
_USER = r"[A-Za-z0-9_][^\s/@?#\\]*"
_URL = re.compile(rf"(?P<scheme>[a-z]+)://(?:{_USER}@)?(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>[^?#]*)")
_SCP = re.compile(rf"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?(?P<host>{_HOST}):(?P<path>[^?#]+)")
_PATH = re.compile(r"[A-Za-z0-9_.~+-]+(?:/[A-Za-z0-9_.~+-]+)*")
_ALIASES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}  # their ssh over the port of https


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteURL:
    """A parsed address. `path` is without surrounding slashes and without `.git`; `host` is empty for a folder of this
    machine, whose full path is `path`."""

    scheme: str
    host: str
    path: str
    port: int | None = None

    @property
    def origin(self) -> str:
        """Return scheme, host and port, the latter only where it is not the usual one."""
        usual = {"https": 443, "http": 80, "ssh": 22}.get(self.scheme)
        port = "" if self.port in (None, usual) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    def __str__(self) -> str:
        return f"{self.origin}/{self.path}" if self.host else self.path


def address(text: str) -> RemoteURL:
    """Parse an address; SourceError E305 for one that has none of the `FORMS`."""
    if len(text) > 2000 or not text.isprintable() or not text or text.startswith("-"):
        raise _refused("it is empty or too long, or holds characters that an address cannot have")
    first = text.split("/", maxsplit=1)[0]
    if "://" not in text and ":" not in first:  # as git tells the two apart
        return RemoteURL(scheme="file", host="", path=text)
    if "::" in first.split("[")[0]:
        raise _refused("git would start a program on this machine")
    if "://" in text:
        return _url(text)
    match = _SCP.fullmatch(text)
    if match is None:
        raise _refused("its host cannot be read")
    return _remote_url("ssh", match["host"], None, match["path"])


def _url(text: str) -> RemoteURL:
    if text.startswith("file:///"):
        return RemoteURL(scheme="file", host="", path=text.removeprefix("file://"))
    match = _URL.fullmatch(text)
    if match is None:
        raise _refused("its host cannot be read")
    if match["scheme"] not in SCHEMES[:3]:
        raise _refused(f"{match['scheme']}:// is not used for another machine")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise _refused(f"port {port} does not exist")
    return _remote_url(match["scheme"], match["host"], port, match["path"])


def _remote_url(scheme: str, host: str, port: int | None, path: str) -> RemoteURL:
    bare = path.strip("/").removesuffix(".git").rstrip("/")
    parts = bare.split("/")
    if _PATH.fullmatch(bare) is None or ".." in parts or any(part.startswith("-") for part in parts):
        raise _refused("its path does not consist of plain names")
    name = host.lower()
    if name in _ALIASES:
        name, port = _ALIASES[name], None
    return RemoteURL(scheme=scheme, host=name, port=port, path=bare)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine (RFC 6761, RFC 1122), so that nothing travels over a network."""
    return host in ("localhost", "[::1]") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def _refused(reason: str) -> SourceError:
    return SourceError(f"the remote's address is not accepted: {reason}", hint=f"use {FORMS}", code="E305")
