"""Read what a worker answered, as a value or as a typed error; it may say anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from reconciler import codec, errors
from reconciler.core.size_limits import ANSWER_ITEMS, MESSAGE_LENGTH
from reconciler.errors import ReconcilerError, RefusedTablesError, TableProblem
from reconciler.workers.request_loop import UNEXPECTED

T = TypeVar("T")
Failed = Callable[[str], ReconcilerError]
"""Makes the error for a worker that breaks the protocol, from the reason."""
_CROSSING = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, ReconcilerError)
    and kind not in (errors.InvalidManifestsError, errors.RefusedTablesError)
}


def document_of(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an answer line; None when it is not one, or has more items than are read."""
    if codec.items_of(line) > ANSWER_ITEMS:
        return None
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def value_of(answer: dict[str, Any], kind: type[T], failed: Failed) -> T:
    """Return the value of an answer that is no error."""
    try:
        value: T = codec.from_json(kind, answer["ok"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise failed("its answer has the wrong type") from error
    return value


def error_of(error: object, failed: Failed) -> ReconcilerError:
    """Return the error that a worker reported; our bug, when that is not one of our types."""
    fields = (
        {name: text[:MESSAGE_LENGTH] for name, text in error.items() if isinstance(text, str)}
        if isinstance(error, dict)
        else {}
    )
    message = fields.get("message", "no message")
    if isinstance(error, dict) and fields.get("kind") == RefusedTablesError.__name__:
        return _refused(error.get("problems"), failed)
    kind = _CROSSING.get(fields.get("kind", UNEXPECTED))
    if kind is None:
        return failed(message[:80])
    return kind(message, hint=fields.get("hint"), code=fields.get("code"), where=fields.get("where"))


def _refused(problems: object, failed: Failed) -> ReconcilerError:
    try:
        read = codec.from_json(tuple[TableProblem, ...], problems)
    except (ValueError, TypeError, KeyError, RecursionError):
        return failed("its answer cannot be read")
    return RefusedTablesError(read) if read else failed("it refused the tables without a reason")
