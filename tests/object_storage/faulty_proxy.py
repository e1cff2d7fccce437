"""A proxy between this program and an object store, that does to requests what networks and servers do.

Each request is numbered; a script says what happens to it. Bodies are passed on as they are, with the Host that was
signed.
"""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Fault(StrEnum):
    NONE = "passed on"
    BUSY = "503, not done"
    CUT = "connection cut, not done"
    LOST = "done, and the connection cut"
    LATE = "done, and answered with 500"
    HANG = "not done, never answered"
    DONE_HANG = "done, never answered"
    KILL = "the client killed, not done"
    DONE_KILL = "done, and the client killed"


WRITTEN = {Fault.LOST, Fault.LATE, Fault.DONE_HANG, Fault.DONE_KILL}


@dataclass(frozen=True)
class Asked:
    """`n` counts from 0."""

    n: int
    method: str
    path: str
    signed: bool = False

    @property
    def writes(self) -> bool:
        return self.method == "PUT"


Script = Callable[[Asked], Fault]


def calm(_: Asked) -> Fault:
    return Fault.NONE


@dataclass
class Proxy:
    """`strip` are headers that do not arrive. `latency` is added to each request, in seconds. `victim` is whom KILL
    kills."""

    upstream: int
    script: Script = calm
    strip: frozenset[str] = frozenset()
    latency: float = 0.0
    victim: int | None = None
    seen: list[Asked] = field(default_factory=list)
    done: list[tuple[Asked, Fault]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self, script: Script = calm) -> None:
        with self._lock:
            self.seen, self.done, self.script = [], [], script

    def fault_of(self, method: str, path: str, signed: bool) -> Fault:
        with self._lock:
            asked = Asked(len(self.seen), method, path, signed)
            self.seen.append(asked)
            fault = self.script(asked)
            if fault is not Fault.NONE:
                self.done.append((asked, fault))
            return fault

    def kill(self) -> None:
        if self.victim is not None:
            with suppress(ProcessLookupError):
                os.kill(self.victim, signal.SIGKILL)

    def hang(self) -> None:
        self._stop.wait(600)


@contextmanager
def between(upstream: int) -> Iterator[Proxy]:
    proxy = Proxy(upstream)
    local = threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if proxy.latency:
                time.sleep(proxy.latency)  # the distance to the store
            fault = proxy.fault_of(self.command, self.path, "authorization" in self.headers)
            answer = self._pass_on(body) if fault is Fault.NONE or fault in WRITTEN else None
            match fault:
                case Fault.NONE:
                    assert answer is not None
                    self._answer(*answer)
                case Fault.BUSY:
                    self._answer(503, [("content-type", "application/xml")], b"<Error><Code>SlowDown</Code></Error>")
                case Fault.LATE:
                    self._answer(
                        500, [("content-type", "application/xml")], b"<Error><Code>InternalError</Code></Error>"
                    )
                case Fault.HANG | Fault.DONE_HANG:
                    proxy.hang()
                    self.close_connection = True
                case Fault.KILL | Fault.DONE_KILL:
                    proxy.kill()
                    self.close_connection = True
                case _:
                    self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _any  # noqa: N815

        def _pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            headers = {name: text for name, text in self.headers.items() if name.lower() not in proxy.strip | _HOP}
            for fresh in (False, True):  # a connection that the server closed meanwhile is not the client's matter
                if fresh or getattr(local, "connection", None) is None:
                    local.connection = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=60)
                try:
                    local.connection.request(self.command, self.path, body=body, headers=headers)
                    break
                except (OSError, http.client.HTTPException):
                    if fresh:
                        raise
            found = local.connection.getresponse()
            return found.status, found.getheaders(), found.read()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, text in headers:
                if name.lower() not in _HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                    self.send_header(name, text)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def handle(self) -> None:
            try:
                with suppress(OSError):  # the client is gone
                    super().handle()
            finally:
                if (connection := getattr(local, "connection", None)) is not None:
                    connection.close()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy._stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
