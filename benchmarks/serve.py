"""Compare `serve` with a bare Starlette handler that calls the same scikit-learn model, for one row, in one run.

python benchmarks/serve.py [REQUESTS]      (default: 2,000 of each; the bar is 1.5 times the bare handler's p50)

Both servers run with the same interpreter, server settings and environment. They are asked in turn, 100 requests each
time, by one client over one connection each. The bare handler gets the row as the numbers that the model sees, checks
nothing and answers the probabilities alone. Told are wall times, which other work on the machine disturbs alike, and
the processor time of each server.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reconciler.adapters.executors.serving_process import ServingProcess, listen
from reconciler.adapters.executors.worker_process import spawn
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Features
from reconciler.ports.serving.changes import Looked, ServingMessage, ServingOptions, VerifiedRelease
from tests.support.invoice_tables import invoices, ledger, recipe_of
from tests.support.releases import release_of

BAR, BLOCK = 1.5, 100
FEATURES = Features(numeric=("amount", "units", "terms", "n1", "n2", "n3", "n4"), categorical=("country", "zone"))
TYPES = {
    "invoice_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "invoice_date": "DATE",
    "due_date": "DATE",
    "paid_date": "DATE",
    "amount": "DOUBLE",
    "country": "VARCHAR",
    "units": "BIGINT",
    "terms": "DOUBLE",
    "zone": "VARCHAR",
    **dict.fromkeys(("n1", "n2", "n3", "n4"), "DOUBLE"),
}
ESTIMATORS = {
    "LogisticRegression": (),
    "RandomForestClassifier": (("n_estimators", 100),),
    "HistGradientBoostingClassifier": (),
}
BARE = """
import asyncio, json, os, socket, sys
from pathlib import Path
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from reconciler.model_file.load import load

estimator = load(Path(sys.argv[2])).estimator

async def predict(request):
    row = json.loads(await request.body())["row"]
    found = estimator.predict_proba(np.array([row], dtype=np.float64))
    return Response(json.dumps({"probabilities": found.tolist()}), media_type="application/json")

app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", http="h11", loop="asyncio", ws="none",
                        proxy_headers=False, server_header=False, date_header=False, timeout_keep_alive=75)
asyncio.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=int(sys.argv[1]))]))
"""


@dataclass
class Asked:
    """A server, the request that it is asked, and how long each answer took."""

    name: str
    process: int
    connection: http.client.HTTPConnection
    path: str
    body: bytes
    times: list[float]

    def ask(self) -> Any:
        start = time.perf_counter()
        self.connection.request("POST", self.path, self.body)
        response = self.connection.getresponse()
        answer = response.read()
        self.times.append(time.perf_counter() - start)
        if response.status not in (200, 503):
            raise SystemExit(f"{self.name}: {response.status} {answer.decode()}")
        return json.loads(answer)

    def processor(self) -> float:
        """Return the processor time of the server so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(requests: int) -> None:
    """Measure each estimator."""
    print(f"{'':<32}{'p50 ms':>16}{'p95 ms':>16}{'CPU ms':>16}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, params in ESTIMATORS.items():
            measure(name, params, requests, Path(scratch) / name)


def measure(name: str, params: tuple[tuple[str, Any], ...], requests: int, folder: Path) -> None:
    """Print the times of both servers for one estimator, and their ratios."""
    folder.mkdir()
    rows = [
        (*row, n % 9, 14.0 + n % 5, "abcd"[n % 4], n / 7, n % 11 / 3, -n % 13 / 5, 1.5)
        for n, row in enumerate(invoices(3000))
    ]
    recipe = replace(
        recipe_of(past={}, features=FEATURES), estimator=Estimator(uses="sklearn", class_name=name, params=params)
    )
    release, digest = release_of(recipe, ledger(folder, rows, types=TYPES))
    with listen("127.0.0.1", 0) as ours, listen("127.0.0.1", 0) as theirs:
        server = ServingProcess(
            ours, ServingOptions(environment=None, socket=-1, at_once=64, seconds=30, limits=Limits())
        )
        server.start()
        server.send(ServingMessage(release=VerifiedRelease(model="orders", artifact=digest, folder=release)))
        server.send(ServingMessage(looked=Looked()))
        bare = _bare(theirs, release)
        try:
            columns = [column["name"] for column in json.loads((release / "schema.json").read_bytes())["columns"]]
            _compare(name, columns, server, bare, ours, theirs, requests)
        finally:
            server.kill()
            bare.kill()
            bare.wait()


def _bare(listening: socket.socket, release: Path) -> subprocess.Popen[bytes]:
    program = release.parent / "bare_handler.py"
    program.write_text(BARE)
    more = {"PYTHONPATH": str(program.parent)}
    return spawn("bare_handler", str(listening.fileno()), str(release), more=more, keep=(listening.fileno(),))


def _compare(
    name: str,
    columns: list[str],
    server: ServingProcess,
    bare: subprocess.Popen[bytes],
    ours: socket.socket,
    theirs: socket.socket,
    requests: int,
) -> None:
    values: dict[str, tuple[str, Any]] = {"country": ("BYTES", "FR"), "zone": ("BYTES", "b"), "units": ("INT64", 3)}
    values |= dict.fromkeys(("amount", "terms", "n1", "n2", "n3", "n4"), ("FP64", 12.5))
    inputs = [{"name": key, "datatype": kind, "shape": [1], "data": [value]} for key, (kind, value) in values.items()]
    row = [float(value) if not isinstance(value, str) else 1.0 for _, value in (values[name] for name in columns)]
    asked = (
        _asked("bare Starlette", bare.pid, theirs, "/predict", {"row": row}),
        _asked("reconciler serve", server.pid, ours, "/v2/models/orders/infer", {"inputs": inputs}),
    )
    answers = [_until(each) for each in asked]
    probabilities = [tensor["data"][0] for tensor in answers[1]["outputs"][3:]]
    assert all(abs(a - b) < 1e-12 for a, b in zip(answers[0]["probabilities"][0], probabilities, strict=True))
    for _ in range(200):
        [each.ask() for each in asked]
    for each in asked:
        each.times.clear()
    used = [each.processor() for each in asked]
    for _ in range(requests // BLOCK):
        for each in asked:
            for _ in range(BLOCK):
                each.ask()
    figures = []
    for each, before in zip(asked, used, strict=True):
        p50, p95 = statistics.median(each.times), statistics.quantiles(each.times, n=20)[-1]
        cpu = (each.processor() - before) / len(each.times)
        figures.append((p50, p95, cpu))
        print(
            f"{name if each is asked[0] else '':<32}"[:15]
            + f"{each.name:>17}"
            + "".join(f"{1000 * f:16.3f}" for f in figures[-1])
        )
    print(f"{'ratio':>32}" + "".join(f"{b / a:16.2f}" for a, b in zip(*figures, strict=True)) + f"   (bar: {BAR})")


def _asked(name: str, process: int, listening: socket.socket, path: str, body: dict[str, Any]) -> Asked:
    connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=120)
    return Asked(name, process, connection, path, json.dumps(body).encode(), [])


def _until(each: Asked) -> Any:
    """Ask until the model is loaded."""
    while "error" in (answer := each.ask()):
        time.sleep(0.1)
    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
