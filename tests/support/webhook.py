"""A webhook on loopback that keeps what apprise's `json://` sends it; a path that begins with /dead takes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Webhook(ThreadingHTTPServer):
    """The messages that came, (title, body) each, in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: list[tuple[str, str]] = []

    def address(self, path: str = "taken") -> str:
        return f"json://127.0.0.1:{self.server_port}/{path}/secret-token"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        taken = not self.path.startswith("/dead")
        if taken:
            self.server.arrived.append((body["title"], body["message"]))
        self.send_response(200 if taken else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Webhook]:
    here = Webhook()
    thread = threading.Thread(target=here.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.shutdown()
        thread.join()
        here.server_close()
