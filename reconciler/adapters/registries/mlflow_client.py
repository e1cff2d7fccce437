"""What a target asks of an MLflow tracking server: its REST API 2.0 and its proxy of artifacts, by Python's own HTTP.

TLS but on this machine, unless RECONCILER_ALLOW_HTTP says that the network may see models. Credentials are those that
MLflow's own client takes; where the server's address comes from a manifest, they are sent only where the command's
MLFLOW_TRACKING_URI names the same server, since an author of manifests could name one of their own.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reconciler.adapters.registries.registry import NoRedirect, patience
from reconciler.adapters.system.http_request import send
from reconciler.core.size_limits import MIB, MLFLOW_PAGES, REGISTRY_ANSWER_BYTES
from reconciler.errors import TargetError, UsageError

TOKEN, USER, PASSWORD = "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
URI, ALLOW_HTTP = "MLFLOW_TRACKING_URI", "RECONCILER_ALLOW_HTTP"
PROXY = "mlflow-artifacts"
ABSENT, EXISTS = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CODE = re.compile(r"[A-Z_]{1,60}")
_AGAIN = "nothing is lost: run the same command again; if it stays so, ask those who run the tracking server"


class MlflowServer:
    """One tracking server. Every method raises TargetError E602 or E611 when it cannot answer.

    `trusted`: the address is the operator's, and not a manifest's. `address`: as it is shown.
    """

    def __init__(self, address: str, environ: Mapping[str, str], *, trusted: bool) -> None:
        self._base = _checked(address, environ)
        # Of a variable only the server is shown: a manifest may name one whose path is a secret.
        self.address = urllib.parse.urljoin(f"{self._base}/", "/").rstrip("/") if trusted else self._base
        headers = _authorization(environ)
        named = environ.get(URI, "")
        self._headers = headers if trusted or _origin(named) == _origin(self._base) else {}
        self._kept = bool(headers) and not self._headers
        self._seconds = patience(environ)
        handlers: list[urllib.request.BaseHandler] = [NoRedirect()]
        if urllib.parse.urlsplit(self._base).hostname in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    # --- the API -----------------------------------------------------------------------------------------------------

    def get(self, path: str, **asked: str | int) -> dict[str, Any]:
        """Ask a question of the API."""
        return self._api("GET", f"{path}?{urllib.parse.urlencode(asked)}", None) or {}

    def find(self, path: str, **asked: str | int) -> dict[str, Any] | None:
        """Ask for something; None where there is no such thing."""
        return self._api("GET", f"{path}?{urllib.parse.urlencode(asked)}", None, but=ABSENT)

    def post(self, path: str, document: Mapping[str, object], *, but: str | None = None) -> dict[str, Any] | None:
        """Send a document to the API; None where it answers with the error `but`."""
        return self._api("POST", path, document, but=but)

    def delete(self, path: str, document: Mapping[str, object]) -> None:
        """Remove something, which may be gone by now."""
        self._api("DELETE", path, document, but=ABSENT)

    def all(self, path: str, key: str, **asked: str | int) -> list[Any]:
        """Return the items of a list, of all its pages."""
        found: list[Any] = []
        token = ""
        for _ in range(MLFLOW_PAGES):
            page = self.get(path, **asked, **({"page_token": token} if token else {}))
            items = page.get(key, [])
            if not isinstance(items, list):
                raise self._unexpected(f"lists no {key}")
            found += items
            token = page.get("next_page_token") or ""
            if not isinstance(token, str) or not token:
                return found
        raise self._unexpected(f"lists its {key} on more than {MLFLOW_PAGES} pages")

    def _api(
        self, method: str, path: str, document: Mapping[str, object] | None, *, but: str | None = None
    ) -> dict[str, Any] | None:
        body = json.dumps(document).encode() if document is not None else None
        sent = {"Content-Type": "application/json"} if body is not None else {}
        with self._send(method, f"api/2.0/mlflow/{path}", body, sent) as answer:
            said = self._whole(answer)
            found: Any = None
            with suppress(ValueError, RecursionError):
                found = json.loads(said)
            status = answer.status
        if not isinstance(found, dict):
            raise self._refusal(status, None)
        if status >= 300:
            code = found.get("error_code")
            code = code if isinstance(code, str) and _CODE.fullmatch(code) else None
            if but is not None and code == but:
                return None
            raise self._refusal(status, code)
        return found

    # --- artifacts ---------------------------------------------------------------------------------------------------

    def names(self, folder: str) -> frozenset[str] | None:
        """Return the names directly in a folder of artifacts; None where there is no such folder."""
        path = f"api/2.0/mlflow-artifacts/artifacts?{urllib.parse.urlencode({'path': folder})}"
        with self._send("GET", path, None, {}) as answer:
            if answer.status == 404:
                return None
            said, status = self._whole(answer), answer.status
        try:
            files = json.loads(said).get("files", []) if status < 300 else None
            if files is None:
                raise self._refusal(status, None)
            return frozenset(str(each["path"]).rpartition("/")[2] for each in files)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._unexpected("lists no artifacts") from error

    def digest(self, path: str, size: int) -> str | None:
        """Return the digest of an artifact's bytes, at most `size` of them and one more; None where there is none."""
        hashed, left = hashlib.sha256(), size + 1
        with self._artifact(path) as answer:
            if answer.status == 404:
                return None
            while left and (part := self._part(answer, min(MIB, left))):
                left -= len(part)
                hashed.update(part)
        return f"sha256:{hashed.hexdigest()}"

    def read(self, path: str, largest: int) -> bytes | None:
        """Return the bytes of an artifact, of a larger one too many; None where there is none."""
        with self._artifact(path) as answer:
            return None if answer.status == 404 else self._part(answer, largest + 1)

    def take(self, path: str, size: int, into: Path) -> None:
        """Write an artifact's bytes to `into`, no more than `size` and one more; nothing where there is none."""
        into.unlink(missing_ok=True)
        with self._artifact(path) as answer:
            if answer.status == 404:
                return
            with into.open("xb") as stream:
                left = size + 1
                while left and (part := self._part(answer, min(MIB, left))):
                    left -= len(part)
                    stream.write(part)

    def put(self, path: str, body: bytes | Path) -> None:
        """Upload an artifact, in place of one that is there."""
        with self._send("PUT", _artifact_path(path), body, {"Content-Type": "application/octet-stream"}) as answer:
            if answer.status >= 300:
                raise self._refusal(answer.status, None, of_artifacts=True)

    def remove(self, path: str) -> None:
        """Remove an artifact, which may be gone by now."""
        with self._send("DELETE", _artifact_path(path), None, {}) as answer:
            if answer.status >= 300 and answer.status != 404:
                raise self._refusal(answer.status, None, of_artifacts=True)

    def _artifact(self, path: str) -> Any:
        answer = self._send("GET", _artifact_path(path), None, {})
        if answer.status < 300 or answer.status == 404:
            return answer
        status = answer.status
        answer.close()
        raise self._refusal(status, None, of_artifacts=True)

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def _send(self, method: str, path: str, body: bytes | Path | None, headers: Mapping[str, str]) -> Any:
        sent = {**headers, **self._headers}
        url = f"{self._base}/{path}"
        return send(self._opener, method, url, body, sent, seconds=self._seconds, unreached=self._unreached)

    def _whole(self, answer: Any) -> bytes:
        body = self._part(answer, REGISTRY_ANSWER_BYTES + 1)
        if len(body) > REGISTRY_ANSWER_BYTES:
            raise self._unexpected(f"answers with more than {REGISTRY_ANSWER_BYTES:,} bytes")
        return body

    def _part(self, answer: Any, size: int) -> bytes:
        try:
            part: bytes = answer.read(size)
        except (http.client.HTTPException, OSError) as error:
            raise self._unreached(error) from error
        if len(part) < size and getattr(answer, "length", None):  # what is left of the length that was announced
            raise self._unreached(http.client.IncompleteRead(b"", answer.length))
        return part

    # --- errors ------------------------------------------------------------------------------------------------------

    def _refusal(self, status: int, code: str | None, *, of_artifacts: bool = False) -> TargetError:
        if status in (401, 403):
            hint = f"set {USER} and {PASSWORD}, or {TOKEN}, of a user who may do this there"
            if self._kept:
                hint = f"set {URI}={self.address}: credentials are sent only to the server that it names"
            return TargetError(f"the tracking server {self.address} denies access", code="E602", hint=hint)
        if of_artifacts and status in (404, 405, 501, 503):
            return TargetError(
                f"the tracking server {self.address} takes no artifacts",
                code="E602",
                hint="have it started with --serve-artifacts, so that models can be uploaded through it",
            )
        if code == "ENDPOINT_NOT_FOUND":
            message = f"the tracking server {self.address} does not know what it is asked"
            return TargetError(message, code="E611", hint="it must be MLflow 2.3 or later, which has aliases")
        return self._unexpected(f"answers {status}" + (f" ({code})" if code else ", and no JSON of MLflow"))

    def _unexpected(self, what: str) -> TargetError:
        return TargetError(f"the tracking server {self.address} {what}", code="E611", hint=_AGAIN)

    def _unreached(self, error: Exception) -> TargetError:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, TimeoutError) or isinstance(reason, TimeoutError):
            reason = f"no byte in {self._seconds:g} s"
        return TargetError(
            f"the tracking server {self.address} cannot be reached: {str(reason)[:200]}",
            code="E611",
            hint="check its address and the network, and run the same command again",
        )


def _artifact_path(path: str) -> str:
    return f"api/2.0/mlflow-artifacts/artifacts/{urllib.parse.quote(path)}"


def _checked(address: str, environ: Mapping[str, str]) -> str:
    """Return the address without a slash at its end; UsageError E607 for one that is not safe to connect to."""
    try:
        parts = urllib.parse.urlsplit(address)
        host, well_formed = parts.hostname, parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        host, well_formed = None, False
    if not host or not well_formed or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            "the address of the MLflow tracking server is none of a web server",
            hint=f"write https://HOST or https://HOST:PORT, without a user; credentials are {USER} and {PASSWORD}",
            code="E607",
        )
    if parts.scheme == "http" and host not in _LOOPBACK and environ.get(ALLOW_HTTP, "").lower() not in ("1", "true"):
        raise UsageError(
            f"{parts.netloc} would be sent models and keys over the network without encryption",
            hint=f"give it an https address; {ALLOW_HTTP}=true takes the risk",
            code="E607",
        )
    return address.rstrip("/")


def _origin(address: str) -> tuple[str, str, str]:
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return "", "", ""
    return parts.scheme, parts.netloc, parts.path.rstrip("/")


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    if token := environ.get(TOKEN):
        return {"Authorization": f"Bearer {token}"}
    user, password = environ.get(USER), environ.get(PASSWORD)
    if user and password:
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    return {}
