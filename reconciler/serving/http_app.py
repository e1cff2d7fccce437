"""The HTTP side of `serve`: the Open Inference Protocol (version 2), health, and metrics.

Small requests are answered where they are read: handing them over would take longer than the answer. Others are
answered in threads, of which the caller waits for so long and no longer. No answer quotes a value of a request or has
a traceback.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler import __version__
from reconciler.core.size_limits import REQUEST_BYTES
from reconciler.errors import ReconcilerError
from reconciler.ports.serving.changes import ServingOptions
from reconciler.serving.answers import check_outputs, write_answer
from reconciler.serving.metrics import NONE, Metrics
from reconciler.serving.served_models import ServedModels, ServedRelease, version_of
from reconciler.serving.tensors import columns_of, read_request, refused

SMALL_BODY, SMALL_CELLS = 65_536, 1_000  # up to here a request is answered where it is read
THREADS = 4
JSON_LENGTH = "inference-header-content-length"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _StatusError(Exception):
    """A request that is not answered for another reason than what it says."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """An answer's body, the length of its JSON where binary data follow, and how many rows it has."""

    body: bytes
    json_length: int | None
    rows: int


class InferenceServer:
    """Answers requests with what `models` holds at that moment."""

    def __init__(self, models: ServedModels, metrics: Metrics, options: ServingOptions) -> None:
        self._models, self._metrics, self._options = models, metrics, options
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="predict")
        self._busy = 0

    def app(self) -> Starlette:
        """Return the application."""
        model = "/v2/models/{model}"
        routes = []
        for start in (model, f"{model}/versions/{{version}}"):
            routes += [
                Route(f"{start}/infer", self._infer, methods=["POST"]),
                Route(f"{start}/ready", self._model_ready),
                Route(start, self._model),
            ]
        routes += [
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._ready),
            Route("/v2/health", self._health),
            Route("/v2", self._server),
            Route("/metrics", self._metrics_text),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _http_error, Exception: _unexpected})

    # --- predicting ---------------------------------------------------------------------------------------------------

    async def _infer(self, request: Request) -> Response:
        start, name = time.perf_counter(), request.path_params["model"]
        label = name if self._models.get(name) is not None else NONE
        try:
            response = await self._counted(request)
        except ReconcilerError as error:
            response = _refusal(400, str(error), error.code, error.hint)
            self._metrics.errors.labels(label, error.code or "").inc()
        except _StatusError as error:
            response = _refusal(error.status, error.message, headers=error.headers)
            self._metrics.errors.labels(label, str(error.status)).inc()
        except ClientDisconnect:
            response = Response(status_code=400)
        except Exception:  # a bug, which counts as every answer does
            self._metrics.errors.labels(label, "500").inc()
            self._observe(label, 500, start)
            raise
        self._observe(label, response.status_code, start)
        return response

    def _observe(self, label: str, status: int, start: float) -> None:
        self._metrics.requests.labels(label, str(status)).inc()
        self._metrics.seconds.labels(label).observe(time.perf_counter() - start)

    async def _counted(self, request: Request) -> Response:
        """Answer unless there are too many requests already; one that we stopped to wait for counts until it ends."""
        if self._busy >= self._options.at_once:
            raise _StatusError(503, f"{self._busy} requests are being answered: try again", {"retry-after": "1"})
        self._busy += 1
        work: asyncio.Future[_Written] | None = None
        try:
            served = self._served(request)
            body, json_length = await self._body(request)
            if len(body) <= SMALL_BODY:
                written = _answer(served, body, json_length, SMALL_CELLS)
                if written is not None:
                    return self._response(served, written)
            loop = asyncio.get_running_loop()
            work = asyncio.ensure_future(loop.run_in_executor(self._threads, _answer_all, served, body, json_length))
            try:
                written = await asyncio.wait_for(asyncio.shield(work), self._options.seconds)
            except TimeoutError:
                message = f"not answered within {self._options.seconds} s: ask for fewer rows"
                raise _StatusError(504, message) from None
            return self._response(served, written)
        finally:
            if work is None or work.done():
                self._busy -= 1
            else:
                work.add_done_callback(self._ended)

    def _ended(self, work: asyncio.Future[_Written]) -> None:
        self._busy -= 1
        if not work.cancelled():
            work.exception()  # nobody waits for it

    def _response(self, served: ServedRelease, written: _Written) -> Response:
        self._metrics.rows.labels(served.release.model).inc(written.rows)
        if written.json_length is None:
            return Response(written.body, headers=served.headers, media_type="application/json")
        headers = {**served.headers, JSON_LENGTH: str(written.json_length)}
        return Response(written.body, headers=headers, media_type="application/octet-stream")

    async def _body(self, request: Request) -> tuple[bytes, int | None]:
        """Read the body, and the length of its JSON where the client says one."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 12 or int(length) > REQUEST_BYTES):
            raise _too_large()
        json_length = request.headers.get(JSON_LENGTH)
        if json_length is not None and not (json_length.isdecimal() and len(json_length) < 12):
            raise refused(f"{JSON_LENGTH}: expected a number of bytes")
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._options.seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > REQUEST_BYTES:
                        raise _too_large()
                    parts.append(chunk)
        except TimeoutError:
            raise _StatusError(408, f"the request did not come within {self._options.seconds} s") from None
        return b"".join(parts), int(json_length) if json_length is not None else None

    def _served(self, request: Request) -> ServedRelease:
        """Return what is served of the model that is asked for, in the version that is asked for."""
        name, version = request.path_params["model"], request.path_params.get("version")
        served = self._models.get(name)
        if served is None:
            if name in self._models.refused:
                raise _StatusError(503, f"model {name} is deployed and not served: {self._models.refused[name]}")
            if not self._models.looked:
                raise _StatusError(503, "the deployed models are still being loaded", {"retry-after": "1"})
            raise _StatusError(404, "no such model is served; GET /v2/health names those that are")
        if version is not None and version not in (now := version_of(served.release), served.release.artifact):
            raise _StatusError(404, f"this version of {name} is not served; version {now} is")
        return served

    # --- looking ------------------------------------------------------------------------------------------------------

    async def _model(self, request: Request) -> Response:
        return await self._told(request, _metadata)

    async def _model_ready(self, request: Request) -> Response:
        return await self._told(request, lambda served: {"name": served.release.model, "ready": True})

    async def _told(self, request: Request, tell: Callable[[ServedRelease], dict[str, Any]]) -> Response:
        try:
            served = self._served(request)
        except _StatusError as error:
            return _refusal(error.status, error.message, headers=error.headers)
        return JSONResponse(tell(served), headers=served.headers)

    async def _server(self, request: Request) -> Response:
        del request
        return JSONResponse({"name": "reconciler", "version": __version__, "extensions": ["binary_tensor_data"]})

    async def _live(self, request: Request) -> Response:
        del request
        return JSONResponse({"live": True})

    async def _ready(self, request: Request) -> Response:
        del request
        return JSONResponse({"ready": self._models.ready}, status_code=200 if self._models.ready else 503)

    async def _health(self, request: Request) -> Response:
        """Tell what is served, and what is not and why."""
        del request
        models = self._models
        told: dict[str, Any] = {
            served.release.model: {"serving": True, "version": version_of(served.release), **served.head["parameters"]}
            for served in models
        }
        for name, reason in models.refused.items():
            told.setdefault(name, {"serving": False})["refused"] = reason
        trouble = {"trouble": models.trouble} if models.trouble is not None else {}
        return JSONResponse({"live": True, "ready": models.ready, **trouble, "models": dict(sorted(told.items()))})

    async def _metrics_text(self, request: Request) -> Response:
        del request
        return Response(self._metrics.text(self._models), media_type=METRICS_TYPE)


def _answer_all(served: ServedRelease, body: bytes, json_length: int | None) -> _Written:
    written = _answer(served, body, json_length, None)
    if written is None:
        raise AssertionError("every request is answered")
    return written


def _answer(served: ServedRelease, body: bytes, json_length: int | None, most: int | None) -> _Written | None:
    """Return the answer of a request; None where it has more than `most` cells, or its features are computed."""
    if most is not None and not served.model.is_quick:
        return None
    asked = read_request(body, json_length)
    if most is not None and asked.rows * len(asked.tensors) > most:
        return None
    check_outputs(asked, served.outputs)
    given = columns_of(asked, served.model.by_name)
    served.model.check_columns(given)
    answer = served.model.predict(given, asked.rows)
    head = served.head
    if answer.as_of is not None:
        head = {**head, "parameters": {**head["parameters"], "as_of": answer.as_of}}
    text, length = write_answer(asked, head, served.outputs, answer)
    return _Written(body=text, json_length=length, rows=asked.rows)


def _metadata(served: ServedRelease) -> dict[str, Any]:
    """Return the metadata of a model: what a row brings, and what is answered."""
    model = served.model
    return {
        "name": served.release.model,
        "versions": [version_of(served.release)],
        "platform": "reconciler",
        "inputs": [
            {
                "name": column.name,
                "datatype": column.datatype,
                "shape": [-1],
                "parameters": {"type": column.type, "from": column.origin},
            }
            for column in model.inputs
        ],
        "outputs": [
            {
                "name": output.name,
                "datatype": output.datatype,
                "shape": [-1],
                **({"parameters": output.parameters} if output.parameters else {}),
            }
            for output in served.outputs
        ],
        "parameters": served.head["parameters"],
    }


def _too_large() -> ReconcilerError:
    return refused(
        f"the request has more than {REQUEST_BYTES // 1024**2} MiB",
        hint="ask in several requests, or use `reconciler predict`",
    )


def _refusal(
    status: int,
    message: str,
    code: str | None = None,
    hint: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {"error": message, "code": code, "hint": hint}
    document = {name: value for name, value in body.items() if value is not None}
    return JSONResponse(document, status_code=status, headers=headers)


async def _http_error(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    message = {404: "no such address", 405: "not with this method"}.get(status, "the request is not understood")
    return _refusal(status, message, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    del request, error
    return _refusal(500, "a bug in reconciler, or a model that predicts what is no number")
