"""Result statuses are written as the exit codes that plan files and JSON output have always held."""

from __future__ import annotations

import pytest

from reconciler import codec
from reconciler.core.plan.plan import Blocked
from reconciler.core.status_codes import ResultStatus, status_of, worst_status
from reconciler.errors import (
    ConflictError,
    GateRefusedError,
    IntegrityError,
    InvalidManifestsError,
    ReconcilerError,
    SourceError,
    StoreError,
    UsageError,
)

CODES = [
    (ResultStatus.CLEAN, 0),
    (ResultStatus.FAILED, 1),
    (ResultStatus.INVALID, 2),
    (ResultStatus.PENDING, 3),
    (ResultStatus.DENIED, 4),
    (ResultStatus.CONFLICT, 5),
    (ResultStatus.DAMAGED, 6),
    (ResultStatus.INTERRUPTED, 130),
]


@pytest.mark.parametrize(("status", "code"), CODES)
def test_a_status_is_the_number_exit_in_json_and_is_read_back(status: ResultStatus, code: int) -> None:
    blocked = Blocked(status=status, reasons=("why",), remedy="what")
    body = f'{{"exit":{code},"reasons":["why"],"remedy":"what"}}'.encode()
    assert codec.encode(blocked) == body
    assert codec.decode(Blocked, body, what="a plan") == blocked


def test_every_status_has_a_number() -> None:
    assert {status for status, _ in CODES} == set(ResultStatus)


@pytest.mark.parametrize("exit_code", ["7", '"denied"', "4.0", "true"])
def test_anything_else_is_damaged(exit_code: str) -> None:
    body = f'{{"exit":{exit_code},"reasons":["why"],"remedy":"what"}}'.encode()
    with pytest.raises(IntegrityError):
        codec.decode(Blocked, body, what="a plan")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreError("x"), ResultStatus.FAILED),
        (UsageError("x"), ResultStatus.INVALID),
        (InvalidManifestsError(()), ResultStatus.INVALID),
        (SourceError("x"), ResultStatus.INVALID),
        (GateRefusedError("x"), ResultStatus.DENIED),
        (ConflictError("x"), ResultStatus.CONFLICT),
        (IntegrityError("x"), ResultStatus.DAMAGED),
    ],
)
def test_every_error_has_a_status(error: ReconcilerError, status: ResultStatus) -> None:
    assert status_of(error) is status


def test_of_several_models_the_worst_counts() -> None:
    ordered = [
        ResultStatus.CLEAN,
        ResultStatus.PENDING,
        ResultStatus.DENIED,
        ResultStatus.CONFLICT,
        ResultStatus.FAILED,
        ResultStatus.DAMAGED,
    ]
    for at, status in enumerate(ordered):
        assert worst_status(ordered[: at + 1]) is status
    assert worst_status(()) is ResultStatus.CLEAN
