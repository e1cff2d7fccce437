"""The process that answers requests of `serve`: without credentials, capped in memory, ended when it gives no sign.

It is `python -m reconciler.serving`, and listens at a socket that we opened: while it is started again, requests wait
there instead of being refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from dataclasses import replace

from reconciler import codec
from reconciler.adapters.executors.worker_process import drain, spawn
from reconciler.adapters.system.host import resident_memory
from reconciler.errors import UsageError
from reconciler.ports.serving.changes import ServingMessage, ServingOptions, ServingReport

SILENCE = 30.0  # seconds without a sign of life, after which it hangs
BACKLOG = 2048
_PATIENCE, _AGAIN = 5.0, 0.05  # seconds until the port of a killed process is free


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; the port 0 is any that is free. Raises UsageError E801 where that cannot be."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _listening(host, port)
        except OSError as error:
            if isinstance(error, socket.gaierror) or time.monotonic() > deadline or port == 0:
                raise UsageError(
                    f"cannot listen at {host}:{port}: {error.strerror}",
                    hint="name another --port, or end what listens there",
                    code="E801",
                ) from None
        time.sleep(_AGAIN)


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


class ServingProcess:
    """The process, which can be started again. `options.socket` is set here."""

    def __init__(self, listening: socket.socket, options: ServingOptions) -> None:
        self._options = replace(options, socket=listening.fileno())
        self._process: subprocess.Popen[bytes] | None = None
        self._reports: queue.SimpleQueue[ServingReport] = queue.SimpleQueue()
        self._heard = 0.0
        self.error_tail = bytearray()

    @property
    def pid(self) -> int:
        """Return its process id; 0 where it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it."""
        options = json.dumps(codec.to_json(self._options))
        self._process = spawn("reconciler.serving", options, keep=(self._options.socket,))
        self._heard, self._reports = time.monotonic(), queue.SimpleQueue()
        drain(self._process.stderr, self.error_tail)
        threading.Thread(target=self._listen, args=(self._process, self._reports), daemon=True).start()

    def send(self, message: ServingMessage) -> None:
        """Send a message; nothing where it has ended, as `problem` tells."""
        line = json.dumps(codec.to_json(message)).encode() + b"\n"
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(line)

    def reports(self) -> list[ServingReport]:
        """Return what it reported since the last call."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._reports.get_nowait())
        return found

    def problem(self) -> str | None:
        """Return why it has to be started again; None where it is at work."""
        process = self._process
        if process is None:
            return "it was not started"
        if (code := process.poll()) is not None:
            return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"
        if time.monotonic() - self._heard > SILENCE:
            return f"it gave no sign of life for {SILENCE:.0f} s"
        if (used := resident_memory(process.pid)) > self._options.limits.memory:
            limit = self._options.limits.memory // 1024**2
            return f"it used {used // 1024**2:,} MiB of memory (limit {limit:,} MiB: limits.memory of the environment)"
        return None

    def stop(self, patience: float) -> None:
        """Let it finish its answers, and end it."""
        self.send(ServingMessage(stop=True))
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self.kill()

    def kill(self) -> None:
        """End it, and all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _listen(self, process: subprocess.Popen[bytes], reports: queue.SimpleQueue[ServingReport]) -> None:
        if process.stdout is None:
            return
        with process.stdout:
            for line in process.stdout:
                try:
                    report = codec.from_json(ServingReport, json.loads(line))
                except ValueError:
                    continue  # without a sign that can be read it counts as silent
                self._heard = time.monotonic()
                reports.put(report)
