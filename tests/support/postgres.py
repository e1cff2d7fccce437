"""A real PostgreSQL on this machine, for as long as the tests run: the system's package, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, PASSWORD = "owner", "canary-Pa55word-of-postgres"
_STARTING = 60.0  # seconds


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`: on the path, or where Debian's package puts them."""
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if Path("/usr/lib/postgresql").is_dir() else []
    program = versions[-1] if versions else Path(found).resolve() if found else None
    return program.parent if program is not None and (program.parent / "postgres").exists() else None


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int
    process: int = 0

    def url(self, *, user: str = USER, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def processor_time(self) -> float:
        """Return the processor seconds of all sessions that ended (Linux)."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements, each in a transaction of its own."""
        with self.connected(database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def connected(self, database: str = "postgres") -> Iterator[Any]:
        import adbc_driver_postgresql.dbapi as adbc

        with adbc.connect(self.url(database=database), autocommit=True) as connection, connection.cursor() as cursor:
            yield cursor


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that listens on loopback only and asks for a password. As root, it runs as a user without rights."""
    bin_folder = programs()
    assert bin_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="reconciler-postgres-", dir=_shared_folder()))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(folder, account.pw_uid, account.pw_gid)
    process = None
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data, port = folder / "data", _free_port()
        made = [bin_folder / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", "--auth=scram-sha-256"]
        quick = ["--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*made, *quick], check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "max_wal_size": "256MB",
            "autovacuum": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin_folder / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **owner
            )
        server = Postgres(port, process.pid)
        _wait(server, process)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    import adbc_driver_postgresql.dbapi as adbc

    until = time.monotonic() + _STARTING
    while True:
        with suppress(adbc.Error):
            server.run("SELECT 1")
            return
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < until, "the server does not answer"
        time.sleep(0.05)


def _shared_folder() -> Path:
    """A folder below which another user may have one."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else Path("/tmp")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
