"""Be the Dask client: `python -m reconciler.app.cluster`, a child of the command without its credentials.

What a worker returns is unpickled where it is read, which can run code: so it is read here, and the command reads lines
of JSON, whose digests it verifies against the store.

    command -> client   {"id": 1, "operation": "connect" | "submit" | "describe", "request": ...}
    client -> command   {"id": 1, "ok": ...}  {"id": 1, "error": ...}  as in `workers.request_loop`
                        {"id": 1, "answer": {...}, "worker": "..."}    what a task answered
                        {"id": 1, "told": "..."}                       where it runs; any number before an answer

When the command is gone, so is the client, and the scheduler drops what waited for it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import NoReturn

from reconciler import codec
from reconciler.app.cluster.answers import Answers, unreachable
from reconciler.app.cluster.scheduler_client import SchedulerClient
from reconciler.errors import ReconcilerError
from reconciler.ports import ConnectRequest, SubmitRequest
from reconciler.workers.request_loop import take_standard_streams


def main() -> NoReturn:
    """Serve requests until the command closes our standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, descriptor = take_standard_streams()
    answers = Answers(descriptor)
    client: SchedulerClient | None = None
    for line in requests:
        if not line.endswith(b"\n"):
            break
        document = json.loads(line)
        number, operation, request = document["id"], document["operation"], document["request"]
        try:
            if operation == "connect":
                client = SchedulerClient(codec.from_json(ConnectRequest, request), answers)
                answers.send(number, ok=None)
            elif client is not None and operation == "submit":
                client.submit(number, codec.from_json(SubmitRequest, request))
            elif client is not None and operation == "describe":
                client.describe(number, request)
        except ReconcilerError as error:
            answers.fail(number, error)
        except Exception as error:  # noqa: BLE001  (the library's; only its class may leave)
            answers.fail(number, unreachable("the declared address", type(error).__name__))
    if client is not None:
        threading.Thread(target=client.close, daemon=True).start()
        time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    main()
