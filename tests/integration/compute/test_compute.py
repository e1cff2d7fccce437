"""What is computed here and on a real Dask cluster is the same, and workers that differ refuse by name."""

from __future__ import annotations

import itertools
import platform
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.adapters.cluster.dask_cluster import DaskCluster
from reconciler.adapters.executors.compute import DataWorker, ScoringWorker, TrainingWorker
from reconciler.adapters.executors.trial_workers import TrialWorkers
from reconciler.engine.compute.here import ComputeHere
from reconciler.errors import TrainingError
from reconciler.ports import ConnectRequest
from reconciler.testing.contracts.compute import ComputeCase, ComputeContract
from tests.integration.compute.stored_model import StoredModel, stored_model
from tests.support.dask_cluster import LoopbackCluster, loopback_cluster, wait_for
from tests.support.once import copy
from tests.support.project import Project, committed

OTHER = {"OPENBLAS_CORETYPE": "Nehalem"}
"""What an administrator may set, and what makes other bytes: another runtime than the sandbox declares."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    project = Project(copy(committed(tmp_path_factory), tmp_path_factory.mktemp("compute") / "project"))
    project.run("apply", "sandbox", "--yes")
    return stored_model(project.root)


@pytest.fixture(scope="module")
def here(stored: StoredModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComputeHere]:
    data, trainer, trials, scorer = DataWorker(), TrainingWorker(), TrialWorkers(), ScoringWorker()
    numbers = itertools.count()
    with ExitStack() as stack:
        for worker in (data, trainer, trials, scorer):
            stack.callback(worker.close)
        yield ComputeHere(
            store=stored.store,
            data=data,
            trainer=trainer,
            trials=trials,
            scorer=scorer,
            scratch=tmp_path_factory.mktemp("here"),
            new_id=lambda: str(next(numbers)),
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCluster]:
    with loopback_cluster(tmp_path_factory.mktemp("cluster"), "alice") as made:
        yield made


def connected(cluster: LoopbackCluster, stored: StoredModel, *, wait: int = 60) -> DaskCluster:
    return DaskCluster(
        connection=lambda: ConnectRequest(address=cluster.address, seconds=30, wait=wait),
        store=lambda: stored.place,
        version=__version__,
    )


@pytest.fixture(scope="module")
def dask(cluster: LoopbackCluster, stored: StoredModel) -> Iterator[DaskCluster]:
    client = connected(cluster, stored)
    yield client
    client.close()


class Contract(ComputeContract):
    @pytest.fixture(autouse=True)
    def _given(self, stored: StoredModel, here: ComputeHere, request: pytest.FixtureRequest) -> None:
        self.stored, self.here, self.request = stored, here, request

    def case(self) -> ComputeCase:
        stored = self.stored
        if stored.root not in EXPECTED:
            EXPECTED[stored.root] = stored.built(self.here.build(stored.request).selected)
        compute = self.request.getfixturevalue(self.compute)
        return ComputeCase(
            compute=compute,
            store=stored.store,
            build=stored.request,
            built=EXPECTED[stored.root],
            trial=stored.trial,
            evaluation=stored.evaluation,
        )


EXPECTED: dict[Path, object] = {}


@pytest.mark.soak(only=True)  # what every other test computes with
class TestHere(Contract):
    compute = "here"


class TestDask(Contract):
    compute = "dask"


@pytest.mark.soak(only=True)
def test_it_is_told_which_worker_trains(dask: DaskCluster, stored: StoredModel) -> None:
    told: list[str] = []
    for _ in range(20):  # a training may be over before anybody looks
        dask.build(stored.request, told.append)
        if told:
            break
    assert told[0] == "train on alice"


def test_the_client_has_no_credentials(dask: DaskCluster) -> None:
    process = dask._client._process
    assert process is not None
    variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    names = {variable.partition(b"=")[0].decode() for variable in variables}
    assert not {name for name in names if name.startswith(("AWS_", "GITHUB_", "GITLAB_", "DASK_"))}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another core type is x86-64's")
def test_a_worker_with_another_runtime_refuses_by_name_and_another_one_takes_its_task(
    cluster: LoopbackCluster, stored: StoredModel
) -> None:
    cluster.start_worker("bob", environment=OTHER)
    wait_for(lambda: cluster.is_ready("bob"))
    client = connected(cluster, stored)
    try:
        bob, alice = sorted(client.workers(stored.request.runtime), key=lambda worker: worker.problem is None)
        assert alice.problem is None
        assert bob.problem is not None
        assert "worker bob on " in bob.problem
        assert "openblas-coretype not declared, found Nehalem" in bob.problem
        assert bob.remedy == "on that worker: unset OPENBLAS_CORETYPE; then restart it"
        told: list[str] = []
        with ThreadPoolExecutor(3) as several:  # more than alice takes at once
            built = list(several.map(lambda _: client.build(stored.request, told.append), range(3)))
        assert all(each.files for each in built)
        assert any("refused: worker bob on " in text for text in told)
    finally:
        cluster.kill("bob")
        client.close()


@pytest.mark.soak(only=True)
def test_another_store_under_the_same_name_is_refused(
    cluster: LoopbackCluster, stored: StoredModel, tmp_path: Path
) -> None:
    place = replace(stored.place, location=replace(stored.place.location, root=str(tmp_path / "elsewhere")))
    client = DaskCluster(
        connection=lambda: ConnectRequest(address=cluster.address, seconds=30, wait=60),
        store=lambda: place,
        version=__version__,
    )
    try:
        with pytest.raises(TrainingError, match=r"does not see the store .* nothing is there"):
            client.build(stored.request)
    finally:
        client.close()


def test_a_sandbox_is_applied_on_a_cluster_and_doctor_asks_its_workers(
    cluster: LoopbackCluster, stored: StoredModel, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = Project(copy(committed(tmp_path_factory), tmp_path / "project"))
    sandbox = project.root / "environments/sandbox.yaml"
    sandbox.write_text(sandbox.read_text() + "  compute: {uses: dask, scheduler: env:DASK_SCHEDULER}\n")
    project.commit("On a cluster")
    unset = project.run("apply", "sandbox", "--yes", code=2)
    assert "E641 the environment variable DASK_SCHEDULER is not set" in unset.err
    assert "`export DASK_SCHEDULER=tls://HOST:8786`" in unset.err
    assert "the environment variable DASK_SCHEDULER is not set" in project.run("plan", "sandbox").out
    project.environment["DASK_SCHEDULER"] = "tcp://10.0.0.1:8786"
    assert "is not encrypted and not on this machine" in project.run("apply", "sandbox", "--yes", code=2).err
    assert not (project.root / ".reconciler/sandbox/snapshots").exists(), "and nothing was begun"
    project.environment["DASK_SCHEDULER"] = cluster.address
    ran = project.run_cold(("apply", "sandbox", "--yes", "-o", "json"))
    assert ran.code == 0, ran.err
    (result,) = ran.json["results"]
    assert result["artifact"] == stored.build.artifact, "the same bytes as where a sandbox trains here"
    checks = project.run("doctor", "-o", "json", code=None).json["checks"]
    (check,) = [check for check in checks if check["name"] == "compute"]
    assert check["found"] == "1 worker of Dask for 1 task at once, with this runtime and this store"


def test_a_scheduler_that_is_gone_is_told_at_once(stored: StoredModel, tmp_path: Path) -> None:
    with loopback_cluster(tmp_path / "gone") as gone:
        client = connected(gone, stored, wait=1)
        try:
            with pytest.raises(TrainingError, match=r"E644 the cluster at .* had no worker for 1 s"):
                client.build(stored.request)
            gone.scheduler.kill()
            with pytest.raises(TrainingError, match=r"E642 the scheduler at .* was lost"):
                client.build(stored.request)
        finally:
            client.close()
    process = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path / "gone") not in process.stdout
