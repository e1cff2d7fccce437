"""The entry point: run a command line and return its exit code.

Nothing heavy is imported before it is needed: `--version` imports only the version, each command only what it uses.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from reconciler import __version__


def run() -> None:
    """Run `reconciler`, or `python -m reconciler`, and exit."""
    # Almost nothing that a command makes refers to itself; looking for that took a fifth of the time of a plan.
    gc.set_threshold(100_000, 50, 50)
    # What a manifest means does not depend on what else is installed; looking for it costs, too.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    _open_streams()
    if list(arguments) == ["--version"]:
        return _version()
    signal.signal(signal.SIGTERM, _interrupt)
    # No other user may change what is written, whatever the umask of the caller allows.
    os.umask(os.umask(0o022) | 0o022)
    from reconciler.cli.error_reporting import guarded

    return guarded(arguments)


def _version() -> int:
    try:
        print(f"reconciler {__version__}", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _open_streams() -> None:
    """Connect closed standard streams to the null device, so that the next file opened does not become one."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (the shape of a signal handler)
    raise KeyboardInterrupt
