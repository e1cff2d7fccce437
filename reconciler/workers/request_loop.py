"""The loop of a worker process: a JSON line on standard input is a request, a JSON line on standard output its answer.

    parent -> worker   {"operation": "train", "request": <codec JSON of the request type>}
    worker -> parent   {"ok": <codec JSON of the answer>}
                       {"error": {"kind": "DataError", "message": "...", "hint": "...", "code": "E405", "where": "..."}}

`kind` is the name of a class in `errors`. Any other exception is our bug and crosses as kind "Unexpected" with its
class name only: its text could quote data. `hint`, `code` and `where` are left out when there are none.

The worker never outlives its parent (end of standard input ends it at once, busy or idle), never reacts to a terminal's
interrupt (the parent decides), and nothing that a library prints or reads gets between the lines of the protocol.
`adapters` start the worker, fix its environment and cap its time and memory.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NoReturn

from reconciler import codec
from reconciler.errors import ReconcilerError, RefusedTablesError, no_room

UNEXPECTED = "Unexpected"

Operation = tuple[Any, Callable[[Any], object]]
"""(type of the request, function that answers it). `codec.from_json` reads the type: a dataclass of `ports`, or a tuple
type such as `tuple[str, ...]`. The function may return anything that `codec.to_json` writes."""


def serve(operations: Mapping[str, Operation]) -> NoReturn:
    """Answer requests in order until the parent closes our standard input; then end the process (never returns)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = take_standard_streams()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(requests, lines), daemon=True, name="parent").start()
    while True:
        write_line(answers, answer(operations, lines.get()))


def answer(operations: Mapping[str, Operation], line: bytes) -> bytes:
    """Return the answer line of one request line, without the line break."""
    try:
        document = json.loads(line)
        kind, operation = operations[document["operation"]]
        request = codec.from_json(kind, document["request"])
        result: dict[str, Any] = {"ok": codec.to_json(operation(request))}
        text = json.dumps(result, allow_nan=False)
    except ReconcilerError as error:
        text = json.dumps({"error": error_fields(error)})
    except Exception as error:  # noqa: BLE001 - any other exception is our bug, or no room; only its class may leave
        full = no_room(error)
        fields = error_fields(full) if full is not None else {"kind": UNEXPECTED, "message": type(error).__name__}
        text = json.dumps({"error": fields})
    return text.encode("ascii")


def error_fields(error: ReconcilerError) -> dict[str, Any]:
    """Return the members by which an error crosses."""
    fields: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "code": error.code,
        "where": str(error.where) if error.where else None,
        "problems": codec.to_json(error.problems) if isinstance(error, RefusedTablesError) else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def take_standard_streams() -> tuple[BinaryIO, int]:
    """Move the protocol's two ends to descriptors of their own; 0 and 1 become the null device for all libraries.

    Text that libraries print is dropped: it may hold data, and the parent keeps our standard error for bug reports.
    """
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    sys.stdout.flush()
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return requests, answers


def _read_lines(requests: BinaryIO, lines: queue.SimpleQueue[bytes]) -> None:
    for line in requests:
        # Without a line break, the parent died while writing.
        if line.endswith(b"\n"):
            lines.put(line)
    # The parent is gone, or is done with us. Native code may be running in the main thread: no clean-up can be awaited.
    os._exit(0)


def write_line(descriptor: int, line: bytes) -> None:
    """Write a line whole; end this process where nobody reads any more."""
    rest = memoryview(line + b"\n")
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BrokenPipeError:
        os._exit(0)
