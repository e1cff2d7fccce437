"""A forge on this machine: both APIs, and the repository itself over HTTP (git-http-backend), with faults to order.

Bound to the loopback address alone. A lost answer is a closed connection, or one that is held until the end.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.forge import github_api, gitlab_api
from tests.forge.answers import Answer, Asked
from tests.forge.place import PROJECT, Owner, Place
from tests.forge.shapes import model

SERVES = {"GITHUB": github_api.PREFIX, "GITLAB": gitlab_api.PREFIX}
RESET = 1_800_000_000  # 2027-01-15 08:00:00 UTC


class Fault(Enum):
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    RATE = "rate"
    SLOW_DOWN = 429
    REFUSED = 422
    BROKEN = 500
    LOGIN_PAGE = "page"
    LOST_BEFORE = "closed, nothing done"
    LOST_AFTER = "done, then closed"
    HELD_BEFORE = "no answer, nothing done"
    HELD_AFTER = "done, no answer"


@dataclass(slots=True, kw_only=True)
class Order:
    fault: Fault
    method: str
    path: str
    times: int


@dataclass(slots=True, kw_only=True)
class Server:
    """`root` is its address. `asked`: (method, path with its query) of all that was asked of the APIs."""

    root: str
    place: Place
    github: github_api.GitHubApi
    gitlab: gitlab_api.GitLabApi
    orders: list[Order] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    versions: set[str | None] = field(default_factory=set)
    """Of GitHub's API, as they were asked for."""
    broken: list[str] = field(default_factory=list)
    """What went wrong in the double itself: never expected."""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def remote(self) -> str:
        return f"{self.root}/{PROJECT}.git"

    def order(self, fault: Fault, *, method: str = "[A-Z]+", path: str = ".*", times: int = 1) -> None:
        """`path` is a regular expression that the whole path, with its API's prefix, must fit."""
        self.orders.append(Order(fault=fault, method=method, path=path, times=times))

    def due(self, method: str, path: str) -> Fault | None:
        for one in self.orders:
            if one.times and re.fullmatch(one.method, method) and re.fullmatch(one.path, path):
                one.times -= 1
                return one.fault
        return None


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    place = Place(folder)
    model("PullRequest")  # imported now, and not while somebody waits with a time limit
    place.tokens = {"tok-ada-write": Owner(login="ada"), "tok-read-only": Owner(login="ada", rights="read")}
    place.tokens["tok-actions"] = Owner(login=github_api.BOT, kind="app")
    place.tokens["tok-job"] = Owner(login="ada", kind="job")
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server = Server(
        root=f"http://127.0.0.1:{listening.server_address[1]}",
        place=place,
        github=github_api.GitHubApi(place),
        gitlab=gitlab_api.GitLabApi(place),
    )
    listening.here = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        listening.shutdown()
        thread.join()
        listening.server_close()
    assert not server.broken, server.broken


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def handle_any(self) -> None:
        here: Server = self.server.here  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        body = self._body()
        fault = here.due(self.command, path)
        if fault in (Fault.LOST_BEFORE, Fault.HELD_BEFORE):
            self._lose(here, fault)
            return
        answer = _ordered(fault)
        if answer is None:
            with here.lock:
                try:
                    answer = self._git(here, body) if ".git/" in path else self._api(here, path, body)
                except Exception as error:  # noqa: BLE001  (a test must not hang on it)
                    here.broken.append(f"{self.command} {self.path}: {error!r}")
                    answer = Answer(status=500, body={"message": "the double is broken"})
        if fault in (Fault.LOST_AFTER, Fault.HELD_AFTER):
            self._lose(here, fault)
            return
        self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  (http.server's names)

    def _lose(self, here: Server, fault: Fault) -> None:
        if fault in (Fault.HELD_BEFORE, Fault.HELD_AFTER):
            here.over.wait(60)
        self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _api(self, here: Server, path: str, body: bytes) -> Answer:
        owner = here.place.tokens.get(self._token())
        here.asked.append((self.command, self.path))
        if owner is None:
            return Answer(status=401, body={"message": "Bad credentials"})
        query = dict(parse_qsl(urlsplit(self.path).query))
        content = json.loads(body) if body else None
        asked = Asked(method=self.command, path="", query=query, body=content, owner=owner, root=here.root)
        if path.startswith(github_api.PREFIX):
            here.versions.add(self.headers.get("X-GitHub-Api-Version"))
        if path == "/api/graphql":
            asked.path = "/graphql"
            return here.github.answer(asked)
        api: Any = here.github if path.startswith(github_api.PREFIX) else here.gitlab
        asked.path = path.removeprefix(github_api.PREFIX).removeprefix(gitlab_api.PREFIX)
        return api.answer(asked)  # type: ignore[no-any-return]

    def _token(self) -> str:
        given = self.headers.get("PRIVATE-TOKEN") or self.headers.get("JOB-TOKEN")
        if given:
            return given
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() == "basic":
            return base64.b64decode(value).decode().partition(":")[2]
        return value

    def _git(self, here: Server, body: bytes) -> Answer:
        """Smart HTTP by git itself (git-http-backend(1), a CGI program); only who holds a token may read or write."""
        owner = here.place.tokens.get(self._token())
        if owner is None:
            return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="forge"'})
        split = urlsplit(self.path)
        if "git-receive-pack" in self.path and owner.rights != "write":
            return Answer(status=403, body={"message": "no right to write"})
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(here.place.repository.parents[1]),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": split.path,
            "QUERY_STRING": split.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": owner.login,
        }
        for name in ("Content-Encoding", "Git-Protocol"):
            if name in self.headers:
                environment["HTTP_" + name.upper().replace("-", "_")] = self.headers[name]
        ran = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment, check=True)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return Answer(status=int(headers.pop("Status", "200").split()[0]), body=content, headers=headers)

    def _send(self, answer: Answer) -> None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json; charset=utf-8"} | answer.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _ordered(fault: Fault | None) -> Answer | None:
    match fault:
        case Fault.RATE:
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(RESET)}
            return Answer(status=403, body={"message": "API rate limit exceeded for user ID 1."}, headers=headers)
        case Fault.SLOW_DOWN:
            return Answer(status=429, body={"message": "Retry later"}, headers={"Retry-After": "60"})
        case Fault.LOGIN_PAGE:
            return Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
        case Fault.REFUSED:
            words = {
                "message": "Validation Failed \x1b[31m https://ada:s3cret@forge.example/x " + "tok-ada-write " * 40
            }
            return Answer(status=422, body=words)
        case Fault.UNAUTHORIZED | Fault.FORBIDDEN | Fault.BROKEN:
            return Answer(status=int(fault.value), body={"message": "Resource not accessible by personal access token"})
    return None
