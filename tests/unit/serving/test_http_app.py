"""The Open Inference Protocol, as it is answered: errors in its form, limits, and nothing of a request in a message."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.digest import Digest
from reconciler.core.size_limits import REQUEST_BYTES
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Features
from reconciler.ports.serving.changes import ServingOptions, VerifiedRelease
from reconciler.serving.http_app import InferenceServer
from reconciler.serving.metrics import Metrics
from reconciler.serving.served_model import ServedModel, load_verified
from reconciler.serving.served_models import ServedModels, served_release
from tests.support.invoice_tables import invoices, ledger, recipe_of
from tests.support.releases import release_of

ENTRY = Digest("sha256:" + "e" * 64)
OPTIONS = ServingOptions(environment="production", socket=-1, at_once=4, seconds=5, limits=Limits())
INFER = "/v2/models/orders/infer"


@dataclass
class Told:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks an application in this process, as a server would."""

    def __init__(self, models: ServedModels, options: ServingOptions = OPTIONS) -> None:
        self.models = models
        self.app = InferenceServer(models, Metrics(), options).app()

    def ask(
        self, path: str, body: bytes | dict[str, Any] | None = None, method: str | None = None, **headers: str
    ) -> Told:
        return asyncio.run(self.asked(path, body, method, **headers))

    async def asked(
        self, path: str, body: bytes | dict[str, Any] | None = None, method: str | None = None, **headers: str
    ) -> Told:
        sent = json.dumps(body).encode() if isinstance(body, dict) else body or b""
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": method or ("GET" if body is None else "POST"),
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": pairs,
            "http_version": "1.1",
            "scheme": "http",
        }
        parts = [sent[at : at + 65536] for at in range(0, len(sent), 65536)] or [b""]
        events = [
            {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
            for place, part in enumerate(parts)
        ]
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return events.pop(0)

        async def send(message: Any) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return Told(told[0]["status"], found, b"".join(part.get("body", b"") for part in told[1:]))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    recipe = recipe_of(past={}, features=Features(numeric=("amount",), categorical=("country",)))
    tree = Estimator(uses="sklearn", class_name="DecisionTreeClassifier", params=(("max_depth", 3),))
    here = ledger(tmp_path_factory.mktemp("orders"), invoices(700))
    return load_verified(*release_of(replace(recipe, estimator=tree), here), limits=Limits())


@pytest.fixture
def client(model: ServedModel) -> Client:
    models = ServedModels()
    release = VerifiedRelease(model="orders", artifact=model.digest, folder=Path("gone"), entry=ENTRY, n=7)
    models.serve(served_release(model, release, "production"))
    models.looked = True
    return Client(models)


def rows(amount: list[Any], country: list[Any], **more: Any) -> dict[str, Any]:
    shape = [len(amount)]
    return {
        "inputs": [
            {"name": "amount", "shape": shape, "datatype": "FP64", "data": amount},
            {"name": "country", "shape": shape, "datatype": "BYTES", "data": country},
        ],
        **more,
    }


def test_an_answer_has_the_digest_and_the_entry_in_itself_and_in_headers(client: Client, model: ServedModel) -> None:
    told = client.ask(INFER, rows([10.0, None], ["NO", None], id="q1"))
    assert told.status == 200
    assert told.headers["reconciler-artifact"] == model.digest
    assert told.headers["reconciler-entry"] == ENTRY
    answer = told.json
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("orders", "7", "q1")
    expected = {"artifact": model.digest, "entry": ENTRY, "n": 7, "environment": "production"}
    assert answer["parameters"] == expected
    names = [output["name"] for output in answer["outputs"]]
    assert names == ["predicted", "probability", "uncertain", "p_on_time", "p_late", "p_very_late"]
    assert all(output["shape"] == [2] for output in answer["outputs"])
    assert client.ask(INFER.replace("/infer", "/versions/7/infer"), rows([1.0], ["NO"])).status == 200
    assert client.ask(INFER.replace("/infer", "/versions/6/infer"), rows([1.0], ["NO"])).status == 404


def test_the_tensors_that_are_asked_for_come_in_the_form_that_is_asked_for(client: Client) -> None:
    wanted = [{"name": "p_late", "parameters": {"binary_data": True}}, {"name": "predicted"}]
    told = client.ask(INFER, rows([10.0, 3.0], ["NO", "DE"], outputs=wanted))
    length = int(told.headers["inference-header-content-length"])
    first, second = json.loads(told.body[:length])["outputs"]
    assert first["parameters"] == {"binary_data_size": 16}
    assert second["name"] == "predicted"
    plain = client.ask(INFER, rows([10.0, 3.0], ["NO", "DE"])).json["outputs"]
    assert list(struct.unpack("<2d", told.body[length:])) == plain[4]["data"]
    assert client.ask(INFER, rows([1.0], ["NO"], outputs=[{"name": "p_lat"}])).json == {
        "error": "E416 the model's outputs: column p_lat does not exist",
        "code": "E416",
        "hint": "did you mean p_late, p_very_late?",
    }


def test_binary_tensors_say_the_same_and_missing_values_have_a_tensor_of_their_own(client: Client) -> None:
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (b"NO", b""))
    header = {
        "inputs": [
            _binary("amount", "FP64", 16),
            _binary("country", "BYTES", len(texts)),
            _binary("country:missing", "BOOL", 2),
        ]
    }
    text = json.dumps(header).encode()
    body = text + struct.pack("<2d", 10.0, 3.0) + texts + b"\0\1"
    told = client.ask(INFER, body, inference_header_content_length=str(len(text)))
    assert told.json["outputs"] == client.ask(INFER, rows([10.0, 3.0], ["NO", None])).json["outputs"]
    for wrong in (body + b"1", body[:-1]):
        told = client.ask(INFER, wrong, inference_header_content_length=str(len(text)))
        assert (told.status, told.json["code"]) == (400, "E811")


def _binary(name: str, datatype: str, size: int) -> dict[str, Any]:
    return {"name": name, "shape": [2], "datatype": datatype, "parameters": {"binary_data_size": size}}


def _input(**changes: Any) -> dict[str, Any]:
    request = rows([1.0], ["NO"])
    request["inputs"][0].update(changes)
    return request


SECRET = "4711"
WRONG: dict[str, tuple[Any, str, str]] = {
    "no JSON": (b"{", "E811", "is not JSON"),
    "no text": (b"\xff\xfe{", "E811", "is not JSON"),
    "deep": (b"[" * 100_000, "E811", "is not JSON"),
    "a long number": (b'{"inputs": ' + b"9" * 5000 + b"}", "E811", "is not JSON"),
    "a list": (b"[]", "E811", "expected a JSON object"),
    "nothing": ({}, "E811", "inputs: expected a list"),
    "no inputs": ({"inputs": []}, "E811", "inputs: expected from 1 to"),
    "NaN": (b'{"inputs": [NaN]}', "E811", "NaN or Infinity"),
    "an infinite number": (
        json.dumps(rows([1.0], ["NO"])).replace("1.0", "1e999").encode(),
        "E410",
        "features.numeric|amount is infinite or not a number in 1 row",
    ),
    "an unknown column": (
        {"inputs": [*rows([1.0], ["NO"])["inputs"], {"name": "amont", "shape": [1], "datatype": "FP64", "data": [1]}]},
        "E416",
        "column amont does not exist",
    ),
    "a missing column": ({"inputs": rows([1.0], ["NO"])["inputs"][:1]}, "E416", "column country does not exist"),
    "text for a number": (_input(datatype="BYTES", data=[SECRET]), "E405", "column amount holds BYTES, and the model"),
    "text in numbers": (_input(data=[SECRET]), "E405", "holds what is no number, and the model was trained on numbers"),
    "a truth value": (_input(data=[True]), "E405", "holds what is no number"),
    "a fraction": (_input(datatype="INT64", data=[1.5]), "E405", "holds what is no INT64"),
    "too large": (_input(datatype="INT8", data=[300]), "E405", "holds what is no INT8"),
    "a huge number": (_input(datatype="FP64", data=[10**400]), "E405", "numbers that are too large"),
    "a record": (_input(data=[{"a": 1}]), "E405", "holds what is no number"),
    "no Unicode": (
        b'{"inputs": [{"name": "country", "shape": [1], "datatype": "BYTES", "data": ["\\ud800"]}]}',
        "E405",
        "text that is not Unicode",
    ),
    "a type that is no name": (_input(datatype=["FP64"]), "E811", "datatype: expected one of"),
    "another type": (_input(datatype="FP8"), "E811", "datatype: expected one of"),
    "another shape": (_input(shape=[2]), "E811", "its shape says 2 values, and it has 1"),
    "two dimensions": (_input(shape=[1, 2]), "E811", "shape: expected"),
    "no row": (_input(shape=[0], data=[]), "E811", "shape: expected"),
    "a negative row": (_input(shape=[-1]), "E811", "shape: expected"),
    "too many rows": (_input(shape=[10_001]), "E811", "10,001 rows; at most 10,000"),
    "unequal rows": (_input(shape=[2], data=[1, 2]), "E811", "input country: has 1 rows, and those before it 2"),
    "twice": ({"inputs": rows([1.0], ["NO"])["inputs"] * 2}, "E811", "a name is there twice"),
    "an odd id": (rows([1.0], ["NO"], id=3), "E811", "id: expected a text"),
    "odd parameters": (rows([1.0], ["NO"], parameters=[]), "E811", "parameters: expected a JSON object"),
    "odd outputs": (rows([1.0], ["NO"], outputs=[3]), "E811", r"outputs\[0\]: expected a JSON object"),
    "binary that is not there": (_input(parameters={"binary_data_size": 8}), "E811", "binary_data_size"),
}


VALUES: tuple[Any, ...] = (None, True, 0, -1, 2, 1.5, 10**30, "", "x", [], [1], ["x"], [[1]], [None], {}, {"a": 1})


def _places(document: Any) -> list[tuple[Any, ...]]:
    """Return the path of every member of a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    found: list[tuple[Any, ...]] = []
    for name, value in items:
        found += [(name,), *((name, *rest) for rest in _places(value))]
    return found


def test_whatever_stands_at_any_place_of_a_request_is_answered_or_refused(client: Client) -> None:
    full = rows([1.0], ["NO"], id="7", outputs=[{"name": "predicted", "parameters": {"binary_data": False}}])
    full["parameters"] = {"binary_data_output": False}
    full["inputs"][0]["parameters"] = {"binary_data_size": None}
    bugs = []
    for place in _places(full):
        for value in VALUES:
            changed = json.loads(json.dumps(full))
            holder = changed
            for name in place[:-1]:
                holder = holder[name]
            holder[place[-1]] = value
            told = client.ask(INFER, changed)
            if told.status not in (200, 400) or (told.status == 400 and "code" not in told.json):
                bugs.append((place, value, told.status))
    assert bugs == []


def test_an_answer_that_is_a_bug_is_counted_as_one(client: Client) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError

    assert client.ask(INFER, rows([1.0], ["NO"])).status == 200
    served = client.models.get("orders")
    assert served is not None
    client.models.serve(replace(served, model=Broken()))
    with pytest.raises(ZeroDivisionError):  # which the server that calls the application keeps to itself
        client.ask(INFER, rows([1.0], ["NO"]))
    text = client.ask("/metrics").body.decode()
    assert 'reconciler_serve_requests_total{model="orders",status="500"} 1.0' in text
    assert 'reconciler_serve_errors_total{code="500",model="orders"} 1.0' in text


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_in_the_form_of_the_protocol_without_a_value(client: Client, case: str) -> None:
    import re

    body, code, message = WRONG[case]
    told = client.ask(INFER, body)
    assert told.status == 400, told.body
    assert told.json["code"] == code
    assert re.search(message, told.json["error"]), told.json
    assert SECRET not in told.body.decode()
    assert "Traceback" not in told.body.decode()


def test_too_large_bodies_are_not_read(client: Client) -> None:
    for headers in ({"content_length": str(REQUEST_BYTES + 1)}, {}):
        told = client.ask(INFER, b" " * (REQUEST_BYTES + 1) if not headers else b"{}", **headers)
        assert (told.status, told.json["error"]) == (400, "E811 the request has more than 16 MiB")


def test_shapes_of_one_column_and_nested_rows_are_read(client: Client) -> None:
    request = rows([[10.0], [3.0]], [["NO"], ["DE"]])
    for tensor in request["inputs"]:
        tensor["shape"] = [2, 1]
    flat = client.ask(INFER, rows([10.0, 3.0], ["NO", "DE"])).json["outputs"]
    assert client.ask(INFER, request).json["outputs"] == flat


def test_many_rows_are_answered_beside_and_say_the_same(client: Client) -> None:
    amounts, countries = [float(n) for n in range(3000)], ["NO", "DE", None] * 1000
    many = client.ask(INFER, rows(amounts, countries)).json["outputs"][3]["data"]
    few = client.ask(INFER, rows(amounts[:3], countries[:3])).json["outputs"][3]["data"]
    assert len(many) == 3000
    assert many[:3] == few


def test_what_there_are_too_many_of_is_told_to_come_again(client: Client, model: ServedModel) -> None:
    """A request that is not answered in time is given up, and counts until it has ended."""
    go = threading.Event()

    class Waiting:
        is_quick, by_name, inputs, classes = False, model.by_name, model.inputs, model.classes

        def check_columns(self, given: Any) -> None:
            model.check_columns(given)

        def predict(self, given: Any, count: int) -> Any:
            go.wait(30)
            return model.predict(given, count)

    release = VerifiedRelease(model="slow", artifact=model.digest, folder=Path("gone"), n=1)
    from dataclasses import replace

    served = replace(served_release(model, release, None), model=Waiting())  # type: ignore[arg-type]
    client.models.serve(served)
    slow = Client(client.models, replace(OPTIONS, at_once=1, seconds=0))

    async def both() -> tuple[Told, Told]:
        late = await slow.asked("/v2/models/slow/infer", rows([1.0], ["NO"]))
        full = await slow.asked(INFER, rows([1.0], ["NO"]))
        go.set()
        return late, full

    late, full = asyncio.run(both())
    assert late.status == 504
    assert full.status == 503
    assert full.headers["retry-after"] == "1"


def test_metadata_name_what_a_row_brings_and_what_is_answered(client: Client) -> None:
    told = client.ask("/v2/models/orders").json
    assert told["versions"] == ["7"]
    assert [(each["name"], each["datatype"], each["shape"]) for each in told["inputs"]] == [
        ("amount", "FP64", [-1]),
        ("country", "BYTES", [-1]),
    ]
    assert client.ask("/v2").json["extensions"] == ["binary_tensor_data"]
    assert client.ask("/v2/models/orders/ready").json == {"name": "orders", "ready": True}


def test_health_and_metrics_tell_what_is_served_and_what_is_not(client: Client, model: ServedModel) -> None:
    assert client.ask("/v2/health/live").json == {"live": True}
    assert client.ask("/v2/health/ready").status == 200
    client.models.refuse("orders", "half of it is there")
    assert client.ask("/v2/health/ready").status == 200  # the one before is served
    assert client.ask("/v2/health").json["models"]["orders"]["refused"] == "half of it is there"
    client.models.refuse("returns", "nothing of it is there")
    assert client.ask("/v2/health/ready").status == 503
    assert client.ask("/v2/models/returns/infer", b"{}").status == 503
    told = client.ask("/v2/models/nobody/infer", b"{}")
    assert (told.status, list(told.json)) == (404, ["error"])
    client.ask(INFER, rows([1.0, 2.0], ["NO", "DE"]))
    text = client.ask("/metrics").body.decode()
    info = f'reconciler_serve_model_info{{artifact="{model.digest}",entry="{ENTRY}",model="orders",n="7"}} 1.0'
    assert info in text
    assert 'reconciler_serve_requests_total{model="orders",status="200"} 1.0' in text
    assert 'reconciler_serve_rows_total{model="orders"} 2.0' in text
    assert 'reconciler_serve_release_refused{model="returns"} 1.0' in text
    assert 'reconciler_serve_request_seconds_count{model="orders"} 1.0' in text
    assert "nobody" not in text
    client.models.retire("orders")
    assert client.ask(INFER, rows([1.0], ["NO"])).status == 404


def test_other_addresses_and_methods_are_told_in_the_same_form(client: Client) -> None:
    assert client.ask("/v1/models").json == {"error": "no such address"}
    told = client.ask(INFER)
    assert (told.status, told.json) == (405, {"error": "not with this method"})
