"""Take the network away from this process and all that it starts, before it opens a model's file or a recipe.

Linux alone: a network namespace of its own, in which there is not even a loopback. Where this user may not make one, it
is made inside of a user namespace, in which user and group stay what they are, so that files keep their owner. What
would lead back (rights to enter another namespace, or to look into another process) is given up. What was open before
stays: pipes to the parent, and the socket that `serve` listens at. ADR 76 says what that holds against, and what not.

    python -m reconciler.workers.no_network    prints as JSON why this process would keep the network; null: it does not
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES_V3 = 0x20080522
_READ_ANY, _ADMINISTER, _TRACE = 1 << 1 | 1 << 2, 1 << 21, 1 << 19  # capabilities, as bits
_ALL = (1 << 64) - 1

ELSEWHERE = "this system has no network namespaces"
REFUSED = "this user may make no network namespace"
OTHERS_FILES = "the rights of this user over others' files would be lost with it"
THREADS = "the process has several threads"


def leave_network() -> str | None:
    """Leave the network; return why it could not be left, None where it was. Nothing is changed where it was not.

    Call it while the process has one thread: others would stay where they are.
    """
    if sys.platform != "linux":
        return ELSEWHERE
    try:
        if len(tuple(Path("/proc/self/task").iterdir())) > 1:
            return THREADS
        capabilities = _effective()
    except (OSError, ValueError, IndexError):
        return "/proc is not there"
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_NETWORK) == 0:
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _give_up(libc, _ADMINISTER | _TRACE)
        return None
    if ctypes.get_errno() != errno.EPERM:
        return REFUSED
    if capabilities & _READ_ANY:  # root of a container: a user namespace knows no other user's files
        return OTHERS_FILES
    if libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return REFUSED
    with contextlib.suppress(OSError):  # without it, ids read as nobody's, and files keep their owner all the same
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_bytes(text.encode())
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _give_up(libc, _ALL)
    return None


def _effective() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    return int(status.split("\nCapEff:", 1)[1].split(None, 1)[0], 16)


def _give_up(libc: Any, capabilities: int) -> None:
    """Give up capabilities for good. Without new privileges, no program that is started gets them again."""
    import ctypes

    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same of the upper half
    if libc.capget(header, sets) != 0:
        return
    for place in range(6):
        sets[place] &= ~(capabilities >> (32 * (place // 3))) & 0xFFFFFFFF
    libc.capset(header, sets)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(leave_network()) + "\n")
