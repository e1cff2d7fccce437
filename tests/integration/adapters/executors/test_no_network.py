"""A process that loads models, or runs recipes, reaches no network: not even a server of this machine.

Where the system lets it: else it goes on, and `doctor` says so.
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.executors.serving_process import ServingProcess, listen
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.adapters.executors.worker_process import spawn
from reconciler.app.inspect.worker_limits import network_left, worker_limits
from reconciler.core.inspect.health_check import Level
from reconciler.core.spec.environment import Limits
from reconciler.errors import ScoringError
from reconciler.ports.serving.changes import ServingOptions
from reconciler.workers.no_network import ELSEWHERE, OTHERS_FILES, REFUSED

WORKER = "reconciler.testing.misbehaving_worker"
ROOMY = Limits(seconds=120, memory=2 * 1024**3)
OPTIONS = ServingOptions(environment="production", socket=0, limits=ROOMY, at_once=1, seconds=60)
UNREACHABLE = "OSError 101"  # ENETUNREACH
NOBODY = 65534
APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
CONTAINER = "let the container's seccomp profile allow `unshare`, or give the job no network"


@pytest.fixture(scope="module")
def isolates() -> None:
    """Skip where this system, or this user, has no network namespaces."""
    kept = network_left()
    if kept is not None:
        pytest.skip(kept)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server on loopback; whoever calls waits there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def was_called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def network_of(process: int) -> str:
    return str(Path(f"/proc/{process}/ns/net").readlink())


@pytest.mark.usefixtures("isolates")
@pytest.mark.parametrize("forks", [False, True])
def test_a_hostile_model_that_runs_as_it_is_loaded_reaches_no_server(
    server: socket.socket, tmp_path: Path, *, forks: bool
) -> None:
    model = tmp_path / "model"
    model.write_text(f"import socket; socket.create_connection({server.getsockname()!r}).close()")
    pool = WorkerPool(WORKER, failure=ScoringError, forks=forks)
    try:
        assert pool.call("load", str(model), str, ROOMY) == UNREACHABLE
        assert not was_called(server)
    finally:
        pool.close()
    runpy.run_path(str(model))  # the same file, in a process that has a network
    assert was_called(server)


@pytest.mark.usefixtures("isolates")
@pytest.mark.parametrize("flags", [("--fork-server",), pytest.param((), marks=pytest.mark.soak(only=True))])
@pytest.mark.parametrize("module", ["reconciler.scoring", "reconciler.training"])
def test_workers_of_models_and_of_recipes_leave_the_network_before_a_request(
    module: str, flags: tuple[str, ...]
) -> None:
    ours, its = socket.socketpair()
    with ours, its:
        process = spawn(module, *flags, stdin=its.fileno())
        its.close()
        try:
            assert process.stdout is not None
            if flags:  # it answers nothing itself: a worker that it forks does
                read_in, write_in = os.pipe()
                read_out, write_out = os.pipe()
                status, told = os.pipe()
                null = os.open(os.devnull, os.O_WRONLY)
                socket.send_fds(ours, [b"\0"], [read_in, write_out, null, told])
                for end in (read_in, write_out, null, told):
                    os.close(end)
                worker = int(os.read(status, 64))
                os.write(write_in, b"{}\n")
                os.read(read_out, 1)
                assert network_of(worker) == network_of(process.pid)
                for end in (write_in, read_out, status):
                    os.close(end)
            else:
                ours.sendall(b"{}\n")
                process.stdout.read(1)
            assert network_of(process.pid) != network_of(os.getpid())
        finally:
            process.kill()
            process.communicate()


@pytest.mark.usefixtures("isolates")
def test_the_process_that_serves_answers_its_socket_and_has_no_other_network() -> None:
    with listen("127.0.0.1", 0) as listening:
        process = ServingProcess(listening, OPTIONS)
        process.start()
        try:
            with socket.create_connection(listening.getsockname(), timeout=60) as client:
                client.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
            assert network_of(process.pid) != network_of(os.getpid())
        finally:
            process.kill()


def test_the_worker_that_reads_tables_keeps_it_for_databases_and_buckets() -> None:
    process = spawn("reconciler.data.tables")
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"{}\n")
        process.stdout.read(1)
        assert network_of(process.pid) == network_of(os.getpid())
    finally:
        process.kill()
        process.communicate()


BY_ANOTHER = """import ctypes, json, os, socket, sys
from pathlib import Path
from reconciler.workers.no_network import leave_network

address, folder, user = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as after the start of a program: what it is may be read
kept = leave_network()
(folder / "file").write_bytes(b"")
with socket.socket() as client:
    found = client.connect_ex(("127.0.0.1", int(address)))
reached = ctypes.CDLL(None).setns(os.open("/proc/self/ns/net", os.O_RDONLY), 0)
print(json.dumps([kept, found, os.getuid(), os.getgid(), reached]))
"""


@pytest.mark.usefixtures("isolates")
def test_files_of_a_worker_keep_their_owner_and_it_has_no_rights_in_its_namespace(
    server: socket.socket, tmp_path: Path
) -> None:
    user, group = (NOBODY, NOBODY) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    folder = tmp_path / "own"
    folder.mkdir()
    os.chown(folder, user, group)
    for above in (tmp_path, *tmp_path.parents):
        if not above.stat().st_mode & 1:
            above.chmod(above.stat().st_mode | 0o011)
    command = [sys.executable, "-c", BY_ANOTHER, str(server.getsockname()[1]), str(folder), str(user)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    kept, found, its_user, its_group, reached = json.loads(ran.stdout)
    if kept is not None:
        pytest.skip(kept)
    assert found == 101
    assert not was_called(server)
    assert (its_user, its_group) == (user, group)
    written = (folder / "file").stat()
    assert (written.st_uid, written.st_gid) == (user, group)
    assert reached == -1, "not even into the namespace where it is"


REFUSING = """import ctypes, sys
from pathlib import Path
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.app.inspect.worker_limits import network_left
from reconciler.core.spec.environment import Limits
from reconciler.errors import ScoringError

import os
user = os.getuid()
if ctypes.CDLL(None).unshare(0x10000000) != 0:
    sys.exit(7)
Path("/proc/self/setgroups").write_bytes(b"deny")
Path("/proc/self/uid_map").write_bytes(f"{user} {user} 1".encode())
Path("/proc/sys/user/max_net_namespaces").write_bytes(b"0")
worker = WorkerProcess("reconciler.testing.misbehaving_worker", failure=ScoringError)
print(worker.call("echo", "served", str, Limits(seconds=120, memory=2 * 1024**3)))
print(network_left())
worker.close()
"""


def test_where_the_system_refuses_a_worker_goes_on_and_is_told_about() -> None:
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(REFUSING)], capture_output=True, text=True, check=False)
    if ran.returncode == 7:
        pytest.skip("this user may make no user namespace")
    assert ran.stdout.splitlines() == ["served", REFUSED], ran.stderr


@pytest.mark.parametrize(
    ("kept", "setting", "remedy"),
    [
        (REFUSED, f"{APPARMOR}=1", f"sudo sysctl -w {APPARMOR.replace('/', '.')}=0"),
        (REFUSED, "user/max_user_namespaces=0", "sudo sysctl -w user.max_user_namespaces=10000"),
        (REFUSED, "user/max_user_namespaces=100", CONTAINER),
        (OTHERS_FILES, "user/max_user_namespaces=0", "run the command as another user than root"),
        (ELSEWHERE, "user/max_user_namespaces=0", "load models and run recipes of strangers on Linux"),
    ],
)
def test_doctor_names_the_limits_that_hold_and_what_lets_the_last_one_hold(
    tmp_path: Path, kept: str, setting: str, remedy: str
) -> None:
    place, value = setting.split("=")
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text(value + "\n")
    check = worker_limits("this machine", kept, tmp_path)
    assert (check.level, check.remedy) == (Level.WARNING, remedy)
    assert check.found.endswith(f"memory and time, no credentials, but the network: {kept}")
    held = worker_limits("this machine", None, tmp_path)
    assert (held.level, held.remedy) == (Level.GOOD, None)
    assert held.found.endswith("memory and time, no credentials, and no network")
