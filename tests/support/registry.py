"""A real OCI registry on this machine, for as long as a test module needs it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "docker-registry"


def there() -> bool:
    return shutil.which(PROGRAM) is not None


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Start a registry whose files lie in `folder`, and return its host and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir(parents=True)
    storage = f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}"
    (folder / "config.yml").write_text(f"version: 0.1\nlog: {{level: error}}\n{storage}\nhttp: {{addr: '{host}'}}\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://{host}/v2/", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait()
