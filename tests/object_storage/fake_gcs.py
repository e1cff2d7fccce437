"""Google Cloud Storage's XML protocol as its documentation tells it, in memory: what obstore speaks of it, and no more.

No emulator that installs from a package speaks this protocol (the known ones have the JSON one only), so this proves
that our requests carry the conditions and our answers are read aright, not that Google's service keeps them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.object_storage.servers import BUCKET, Server


@contextmanager
def google() -> Iterator[Server]:
    objects: dict[str, tuple[bytes, int]] = {}
    lock = threading.Lock()
    generations = iter(range(1, 10**9))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            bucket, _, name = unquote(parts.path).lstrip("/").partition("/")
            if bucket != BUCKET:
                self._say(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            elif not name:
                self._list({key: values[0] for key, values in parse_qs(parts.query).items()})
            else:
                with lock:
                    self._object(name, body)

        do_GET = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815

        def _object(self, name: str, body: bytes) -> None:
            found = objects.get(name)
            wanted = self.headers.get("x-goog-if-generation-match")
            if wanted is not None and int(wanted) != (found[1] if found else 0):
                self._say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            elif self.command == "PUT":
                objects[name] = body, next(generations)
                self._say(200, b"", objects[name])
            elif found is None:
                self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")
            elif self.command == "DELETE":
                del objects[name]
                self._say(204, b"")
            else:
                self._say(200, found[0], found)

        def _list(self, query: dict[str, str]) -> None:
            prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
            keys = [name for name in sorted(objects) if name.startswith(prefix)]
            folders = {
                prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                for key in keys
                if delimiter and delimiter in key[len(prefix) :]
            }
            shown = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified>"
                f"<ETag>{_tag(objects[key])}</ETag><Size>{len(objects[key][0])}</Size></Contents>"
                for key in keys
                if not (delimiter and delimiter in key[len(prefix) :])
            )
            shown += "".join(
                f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders)
            )
            self._say(200, f"<ListBucketResult>{shown}</ListBucketResult>".encode())

        def _say(self, status: int, body: bytes, about: tuple[bytes, int] | None = None) -> None:
            self.send_response_only(status)
            if about is not None:
                self.send_header("etag", _tag(about))
                self.send_header("x-goog-generation", str(about[1]))
                self.send_header("last-modified", formatdate(usegmt=True))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Server(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _tag(one: tuple[bytes, int]) -> str:
    return f'"{hashlib.md5(one[0], usedforsecurity=False).hexdigest()}"'
