"""The process that answers requests: `python -m reconciler.serving OPTIONS`, which `serve` starts without credentials.

Standard input has a `ServingMessage` a line, standard output a `ServingReport`; end of input ends the process at once.
Models are loaded one after the other, in a thread: what is served goes on being served meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from typing import BinaryIO

import uvicorn

from reconciler import codec
from reconciler.errors import ReconcilerError
from reconciler.ports.serving.changes import (
    RefusedRelease,
    ServingMessage,
    ServingOptions,
    ServingReport,
    VerifiedRelease,
)
from reconciler.serving.http_app import InferenceServer
from reconciler.serving.metrics import Metrics
from reconciler.serving.served_model import ServedModel, load_verified
from reconciler.serving.served_models import ServedModels, served_release
from reconciler.workers.no_network import leave_network

BEAT = 1.0  # seconds between two signs of life
GRACE = 20  # seconds for answers that are being given at the end
KEEP_ALIVE = 75  # seconds that an idle connection is kept


class ServingWorker:
    """Serves what it is told to."""

    def __init__(self, options: ServingOptions, answers: int) -> None:
        self._options, self._answers = options, answers
        self._models, self._metrics = ServedModels(), Metrics()
        self._messages: asyncio.Queue[ServingMessage] = asyncio.Queue()
        server = InferenceServer(self._models, self._metrics, options)
        self._server = uvicorn.Server(
            uvicorn.Config(
                server.app(),
                log_config=None,
                access_log=False,
                lifespan="off",
                http="h11",
                loop="asyncio",
                ws="none",
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
            )
        )

    async def run(self, requests: BinaryIO) -> None:
        """Serve until told to stop, and until the answers that are being given are given."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(requests, loop), daemon=True, name="parent").start()
        helpers = [asyncio.ensure_future(self._beat()), asyncio.ensure_future(self._follow())]
        listening = socket.socket(fileno=self._options.socket)
        try:
            await self._server.serve(sockets=[listening])
        finally:
            for helper in helpers:
                helper.cancel()

    def _read(self, requests: BinaryIO, loop: asyncio.AbstractEventLoop) -> None:
        for line in requests:
            if line.endswith(b"\n"):
                message = codec.from_json(ServingMessage, json.loads(line))
                loop.call_soon_threadsafe(self._messages.put_nowait, message)
        os._exit(0)  # the parent is gone

    async def _beat(self) -> None:
        while True:
            self._tell(ServingReport())
            await asyncio.sleep(BEAT)

    async def _follow(self) -> None:
        """Do what each message says, in their order."""
        while True:
            message = await self._messages.get()
            if message.release is not None:
                await self._serve(message.release)
            if message.refused is not None:
                self._refuse(message.refused)
            if message.retired is not None:
                self._models.retire(message.retired.model)
            if message.looked is not None:
                self._models.looked, self._models.trouble = True, message.looked.trouble
            if message.stop:
                self._server.should_exit = True

    async def _serve(self, release: VerifiedRelease) -> None:
        before = self._models.get(release.model)
        try:
            if before is not None and before.release.artifact == release.artifact:
                model = before.model  # the same bytes by another entry
            else:
                model = await asyncio.to_thread(self._load, release)
        except ReconcilerError as error:
            return self._failed(release, str(error))
        except Exception as error:  # noqa: BLE001  (a library on odd bytes; the class alone leaves)
            return self._failed(release, f"it cannot be loaded ({type(error).__name__})")
        _without_helpers()
        if self._models.serve(served_release(model, release, self._options.environment)):
            self._metrics.swaps.labels(release.model).inc()
        return self._tell(ServingReport(served=release.model, artifact=release.artifact))

    def _load(self, release: VerifiedRelease) -> ServedModel:
        return load_verified(release.folder, release.artifact, limits=self._options.limits, as_of=release.as_of)

    def _failed(self, release: VerifiedRelease, reason: str) -> None:
        self._refuse(RefusedRelease(model=release.model, reason=reason))
        self._tell(ServingReport(failed=release.model, artifact=release.artifact, reason=reason))

    def _refuse(self, refused: RefusedRelease) -> None:
        self._models.refuse(refused.model, refused.reason)
        self._metrics.refusals.labels(refused.model).inc()

    def _tell(self, report: ServingReport) -> None:
        line = json.dumps(codec.to_json(report)).encode() + b"\n"
        try:
            os.write(self._answers, line)
        except BrokenPipeError:
            os._exit(0)


def _without_helpers() -> None:
    """Let this thread, which answers small requests, compute alone in every library that is loaded by now.

    For a few rows, waking OpenMP's threads takes longer than the work: a boosted model does so for each of its trees.
    The threads of larger requests keep theirs. No byte depends on it.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="openmp")


def _main() -> None:
    leave_network()  # what we listen at is open already, and stays
    options = codec.from_json(ServingOptions, json.loads(sys.argv[1]))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    asyncio.run(ServingWorker(options, answers).run(requests))
    os._exit(0)


if __name__ == "__main__":
    _main()
