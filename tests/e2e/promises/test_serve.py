"""`serve`: an answer is what `predict` says by the artifact that it names, whatever happens meanwhile."""

from __future__ import annotations

import csv
import json
import shutil
import socket
import threading
import time
from contextlib import suppress
from datetime import date
from itertools import cycle
from typing import Any

import pytest

import reconciler
import reconciler.errors
from reconciler.core.digest import hex_of
from tests.support.effort import count
from tests.support.project import Project
from tests.support.serving import PATIENCE, Answered, Serving, ask, outputs, serving, tensors

INFER = "/v2/models/lateness/infer"
TYPES = {
    "amount": "FP64",
    "issued": "BYTES",
    "due": "BYTES",
    "prior": "INT64",
    "prior_late": "FP64",
    "country": "BYTES",
}


def open_rows(project: Project) -> tuple[list[str], dict[str, list[Any]]]:
    """The open invoices' keys, and their columns, with what is known of their customers' earlier ones."""
    rows = list(csv.DictReader((project.root / "data/invoices.csv").read_text().splitlines()))
    chosen = [row for row in rows if not row["paid"]]
    columns: dict[str, list[Any]] = {name: [] for name in TYPES}
    for row in chosen:
        known = [
            (date.fromisoformat(other["paid"]) - date.fromisoformat(other["due"])).days
            for other in rows
            if other["customer_id"] == row["customer_id"] and other["paid"]
            if max(other["paid"], other["issued"]) < row["issued"]
        ]
        columns["amount"].append(float(row["amount"]))
        columns["prior"].append(len(known))
        columns["prior_late"].append(sum(known) / len(known) if known else None)
        for name in ("issued", "due", "country"):
            columns[name].append(row[name])
    return [row["invoice_id"] for row in chosen], columns


def predicted(project: Project) -> dict[str, list[float]]:
    """What `predict` says of each open invoice."""
    out = project.root.parent / "predicted.json"
    project.run("predict", "lateness", "--in", "production", "--out", str(out))
    return {row["invoice_id"]: [row["p_on_time"], row["p_late"]] for row in json.loads(out.read_text())}


def probabilities(answer: Answered) -> list[list[float]]:
    found = outputs(answer)
    return [list(pair) for pair in zip(found["p_on_time"], found["p_late"], strict=True)]


def pin(project: Project, commit: str, say: str) -> None:
    """Declare in production what an earlier commit declared, and apply it."""
    project.git("checkout", commit, "--", "manifests/production")
    project.commit(say)
    project.run("apply", "production", "--yes")


@pytest.mark.soak
def test_every_answer_is_that_of_predict_by_the_digest_it_names_while_artifacts_change(redeployed: Project) -> None:
    """Two processes are asked all the while; one of them is killed and started again."""
    keys, columns = open_rows(redeployed)
    second = redeployed.git("rev-parse", "HEAD")
    pins = redeployed.git("log", "--first-parent", "--format=%H", "--", "manifests/production").split()
    first, expected = pins[-1], {redeployed.served()["artifact"]: predicted(redeployed)}
    pin(redeployed, first, "Back")
    expected[redeployed.served()["artifact"]] = predicted(redeployed)
    assert len(expected) == 2

    with serving(redeployed) as one, serving(redeployed) as other:
        one.wait_for()
        other.wait_for()
        whole = ask(one.port, INFER, tensors(columns, TYPES))
        assert whole.status == 200, whole.body
        digest = redeployed.served()["artifact"]
        assert probabilities(whole) == [expected[digest][key] for key in keys]
        assert whole.headers["reconciler-artifact"] == digest
        assert whole.headers["reconciler-entry"] == redeployed.served()["entry"]

        asking = Asking([one, other], keys, columns, expected, count("SERVE_REQUESTS"))
        swaps, kills = count("SERVE_SWAPS"), count("SERVE_KILLS")
        for turn, commit in zip(range(max(swaps, kills)), cycle([second, first])):
            if turn < swaps:
                pin(redeployed, commit, f"Pin {turn}")
            if turn < kills:
                other.kill()
                other.start()
            one.wait_for("/v2/health", serves(redeployed.served()["artifact"]))
        asking.join()
        assert asking.wrong == []
        assert asking.count >= count("SERVE_REQUESTS")
        assert asking.seen == expected.keys()
        metrics = ask(one.port, "/metrics").body.decode()
        assert f'reconciler_serve_swaps_total{{model="lateness"}} {float(swaps)}' in metrics
        assert "reconciler_serve_refused_releases_total{" not in metrics


def serves(digest: str) -> Any:
    return lambda answer: answer.json["models"].get("lateness", {}).get("artifact") == digest


class Asking:
    """Threads that ask servers for one row after the other, and hold each answer against what `predict` said."""

    def __init__(
        self,
        servers: list[Serving],
        keys: list[str],
        columns: dict[str, list[Any]],
        expected: dict[str, dict[str, list[float]]],
        most: int,
    ) -> None:
        self.wrong: list[Any] = []
        self.seen: set[str] = set()
        self.count, self._most, self._lock, self._enough = 0, most, threading.Lock(), threading.Event()
        self._rows = [
            (key, tensors({name: [values[place]] for name, values in columns.items()}, TYPES))
            for place, key in enumerate(keys)
        ]
        self._expected = expected
        self._threads = [threading.Thread(target=self._ask, args=(server,)) for server in servers]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Ask until it was often enough."""
        self._enough.set()
        for thread in self._threads:
            thread.join()

    @staticmethod
    def _answer(server: Serving, request: dict[str, Any]) -> Answered | None:
        """Ask until there is an answer: a server that was killed is started again, and loads. None: for too long."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):
                answer = ask(server.port, INFER, request)
                if answer.status != 503:
                    return answer
            time.sleep(0.05)
        return None

    def _ask(self, server: Serving) -> None:
        for key, request in cycle(self._rows):
            if self._enough.is_set() and self.count >= self._most:
                return
            if (answer := self._answer(server, request)) is None:
                self.wrong.append((key, "no answer came", server.port))
                return
            digest = answer.headers.get("reconciler-artifact", "")
            right = [self._expected.get(digest, {}).get(key)]
            with self._lock:
                self.count += 1
                self.seen.add(digest)
                if answer.status != 200 or probabilities(answer) != right:
                    self.wrong.append((key, digest, answer.body))


@pytest.mark.soak(only=True)  # tests/unit/engine/serving has each way of it
def test_what_was_tampered_with_is_not_served_and_the_one_before_goes_on(redeployed: Project) -> None:
    served = redeployed.served()
    with serving(redeployed) as here:
        here.wait_for()
        release = redeployed.release()
        pointer = redeployed.root / "serving/lateness/current"
        whole, kept = (release / "model.skops").read_bytes(), pointer.read_bytes()
        (release / "model.skops").write_bytes(whole[:-1] + b"!")
        shutil.copyfile(pointer, pointer.with_name("again"))
        pointer.with_name("again").rename(pointer)  # the same words, another file: it is looked at again
        told = here.wait_for("/v2/health", lambda answer: "refused" in answer.json["models"]["lateness"]).json
        assert told["ready"] is True
        assert told["models"]["lateness"]["artifact"] == served["artifact"]
        assert "model.skops" in told["models"]["lateness"]["refused"]
        metrics = ask(here.port, "/metrics").body.decode()
        assert 'reconciler_serve_refused_releases_total{model="lateness"} 1.0' in metrics
        assert 'reconciler_serve_release_refused{model="lateness"} 1.0' in metrics
        _, columns = open_rows(redeployed)
        assert ask(here.port, INFER, tensors(columns, TYPES)).status == 200

        with serving(redeployed) as late:  # it never had a whole one
            late.wait_for("/v2/health", lambda answer: answer.json["models"])
            assert ask(late.port, "/v2/health/ready").status == 503
            refused = ask(late.port, INFER, tensors(columns, TYPES))
            assert refused.status == 503
            assert "model.skops" in refused.json["error"]
            (release / "model.skops").write_bytes(whole)
            late.wait_for()
            assert ask(late.port, INFER, tensors(columns, TYPES)).status == 200
        assert pointer.read_bytes() == kept
        assert here.stop() == 0
        assert not any("Traceback" in line for line in here.told)


def test_a_release_is_loaded_in_python_only_with_all_its_bytes(deployed: Project) -> None:
    keys, columns = open_rows(deployed)
    expected = predicted(deployed)
    model = reconciler.load(deployed.root / "serving/lateness")
    assert model.digest == deployed.served()["artifact"]
    assert model.entry == deployed.served()["entry"]
    wanted = [share for key in keys for share in expected[key]]
    assert model.predict_proba(columns).ravel().tolist() == pytest.approx(wanted, abs=1e-9)
    records = [{name: values[place] for name, values in columns.items()} for place in range(len(keys))]
    assert model.predict(records).tolist() == model.predict(columns).tolist()
    same = reconciler.load(deployed.release(), digest=model.digest)
    assert same.predict_proba(columns).tolist() == model.predict_proba(columns).tolist()

    moved = deployed.root.parent / "moved"
    shutil.copytree(deployed.release(), moved)
    with pytest.raises(reconciler.errors.UsageError, match="nothing says which digest"):
        reconciler.load(moved)
    assert reconciler.load(moved, digest=model.digest).classes == ("on_time", "late")
    (moved / "recipe.json").write_bytes((moved / "recipe.json").read_bytes() + b" ")
    with pytest.raises(reconciler.errors.IntegrityError, match=r"recipe\.json: not the bytes of"):
        reconciler.load(moved, digest=model.digest)


@pytest.mark.soak(only=True)
def test_a_folder_that_kserve_fetched_is_served_by_its_digest(deployed: Project) -> None:
    digest = deployed.served()["artifact"]
    fetched = deployed.root.parent / "mnt" / "models"
    shutil.copytree(deployed.release(), fetched)
    assert fetched.name != hex_of(digest)
    arguments = ("serve", "--release", str(fetched), "--name", "lateness", "--digest")
    _, columns = open_rows(deployed)
    with serving(deployed, *arguments, digest) as here:
        here.wait_for()
        answer = ask(here.port, INFER, tensors(columns, TYPES))
        assert answer.status == 200
        assert answer.json["model_version"] == digest
        assert "reconciler-entry" not in answer.headers
    with serving(deployed, *arguments, "sha256:" + "0" * 64) as here:
        here.wait_for("/v2/health", lambda answer: answer.json["models"])
        assert ask(here.port, "/v2/health/ready").status == 503


def test_serve_is_refused_with_the_remedy_where_it_cannot_be(deployed: Project) -> None:
    told = deployed.run("serve", "sandbox", code=2)
    assert "E801" in told.err
    assert "sandbox declares no target" in told.err
    assert "target: {uses: directory" in told.err
    told = deployed.run("serve", code=2)
    assert "serve takes an environment, or --release, --digest and --name together" in told.err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = deployed.run("serve", "production", "--port", str(port), code=2)
    assert f"cannot listen at 127.0.0.1:{port}" in told.err


@pytest.mark.soak(only=True)
@pytest.mark.needs("tritonclient")
def test_a_client_of_the_protocol_asks_in_json_and_in_binary_form(deployed: Project) -> None:
    import numpy as np
    import tritonclient.http as triton

    keys, columns = open_rows(deployed)
    expected = predicted(deployed)
    forms = {"FP64": np.float64, "INT64": np.int64, "BYTES": np.object_}
    with serving(deployed) as here:
        here.wait_for()
        client = triton.InferenceServerClient(f"127.0.0.1:{here.port}")
        assert client.is_server_live()
        assert client.is_model_ready("lateness")
        assert {each["name"] for each in client.get_model_metadata("lateness")["inputs"]} == columns.keys()
        for binary in (True, False):
            inputs = []
            for name, values in columns.items():
                missing = np.array([value is None for value in values])
                known = np.array([0 if value is None else value for value in values], dtype=forms[TYPES[name]])
                given = [(name, TYPES[name], known)]
                given += [(f"{name}:missing", "BOOL", missing)] * bool(missing.any())
                for label, datatype, array in given:
                    inputs.append(triton.InferInput(label, [len(keys)], datatype))
                    inputs[-1].set_data_from_numpy(array, binary_data=binary)
            found = client.infer("lateness", inputs)
            assert found.as_numpy("p_late").tolist() == [expected[key][1] for key in keys]
            assert found.get_response()["parameters"]["artifact"] == deployed.served()["artifact"]
