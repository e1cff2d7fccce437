"""An MLflow tracking server in memory, over HTTP on loopback: what our client asks of one, and faults."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_NAMED = re.compile(r"name='([^']*)'")
_DIGEST = re.compile(r"= '([^']*)'")
Answer = tuple[int, Any]


class _NoneError(Exception):
    """There is no such thing."""


@dataclass
class FakeMlflow:
    """`before(index, method, path)` and `after` return a status to answer instead, or 0 to break the connection off;
    None to go on. `after` is asked when the request had its effect."""

    address: str = ""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    experiments: list[str] = field(default_factory=list)
    status: str = "READY"
    page: int = 1_000
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    before: Callable[[int, str, str], int | None] = lambda index, method, path: None
    after: Callable[[int, str, str], int | None] = lambda index, method, path: None
    body: bytes = b"<html>no tracking server</html>"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        for each in (self.models, self.versions, self.runs, self.files, self.experiments, self.seen):
            each.clear()

    def alias(self, model: str, alias: str) -> int | None:
        found = self.models[model]["aliases"].get(alias)
        return int(found) if found is not None else None

    # --- the API -----------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, given: dict[str, Any]) -> Answer:
        try:
            answer = getattr(self, f"_{method.lower()}_{re.sub('[/-]', '_', path)}")(given)
        except (KeyError, _NoneError):
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "a secret text"}
        return answer if isinstance(answer, tuple) else (200, answer or {})

    def _told(self, name: str) -> dict[str, Any]:
        model = self.models[name]
        return {
            "name": name,
            "tags": _listed(model["tags"]),
            "aliases": [{"alias": alias, "version": str(each)} for alias, each in model["aliases"].items()],
        }

    def _version(self, name: str, number: int) -> dict[str, Any]:
        version = self.versions[name][number]
        return {**version, "name": name, "version": str(number), "tags": _listed(version["tags"])}

    def _pages(self, items: list[Any], key: str, given: dict[str, Any]) -> dict[str, Any]:
        start = int(given.get("page_token") or 0)
        more = {"next_page_token": str(start + self.page)} if start + self.page < len(items) else {}
        return {key: items[start : start + self.page], **more}

    def _get_registered_models_get(self, given: dict[str, Any]) -> Any:
        return {"registered_model": self._told(given["name"])}

    def _get_registered_models_search(self, given: dict[str, Any]) -> Any:
        return self._pages([self._told(name) for name in sorted(self.models)], "registered_models", given)

    def _post_registered_models_create(self, given: dict[str, Any]) -> Any:
        if given["name"] in self.models:
            return 400, {"error_code": "RESOURCE_ALREADY_EXISTS"}
        self.models[given["name"]] = {"tags": {}, "aliases": {}}
        self.versions[given["name"]] = {}
        return {}

    def _post_registered_models_set_tag(self, given: dict[str, Any]) -> None:
        self.models[given["name"]]["tags"][given["key"]] = given["value"]

    def _post_registered_models_alias(self, given: dict[str, Any]) -> None:
        self.versions[given["name"]][int(given["version"])]
        self.models[given["name"]]["aliases"][given["alias"]] = int(given["version"])

    def _delete_registered_models_alias(self, given: dict[str, Any]) -> None:
        self.models[given["name"]]["aliases"].pop(given["alias"], None)

    def _post_model_versions_create(self, given: dict[str, Any]) -> Any:
        versions = self.versions[given["name"]]
        number = max(versions, default=0) + 1
        tags = {each["key"]: each["value"] for each in given["tags"]}
        versions[number] = {"source": given["source"], "status": self.status, "tags": tags}
        return {"model_version": self._version(given["name"], number)}

    def _get_model_versions_get(self, given: dict[str, Any]) -> Any:
        return {"model_version": self._version(given["name"], int(given["version"]))}

    def _get_model_versions_search(self, given: dict[str, Any]) -> Any:
        match = _NAMED.search(given["filter"])
        name = match[1] if match is not None else ""
        listed = [self._version(name, number) for number in sorted(self.versions.get(name, ()), reverse=True)]
        return self._pages(listed, "model_versions", given)

    def _post_model_versions_set_tag(self, given: dict[str, Any]) -> None:
        self.versions[given["name"]][int(given["version"])]["tags"][given["key"]] = given["value"]

    def _get_experiments_get_by_name(self, given: dict[str, Any]) -> Any:
        if given["experiment_name"] not in self.experiments:
            raise _NoneError
        return {"experiment": {"experiment_id": "1", "lifecycle_stage": "active"}}

    def _post_experiments_create(self, given: dict[str, Any]) -> Any:
        self.experiments.append(given["name"])
        return {"experiment_id": "1"}

    def _post_runs_search(self, given: dict[str, Any]) -> Any:
        match = _DIGEST.search(given["filter"])
        wanted = match[1] if match is not None else ""
        return {"runs": [each for each in self.runs if {"key": "reconciler.digest", "value": wanted} in each["tags"]]}

    def _post_runs_create(self, given: dict[str, Any]) -> Any:
        name = f"run{len(self.runs)}"
        info = {"run_id": name, "artifact_uri": f"mlflow-artifacts:/1/{name}/artifacts"}
        self.runs.append({"info": info, "tags": given["tags"]})
        return {"run": self.runs[-1]}

    def _post_runs_update(self, given: dict[str, Any]) -> None:
        pass


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": text} for key, text in tags.items()]


def _answers(server: FakeMlflow) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with server.lock:
                index = len(server.seen)
                server.seen.append((self.command, self.path, self.headers.get("Authorization")))
            if (status := server.before(index, self.command, self.path)) is not None:
                self._send(status, server.body, "text/html")
                return
            with server.lock:
                answer = self._answer(urllib.parse.urlsplit(self.path), body)
            if (status := server.after(index, self.command, self.path)) is not None:
                self._send(status, server.body, "text/html")
                return
            self._send(*answer)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815

        def _send(self, status: int, body: bytes, kind: str) -> None:
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self, url: urllib.parse.SplitResult, body: bytes) -> tuple[int, bytes, str]:
            asked = dict(urllib.parse.parse_qsl(url.query))
            if url.path == _ARTIFACTS:
                folder = asked["path"].rstrip("/") + "/"
                inside = {path.removeprefix(folder).split("/")[0] for path in server.files if path.startswith(folder)}
                return 200, json.dumps({"files": [{"path": name} for name in sorted(inside)]}).encode(), "json"
            if url.path.startswith(f"{_ARTIFACTS}/"):
                return self._artifact(urllib.parse.unquote(url.path.removeprefix(f"{_ARTIFACTS}/")), body)
            given = json.loads(body) if body else asked
            status, document = server.ask(self.command, url.path.removeprefix("/api/2.0/mlflow/"), given)
            return status, json.dumps(document).encode(), "application/json"

        def _artifact(self, path: str, body: bytes) -> tuple[int, bytes, str]:
            if self.command == "PUT":
                server.files[path] = body
                return 200, b"{}", "json"
            if path not in server.files:
                return 404, b"{}", "json"
            if self.command == "DELETE":
                del server.files[path]
                return 200, b"{}", "json"
            return 200, server.files[path], "application/octet-stream"

    return Answers


@contextmanager
def fake_mlflow() -> Iterator[FakeMlflow]:
    fake = FakeMlflow()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answers(fake))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
