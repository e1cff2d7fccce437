"""A fork server: a process that has imported what its workers need, and forks one for each request.

    parent -> fork server   one byte, the OpenMP threads that the worker may use (0: no limit), and with it four
                            descriptors: the worker's standard input, output and error, and its status pipe
    status pipe             its process id and a line break when it runs; its exit code (negative: the signal that
                            ended it) and a line break when it has ended

The worker then speaks over its own streams as `reconciler.workers.request_loop` says. It gives the bytes that a fresh
process gives: it starts where that one is after its imports, because the fork server does nothing else, has one
thread, and never enters an OpenMP region (whose threads a fork would miss).

When the parent is gone, so are the fork server and all that it forked; the terminal's interrupt reaches none of them.
`adapters` start it and cap its workers. ADR 25 says why it is not the standard library's.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Mapping
from typing import NoReturn

from reconciler.workers.no_network import leave_network
from reconciler.workers.request_loop import Operation, serve

FLAG = "--fork-server"  # the argument that makes a worker's module a fork server
DESCRIPTORS = 4


def run(operations: Mapping[str, Operation]) -> NoReturn:
    """Serve requests as a worker, without a network; with --fork-server, fork workers that do."""
    leave_network()  # `doctor` says where that cannot be
    if FLAG in sys.argv[1:]:
        threads = _fork_workers(socket.socket(fileno=os.dup(0)))
        if threads:
            _limit_openmp_threads(threads)
    serve(operations)


def _fork_workers(requests: socket.socket) -> int:
    """Fork for every request. Returns the number of threads in each worker, and never in the fork server."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent ends us by closing `requests`: we may have workers
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    status_pipes: dict[int, int] = {}  # by process id
    gc.freeze()  # all of this is shared with every worker, and never looked at again
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            selector.select()
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            _reap(status_pipes)
            request, streams = _next(requests)
            if request is None:
                continue
            if not request:
                _kill_all(status_pipes)
            worker = _fork() if len(streams) == DESCRIPTORS else None  # fewer: our table of open files is full
            if worker is None:  # the parent sees the end of the status pipe
                for descriptor in streams:
                    os.close(descriptor)
                continue
            if worker == 0:
                selector.close()
                _become_worker(streams, (requests.detach(), woken, wake, *status_pipes.values()))
                return request[0]
            with contextlib.suppress(OSError):  # both sides do it: whichever comes first
                os.setpgid(worker, worker)
            status_pipes[worker] = streams.pop()
            _report(status_pipes[worker], worker)
            for descriptor in streams:
                os.close(descriptor)


def _fork() -> int | None:
    """Fork, as `os.fork`; None where the system has no room for another process."""
    try:
        return os.fork()
    except OSError:
        return None


def _next(requests: socket.socket) -> tuple[bytes | None, list[int]]:
    """Return the next request with its descriptors: None where there is none yet, empty when the parent is gone."""
    requests.setblocking(False)
    try:
        request, streams, _, _ = socket.recv_fds(requests, 1, DESCRIPTORS)
    except (BlockingIOError, InterruptedError):
        return None, []
    except OSError:
        return b"", []
    return request, list(streams)


def _become_worker(streams: list[int], inherited: tuple[int, ...]) -> None:
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for handled in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(handled, signal.SIG_DFL)
    for descriptor in (*inherited, streams.pop()):
        os.close(descriptor)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in streams:
        os.close(descriptor)


def _limit_openmp_threads(threads: int) -> None:
    """Limit this process's OpenMP threads, in libraries that are loaded and in those that will be.

    The operator's choice, never a recipe's: no byte depends on it.
    """
    from threadpoolctl import threadpool_limits

    os.environ["OMP_NUM_THREADS"] = str(threads)  # scikit-learn reads it, too
    threadpool_limits(threads, user_api="openmp")


def _reap(status_pipes: dict[int, int]) -> None:
    """Report the exit codes of workers that have ended, and end what they started and left behind."""
    for worker in tuple(status_pipes):
        if os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        _kill_group(worker)  # before it is reaped: until then, no other process gets its number
        status = status_pipes.pop(worker)
        _report(status, os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
        os.close(status)


def _kill_group(worker: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)


def _report(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(status, f"{number}\n".encode())


def _kill_all(status_pipes: Mapping[int, int]) -> NoReturn:
    """End all workers: the parent is gone. A worker notices that by itself, unless native code keeps it busy."""
    for worker in status_pipes:
        _kill_group(worker)
    os._exit(0)
