"""Refuse a prediction of more records that the model does not know than the environment allows."""

from __future__ import annotations

from reconciler.core.number_text import declared
from reconciler.core.quality.unknown_values import UnknownKind, UnknownValues
from reconciler.core.spec.environment import Environment
from reconciler.errors import GateRefusedError

_MOST_NAMED = 3
WORDS = {
    UnknownKind.CATEGORY: "a category that is not known",
    UnknownKind.RANGE: "outside the trained range",
    UnknownKind.MISSING: "missing, and never in training",
}


def check_unknown(environment: Environment, model: str, rows: int, unknown: UnknownValues | None) -> None:
    """Raise GateRefusedError E512 where the share of rows with anything unknown is above the environment's limit."""
    limit = environment.policy.unknown_at_most
    if limit is None or unknown is None or not rows or unknown.rows <= limit * rows:
        return
    named = [f"{each.column} ({WORDS[each.kind]}: {each.rows:,})" for each in unknown.columns[:_MOST_NAMED]]
    left = len(unknown.columns) - len(named)
    also = f" and {left:,} more" if left > 0 else ""
    share = 100 * unknown.rows / rows
    raise GateRefusedError(
        f"{model} in {environment.name}: {unknown.rows:,} of {rows:,} records ({share:.3g}%) have values that the "
        f"model does not know; at most {declared(round(100 * limit, 6))}% may: {', '.join(named)}{also}",
        code="E512",
        hint="nothing was written. Train it on rows like these, correct the table, or raise "
        "`policy.predict.unknownAtMost` of the environment by a pull request",
    )
