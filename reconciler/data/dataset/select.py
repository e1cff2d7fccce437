"""Select the rows and features of a recipe: to fit, to predict, or of given keys.

Takes: a recipe, table files, the day of the data. Gives: Parquet files sorted by key, and counts. Keeps true: all
three come from the same relation (`joined_rows`), so a row has the same features for every purpose; every file depends
on the request only; and a value that cannot be a feature (a date, text as a number, an infinite value) is an error, not
converted. Which labelled rows train and which are held out: `labels_and_split`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.core.prediction.predictions import KNOWN_COLUMN
from reconciler.core.spec.recipe import Recipe
from reconciler.data.dataset.columns import Term
from reconciler.data.dataset.feature_items import NUMBERS, check_booleans, check_values, feature_items
from reconciler.data.dataset.history import write_history
from reconciler.data.dataset.holdout import CHOSEN, DAY, MATURED, PART, WEIGHED, holdout_hashes, sample_training_rows
from reconciler.data.dataset.joined_rows import ROWS, Relation, build, check_condition, find_failure
from reconciler.data.dataset.labels_and_split import known_already, split
from reconciler.data.duckdb_session import (
    Session,
    name_of,
    open_session,
    text_of,
    write_parquet,
)
from reconciler.data.experiment.table_facts import table_facts
from reconciler.data.quality.labelled_rows import LabelledRows, outcome_column
from reconciler.data.quality.measure import check_rows
from reconciler.data.tables.column_types import normal_type
from reconciler.errors import DataError
from reconciler.ports import SelectionKind, SelectRequest, SelectResult

TRAIN, HOLDOUT, KEYS = "train.parquet", "holdout.parquet", "keys.parquet"
PREDICT, FEATURES, DAYS = "predict.parquet", "features.parquet", "days.parquet"
HISTORY = "history.parquet"


def select(request: SelectRequest) -> SelectResult:
    """Write the files of `request.want` below `request.into`. Raises DataError E401, E410-E418."""
    into = request.into.resolve()
    inputs = [table.path.resolve() for table in request.tables]
    if request.keys is not None:
        inputs.append(request.keys.resolve())
    with open_session(limits=request.limits, into=into, inputs=tuple(inputs), spill=into / ".spill") as session:
        relation = build(
            session,
            recipe=request.recipe,
            tables=request.tables,
            as_of=request.as_of,
            trained=_trained(request) if request.want is SelectionKind.PREDICT else None,
        )
        try:
            check_booleans(session, relation)
            match request.want:
                case SelectionKind.FIT:
                    return _fit(session, relation, into)
                case SelectionKind.PREDICT:
                    return _predict(session, relation, request, into)
                case SelectionKind.FEATURES:
                    return _features(session, relation, request, into)
                case SelectionKind.FOLDS:
                    return _folds(session, relation, request.most, into)
                case SelectionKind.FACTS:
                    return _facts(session, relation, request.as_of)
        except DataError as error:
            raise find_failure(session, relation.columns, error, ROWS) from None


def _facts(session: Session, relation: Relation, as_of: str) -> SelectResult:
    columns = relation.columns
    terms = {f"data.derive.{each.name}": each.term for each in (*columns.before, *columns.after)} | columns.terms
    facts = table_facts(
        session,
        relation.recipe,
        ledger=relation.ledger,
        past={each.name: relation.types[each.name] for each in columns.features},
        reads={place: term.scalar.columns for place, term in terms.items()},
        as_of=as_of,
    )
    return SelectResult(rows=facts.rows, holdout_rows=0, holdout_from=None, left_out=(), facts=facts)


def _trained(request: SelectRequest) -> dict[str, str]:
    """Return the types of columns that training had, by those that can be cast to; a recipe's columns have one name."""
    types = {name: normal_type(kind) for _, columns in request.trained for name, kind in columns}
    return {name: kind for name, kind in types.items() if kind is not None}


def _fit(session: Session, relation: Relation, into: Path) -> SelectResult:
    result = split(session, relation, [*feature_items(relation), *_outcome_items(relation)])
    # The holdout is kept, so it is compressed well; the training rows are temporary, so they are compressed fast.
    _write_part(session, relation.recipe, "train", into / TRAIN, "snappy")
    _write_part(session, relation.recipe, "holdout", into / HOLDOUT, "zstd")
    write_parquet(session, f"SELECT key FROM read_parquet({text_of(str(into / TRAIN))})", into / KEYS)  # in order
    if relation.recipe.reads_moments:
        _write_days(session, relation.recipe, into / DAYS)
    checks = check_rows(session, _labelled(relation), in_time=result.holdout_from is not None)
    return replace(result, checks=checks, holdout=holdout_hashes(session))


def _write_days(session: Session, recipe: Recipe, path: Path) -> None:
    """Write when each training row happened and when its outcome was known, in the order of the keys; and the day that
    it is weighed by, where the recipe weighs rows."""
    days = f"CAST({DAY} AS DATE) AS day, CAST({MATURED} AS DATE) AS matured"
    if recipe.weights is not None:
        days += f", CAST({WEIGHED} AS DATE) AS weighed_by"
    write_parquet(session, f"SELECT {days} FROM {CHOSEN} WHERE {PART} = 'train' ORDER BY key", path)


def _labelled(relation: Relation) -> LabelledRows:
    """Return the labelled rows as the checks see them."""
    columns = relation.columns
    terms = (columns.term(f"outcome.classes.{each.name}") for each in relation.recipe.outcome.classes)
    labels = dict.fromkeys(column for term in terms if term is not None for column in term.scalar.columns)
    return LabelledRows(
        recipe=relation.recipe,
        table=CHOSEN,
        part=PART,
        types=relation.types,
        made_of={each.name: each.term.scalar.columns for each in (*columns.before, *columns.after)},
        past=frozenset(feature.name for feature in columns.features),
        labels=tuple(labels),
    )


def _outcome_items(relation: Relation) -> list[str]:
    """Return SQL of the numeric columns that the outcome is made of, as further columns of the labelled rows."""
    columns = _labelled(relation).outcome_columns
    return [f"CAST({name_of(name)} AS DOUBLE) AS {outcome_column(index)}" for index, name in enumerate(columns)]


def _folds(session: Session, relation: Relation, most: int | None, into: Path) -> SelectResult:
    result = split(session, relation, [*feature_items(relation), *_outcome_items(relation)])
    checks = check_rows(session, _labelled(relation), in_time=result.holdout_from is not None)
    recipe, all_rows = relation.recipe, result.rows
    if most is not None and all_rows > most:
        sample_training_rows(session, recipe, most / all_rows)
    trained = f"FROM {CHOSEN} WHERE {PART} = 'train'"
    _write_part(session, recipe, "train", into / TRAIN, "snappy")
    _write_days(session, recipe, into / DAYS)
    of_class = [f"count(*) FILTER (outcome = {index})" for index in range(len(recipe.class_names))]
    rows, *classes = session.rows(f"SELECT {', '.join(['count(*)', *of_class])} {trained}", doing="counting rows")[0]
    left_out = {**dict(result.left_out), "not in the sample": all_rows - rows}
    return replace(result, rows=rows, left_out=tuple(sorted(left_out.items())), classes=tuple(classes), checks=checks)


def _write_part(session: Session, recipe: Recipe, part: str, path: Path, compression: str) -> None:
    items = ", ".join(name_of(column) for column in ("key", *recipe.features.all, "outcome"))
    source = f"(SELECT * FROM {CHOSEN} WHERE {PART} = '{part}')"
    check_values(session, recipe, source)
    write_parquet(session, f"SELECT {items} FROM {source} ORDER BY key", path, compression=compression)


def _predict(session: Session, relation: Relation, request: SelectRequest, into: Path) -> SelectResult:
    wanted = relation.columns.term("data.predict.where")
    if wanted is None:
        hint = "add `predict: {where: ...}` to the recipe's data"
        raise DataError(
            "data.predict is missing: the recipe does not say which rows to predict", code="E413", hint=hint
        )
    items = feature_items(relation)
    for index, outcome_class in enumerate(relation.recipe.outcome.classes):
        term = relation.columns.term(f"outcome.possible.{outcome_class.name}")
        if term is not None:
            check_condition(session, term, ROWS)
            items.append(f"coalesce(CAST({term.scalar.sql} AS BOOLEAN), false) AS possible_{index}")
    items += [_also(relation, index, column) for index, column in enumerate(request.also)]
    items += [_beside(relation, index, column) for index, column in enumerate(request.beside)]
    if (known := known_already(relation.recipe)) is not None:
        items.append(f"{known} AS {name_of(KNOWN_COLUMN)}")
    conditions = [wanted, *_where(relation)]
    for term in conditions:
        check_condition(session, term, ROWS)
    rows = " AND ".join(f"coalesce(CAST({term.scalar.sql} AS BOOLEAN), false)" for term in conditions)
    if request.keys is not None:
        rows += f" AND {_among(relation, request.keys)}"
    result = _write_rows(session, relation, items, f"SELECT * FROM {ROWS} WHERE {rows}", into / PREDICT)
    if request.history is None:
        return result
    reason = write_history(session, relation, _also(relation, 0, request.history), into / HISTORY)
    return replace(result, no_history=reason)


def _features(session: Session, relation: Relation, request: SelectRequest, into: Path) -> SelectResult:
    if (keys := request.keys) is None:
        raise DataError("the request asks for rows of given keys and names no file of keys", code="E414")
    rows = f"SELECT * FROM {ROWS} WHERE {_among(relation, keys)}"
    if request.after is not None:
        column, day = request.after
        rows += f" AND CAST({name_of(column)} AS DATE) > CAST({text_of(day)} AS DATE)"
    items = [*feature_items(relation), *(_also(relation, index, column) for index, column in enumerate(request.also))]
    return _write_rows(session, relation, items, rows, into / FEATURES)


def _among(relation: Relation, keys: Path) -> str:
    """SQL: whether the row's key is listed in the file `keys`."""
    return f"{relation.key} IN (SELECT CAST(key AS VARCHAR) FROM read_parquet({text_of(str(keys.resolve()))}))"


def _write_rows(session: Session, relation: Relation, items: Sequence[str], rows: str, path: Path) -> SelectResult:
    session.run(
        f"CREATE TEMP TABLE {CHOSEN} AS SELECT {', '.join(items)} FROM ({rows})", doing="computing the features"
    )
    check_values(session, relation.recipe, CHOSEN)
    write_parquet(session, f"SELECT * FROM {CHOSEN} ORDER BY key", path)
    count = session.value(f"SELECT count(*) FROM {CHOSEN}", doing="counting rows")
    return SelectResult(rows=count, holdout_rows=0, holdout_from=None, left_out=())


def _where(relation: Relation) -> list[Term]:
    term = relation.columns.term("data.where")
    return [term] if term is not None else []


def _beside(relation: Relation, index: int, column: str) -> str:
    _type_of(relation, column)
    return f"{name_of(column)} AS also_with_{index}"


def _type_of(relation: Relation, column: str) -> str:
    kind = relation.types.get(column)
    if kind is None:
        hint = f"existing columns: {', '.join(relation.types)[:300]}"
        raise DataError(f"column {column} does not exist", code="E416", hint=hint)
    return kind


def _also(relation: Relation, index: int, column: str) -> str:
    kind = _type_of(relation, column)
    wanted = "DOUBLE" if kind in NUMBERS or kind.startswith("DECIMAL") else "VARCHAR"
    return f"CAST({name_of(column)} AS {wanted}) AS also_{index}"
