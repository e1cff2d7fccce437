"""One repository of an OCI registry (distribution-spec v1.1) by Python's own HTTP. Implements ports.PackageRegistry.

TLS but on this machine; credentials go to the registry, and to the place that it names for tokens, and to no other
host; an answer is read up to a limit, a blob up to the size that its descriptor says.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import math
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.adapters.registries.registry_credentials import PASSWORD, USER, credentials_for
from reconciler.adapters.system.http_request import send
from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.digest import Digest, digest_of_bytes, is_digest
from reconciler.core.package import layout
from reconciler.core.package.refusal import refused
from reconciler.core.package.registry_reference import RegistryReference
from reconciler.core.size_limits import MIB, REGISTRY_ANSWER_BYTES
from reconciler.errors import StoreError

TIMEOUT = "RECONCILER_STORE_TIMEOUT"
_SECONDS = 60.0  # without a byte
_REDIRECTS = 5
ACCEPT = f"{MANIFEST_TYPE}, {layout.INDEX_TYPE}"
_CHALLENGE = re.compile(r'([A-Za-z]+)="([^"]*)"')
_OCTETS = "application/octet-stream"
_MOVED = (301, 302, 303, 307, 308)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hand out an answer that names another place: whether to follow it is decided here."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:  # noqa: ARG002
        return None


class OciRegistry:
    """A repository of a registry, with the credentials of this user."""

    def __init__(self, reference: RegistryReference, environ: Mapping[str, str]) -> None:
        self._reference = reference
        self._base = f"{'http' if reference.loopback else 'https'}://{reference.host}"
        self._basic = credentials_for(reference.host, environ)
        self._authorization: str | None = None
        self._seconds = patience(environ)
        handlers: list[urllib.request.BaseHandler] = [NoRedirect()]
        if reference.loopback:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def address(self) -> str:
        return self._reference.address

    @property
    def host(self) -> str:
        """Return the registry's host, with its port."""
        return self._reference.host

    def manifest(self, reference: str, largest: int) -> bytes | None:
        """Return a manifest by tag or digest, or None where there is none."""
        with self._ask("GET", f"manifests/{reference}", headers={"Accept": ACCEPT}, absent=True) as answer:
            if answer.status == 404:
                return None
            body = read_answer(answer, largest, self._reference.address)
        if is_digest(reference) and digest_of_bytes(body) != reference:
            raise refused("E501", f"the manifest {reference} has another digest", self.address)
        return body

    def blob(self, digest: Digest, size: int, into: Path) -> None:
        """Write a blob to `into`, which must not exist; it may come from another host, which gets no credentials."""
        hashed, left = hashlib.sha256(), size
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            self._ask("GET", f"blobs/{digest}", absent=True) as answer,
            os.fdopen(os.open(into, flags, 0o600), "wb") as stream,
        ):
            if answer.status == 404:
                raise refused("E521", f"blob {digest} is missing from the registry", self.address)
            while part := self._part(answer, min(MIB, left + 1)):
                left -= len(part)
                if left < 0:
                    raise refused("E505", f"blob {digest} is longer than the {size:,} bytes of it", self.address)
                hashed.update(part)
                stream.write(part)
        if left or f"sha256:{hashed.hexdigest()}" != digest:
            raise refused("E501", f"blob {digest} is damaged: its bytes have another digest", self.address)

    def holds_blob(self, digest: Digest) -> bool:
        """Tell whether there is a blob."""
        with self._ask("HEAD", f"blobs/{digest}", absent=True) as answer:
            return bool(answer.status != 404)

    def put_blob(self, digest: Digest, body: bytes | Path) -> None:
        """Upload a blob in one request, to the place that the registry names for it."""
        with self._ask("POST", "blobs/uploads/", body=b"") as answer:
            place = urllib.parse.urljoin(f"{self._base}/", answer.headers.get("Location", ""))
        if urllib.parse.urlsplit(place)[:2] != urllib.parse.urlsplit(self._base)[:2]:
            raise self._unexpected("names another host to upload to")
        place += f"{'&' if '?' in place else '?'}digest={urllib.parse.quote(digest)}"
        with self._ask("PUT", place, body=body, headers={"Content-Type": _OCTETS}):
            pass

    def put_manifest(self, reference: str, media_type: str, body: bytes) -> bool:
        """Upload a manifest; tell whether the registry says that it lists it by what it refers to."""
        with self._ask("PUT", f"manifests/{reference}", body=body, headers={"Content-Type": media_type}) as answer:
            given = answer.headers.get("Docker-Content-Digest")
            if given is not None and given != digest_of_bytes(body):
                raise self._unexpected("gave a manifest another digest")
            return answer.headers.get("OCI-Subject") is not None

    def referrers(self, artifact: Digest) -> bytes | None:
        """Return the index of what refers to an artifact; None where the registry has no such API."""
        with self._ask("GET", f"referrers/{artifact}", headers={"Accept": layout.INDEX_TYPE}, absent=True) as answer:
            if answer.status == 404 or "json" not in answer.headers.get("Content-Type", ""):
                return None
            if answer.headers.get("Link"):
                raise self._unexpected("lists what refers to the artifact on several pages")
            return read_answer(answer, REGISTRY_ANSWER_BYTES, self.address)

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        absent: bool = False,
    ) -> Any:
        """Ask once; once more with a token where the registry wants one. `absent`: "not found" is an answer."""
        url = path if path.startswith("http") else f"{self._base}/v2/{self._reference.repository}/{path}"
        answer = self._send(method, url, body, headers or {}, self._authorization)
        if answer.status == 401:
            challenge = answer.headers.get("WWW-Authenticate", "")
            answer.close()
            self._authorization = self._authorized(challenge)
            answer = self._send(method, url, body, headers or {}, self._authorization)
        for _ in range(_REDIRECTS):
            if answer.status not in _MOVED or method not in ("GET", "HEAD"):
                break
            there = urllib.parse.urljoin(url, answer.headers.get("Location", ""))
            answer.close()
            own = urllib.parse.urlsplit(there)[:2] == urllib.parse.urlsplit(self._base)[:2]
            if not own and not there.startswith("https://"):
                raise self._unexpected("leads to a place without TLS")
            answer = self._send(method, there, body, headers or {}, self._authorization if own else None)
            url = there
        if answer.status < 300 or (absent and answer.status == 404):
            return answer
        status = answer.status
        said = _error_in(answer)
        answer.close()
        raise self._refusal(status, said)

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | Path | None,
        headers: Mapping[str, str],
        authorization: str | None,
    ) -> Any:
        sent = {**headers, "Authorization": authorization} if authorization is not None else headers
        return send(self._opener, method, url, body, sent, seconds=self._seconds, unreached=self._unreached)

    def _part(self, answer: Any, size: int) -> bytes:
        try:
            part: bytes = answer.read(size)
        except (http.client.HTTPException, OSError) as error:
            raise self._unreached(error) from error
        if not part and getattr(answer, "length", None):  # what is left of the length that was announced
            raise self._unreached(http.client.IncompleteRead(part, answer.length))
        return part

    def _authorized(self, challenge: str) -> str:
        """Return the header that answers a challenge: the credentials themselves, or a token that they are worth."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and self._basic is not None:
            return f"Basic {self._basic}"
        if scheme.lower() != "bearer":
            raise self._refusal(401, None)
        named = dict(_CHALLENGE.findall(rest))
        realm = named.pop("realm", "")
        if not realm.startswith("https://") and not (self._reference.loopback and realm.startswith("http://")):
            raise self._unexpected("names a place for tokens without TLS")
        asked = {key: named[key] for key in ("service", "scope") if key in named}
        basic = f"Basic {self._basic}" if self._basic is not None else None
        answer = self._send("GET", f"{realm}?{urllib.parse.urlencode(asked)}", None, {}, basic)
        try:
            if answer.status != 200:
                raise self._refusal(401, None)
            document = json.loads(read_answer(answer, REGISTRY_ANSWER_BYTES, self.address))
            token = document.get("token") or document["access_token"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._unexpected("gives no token") from error
        finally:
            answer.close()
        return f"Bearer {token}"

    # --- errors ------------------------------------------------------------------------------------------------------

    def _refusal(self, status: int, said: str | None) -> StoreError:
        if status in (401, 403):
            return StoreError(
                f"the registry refuses {self.address}" + (f": {said}" if said else ""),
                code="E622",
                hint=f"log in with `docker login`, `skopeo login` or `podman login`, or set {USER} and {PASSWORD}; "
                "pushing needs the right to write there",
            )
        if status == 404:
            hint = "check the name of the repository"
            return StoreError(f"the registry has no {self.address}", code="E621", hint=hint)
        return self._unexpected(f"answers {status}" + (f" ({said})" if said else ""))

    def _unexpected(self, what: str) -> StoreError:
        return StoreError(
            f"the registry of {self.address} {what}",
            code="E621",
            hint="nothing is lost: run the same command again; if it stays so, ask those who run the registry",
        )

    def _unreached(self, error: Exception) -> StoreError:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, TimeoutError) or isinstance(reason, TimeoutError):
            reason = f"no byte in {self._seconds:g} s"
        return StoreError(
            f"the registry of {self.address} cannot be reached: {str(reason)[:200]}",
            code="E621",
            hint="check the name and the network, and run the same command again; a registry needs TLS, but on this "
            "machine",
        )


def patience(environ: Mapping[str, str]) -> float:
    """Return how many seconds to wait for the next byte: as of a store, where the variable says it."""
    try:
        seconds = float(environ.get(TIMEOUT) or _SECONDS)
    except ValueError:
        return _SECONDS
    return seconds if math.isfinite(seconds) and 0.1 <= seconds <= 3600 else _SECONDS


def read_answer(answer: Any, largest: int, where: str) -> bytes:
    """Return the body of an answer; IntegrityError E505 for one that is larger, StoreError E621 for one that breaks
    off."""
    try:
        body: bytes = answer.read(largest + 1)
    except (http.client.HTTPException, OSError) as error:
        raise _broken_off(where) from error
    if len(body) > largest:
        raise refused("E505", f"an answer of the registry has more than {largest:,} bytes", where)
    if getattr(answer, "length", None):  # what is left of the length that was announced
        raise _broken_off(where)
    return body


def _broken_off(where: str) -> StoreError:
    hint = "nothing is lost: run the same command again"
    return StoreError(f"the registry of {where} breaks off its answer", code="E621", hint=hint)


def _error_in(answer: Any) -> str | None:
    """Return the code of an OCI error, such as NAME_UNKNOWN; what else a registry says is not repeated."""
    try:
        code = json.loads(answer.read(64 * 1024))["errors"][0]["code"]
    except (ValueError, KeyError, TypeError, IndexError, OSError, RecursionError):
        return None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z_]{1,40}", code) else None
