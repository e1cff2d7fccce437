"""A forge on this machine: both APIs, and the repository itself over HTTP (git-http-backend), with faults to order.

On Starlette, bound to the loopback address alone. A lost answer is a closed connection, or one that is held until the
end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.forge.fake import github_api, gitlab_api
from tests.forge.fake.answers import Answer, Asked
from tests.forge.fake.json_shapes import model
from tests.forge.fake.repository import PROJECT, Owner, Place

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
    done: Callable[[str, str], None] | None = None
    """Told of each thing that was asked (method, path) once it is done, before it is answered."""
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
def serving(folder: Path, place: Place | None = None) -> Iterator[Server]:
    place = place or Place(folder)
    model("PullRequest")  # imported now, and not while somebody waits with a time limit
    place.tokens = {"tok-ada-write": Owner(login="ada"), "tok-read-only": Owner(login="ada", rights="read")}
    place.tokens["tok-actions"] = Owner(login=github_api.BOT, kind="app")
    place.tokens["tok-job"] = Owner(login="ada", kind="job")
    with socket.create_server(("127.0.0.1", 0)) as listening:  # from here on nobody is refused
        # A head and its body are two packets: the second one does not wait until the first one's arrival is told.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        server = Server(
            root=f"http://127.0.0.1:{listening.getsockname()[1]}",
            place=place,
            github=github_api.GitHubApi(place),
            gitlab=gitlab_api.GitLabApi(place),
        )
        config = uvicorn.Config(application(server), http=Closable, lifespan="off", log_config=None)
        running = _Stoppable(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            running.should_exit = True
            thread.join()
    assert not server.broken, server.broken


class _Stoppable(uvicorn.Server):
    """A server that looks often whether it is to end: every test of a forge waits for the end of its own."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)


class Closable(H11Protocol):
    """A connection that the application can close without an answer."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, "close": transport.close}, receive, send)

        self.app = app


def application(here: Server) -> Starlette:
    async def anything(request: Request) -> Response:
        path = raw_path(request)
        content = await request.body()
        fault = here.due(request.method, path)
        if fault in (Fault.LOST_BEFORE, Fault.HELD_BEFORE):
            return await _lost(here, fault, request)
        answer = _ordered(fault)
        if answer is None:
            answer = await run_in_threadpool(_answered, here, request, path, content)
        if here.done is not None:
            here.done(request.method, path)
        if fault in (Fault.LOST_AFTER, Fault.HELD_AFTER):
            return await _lost(here, fault, request)
        return _sent(answer)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", anything, methods=methods)])


def raw_path(request: Request) -> str:
    """As it was sent: GitLab's names of projects hold a slash, as %2F."""
    return bytes(request.scope["raw_path"]).decode()


async def _lost(here: Server, fault: Fault, request: Request) -> Response:
    if fault in (Fault.HELD_BEFORE, Fault.HELD_AFTER):
        await run_in_threadpool(here.over.wait, 60)
    request.scope["close"]()
    while not await request.is_disconnected():
        await asyncio.sleep(0)
    return Response()  # nobody hears it


def _answered(here: Server, request: Request, path: str, content: bytes) -> Answer:
    with here.lock:
        try:
            return _git(here, request, path, content) if ".git/" in path else _api(here, request, path, content)
        except Exception as error:  # noqa: BLE001  (a test must not hang on it)
            here.broken.append(f"{request.method} {path}: {error!r}")
            return Answer(status=500, body={"message": "the double is broken"})


def _api(here: Server, request: Request, path: str, content: bytes) -> Answer:
    query = request.url.query
    here.asked.append((request.method, f"{path}?{query}" if query else path))
    owner = here.place.tokens.get(_token(request))
    if owner is None:
        return Answer(status=401, body={"message": "Bad credentials"})
    body = json.loads(content) if content else None
    given: dict[str, str] = {}
    for name, value in parse_qsl(query):  # a name that comes again is a list
        given[name] = f"{given[name]},{value}" if name in given else value
    asked = Asked(method=request.method, path="", query=given, body=body, owner=owner, root=here.root)
    if path.startswith(github_api.PREFIX):
        here.versions.add(request.headers.get("X-GitHub-Api-Version"))
    if path == "/api/graphql":
        asked.path = "/graphql"
        return (here.gitlab if "PRIVATE-TOKEN" in request.headers else here.github).answer(asked)
    api: Any = here.github if path.startswith(github_api.PREFIX) else here.gitlab
    asked.path = path.removeprefix(github_api.PREFIX).removeprefix(gitlab_api.PREFIX)
    return api.answer(asked)  # type: ignore[no-any-return]


def _token(request: Request) -> str:
    given = request.headers.get("PRIVATE-TOKEN") or request.headers.get("JOB-TOKEN")
    if given:
        return given
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        return base64.b64decode(value).decode().partition(":")[2]
    return value


def _git(here: Server, request: Request, path: str, content: bytes) -> Answer:
    """Smart HTTP by git itself (git-http-backend(1), a CGI program); only who holds a token may read or write."""
    owner = here.place.tokens.get(_token(request))
    if owner is None:
        return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="forge"'})
    if "git-receive-pack" in f"{path}?{request.url.query}" and owner.rights != "write":
        return Answer(status=403, body={"message": "no right to write"})
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(here.place.repository.parents[1]),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH_INFO": path,
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(content)),
        "REMOTE_USER": owner.login,
    }
    for name in ("Content-Encoding", "Git-Protocol"):
        if name in request.headers:
            environment["HTTP_" + name.upper().replace("-", "_")] = request.headers[name]
    before = here.place.branches() if path.endswith("/git-receive-pack") else None
    ran = subprocess.run(["git", "http-backend"], input=content, capture_output=True, env=environment, check=True)
    for branch, commit in here.place.branches().items() if before is not None else ():
        if (before or {}).get(branch) != commit:
            here.place.keep(branch, (before or {}).get(branch), commit, by=owner.login)
    head, _, body = ran.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return Answer(status=int(headers.pop("Status", "200").split()[0]), body=body, headers=headers)


def _sent(answer: Answer) -> Response:
    content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"} | answer.headers
    return Response(content, status_code=answer.status, headers=headers)


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
