"""An OCI registry in memory, over HTTP on loopback: what our client asks of one, and faults at any request."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATH = re.compile(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/(.+)")


@dataclass
class FakeRegistry:
    """Repositories by name. `before(index, method, path)` and `after` return an answer instead: a status, or 0 to
    break the connection off; None to go on. `after` takes its answer when the request had its effect."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    page: int = 1000
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    before: Callable[[int, str, str], int | None] = lambda index, method, path: None
    after: Callable[[int, str, str], int | None] = lambda index, method, path: None
    body: bytes = b"<html>no registry</html>"
    host: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def writes(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.seen if method not in ("GET", "HEAD")]


def _answers(registry: FakeRegistry) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with registry.lock:
                index = len(registry.seen)
                registry.seen.append((self.command, self.path, self.headers.get("Authorization")))
            if (status := registry.before(index, self.command, self.path)) is not None:
                self._refuse(status)
                return
            with registry.lock:
                answer = self._answer(urllib.parse.urlsplit(self.path), body)
            if (status := registry.after(index, self.command, self.path)) is not None:
                self._refuse(status)
                return
            self._send(*answer)

        do_GET = do_HEAD = do_POST = do_PUT = _do  # noqa: N815

        def _refuse(self, status: int) -> None:
            if status:
                self._send(status, {"Content-Type": "text/html"}, registry.body)
            self.close_connection = True

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _answer(self, url: urllib.parse.SplitResult, body: bytes) -> tuple[int, dict[str, str], bytes]:
            match, asked = _PATH.fullmatch(url.path), dict(urllib.parse.parse_qsl(url.query))
            if match is None:
                return 404, {}, b"{}"
            name, kind, reference = match.groups()
            if kind == "tags":
                known = sorted(tag for tag in registry.tags if tag > asked.get("last", ""))
                page, more = known[: registry.page], known[registry.page :]
                link = {"Link": f'</v2/{name}/tags/list?n=9&last={page[-1]}>; rel="next"'} if more else {}
                if not registry.tags:
                    return 404, {}, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'
                return 200, link, json.dumps({"name": name, "tags": page}).encode()
            if kind == "blobs" and self.command == "POST":
                return 202, {"Location": f"/v2/{name}/blobs/uploads/one"}, b""
            if kind == "blobs" and self.command == "PUT":
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
                if asked["digest"] != digest:
                    return 400, {}, b'{"errors":[{"code":"DIGEST_INVALID"}]}'
                registry.blobs[digest] = body
                return 201, {}, b""
            if kind == "blobs":
                found = registry.blobs.get(reference)
                return (200, {}, found) if found is not None else (404, {}, b"{}")
            if kind == "manifests" and self.command == "PUT":
                return self._put(reference, body)
            digest = registry.tags.get(reference, reference)
            if digest not in registry.manifests:
                return 404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
            kind, body = registry.manifests[digest]
            return 200, {"Content-Type": kind, "Docker-Content-Digest": digest}, body

        def _put(self, reference: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            document = json.loads(body)
            named = [document["config"], *document["layers"]]
            if any(each["digest"] not in registry.blobs for each in named):
                return 400, {}, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}'
            registry.manifests[digest] = (self.headers["Content-Type"], body)
            if not reference.startswith("sha256:"):
                registry.tags[reference] = digest
            return 201, {"Docker-Content-Digest": digest}, b""

    return Answers


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answers(registry))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
