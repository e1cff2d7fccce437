"""A request line has one answer line: a value, a typed error, or the name of our bug and nothing of its text."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, FilePosition
from reconciler.ports import ParsedExpression
from reconciler.workers import request_loop


def _fail(_limits: Limits) -> NoReturn:
    raise DataError("two rows", code="E414", hint="remove one", where=FilePosition(file="t.csv", line=3))


def _break(_limits: Limits) -> NoReturn:
    raise ZeroDivisionError("canary7731")


def _parse(texts: tuple[str, ...]) -> Mapping[str, ParsedExpression]:
    return {text: ParsedExpression(columns=(text,)) for text in texts}


OPERATIONS: dict[str, request_loop.Operation] = {
    "echo": (Limits, lambda limits: limits),
    "many": (Limits, lambda limits: (limits, limits)),
    "nothing": (Limits, lambda _: None),
    "parse": (tuple[str, ...], _parse),
    "fail": (Limits, _fail),
    "break": (Limits, _break),
    "nan": (Limits, lambda _: float("nan")),
}
LIMITS = {"seconds": 5, "memory": 7}


def ask(operation: str, request: Any) -> Any:
    line = request_loop.answer(OPERATIONS, json.dumps({"operation": operation, "request": request}).encode() + b"\n")
    assert b"\n" not in line
    return json.loads(line)


def test_a_value_crosses_as_the_json_of_the_codec() -> None:
    assert ask("echo", LIMITS) == {"ok": LIMITS}
    assert ask("many", LIMITS) == {"ok": [LIMITS, LIMITS]}
    assert ask("nothing", LIMITS) == {"ok": None}
    assert ask("parse", ["a", "é"]) == {"ok": {key: {"columns": [key], "aggregate": False} for key in ("a", "é")}}


def test_a_typed_error_crosses_with_all_that_a_person_reads() -> None:
    error = {"kind": "DataError", "message": "two rows", "hint": "remove one", "code": "E414", "where": "t.csv:3"}
    assert ask("fail", LIMITS) == {"error": error}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b'{"operation": "break", "request": {"seconds": 5, "memory": 7}}', "ZeroDivisionError"),
        (b'{"operation": "nan", "request": {"seconds": 5, "memory": 7}}', "ValueError"),
        (b'{"operation": "echo", "request": {"seconds": "canary7731"}}', "ValueError"),
        (b'{"operation": "canary7731", "request": {}}', "KeyError"),
        (b"canary7731", "JSONDecodeError"),
        (b"\xff", "UnicodeDecodeError"),
        (b"[]", "TypeError"),
    ],
)
def test_our_bugs_cross_by_their_class_alone(line: bytes, name: str) -> None:
    assert json.loads(request_loop.answer(OPERATIONS, line)) == {"error": {"kind": "Unexpected", "message": name}}


def test_a_full_disk_in_a_worker_is_told_as_one() -> None:
    def fill(limits: Limits) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    line = json.dumps({"operation": "fill", "request": LIMITS}).encode()
    told = json.loads(request_loop.answer({"fill": (Limits, fill)}, line))["error"]
    assert (told["kind"], told["code"]) == ("StoreError", "E608")
    assert told["message"] == "cannot write a temporary file: No space left on device"
    assert "TMPDIR" in told["hint"]
