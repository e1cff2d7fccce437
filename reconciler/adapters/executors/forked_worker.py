"""Workers forked by a process that has already imported (`reconciler.workers.fork_server`), instead of started cold.

Where a fork is not safe, workers are started cold: on macOS, system libraries have threads before we do anything.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO

from reconciler.adapters.executors.worker_process import drain, spawn
from reconciler.errors import ReconcilerError
from reconciler.workers.fork_server import FLAG

CAN_FORK = sys.platform == "linux"
_LONGEST_REPORT = 64  # bytes of an exit code or a process id
_POLL = 0.05  # seconds between looks at an interruption


class ForkedWorker:
    """A process that a fork server of ours forked; implements worker_process.RunningWorker.

    The fork server writes its exit code to the pipe `status`.
    """

    def __init__(self, streams: tuple[IO[bytes], IO[bytes], IO[bytes]], status: int, pid: int) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = streams
        self._status: int | None = status
        self._received = b""
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._exit_code(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._exit_code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked worker", timeout or 0)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _exit_code(self, timeout: float | None) -> int | None:
        end = None if timeout is None else time.monotonic() + timeout
        while self._status is not None:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([self._status], [], [], left)[0]:
                return None
            chunk = os.read(self._status, 64)
            self._received += chunk
            if not chunk or self._received.endswith(b"\n") or len(self._received) > _LONGEST_REPORT:
                os.close(self._status)
                self._status = None
                # Without a report, the fork server was killed, and its workers with it.
                self._code = int(self._received) if self._received.endswith(b"\n") else -signal.SIGKILL
        return self._code


class ForkServer:
    """`python -m <module> --fork-server`. `failure`: the error class for when it ends by itself."""

    def __init__(self, module: str, *, failure: type[ReconcilerError], halt: threading.Event) -> None:
        self._module = module
        self._failure = failure
        self._halt = halt
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self.error_tail = bytearray()

    def start(self) -> None:
        """Start it unless it is running. It answers requests once it has imported."""
        with self._lock:
            self._running()

    def fork(self, threads: int = 0) -> ForkedWorker:
        """Fork a worker with so many OpenMP threads (0: no limit).

        Where the fork server was killed before it forked, another one is started and asked, once.
        """
        try:
            return self._fork(threads)
        except self._failure:
            if self._process is None or (self._process.poll() or 0) >= 0:
                raise
            return self._fork(threads)

    def _fork(self, threads: int) -> ForkedWorker:
        (read_in, write_in), (read_out, write_out), (read_err, write_err), (status, report) = (
            os.pipe() for _ in range(4)
        )
        its_ends = (read_in, write_out, write_err, report)
        try:
            with self._lock:
                process, requests = self._running()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # then no process id is reported
                    socket.send_fds(requests, [bytes([min(threads, 255)])], its_ends)
        except BaseException:
            for descriptor in (write_in, read_out, read_err, status):
                os.close(descriptor)
            raise
        finally:
            for descriptor in its_ends:
                os.close(descriptor)
        # Unbuffered, as the streams of `spawn` are.
        streams = (os.fdopen(write_in, "wb", 0), os.fdopen(read_out, "rb", 0), os.fdopen(read_err, "rb", 0))
        try:
            pid = self._process_id(process, status)
        except BaseException:
            for stream in streams:
                stream.close()
            os.close(status)
            raise
        return ForkedWorker(streams, status, pid)

    def close(self) -> None:
        """End it, and all that it forked."""
        with self._lock:
            self._end()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        if self._process is not None and self._requests is not None and self._process.poll() is None:
            return self._process, self._requests
        self._end()
        our_end, its_end = socket.socketpair()
        try:
            with its_end:
                self._process = spawn(self._module, FLAG, stdin=its_end.fileno())
        except OSError as error:
            our_end.close()
            raise self._failed(f"it cannot be started: {error.strerror}") from error
        self._requests = our_end
        drain(self._process.stderr, self.error_tail)
        return self._process, our_end

    def _end(self) -> None:
        process, self._process = self._process, None
        requests, self._requests = self._requests, None
        if requests is not None:
            requests.close()
        if process is not None:
            process.terminate()  # effective while it imports; later, the end of its requests ends it
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _process_id(self, process: subprocess.Popen[bytes], status: int) -> int:
        """Return the new worker's process id, once the fork server has imported and forked."""
        received = b""
        while not received.endswith(b"\n"):
            if self._halt.is_set():
                raise KeyboardInterrupt
            if select.select([status], [], [], _POLL)[0]:
                chunk = os.read(status, 1)
                if not chunk or len(received) > _LONGEST_REPORT:
                    raise self._ended(process)
                received += chunk
        return int(received)

    def _ended(self, process: subprocess.Popen[bytes]) -> ReconcilerError:
        try:
            return self._failed(f"it ended with exit code {process.wait(timeout=5)}")
        except subprocess.TimeoutExpired:
            few = "this user may have too few processes or open files (ulimit -u, ulimit -n)"
            return self._failed("it cannot fork a worker process", f"{few}: raise them, or lower --jobs")

    def _failed(
        self, reason: str, hint: str = "run the same command again; if that fails too, please report it"
    ) -> ReconcilerError:
        return self._failure(f"the {self._module.rpartition('.')[2]} fork server failed: {reason}", hint=hint)
