"""Label rows with their outcome, and split them into training and holdout rows.

Takes: the relation of a recipe and SQL of its features. Gives: a table `chosen` with key, features, outcome and the
part (`train`, `holdout`) of each row, and counts of the rows left out, by reason. Keeps true (design-review F4): only
rows whose outcome is known on the day of the data are used; a row that matches no class is an error; a time holdout
is split between two dates, and a row trains only if its outcome was known before the split; a random holdout depends on
the keys alone, not on the seed. Times are compared as days.

Reasons, in the order in which they are checked: outside the window, not matured, no outcome, no date, matured after
the cut. Rows that `data.where` leaves out do not belong to the recipe and are not counted.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.spec.recipe import FEWEST_HELD_OUT, FEWEST_TRAINED, Recipe, Task
from reconciler.data.dataset.columns import AS_OF
from reconciler.data.dataset.holdout import (
    CHOSEN,
    DAY,
    LABELLED,
    MATURED,
    PART,
    WEIGHED,
    cut_by_key,
    cut_by_time,
    hash_of_key,
)
from reconciler.data.dataset.joined_rows import ROWS, Relation, check_condition, check_day, type_of
from reconciler.data.dataset.past.point_in_time import HINT_LATER, check_not_later
from reconciler.data.duckdb_session import Session, name_of, text_of
from reconciler.errors import DataError
from reconciler.ports import SelectResult

_INSIDE = '"inside the window"'
_TODAY = '"day of the data"'


def split(session: Session, relation: Relation, features: Sequence[str]) -> SelectResult:
    """Create the view `chosen` of all rows, labelled and split. Raises DataError E410, E412, E413, E417."""
    recipe = relation.recipe
    _label(session, relation, features)
    _check_labels(session, recipe)
    _check_count(session)
    holdout_from = None
    if recipe.holdout.last is not None:
        holdout_from = cut_by_time(session, recipe.holdout.last)
    else:
        cut_by_key(session, recipe, recipe.holdout.random or 0.0)
    counts = _counts(session)
    train, holdout = counts.pop("train", 0), counts.pop("holdout", 0)
    _check_sizes(session, recipe, train=train, holdout=holdout, left_out=counts)
    return SelectResult(
        rows=train, holdout_rows=holdout, holdout_from=holdout_from, left_out=tuple(sorted(counts.items()))
    )


# --- labels -------------------------------------------------------------------------------------------------------


def _label(session: Session, relation: Relation, features: Sequence[str]) -> None:
    """Create `labelled`: every row that passes `data.where`, with its part so far (NULL: still to be split); and
    `chosen`, which is the same so far."""
    recipe = relation.recipe
    window = _window(session, relation)
    matured = matured_day(session, relation)
    day = f"CAST({_date(relation, 'holdout.by', recipe.holdout.by)} AS DATE)" if recipe.holdout.by else "NULL"
    by = recipe.weighed_by
    weighed = f"CAST({_date(relation, 'weights.recency.by', by)} AS DATE)" if by is not None else "NULL"
    where = relation.columns.term("data.where")
    if where is not None:
        check_condition(session, where, ROWS)
    rows = f"SELECT * FROM {ROWS}" + (f" WHERE ({where.scalar.sql})" if where is not None else "")
    hashed = "" if recipe.holdout.last is not None else f", {hash_of_key()}"
    labelled = (
        f"SELECT {', '.join(features)}, {outcome_value(session, relation)} AS outcome, ({window}) AS {_INSIDE},"
        f" {matured or 'NULL'} AS {MATURED}, {day} AS {DAY}, {weighed} AS {WEIGHED},"
        f" {AS_OF} AS {_TODAY} FROM ({rows})"
    )
    session.run(
        f"CREATE TEMP TABLE {LABELLED} AS SELECT *{hashed},"
        f" CASE WHEN NOT coalesce({_INSIDE}, false) THEN 'outside the window'"
        + (f" WHEN coalesce({MATURED} > {_TODAY}, true) THEN 'not matured'" if matured else "")
        + (" WHEN outcome IS NULL THEN 'no outcome'" if recipe.outcome.column is not None else "")
        + (f" WHEN {DAY} IS NULL THEN 'no date'" if recipe.holdout.by else "")
        + f" END AS {PART} FROM ({labelled})",
        doing="labelling the rows",
    )
    session.run(f"CREATE TEMP VIEW {CHOSEN} AS SELECT * FROM {LABELLED}", doing="labelling the rows")
    _check_dates(session, relation)


def _window(session: Session, relation: Relation) -> str:
    train = relation.recipe.data.train
    if train is None:
        return "true"
    conditions = []
    if train.by is not None:
        day = f"CAST({_date(relation, 'data.train.by', train.by)} AS DATE)"
        conditions.append(f"{day} IS NOT NULL")
        for label, text in (("data.train.since", train.since), ("data.train.until", train.until)):
            if text is not None:
                check_day(label, text)
        if train.since is not None:
            conditions.append(f"{day} >= DATE {text_of(train.since)}")
        if train.until is not None:
            conditions.append(f"{day} < DATE {text_of(train.until)}")
    where = relation.columns.term("data.train.where")
    if where is not None:
        check_condition(session, where, ROWS)
        conditions.append(f"({where.scalar.sql})")
    return " AND ".join(conditions) or "true"


def matured_day(session: Session, relation: Relation) -> str | None:
    """Return SQL of the day from which a row's outcome is known; None where the recipe declares none."""
    term = relation.columns.term("outcome.matured")
    if term is None:
        return None
    kind = type_of(session, term, ROWS)
    if kind not in ("DATE", "TIMESTAMP"):
        hint = "write a date, such as due_date + interval 31 day"
        raise DataError(f"{term.doing}: expected a date, found {kind}", code="E413", hint=hint)
    return f"CAST({term.scalar.sql} AS DATE)"


def _date(relation: Relation, label: str, column: str) -> str:
    kind = relation.types[column]
    if kind not in ("DATE", "TIMESTAMP"):
        hint = "declare `dates` for the table, or derive a date"
        raise DataError(f"{label}: {column} is {kind}, not a date or a time", code="E413", hint=hint)
    return name_of(column)


def outcome_value(session: Session, relation: Relation) -> str:
    """Return SQL of a row's outcome: the index of its class, -1 for a value that is none; or a number."""
    recipe = relation.recipe
    column = recipe.outcome.column
    if recipe.task is Task.REGRESSION:
        return _amount(relation, column or "")
    if column is not None:
        return _named_class(recipe, relation.types[column])
    cases = []
    for index, outcome_class in enumerate(recipe.outcome.classes):
        term = relation.columns.term(f"outcome.classes.{outcome_class.name}")
        if term is None:
            raise DataError(
                f"outcome.classes.{outcome_class.name}: the condition is missing", code="E413", hint="add `when`"
            )
        check_condition(session, term, ROWS)
        cases.append(f"WHEN {term.scalar.sql} THEN {index}")
    return f"CAST(CASE {' '.join(cases)} END AS INTEGER)"


def known_already(recipe: Recipe) -> str | None:
    """Return SQL of whether a row to predict has its outcome already: nothing is predicted of such a row. None where
    the recipe names no column of the outcome, and where it says from which day on an outcome is known."""
    if recipe.outcome.column is None or recipe.outcome.matured is not None:
        return None
    return f"({name_of(recipe.outcome.column)} IS NOT NULL)"


def _amount(relation: Relation, column: str) -> str:
    kind = relation.types.get(column, "missing")
    if kind not in ("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "FLOAT") and not kind.startswith("DECIMAL"):
        hint = "derive a numeric column from it, and use that"
        raise DataError(
            f"outcome.column: {column} is {kind}; the outcome of a regression is a number", code="E413", hint=hint
        )
    return f"CAST({name_of(column)} AS DOUBLE)"


def _named_class(recipe: Recipe, kind: str) -> str:
    """Return SQL of the class index of a named class; -1 for a value that is none of the classes."""
    if kind not in ("VARCHAR", "BOOLEAN", "BIGINT", "INTEGER"):
        hint = "derive a text column from it, and use that"
        raise DataError(
            f"outcome.column: {recipe.outcome.column} is {kind}; expected text, a condition or a whole number",
            code="E413",
            hint=hint,
        )
    text = f"CAST({name_of(recipe.outcome.column or '')} AS VARCHAR)"
    cases = " ".join(f"WHEN {text_of(name)} THEN {index}" for index, name in enumerate(recipe.class_names))
    return f"CAST(CASE WHEN {text} IS NULL THEN NULL ELSE CASE {text} {cases} ELSE -1 END END AS INTEGER)"


def _check_labels(session: Session, recipe: Recipe) -> None:
    if recipe.task is Task.REGRESSION:
        wrong = session.value(
            f"SELECT count(*) FROM {CHOSEN} WHERE {PART} IS NULL AND NOT isfinite(outcome)", doing="outcome.column"
        )
        if wrong:
            message = f"outcome.column: infinite or not a number in {wrong:,} row{'s' * (wrong != 1)}"
            raise DataError(message, code="E417", hint="leave these rows out with `where`, or make them NULL")
        return
    wrong = session.value(
        f"SELECT count(*) FROM {CHOSEN} WHERE {PART} IS NULL AND coalesce(outcome, -1) < 0", doing="outcome.classes"
    )
    if wrong:
        raise DataError(
            f"outcome.classes: {wrong:,} row{'s match' if wrong != 1 else ' matches'} no class",
            code="E417",
            hint="add a class for them, or leave them out with `where`; a condition that is NULL does not match",
        )


def _check_dates(session: Session, relation: Relation) -> None:
    """Check that no row to split lies after the day of the data. Raises DataError E412."""
    recipe = relation.recipe
    later = session.value(
        f"SELECT count(*) FROM {CHOSEN} WHERE {PART} IS NULL AND {DAY} > {_TODAY}", doing="holdout.by"
    )
    if later:
        raise DataError(
            f"holdout.by: {recipe.holdout.by} lies after as_of, the day of the data,"
            f" in {later:,} row{'s' * (later != 1)}",
            code="E412",
            hint=HINT_LATER,
        )
    train = recipe.data.train
    if train is not None and train.by is not None and train.by != recipe.holdout.by and recipe.outcome.matured is None:
        check_not_later(session, label="data.train.by", column=train.by, relation=ROWS)


# --- sizes ---------------------------------------------------------------------------------------------------------


def _counts(session: Session) -> dict[str, int]:
    """Return the rows of each part and of each reason to be left out; "" before the split."""
    rows = session.rows(f"SELECT coalesce({PART}, ''), count(*) FROM {CHOSEN} GROUP BY 1", doing="counting rows")
    return dict(rows)


def _check_count(session: Session) -> None:
    counts = _counts(session)
    labelled = counts.pop("", 0)
    if labelled < FEWEST_TRAINED + FEWEST_HELD_OUT:
        raise DataError(
            f"too few rows with an outcome, {labelled:,}; at least {FEWEST_TRAINED + FEWEST_HELD_OUT} are needed"
            f" to train and to evaluate (left out: {_in_words(counts)})",
            code="E410",
            hint=_more_rows(counts),
        )


def _in_words(left_out: dict[str, int]) -> str:
    return "; ".join(f"{reason}: {count:,}" for reason, count in sorted(left_out.items())) or "none"


def _check_sizes(session: Session, recipe: Recipe, *, train: int, holdout: int, left_out: dict[str, int]) -> None:
    if train < FEWEST_TRAINED or holdout < FEWEST_HELD_OUT:
        raise DataError(
            f"{train:,} training rows and {holdout:,} holdout rows; at least {FEWEST_TRAINED} and {FEWEST_HELD_OUT}"
            f" are needed (left out: {_in_words(left_out)})",
            code="E410",
            hint=_more_rows(left_out),
        )
    if recipe.task is Task.CLASSIFICATION:
        classes = session.value(
            f"SELECT count(DISTINCT outcome) FROM {CHOSEN} WHERE {PART} = 'train'", doing="outcome.classes"
        )
        if classes < 2:
            raise DataError(
                "the training rows are all of one class",
                code="E410",
                hint="check the conditions of the classes, and widen data.train",
            )
    _check_empty(session, recipe.features.all)


def _more_rows(left_out: dict[str, int]) -> str:
    if left_out.get("matured after the cut"):
        return "outcomes must be known before the holdout begins: add older rows, or hold out a smaller share"
    return "widen data.train, or wait until more rows have matured"


def _check_empty(session: Session, names: Sequence[str]) -> None:
    items = ", ".join(f"count({name_of(name)})" for name in names)
    counts = session.rows(f"SELECT {items} FROM {CHOSEN} WHERE {PART} = 'train'", doing="checking the features")[0]
    for name, count in zip(names, counts, strict=True):
        if not count:
            hint = "remove it from the features, or check how it is computed"
            raise DataError(f"features: {name} is missing in every training row", code="E410", hint=hint)
