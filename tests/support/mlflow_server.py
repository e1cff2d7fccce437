"""A real MLflow tracking server on this machine, on SQLite, for as long as a test module needs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "RECONCILER_MLFLOW"
"""Names the program `mlflow` where it is not on the path, such as that of an environment of its own."""


def program() -> str | None:
    """Return the program that starts a server; None where there is none."""
    return shutil.which(os.environ.get(VARIABLE) or "mlflow")


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Start a server whose database and artifacts lie in `folder`, and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True)
    given = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--serve-artifacts"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/db", "--artifacts-destination", f"{folder}/artifacts"]
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with (folder / "log").open("wb") as log:
        started = [str(program()), *given, *stores]
        process = subprocess.Popen(started, stdout=log, stderr=log, env=environ, cwd=folder, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(2400):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait()
