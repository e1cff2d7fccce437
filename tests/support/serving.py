"""Processes of `serve`, and questions to them."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.project import Project

PATIENCE = 120.0


@dataclass(frozen=True)
class Answered:
    """An answer: its status, headers in lower case, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int, path: str, body: bytes | dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Answered:
    """Ask once, by a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request("GET" if body is None else "POST", path, sent, headers or {})
        response = connection.getresponse()
        return Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def tensors(columns: dict[str, list[Any]], types: dict[str, str]) -> dict[str, Any]:
    """A request for these rows."""
    return {
        "inputs": [
            {"name": name, "datatype": types[name], "shape": [len(values)], "data": values}
            for name, values in columns.items()
        ]
    }


def outputs(answer: Answered) -> dict[str, list[Any]]:
    return {tensor["name"]: tensor["data"] for tensor in answer.json["outputs"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Serving:
    """One process of `serve`, which can be killed and started again at the same port."""

    project: Project
    port: int
    arguments: tuple[str, ...] = ("serve", "production")
    told: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    _reader: threading.Thread = field(default_factory=threading.Thread)

    def start(self) -> None:
        self.process = self.project.start(*self.arguments, "--port", str(self.port), cold=True)
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.told.append(line.rstrip())

    def wait_for(self, path: str = "/v2/health/ready", check: Any = lambda answer: answer.status == 200) -> Answered:
        """Ask until the answer is as it should be."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = ask(self.port, path)
                if check(answer):
                    return answer
            except OSError:
                pass
            assert self.process is not None
            assert self.process.poll() is None, "\n".join(self.told)
            time.sleep(0.05)
        raise AssertionError("\n".join(self.told))

    def wait_for_line(self, pattern: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self.told:
                if re.search(pattern, line):
                    return line
            time.sleep(0.02)
        raise AssertionError("\n".join(self.told))

    def kill(self) -> None:
        """Kill the process that a person started, and nothing else."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self._reader.join(PATIENCE)
        return code


@contextmanager
def serving(project: Project, *arguments: str) -> Iterator[Serving]:
    """Serve until the end of the block."""
    here = Serving(project, free_port(), arguments or ("serve", "production"))
    here.start()
    try:
        yield here
    finally:
        if here.process is not None and here.process.poll() is None:
            here.kill()
