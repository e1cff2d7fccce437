"""Join predictions with the outcomes that are known by now, and sum how wrong they were.

A record counts once, by its first prediction: later ones were made when more was known. Its outcome is the one that the
tables have now, so that late, repeated or corrected ones are right by themselves. It is known where a training would
use it: it has matured by the day of the tables, and there is a value. A record whose outcome had matured when it was
predicted, or was there already, counts for nothing: that was no prediction, and the model may have learnt from it.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import csv
from pathlib import Path

from reconciler.core.monitoring.outcomes import DayOutcomes, KnownOutcomes
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.prediction.predictions import KNOWN, PREDICTED
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.data.dataset.columns import AS_OF
from reconciler.data.dataset.joined_rows import ROWS, Relation, build, check_condition, find_failure
from reconciler.data.dataset.labels_and_split import matured_day, outcome_value
from reconciler.data.duckdb_session import Session, open_session, text_of
from reconciler.errors import DataError
from reconciler.ports import OutcomesRequest

_FORMULA = "('=', '+', '-', '@', chr(9), chr(13))"  # how predictions write such a text: after an apostrophe
_DECIMALS = 9


def known_outcomes(request: OutcomesRequest) -> KnownOutcomes:
    """Return what is known of the predicted records. Raises DataError E401, E410-E418."""
    into = request.into.resolve()
    inputs = (*(table.path.resolve() for table in request.tables), *(log.path.resolve() for log in request.predictions))
    with open_session(limits=request.limits, into=into, inputs=inputs, spill=into / ".spill") as session:
        relation = build(session, recipe=request.recipe, tables=request.tables, as_of=request.as_of)
        try:
            _outcomes(session, relation)
        except DataError as error:
            raise find_failure(session, relation.columns, error, ROWS) from None
        _predictions(session, request)
        return _joined(session, request)


def _outcomes(session: Session, relation: Relation) -> None:
    """Create `outcomes`: the key of each row of the recipe as predictions write it, and its outcome where known."""
    where, matured = relation.columns.term("data.where"), matured_day(session, relation)
    if where is not None:
        check_condition(session, where, ROWS)
    rows = f"SELECT * FROM {ROWS}" + (f" WHERE coalesce(({where.scalar.sql}), false)" if where is not None else "")
    outcome = outcome_value(session, relation)
    if matured is not None:
        outcome = f"CASE WHEN coalesce({matured} <= {AS_OF}, false) THEN {outcome} END"
    session.run(
        f"CREATE TEMP TABLE outcomes AS SELECT {_safe(relation.key)} AS key, {outcome} AS outcome,"
        f" {matured or 'CAST(NULL AS DATE)'} AS matured FROM ({rows})",
        doing="looking for outcomes",
    )


def _predictions(session: Session, request: OutcomesRequest) -> None:
    """Create `first`: each predicted record once, with its first prediction and which run made it."""
    doing = "reading predictions"
    session.run(
        "CREATE TEMP TABLE runs (key VARCHAR, predicted VARCHAR, known BOOLEAN, run INTEGER, as_of DATE)", doing=doing
    )
    for run, log in enumerate(request.predictions):
        columns, predicted, known = _columns(log.path)
        named = ", ".join(f"{text_of(column)}: 'VARCHAR'" for column in columns)
        source = (
            f"read_csv({text_of(str(log.path.resolve()))}, auto_detect=false, header=true, delim=',', quote='\"',"
            f" escape='\"', parallel=false, columns={{{named}}})"
        )
        session.run(
            f"INSERT INTO runs SELECT c0, {predicted}, {known}, {run}, {text_of(log.as_of)} FROM {source}", doing=doing
        )
    session.run(
        "CREATE TEMP TABLE first AS SELECT key, arg_min(predicted, run) AS predicted, min(run) AS run,"
        " arg_min(known, run) AS known, arg_min(as_of, run) AS as_of FROM runs GROUP BY key",
        doing=doing,
    )


def _columns(path: Path) -> tuple[list[str], str, str]:
    """Return names for the columns of a file of predictions, that of the predicted value, and SQL of whether the
    outcome was there already. The key is the first."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error):
        header = []
    if PREDICTED[1] not in header[1:]:
        raise DataError(
            "a file of the prediction log is no table of predictions: it has no column `predicted`",
            code="E416",
            hint="another version of reconciler wrote it: monitor with that one, or a later one",
        )
    known = f"coalesce(c{len(header) - 1} = 'yes', false)" if header[-1] == KNOWN else "false"
    return [f"c{index}" for index in range(len(header))], f"c{header.index(PREDICTED[1], 1)}", known


def _joined(session: Session, request: OutcomesRequest) -> KnownOutcomes:
    recipe, doing = request.recipe, "comparing predictions with outcomes"
    error = _error(recipe, request.promise)
    session.run(
        "CREATE TEMP TABLE judged AS SELECT first.key AS key, run, outcomes.key IS NOT NULL AS here, outcome,"
        f" coalesce(matured <= as_of, false) OR coalesce(known, false) AS before, {error} AS error"
        " FROM first LEFT JOIN outcomes ON first.key = outcomes.key",
        doing=doing,
    )
    classless = "outcome < 0" if recipe.class_names else "false"
    predicted, waiting, gone, before, other = session.rows(
        "SELECT count(*), count(*) FILTER (here AND NOT before AND error IS NULL), count(*) FILTER (NOT here),"
        " count(*) FILTER (here AND before),"
        f" count(*) FILTER (NOT before AND error IS NOT NULL AND {classless}) FROM judged",
        doing=doing,
    )[0]
    loss = f"least(1.0, error / {request.promise.cap!r})"
    days: dict[str, DayOutcomes] = {}
    for run, rows, losses, errors in session.rows(
        f"SELECT run, count(*), sum({loss} ORDER BY key), sum(error ORDER BY key) FROM judged"
        " WHERE error IS NOT NULL AND NOT before GROUP BY run ORDER BY run",
        doing=doing,
    ):
        day = request.predictions[run].day
        known = days.get(day, DayOutcomes(day=day, rows=0, loss=0.0, error=0.0))
        days[day] = DayOutcomes(
            day=day,
            rows=known.rows + rows,
            loss=round(known.loss + losses, _DECIMALS),
            error=round(known.error + errors, _DECIMALS),
        )
    return KnownOutcomes(
        days=tuple(days.values()), predicted=predicted, waiting=waiting, gone=gone, before=before, other=other
    )


def _error(recipe: Recipe, promise: Promise) -> str:
    """Return SQL of a record's error; NULL where its outcome is not known."""
    if recipe.task is Task.CLASSIFICATION:
        cases = " ".join(f"WHEN {index} THEN {_safe(text_of(name))}" for index, name in enumerate(recipe.class_names))
        wrong = f"CASE WHEN predicted IS DISTINCT FROM (CASE outcome {cases} END) THEN 1.0 ELSE 0.0 END"
        return f"CASE WHEN outcome IS NOT NULL THEN CAST({wrong} AS DOUBLE) END"
    off = "(outcome - TRY_CAST(predicted AS DOUBLE))"
    error = f"abs({off})"
    if promise.kind is LossKind.PINBALL and promise.quantile is not None:
        error = f"greatest({promise.quantile!r} * {off}, {promise.quantile - 1.0!r} * {off})"
    return f"CASE WHEN isfinite({off}) THEN {error} END"


def _safe(text: str) -> str:
    return f"CASE WHEN left({text}, 1) IN {_FORMULA} THEN '''' || {text} ELSE {text} END"
