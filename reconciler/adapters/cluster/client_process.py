"""Hold the connection to a Dask scheduler in a process of its own, and speak lines of JSON with it.

It has no credentials, since it unpickles what workers return (`reconciler.app.cluster.__main__`). Several threads ask
at once, each for one answer; it is ended when it takes too much memory, when we are interrupted, and when we are gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from reconciler import codec
from reconciler.adapters.executors.worker_answers import document_of, error_of
from reconciler.adapters.executors.worker_process import drain, spawn
from reconciler.adapters.system.host import resident_memory
from reconciler.core.size_limits import ANSWER_BYTES
from reconciler.errors import ReconcilerError, TrainingError

MODULE = "reconciler.app.cluster"
MEMORY = 2 * 1024**3  # bytes that the client may have: results are texts of kilobytes
_POLL = 0.1
_LONGEST_TOLD = 300  # characters
_AGAIN = "run the same command again: what was finished is found, and what was not is repeated"
Told = Callable[[str], None]


class ClusterClient:
    """A client process, started at the first request. Once it is lost, every request fails with the same error."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._halt = halt or threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._number = 0
        self._lost: ReconcilerError | None = None
        self.error_tail = bytearray()

    def start(self) -> None:
        """Start the process unless it was. Raises TrainingError where it cannot be."""
        with self._lock:
            if self._process is not None:
                return
            try:
                self._process = spawn(MODULE)
            except OSError as error:
                raise self.failed(f"it cannot be started: {error.strerror}") from error
            drain(self._process.stderr, self.error_tail)
            threading.Thread(target=self._read, args=(self._process,), daemon=True, name="cluster").start()

    def ask(self, operation: str, request: object, told: Told | None = None) -> dict[str, Any]:
        """Return the answer to one request, an object with `ok` or `answer`; `told` is called with each word before it.

        Raises the error that it reports, or TrainingError where it ends; KeyboardInterrupt once we are interrupted.
        """
        self.start()
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        number = self._send(operation, request, answers)
        try:
            while True:
                if self._halt.is_set():
                    raise KeyboardInterrupt
                try:
                    answer = answers.get(timeout=_POLL)
                except queue.Empty:
                    continue
                if "told" not in answer:
                    break
                if told is not None and isinstance(answer["told"], str):
                    told(answer["told"][:_LONGEST_TOLD])
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise error_of(answer["error"], self.failed)
        return answer

    def close(self) -> None:
        """End the process, and with it what waits at the scheduler."""
        with self._lock:
            process, self._process = self._process, None
            self._lost = self._lost or self.failed("it was closed")
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(timeout=2)  # it takes leave of the scheduler
        except subprocess.TimeoutExpired:
            self._kill(process)

    def failed(self, reason: str) -> ReconcilerError:
        """Return the error for a client that ended or broke the protocol."""
        return TrainingError(f"the Dask client process failed: {reason}", hint=_AGAIN, code="E642")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _send(self, operation: str, request: object, answers: queue.SimpleQueue[dict[str, Any]]) -> int:
        with self._lock:
            if self._lost is not None:
                raise self._lost
            self._number += 1
            number = self._number
            document = {"id": number, "operation": operation, "request": codec.to_json(request)}
            self._waiting[number] = answers
            rest = memoryview(json.dumps(document).encode() + b"\n")
            descriptor = self._process.stdin.fileno() if self._process is not None and self._process.stdin else -1
            with contextlib.suppress(OSError):  # its end is seen by who reads
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
        return number

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Hand each line to who asked, until the process ends or exceeds a limit."""
        received = bytearray()
        reason = "it ended"
        while process.stdout is not None:
            if resident_memory(process.pid) > MEMORY:
                reason = f"it used more than {MEMORY // 1024**2:,} MiB of memory"
                break
            if not select.select([process.stdout], [], [], 1.0)[0]:
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            received += chunk
            if len(received) > 2 * ANSWER_BYTES:
                reason = "a line has too many bytes"
                break
            if b"\n" in chunk and not self._dispatch(received):
                reason = "a line cannot be read"
                break
        self._kill(process)
        if process.stdout is not None:
            process.stdout.close()
        code = process.returncode
        if reason == "it ended":
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            reason = f"it ended ({how})"
        with self._lock:
            self._lost = self._lost or self.failed(reason)
            waiting = tuple(self._waiting.values())
        for answers in waiting:
            answers.put({"error": {"kind": "TrainingError", **_members(self._lost)}})

    def _dispatch(self, received: bytearray) -> bool:
        """Hand out the whole lines of `received`; False where one is none."""
        *lines, rest = bytes(received).split(b"\n")
        received[:] = rest
        for line in lines:
            answer = document_of(line) if len(line) <= ANSWER_BYTES else None
            if answer is None or not isinstance(answer.get("id"), int):
                return False
            answers = self._waiting.get(answer["id"])
            if answers is not None:
                answers.put(answer)
        return True

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                process.kill()
        process.wait()


def _members(error: ReconcilerError) -> dict[str, str | None]:
    return {"message": error.message, "hint": error.hint, "code": error.code}
