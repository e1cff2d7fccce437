"""A process that has imported what its children need, and forks one for each request: none of them imports again.

    parent -> nursery   one byte, the OpenMP threads that the child may use (0: as many as there are), and with it four
                        descriptors: the child's standard input, output and error, and a pipe for its fate
    child's fate        its process id and a line break when it runs; its exit code (a signal's number, negative) and
                        a line break when it has ended

The child is then spoken to over its own streams as `reconciler.workers.request_loop` says. It gives the bytes that a
fresh process gives: it starts where that one is after its imports, because the nursery does nothing else, has
one thread, and never enters an OpenMP region (whose threads a fork would miss).

What it keeps true: when the parent is gone, so are the nursery and all that it forked; the terminal's interrupt reaches
none of them. Starting it, and its caps: `adapters`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from reconciler.workers.request_loop import Operation, serve

ASKED = "--nursery"  # the argument that makes a child's module one
DESCRIPTORS = 4


def run(operations: Mapping[str, Operation], *, share: Callable[[int], None]) -> NoReturn:
    """Serve requests, as a child; or fork children that do, as a nursery, when the command line says so. `share` takes
    the number of OpenMP threads of this process."""
    if ASKED in sys.argv[1:]:
        threads = _nurse(socket.socket(fileno=os.dup(0)))
        if threads:
            share(threads)
    serve(operations)


def _nurse(orders: socket.socket) -> int:
    """Fork for every order. Returns in each child, with its number of threads; in the nursery itself never."""
    for number in (signal.SIGINT, signal.SIGTERM):  # who wants us to end, closes our orders: there may be children
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    fates: dict[int, int] = {}
    gc.freeze()  # what is here now is shared with every child, and never looked at again
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            selector.select()
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            _bury(fates)
            order, streams = _next(orders)
            if order is None:
                continue
            if not order:
                _end(fates)
            child = _fork() if len(streams) == DESCRIPTORS else None  # fewer: our table of open files is full
            if child is None:  # the parent sees the end of the fate
                for one in streams:
                    os.close(one)
                continue
            if child == 0:
                selector.close()
                _become_child(streams, (orders.detach(), woken, wake, *fates.values()))
                return order[0]
            with contextlib.suppress(OSError):  # both sides do it: whoever comes first
                os.setpgid(child, child)
            fates[child] = streams.pop()
            _tell(fates[child], child)
            for one in streams:
                os.close(one)


def _fork() -> int | None:
    """As `os.fork`; None where the system has no room for another process."""
    try:
        return os.fork()
    except OSError:
        return None


def _next(orders: socket.socket) -> tuple[bytes | None, list[int]]:
    """The next order with its descriptors; None where there is none yet, nothing when the parent is gone."""
    orders.setblocking(False)
    try:
        order, streams, _, _ = socket.recv_fds(orders, 1, DESCRIPTORS)
    except (BlockingIOError, InterruptedError):
        return None, []
    except OSError:
        return b"", []
    return order, list(streams)


def _become_child(streams: list[int], closed: tuple[int, ...]) -> None:
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for handled in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(handled, signal.SIG_DFL)
    for one in (*closed, streams.pop()):
        os.close(one)
    for number, one in enumerate(streams):
        os.dup2(one, number)
    for one in streams:
        os.close(one)


def _bury(fates: dict[int, int]) -> None:
    """Tell what became of the children that have ended, and end what they started and left behind."""
    for child in tuple(fates):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        _kill(child)  # while it is not waited for, its number is nobody else's
        fate = fates.pop(child)
        _tell(fate, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os.close(fate)


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _tell(fate: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(fate, f"{number}\n".encode())


def _end(fates: Mapping[int, int]) -> NoReturn:
    """The parent is gone. A child notices by itself, unless native code keeps it from looking up."""
    for child in fates:
        _kill(child)
    os._exit(0)
