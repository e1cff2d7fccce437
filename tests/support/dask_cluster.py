"""A real Dask cluster on loopback: a scheduler and workers, each a process of its own, which tests kill and pause."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.warm_start import PYTHON

PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Certificates:
    """An authority and a certificate that it signed, as files in a folder."""

    folder: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the options of Dask's programs that name them."""
        names = (("--tls-ca-file", "ca.pem"), ("--tls-cert", "own.pem"), ("--tls-key", "own-key.pem"))
        return tuple(part for option, name in names for part in (option, str(self.folder / name)))

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


def make_certificates(folder: Path) -> Certificates:
    """Make an authority of its own, and sign a certificate with it, as the how-to says."""
    folder.mkdir()
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=dask-ca -keyout ca-key.pem -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=dask -keyout own-key.pem -out own.csr",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -out own.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return Certificates(folder)


class LoopbackCluster:
    """A scheduler, whose address is in `address`, and its workers by name."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, certificates: Certificates | None = None
    ) -> None:
        self._folder = folder
        self._scheme = "tcp" if certificates is None else "tls"
        self._tls = () if certificates is None else certificates.arguments
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("DASK_", "OMP_"))},
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "30s",
            **(environment or {}),
        }
        self._port: int | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.scheduler = self.start_scheduler()

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._port}"

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        """Start a scheduler: the first one at a free port, a later one at the same."""
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        port = str(self._port or 0)
        arguments = ("--host", "127.0.0.1", "--port", port, "--no-dashboard", "--scheduler-file", str(file))
        arguments += ("--protocol", self._scheme, *self._tls)
        self.scheduler = self._start("distributed.cli.dask_scheduler", *arguments, log="scheduler")
        if self._port is None:
            for line in wait_for(lambda: file.exists() and file.read_text()).splitlines():
                if '"address"' in line:
                    self._port = int(line.rpartition(":")[2].strip('", '))
        return self.scheduler

    def start_worker(
        self,
        name: str,
        *,
        threads: int = 1,
        environment: Mapping[str, str] | None = None,
        through: str | None = None,
    ) -> None:
        """Start a worker; it is at the scheduler some time later. `through`: the address that it connects to."""
        self.workers[name] = self._start(
            "distributed.cli.dask_worker",
            through or self.address,
            *self._tls,
            *("--no-nanny", "--no-dashboard", "--nthreads", str(threads), "--name", name, "--memory-limit", "0"),
            *("--local-directory", str(self._folder / name), "--death-timeout", "60"),
            log=name,
            environment=environment,
        )

    def attempts(self) -> dict[str, int]:
        """Return how often each task was begun, by its key, as all workers' logs say."""
        begun: dict[str, int] = {}
        for log in self._folder.glob("*.log"):
            for key in re.findall(r"Begins (.+), attempt \d", log.read_text()):
                begun[key] = begun.get(key, 0) + 1
        return begun

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()

    def is_ready(self, name: str) -> bool:
        """Tell whether a worker has said that it is at the scheduler."""
        return "Registered to" in self.log(name)

    def kill(self, name: str) -> None:
        process = self.workers.pop(name)
        process.kill()
        process.wait()

    def pause(self, name: str) -> None:
        self.workers[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.workers[name].send_signal(signal.SIGCONT)

    def close(self) -> None:
        for process in (*self.workers.values(), self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _start(
        self, module: str, *arguments: str, log: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self._folder / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                [PYTHON, "-P", "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**self._environment, **(environment or {})},
                cwd=self._folder,
            )


@contextmanager
def loopback_cluster(
    folder: Path,
    *workers: str,
    environment: Mapping[str, str] | None = None,
    certificates: Certificates | None = None,
) -> Iterator[LoopbackCluster]:
    """Give a cluster with workers of these names, which are at the scheduler; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = LoopbackCluster(folder, environment, certificates)
    try:
        for name in workers:
            cluster.start_worker(name)
        wait_for(lambda: all(cluster.is_ready(name) for name in workers))
        yield cluster
    finally:
        cluster.close()


def wait_for(found: object, seconds: float = PATIENCE) -> str:
    """Return what `found` returns once it is something; fail after some time."""
    assert callable(found)
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return str(answer)
