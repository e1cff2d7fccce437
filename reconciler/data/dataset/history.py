"""Count the outcomes of past rows by group, to be read beside what is expected of the open ones.

Takes: the relation of a recipe and SQL of the group. Gives: a Parquet file with a row per group and class (regression:
per group): how many rows, and the mean of numbers. Past rows are those that may train, whatever their day: the recipe's
`where` and `train.where` hold, and the outcome is known on the day of the data.
"""

# SQL is text here; every part is quoted or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from pathlib import Path

from reconciler.core.spec.recipe import Task
from reconciler.data.dataset.columns import AS_OF
from reconciler.data.dataset.joined_rows import ROWS, Relation, check_condition
from reconciler.data.dataset.labels_and_split import matured_day, outcome_value
from reconciler.data.duckdb_session import Session, write_parquet


def write_history(session: Session, relation: Relation, group: str, path: Path) -> str | None:
    """Write the file; `group`: SQL of the column `also_0`. Returns why there is none, where the rows do not have the
    columns of the outcome."""
    recipe = relation.recipe
    if recipe.outcome.column is None and all(label.when is None for label in recipe.outcome.classes):
        return "the rows do not have the columns of the outcome"
    conditions = []
    for field in ("data.where", "data.train.where"):
        term = relation.columns.term(field)
        if term is not None:
            check_condition(session, term, ROWS)
            conditions.append(f"coalesce(CAST({term.scalar.sql} AS BOOLEAN), false)")
    if (matured := matured_day(session, relation)) is not None:
        conditions.append(f"coalesce({matured} <= {AS_OF}, false)")
    numbers = recipe.task is Task.REGRESSION
    known = "isfinite(outcome)" if numbers else "outcome >= 0"
    rows = f"SELECT {group}, {outcome_value(session, relation)} AS outcome FROM {ROWS}"
    if conditions:
        rows += f" WHERE {' AND '.join(conditions)}"
    values = "count(*) AS rows, avg(outcome) AS mean" if numbers else "outcome, count(*) AS rows"
    by = "1" if numbers else "1, 2"
    write_parquet(
        session, f"SELECT also_0 AS name, {values} FROM ({rows}) WHERE {known} GROUP BY {by} ORDER BY {by}", path
    )
    return None
