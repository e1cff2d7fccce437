"""Check the expressions of models: each is valid SQL over one row, names exist in order, and no feature leaks."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.spec.model import Model
from reconciler.errors import FilePosition, Problem
from reconciler.manifest.loading import leakage
from reconciler.manifest.loading.problems import ProblemCollector
from reconciler.ports import Expressions, ParsedExpression


def parse_expressions(expressions: Expressions, models: tuple[Model, ...]) -> Mapping[str, ParsedExpression]:
    """Parse the expressions of all models in one batch, each distinct text once."""
    texts: dict[str, None] = {}
    for model in models:
        for _, text in model.recipe.expressions():
            texts[text] = None
        for feature in model.recipe.data.past.features if model.recipe.data.past else ():
            texts[feature.expression] = None
    return expressions.parse(texts) if texts else {}


def check_expressions(reading: ProblemCollector, model: Model, parsed: Mapping[str, ParsedExpression]) -> None:
    """Report every problem of a model's expressions; names and leaks only when all expressions are valid."""
    recipe = model.recipe
    invalid = False
    expressions = [(path, text, False) for path, text in recipe.expressions()]
    past = recipe.data.past
    expressions += [
        (f"data.past.features.{feature.name}", feature.expression, True) for feature in (past.features if past else ())
    ]
    for path, text, aggregate in expressions:
        expression = parsed[text]
        message = expression.refused
        if message is None and aggregate and not expression.aggregate:
            message = "expected one aggregate, such as count(*) or avg(days_late)"
        if message is None and not aggregate and expression.aggregate:
            message = "an aggregate is allowed only as a feature of past"
        if message is not None:
            invalid = True
            _add_expression(reading, model, path, message, expression.position)
    if invalid:
        return
    for path, code, message, hint in leakage.problems(recipe, parsed):
        parts = tuple(int(part) if part.isdigit() else part for part in path.split("."))
        reading.add(model.file, ("spec", "recipe", *parts), code, message, hint)


def _add_expression(reading: ProblemCollector, model: Model, path: str, message: str, position: int | None) -> None:
    """Report a problem of an expression, at the very character where it stands on one line."""
    head, _, label = path.rpartition(".")
    parts = (*head.split("."), label) if head else (label,)
    full = ("spec", "recipe", *parts)
    document = reading.node(model.file)
    assert document is not None  # noqa: S101  (the model was read from it)
    node = document.at(full)
    column = node.column
    raw = node.raw or ""
    if position is not None and "\n" not in raw and raw:
        column += position + (len(raw) - len(raw.lstrip())) + (0 if node.plain else 1)
    reading.problems.append(
        Problem(
            code="E224",
            message=message,
            where=FilePosition(file=model.file, line=node.line, column=column),
            field=".".join(full),
            hint="an expression computes one value from one row; see docs/design.md, Expressions",
        )
    )
