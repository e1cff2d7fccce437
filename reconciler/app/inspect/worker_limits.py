"""Tell which limits hold here for the processes that load models and train."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from reconciler.adapters.executors.worker_process import spawn
from reconciler.core.inspect.health_check import Check, Level
from reconciler.workers import no_network

_SECONDS = 60
_FORBIDDING = (  # settings of a kernel: (name, the value that forbids, the one that allows)
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user.max_user_namespaces", "0", "10000"),
    ("user.max_net_namespaces", "0", "10000"),
)
_REMEDIES = {
    no_network.ELSEWHERE: "load models and run recipes of strangers on Linux",
    no_network.OTHERS_FILES: "run the command as another user than root",
}
_BY_CONTAINER = "let the container's seccomp profile allow `unshare`, or give the job no network"


def network_left() -> str | None:
    """Ask a process like those why it would keep the network; None: it would not."""
    process = spawn("reconciler.workers.no_network")
    try:
        answer, _ = process.communicate(timeout=_SECONDS)
        found = json.loads(answer)
    except (subprocess.TimeoutExpired, ValueError):
        process.kill()
        return "it could not be tried"
    return found if isinstance(found, str) else None


def worker_limits(area: str, kept: str | None, settings: Path = Path("/proc/sys")) -> Check:
    """Return the check, of why they keep the network (None: they do not) and of the kernel's `settings`."""
    limits = "what loads models and trains has limits of memory and time, no credentials"
    if kept is None:
        return Check(area=area, name="limits", level=Level.GOOD, found=f"{limits}, and no network")
    return Check(
        area=area,
        name="limits",
        level=Level.WARNING,
        found=f"{limits}, but the network: {kept}",
        remedy=_REMEDIES.get(kept) or _setting(settings) or _BY_CONTAINER,
    )


def _setting(settings: Path) -> str | None:
    """Return the command that changes the first setting that forbids it."""
    for name, forbids, allows in _FORBIDDING:
        try:
            value = (settings / name.replace(".", "/")).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if value == forbids:
            return f"sudo sysctl -w {name}={allows}"
    return None
