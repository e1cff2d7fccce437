"""Children forked from a process which has imported already (`reconciler.workers.fork_server`), not started cold.

Where a fork is not safe, children are started cold: on macOS, system libraries have threads before we do anything.
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

from reconciler.adapters.executors.worker_process import spawn
from reconciler.errors import ReconcilerError
from reconciler.workers.fork_server import ASKED

FORKS = sys.platform == "linux"
_LOOK = 0.05  # seconds between looks at whether we go on
_LAST_WORDS = 4096


class ForkedWorker:
    """A grandchild of ours, as `children.Running`. What became of it, the nursery writes to `fate`."""

    def __init__(self, streams: tuple[IO[bytes], IO[bytes], IO[bytes]], fate: int, pid: int) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = streams
        self._fate: int | None = fate
        self._told = b""
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        found = self._look(timeout)
        if found is None:
            raise subprocess.TimeoutExpired("a forked child", timeout or 0)
        return found

    def kill(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        end = None if timeout is None else time.monotonic() + timeout
        while self._fate is not None:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([self._fate], [], [], left)[0]:
                return None
            chunk = os.read(self._fate, 64)
            self._told += chunk
            if not chunk or self._told.endswith(b"\n"):
                os.close(self._fate)
                self._fate = None
                # Without a word, the nursery was killed, and takes with it what it forked.
                self._code = int(self._told) if self._told.endswith(b"\n") else -signal.SIGKILL
        return self._code


class ForkServer:
    """`python -m <module> --nursery`. `failure`: the error class for when it ends by itself."""

    def __init__(self, module: str, *, failure: type[ReconcilerError], halt: threading.Event) -> None:
        self._module = module
        self._failure = failure
        self._halt = halt
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self.last_words = b""

    def start(self) -> None:
        """Start it unless it runs already. It answers orders when it has imported."""
        with self._lock:
            self._started()

    def fork(self, threads: int = 0) -> ForkedWorker:
        """A new child, with so many OpenMP threads (0: as many as there are). Where the nursery was killed before it
        forked, another one is asked, once."""
        try:
            return self._fork(threads)
        except self._failure:
            if not self._killed():
                raise
            return self._fork(threads)

    def _fork(self, threads: int) -> ForkedWorker:
        pipes = [os.pipe() for _ in range(4)]
        (read_in, write_in), (read_out, write_out), (read_err, write_err), (fate, write_fate) = pipes
        theirs = (read_in, write_out, write_err, write_fate)
        try:
            with self._lock:
                process, orders = self._started()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # then nobody tells its number
                    socket.send_fds(orders, [bytes([min(threads, 255)])], theirs)
        except BaseException:
            for one in (write_in, read_out, read_err, fate):
                os.close(one)
            raise
        finally:
            for one in theirs:
                os.close(one)
        # Unbuffered, as a child's pipes are.
        streams = (os.fdopen(write_in, "wb", 0), os.fdopen(read_out, "rb", 0), os.fdopen(read_err, "rb", 0))
        try:
            pid = self._number(process, fate)
        except BaseException:
            for stream in streams:
                stream.close()
            os.close(fate)
            raise
        return ForkedWorker(streams, fate, pid)

    def close(self) -> None:
        """End it, and all that it forked."""
        with self._lock:
            self._put_away()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _started(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        if self._process is not None and self._orders is not None and self._process.poll() is None:
            return self._process, self._orders
        self._put_away()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = spawn(self._module, ASKED, stdin=theirs.fileno())
        except OSError as error:
            ours.close()
            raise self._failure(f"{self._name()} failed: it cannot be started: {error.strerror}") from error
        self._orders = ours
        threading.Thread(target=self._drain, args=(self._process,), daemon=True).start()
        return self._process, ours

    def _put_away(self) -> None:
        process, self._process = self._process, None
        orders, self._orders = self._orders, None
        if orders is not None:
            orders.close()
        if process is not None:
            process.terminate()  # which counts while it imports; later its orders' end does
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _number(self, process: subprocess.Popen[bytes], fate: int) -> int:
        """The new child's process id, once the nursery has imported and forked."""
        told = b""
        while not told.endswith(b"\n"):
            if self._halt.is_set():
                raise KeyboardInterrupt
            if select.select([fate], [], [], _LOOK)[0]:
                chunk = os.read(fate, 1)
                if not chunk:
                    raise self._ended(process)
                told += chunk
        return int(told)

    def _killed(self) -> bool:
        process = self._process
        return process is not None and (process.poll() or 0) < 0

    def _ended(self, process: subprocess.Popen[bytes]) -> ReconcilerError:
        hint = "run again; if it happens again, it is our bug"
        try:
            what = f"it ended with exit code {process.wait(timeout=5)}"
        except subprocess.TimeoutExpired:
            what = "it cannot start another process"
            hint = (
                "this user may have too few processes or open files (ulimit -u, ulimit -n): raise them, or lower --jobs"
            )
        return self._failure(f"{self._name()} failed: {what}", hint=hint)

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Read all that it writes to standard error: it must never wait for us. The end is kept for a bug report."""
        if process.stderr is not None:
            with process.stderr:
                while chunk := process.stderr.read(1 << 16):
                    self.last_words = (self.last_words + chunk)[-_LAST_WORDS:]

    def _name(self) -> str:
        return self._module.rpartition(".")[2]
