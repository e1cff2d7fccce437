"""Read the name of an image in a registry: HOST[:PORT]/REPOSITORY[:TAG], strictly. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.errors import UsageError

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_REFERENCE = re.compile(
    rf"(?:oci://|docker://)?({_HOST}(?::[0-9]{{1,5}})?)/({_PART}(?:/{_PART})*)(?::({_TAG}))?(?:@(sha256:[0-9a-f]{{64}}))?"
)
_LONGEST = 400
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryReference:
    """One image of a registry: `host` with its port, `repository`, and a `tag`, a `digest`, or both."""

    host: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @property
    def address(self) -> str:
        """Return the repository with its host."""
        return f"{self.host}/{self.repository}"

    @property
    def loopback(self) -> bool:
        """Tell whether the registry is on this machine, where nobody listens on the way."""
        return _LOOPBACK.fullmatch(self.host) is not None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        return f"{self.address}{tag}{f'@{self.digest}' if self.digest is not None else ''}"


def parse_reference(text: str) -> RegistryReference:
    """Read a reference as a person types it; UsageError E801 for one of another form, also with a password in it."""
    match = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        shown = "a name with a password" if "@" in text.split("@sha256:", maxsplit=1)[0] else repr(text[:100])
        raise UsageError(
            f"{shown} names no image of a registry",
            hint="write HOST/REPOSITORY:TAG, such as registry.example.org/models/churn:1; credentials come from "
            "RECONCILER_REGISTRY_USER and RECONCILER_REGISTRY_PASSWORD, or from the file that `docker login` writes",
            code="E801",
        )
    host, repository, tag, digest = match.groups()
    return RegistryReference(
        host=host, repository=repository, tag=tag, digest=Digest(digest) if digest is not None else None
    )
