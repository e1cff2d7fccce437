"""An apply counts each model once, and marks it as its plan did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.artifact.journal import Action
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.status_codes import ResultStatus
from reconciler.report.plan import apply_result
from reconciler.report.plan.headlines import SYMBOLS
from tests.golden.report import values
from tests.golden.report.rendering import on_screen


def test_a_model_that_was_trained_and_then_refused_is_one_model() -> None:
    refused = ModelResult(model="a", done=("trained x",), status=ResultStatus.DENIED, problem="r", remedy="x")
    applied = replace(values.applied(), results=(refused,), trained=1, interrupted=False)
    assert apply_result.summary(applied) == "1 model: 1 not finished; 1 trained"
    waits = ModelResult(model="b", done=("trained y",), status=ResultStatus.PENDING, problem="r", remedy="x")
    applied = replace(applied, results=(refused, waits, ModelResult(model="c")))
    assert apply_result.summary(applied) == "3 models: 1 not finished, 1 waiting, 1 unchanged; 1 trained"
    assert apply_result.summary(replace(applied, results=(), trained=0)) == "0 models; nothing trained"


@pytest.mark.parametrize("action", [Action.TRAIN, Action.VERIFY, Action.DEPLOY, Action.RESTORE, Action.RETIRE])
def test_what_was_done_has_the_sign_of_the_plan(action: Action) -> None:
    result = ModelResult(model="a", done=("something",), action=action)
    shown = on_screen(apply_result, replace(values.applied(), results=(result,)))
    assert f"\n{SYMBOLS[action]} a  something\n" in shown
