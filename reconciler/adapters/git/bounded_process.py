"""Run a command and collect what it prints, up to a size: a repository of others can make git print without end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from reconciler.core.search_path import absolute_folders

LONGEST_ERROR = 1024**2  # bytes of standard error that are kept; the rest is read and dropped
_CHUNK = 1 << 18


class TooMuchOutputError(Exception):
    """A command printed more than it may; it was ended."""


def run(
    command: list[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    stdin: bytes,
    timeout: float | None,
    largest: int,
) -> tuple[int, bytes, bytes]:
    """Return (exit code, standard output, standard error).

    A program is never looked for in the current folder. With a `timeout` (seconds) the command has a session of its
    own, all of which is ended when the time is over. Raises TooMuchOutputError beyond `largest` bytes of standard
    output, subprocess.TimeoutExpired, OSError.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "PATH": absolute_folders(environment.get("PATH", "")) or os.defpath},
        start_new_session=timeout is not None,
        bufsize=0,
    ) as process:
        try:
            deadline = None if timeout is None else time.monotonic() + timeout
            out, error = _talk(process, stdin, deadline, largest)
            process.wait(_left(process, deadline))
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                if timeout is None:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, error


def _talk(process: subprocess.Popen[bytes], stdin: bytes, deadline: float | None, largest: int) -> tuple[bytes, bytes]:
    """Write all of `stdin` and read until both outputs are closed."""
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: S101, PT018
    rest, parts, size, error = memoryview(stdin), list[bytes](), 0, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        if rest:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        while selector.get_map():
            for key, _ in selector.select(_left(process, deadline)):
                if key.fileobj is process.stdin:
                    rest = _write_some(key.fd, rest)
                    if not rest:
                        selector.unregister(process.stdin)
                        with contextlib.suppress(BrokenPipeError):
                            process.stdin.close()
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    error += chunk[: LONGEST_ERROR - len(error)]
                else:
                    size += len(chunk)
                    if size > largest:
                        raise TooMuchOutputError
                    parts.append(chunk)
    return b"".join(parts), bytes(error)


def _left(process: subprocess.Popen[bytes], deadline: float | None) -> float | None:
    """Return the seconds that are left; raises subprocess.TimeoutExpired where none are."""
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise subprocess.TimeoutExpired(process.args, 0)
    return left


def _write_some(descriptor: int, rest: memoryview) -> memoryview:
    """Write some of `rest` and return what is left; nothing where the command does not read it."""
    try:
        return rest[os.write(descriptor, rest) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]
