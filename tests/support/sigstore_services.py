"""The services of an instance of Sigstore on loopback: a certificate for a token's identity, and the log's answer."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.sigstore_authority import ISSUER, SigstoreAuthority


def token(identity: str, issuer: str = ISSUER) -> str:
    """Return the token of a CI job, as its provider gives it; nobody here checks its signature."""
    now = int(time.time())
    claims = {"iss": issuer, "sub": identity, "aud": "sigstore", "iat": now - 1, "nbf": now - 1, "exp": now + 600}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join((*written, base64.urlsafe_b64encode(b"unsigned").rstrip(b"=").decode()))


def _claims(authorization: str) -> dict[str, Any]:
    part = authorization.removeprefix("Bearer ").split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


@contextmanager
def services(authority: SigstoreAuthority) -> Iterator[dict[str, Any]]:
    """Run the services of an authority; yield the client trust config that names them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/api/v2/signingCert":
                self._answer(200, _certified(authority, body, _claims(self.headers["authorization"])))
            elif self.path == "/api/v1/log/entries":
                self._answer(201, {"24296fb24b8ad77a": _entry(authority, body)})
            else:
                self._answer(404, {})

        def _answer(self, status: int, document: Any) -> None:
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield _config(authority, f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def config(authority: SigstoreAuthority) -> dict[str, Any]:
    """Return a client trust config whose services nobody runs: enough to verify."""
    return _config(authority, "http://127.0.0.1:9")


def _config(authority: SigstoreAuthority, url: str) -> dict[str, Any]:
    service = {"url": url, "majorApiVersion": 1, "validFor": {"start": "2020-01-01T00:00:00Z"}, "operator": "example"}
    return {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": authority.trusted_root(),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [service],
            "rekorTlogUrls": [service],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [],
            "tsaConfig": {"selector": "ANY"},
        },
    }


def _certified(authority: SigstoreAuthority, body: Any, claims: dict[str, Any]) -> Any:
    request = x509.load_pem_x509_csr(base64.b64decode(body["certificateSigningRequest"]))
    key: Any = request.public_key()
    certificates = (authority.certificate(key, claims["sub"], claims["iss"]), authority.root)
    chain = [each.public_bytes(Encoding.PEM).decode() for each in certificates]
    return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}


def _entry(authority: SigstoreAuthority, proposed: Any) -> Any:
    logged = authority.logged(json.dumps(proposed, separators=(",", ":"), sort_keys=True).encode())
    proof = logged["inclusionProof"]
    return {
        "body": logged["canonicalizedBody"],
        "integratedTime": int(logged["integratedTime"]),
        "logID": base64.b64decode(logged["logId"]["keyId"]).hex(),
        "logIndex": 0,
        "verification": {
            "signedEntryTimestamp": logged["inclusionPromise"]["signedEntryTimestamp"],
            "inclusionProof": {
                "logIndex": 0,
                "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                "treeSize": 1,
                "hashes": [],
                "checkpoint": proof["checkpoint"]["envelope"],
            },
        },
    }
