"""What `init` and `explain` show: a new project, a field of a manifest, an error code."""

from __future__ import annotations

from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary
from reconciler.core.onboarding.init_result import InitChoice, InitResult
from reconciler.error_codes import ErrorCode
from tests.golden.report import values


def started() -> InitResult:
    return InitResult(
        folder="my shop",
        project="shop",
        model="payments",
        manifest="sandbox/payments.yaml",
        choices=(
            InitChoice(what="table", chosen="orders: 1,204 rows", why=""),
            InitChoice(what="outcome", chosen=values.HOSTILE[0], why="the only column with few values"),
            InitChoice(what="key", chosen="order_id", why="each row has its own"),
        ),
        files=("reconciler.yaml", "sandbox/payments.yaml"),
        repository=True,
    )


def field() -> FieldDocs:
    return FieldDocs(
        path="model.recipe.holdout",
        what="The rows that the model is evaluated on. It is not trained on them.",
        form="a map of `last` or `random`",
        needed=False,
        default="{random: 0.2}",
        children=(
            FieldSummary(path="model.recipe.holdout.by", what="The column of time."),
            FieldSummary(path="model.recipe.holdout.last", what="The share of the latest rows."),
        ),
        example='holdout:\n  last: 0.2\n  by: "```"',
        example_file="sandbox/payments.yaml",
        others=(FieldSummary(path="gate.holdout", what="The rows of a gate."),),
    )


def code() -> ErrorCode:
    return ErrorCode(code="E999", meaning="A store is damaged.", remedy="Run `reconciler audit`.")
