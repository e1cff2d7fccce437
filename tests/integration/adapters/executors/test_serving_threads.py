"""Small requests are answered by the thread that reads them, alone: waking helpers would take longer than the work."""

from __future__ import annotations

import http.client
import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.executors.serving_process import ServingProcess, listen
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator
from reconciler.ports.serving.changes import Looked, ServingMessage, ServingOptions, VerifiedRelease
from tests.support.invoice_tables import invoices, ledger, recipe_of
from tests.support.releases import release_of

BOOSTED = Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier", params=(("max_iter", 3),))
OPTIONS = ServingOptions(environment=None, socket=-1, at_once=8, seconds=60, limits=Limits())


def asked(connection: http.client.HTTPConnection, method: str, path: str, document: Any = None) -> tuple[int, Any]:
    connection.request(method, path, json.dumps(document) if document is not None else None)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def threads(process: int) -> int:
    return len(list(Path(f"/proc/{process}/task").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not tell threads")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: nobody has helpers")
def test_a_boosted_model_answers_a_row_without_helpers(tmp_path: Path) -> None:
    recipe = replace(recipe_of(past={}), estimator=BOOSTED)
    release, digest = release_of(recipe, ledger(tmp_path, invoices(300)))
    columns = json.loads((release / "schema.json").read_bytes())["columns"]
    values: dict[str, tuple[str, Any]] = {"numeric": ("FP64", 12.5), "categorical": ("BYTES", "FR")}
    inputs = [
        {"name": column["name"], "datatype": kind, "shape": [1], "data": [value]}
        for column in columns
        for kind, value in [values[column["type"]]]
    ]
    with listen("127.0.0.1", 0) as listening:
        server = ServingProcess(listening, OPTIONS)
        server.start()
        try:
            server.send(ServingMessage(release=VerifiedRelease(model="orders", artifact=digest, folder=release)))
            server.send(ServingMessage(looked=Looked()))
            with closing(http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=60)) as client:
                while asked(client, "GET", "/v2/health/ready")[0] != 200:
                    continue
                before = threads(server.pid)
                for _ in range(3):
                    status, answer = asked(client, "POST", "/v2/models/orders/infer", {"inputs": inputs})
                    assert status == 200, answer
                assert threads(server.pid) == before
        finally:
            server.kill()
