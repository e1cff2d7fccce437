"""One repository of an OCI registry whose tags are listed and moved, with the credentials that may go there.

An author of manifests names the host. So the credentials of the command's variables go to a host that they name too
(RECONCILER_REGISTRY), and to no other; a file of `docker login` names the host of each of its credentials itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reconciler.adapters.registries.registry import ACCEPT, OciRegistry, read_answer
from reconciler.adapters.registries.registry_credentials import PASSWORD, USER
from reconciler.core.digest import Digest, digest_of_bytes, is_digest
from reconciler.core.package.registry_reference import RegistryReference
from reconciler.core.size_limits import MIB, REGISTRY_TAG_PAGES, REGISTRY_TAGS_BYTES, RELEASE_BYTES
from reconciler.errors import IntegrityError

HOST = "RECONCILER_REGISTRY"
_NEXT = re.compile(r'<([^<>"]{1,2000})>\s*;\s*rel="?next"?')
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class TaggedManifest(NamedTuple):
    """What a tag names: `digest` as the registry says, and the manifest's bytes; None where they are damaged there."""

    digest: Digest
    body: bytes | None


class OciRepository(OciRegistry):
    """A repository that a manifest declares."""

    def __init__(self, reference: RegistryReference, environ: Mapping[str, str]) -> None:
        own = environ.get(HOST) == reference.host
        super().__init__(reference, environ if own else {k: v for k, v in environ.items() if k not in (USER, PASSWORD)})

    def reach(self) -> None:
        """Check that the registry answers as one, and lets this user read."""
        self.tags()

    def tags(self) -> frozenset[str]:
        """Return all tags; none where there is no such repository yet."""
        found: set[str] = set()
        path = "tags/list?n=1000"
        for _ in range(REGISTRY_TAG_PAGES):
            with self._ask("GET", path, absent=True) as answer:
                if answer.status == 404:
                    return frozenset(found)
                body = read_answer(answer, REGISTRY_TAGS_BYTES, self.address)
                link = _NEXT.search(answer.headers.get("Link") or "")
            try:
                names = json.loads(body)["tags"] or []
                if not isinstance(names, list):
                    raise TypeError("no list")
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise self._unexpected("answers with no list of tags") from error
            found.update(name for name in names if isinstance(name, str) and _TAG.fullmatch(name))
            if link is None:
                return frozenset(found)
            path = urllib.parse.urljoin(f"{self._base}/", link[1])
            if urllib.parse.urlsplit(path)[:2] != urllib.parse.urlsplit(self._base)[:2]:
                raise self._unexpected("names another host for more tags")
        raise self._unexpected(f"lists its tags on more than {REGISTRY_TAG_PAGES} pages")

    def tagged(self, tag: str) -> TaggedManifest | None:
        """Return what a tag names; None where there is no such tag, or its manifest is gone."""
        with self._ask("GET", f"manifests/{tag}", headers={"Accept": ACCEPT}, absent=True) as answer:
            if answer.status == 404:
                return None
            body = read_answer(answer, RELEASE_BYTES, self.address)
            said = answer.headers.get("Docker-Content-Digest")
        digest = digest_of_bytes(body)
        if said is not None and is_digest(said) and said != digest:
            return TaggedManifest(Digest(said), None)
        return TaggedManifest(digest, body)

    def tagged_digest(self, tag: str) -> Digest | None:
        """Return the digest of what a tag names without its bytes, where the registry says it."""
        with self._ask("HEAD", f"manifests/{tag}", headers={"Accept": ACCEPT}, absent=True) as answer:
            said = answer.headers.get("Docker-Content-Digest")
            if answer.status == 404:
                return None
        if said is not None and is_digest(said):
            return Digest(said)
        found = self.tagged(tag)
        return found.digest if found is not None else None

    def holds_manifest(self, digest: Digest) -> bool:
        """Tell whether a manifest is there with its bytes."""
        try:
            return self.manifest(digest, RELEASE_BYTES) is not None
        except IntegrityError:
            return False

    def matches(self, digest: str, size: int) -> bool:
        """Tell whether a blob is there, and has these bytes: all of them are read."""
        hashed, left = hashlib.sha256(), size
        with self._ask("GET", f"blobs/{digest}", absent=True) as answer:
            if answer.status == 404:
                return False
            while part := self._part(answer, min(MIB, left + 1)):
                left -= len(part)
                if left < 0:
                    return False
                hashed.update(part)
        return left == 0 and f"sha256:{hashed.hexdigest()}" == digest

    def take(self, digest: str, size: int, into: Path) -> None:
        """Write a blob to `into`, where there is one with these bytes; else nothing is there."""
        into.unlink(missing_ok=True)
        try:
            self.blob(Digest(digest), size, into)
        except IntegrityError:
            into.unlink(missing_ok=True)
