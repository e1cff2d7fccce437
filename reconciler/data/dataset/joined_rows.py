"""Build one relation with every row and column of a recipe: tables, joined, derived, with features of past.

Takes: an open session, a recipe, table files and the day of the data. Gives: the relation `rows`, whose rows are those
of the recipe's main table. Keeps true: a join never multiplies or drops a row, the key is there once per row, and an
expression that fails is named by its field in the manifest. Which rows are used for which purpose: `select`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.core import parquet_file
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.recipe import Join, Recipe
from reconciler.data.dataset.columns import AS_OF, Derived, RecipeColumns, Term, arrange
from reconciler.data.dataset.past.point_in_time import add_past
from reconciler.data.dataset.prediction_columns import for_prediction
from reconciler.data.duckdb_session import Session, name_of, text_of
from reconciler.errors import DataError
from reconciler.ports import TableFile

ROWS = "rows"
KEY_TYPES = ("VARCHAR", "BIGINT", "INTEGER")
_WHOLE = ("BIGINT", "INTEGER", "HUGEINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The relation of a recipe.

    `types`: DuckDB type of every column of `rows`. `key`: SQL of the row's key as text. `ledger`: the relation that
    `past` reads, with the rows of the main table.
    """

    recipe: Recipe
    columns: RecipeColumns
    types: dict[str, str]
    key: str
    ledger: str


def build(
    session: Session,
    *,
    recipe: Recipe,
    tables: Sequence[TableFile],
    as_of: str,
    trained: Mapping[str, str] | None = None,
) -> Relation:
    """Create the view `rows`; `as_of`: the day of the data. Raises DataError E401, E411-E416.

    `trained`: the rows are to be predicted, so that columns of the outcome may be missing; the types that columns had
    in training.
    """
    check_day("as_of", as_of)
    joined, table_types = _join(session, recipe, tables)
    absent: tuple[str, ...] = ()
    if trained is not None:
        recipe, absent = for_prediction(recipe, table_types)
    try:
        columns = arrange(recipe, (*table_types, *absent))
    except DataError as error:
        if error.code != "E416" or not (lost := sorted((trained or {}).keys() - table_types.keys())):
            raise
        it, is_known = ("it", "it is") if len(lost) == 1 else ("them", "they are")
        hint = f"the tables had {', '.join(lost)} in training: add {it}, empty where {is_known} not known yet"
        raise DataError(error.message, code="E416", hint=hint) from None
    nothing = "".join(f", CAST(NULL AS {(trained or {}).get(name, 'VARCHAR')}) AS {name_of(name)}" for name in absent)
    session.run(
        f"CREATE VIEW ledger_0 AS SELECT *{nothing}, CAST({text_of(as_of)} AS DATE) AS {AS_OF} FROM {joined}",
        doing="adding the day of the data",
    )
    key = f"CAST({name_of(recipe.data.key)} AS VARCHAR)"
    _check_key(session, recipe, table_types)
    ledger = _derive(session, "ledger", columns.before)
    where = columns.term("data.past.where")
    try:
        with_past = add_past(session, recipe=recipe, features=columns.features, where=where, ledger=ledger, key=key)
    except DataError as error:
        raise find_failure(session, columns, error, ledger) from None
    session.run(f"CREATE VIEW late_0 AS SELECT * FROM {with_past}", doing="adding the past")
    last = _derive(session, "late", columns.after)
    session.run(f"CREATE VIEW {ROWS} AS SELECT * FROM {last}", doing="naming the rows")
    types = session.types(ROWS, doing="describing the rows")
    return Relation(recipe=recipe, columns=columns, types=types, key=key, ledger=ledger)


def check_day(label: str, text: str) -> None:
    """Check that `text` is an ISO 8601 date; `label` names the field. Raises DataError E413."""
    try:
        date.fromisoformat(text)
    except ValueError:
        hint = "write a year, a month and a day, such as 2024-01-31"
        raise DataError(f"{label}: {text[:40]!r} is not a date", code="E413", hint=hint) from None


# --- tables -------------------------------------------------------------------------------------------------------


def _join(session: Session, recipe: Recipe, tables: Sequence[TableFile]) -> tuple[str, dict[str, str]]:
    by_name = {table.name: table for table in tables}
    types = _open(session, recipe.data.table, by_name)
    if recipe.data.key not in types:
        hint = f"existing columns: {', '.join(types)[:300]}"
        raise DataError(f"data.key: table {recipe.data.table} has no column {recipe.data.key}", code="E414", hint=hint)
    left = _source(recipe.data.table)
    for index, join in enumerate(recipe.data.joins):
        right = _open(session, join.table, by_name)
        _check_join(session, join, types, right)
        added = [name for name in right if name != join.key]
        items = "".join(f", r.{name_of(name)}" for name in added)
        view = f"joined_{index}"
        key = name_of(join.key)
        session.run(
            f"CREATE VIEW {view} AS SELECT l.*{items} FROM {left} l"
            f" LEFT JOIN {_source(join.table)} r ON l.{key} = r.{key}",
            doing=f"data.join.{join.table}",
        )
        types.update({name: right[name] for name in added})
        left = view
    return left, types


def _source(table: str) -> str:
    return name_of(f"source {table}")


def _open(session: Session, name: str, tables: dict[str, TableFile]) -> dict[str, str]:
    """Open a table and return its column types.

    Raises DataError E401 when it is not among the files, E411 when the file's columns differ from the recorded ones.
    """
    table = tables.get(name)
    if table is None:
        raise DataError(
            f"table {name} is not among the tables of the snapshot",
            code="E401",
            hint="declare it under `data.tables` of the environment, then refresh the data",
        )
    doing = f"opening table {name}"
    with table.path.open("rb") as stream:
        try:
            parquet_file.measure(stream, pages=False)
        except ParquetError as error:
            raise DataError(f"{doing}: {error}", code=error.code, hint=error.hint) from None
    items = ", ".join(name_of(column.name) for column in table.columns)
    source = f"read_parquet({text_of(str(table.path.resolve()))})"
    actual = session.types(source, doing=doing)
    declared = {column.name: column.type for column in table.columns}
    if actual != declared:
        hint = "refresh the data, so that the snapshot records the file as it is now"
        raise DataError(
            f"table {name}: the columns of the file differ from those recorded in the snapshot", code="E411", hint=hint
        )
    session.run(f"CREATE OR REPLACE VIEW {_source(name)} AS SELECT {items} FROM {source}", doing=doing)
    return declared


def _check_join(session: Session, join: Join, left: dict[str, str], right: dict[str, str]) -> None:
    label = f"data.join.{join.table}"
    for types, side in ((left, "the rows joined so far"), (right, f"table {join.table}")):
        if join.key not in types:
            raise DataError(
                f"{label}: {side} have no column {join.key}", code="E415", hint="join on a column that both have"
            )
    left_type, right_type = left[join.key], right[join.key]
    if left_type != right_type and not (left_type in _WHOLE and right_type in _WHOLE):
        hint = f"declare the same type for both, such as `types: {{{join.key}: VARCHAR}}`"
        raise DataError(
            f"{label}: {join.key} is {left_type} on the left and {right_type} on the right", code="E415", hint=hint
        )
    lower = {name.lower() for name in left}
    clashes = [name for name in right if name != join.key and name.lower() in lower]
    if clashes:
        hint = "rename it in one of the tables, or leave it out"
        raise DataError(f"{label}: both sides have a column {clashes[0]}", code="E415", hint=hint)
    key = name_of(join.key)
    repeated = session.value(
        f"SELECT count(*) FROM (SELECT 1 FROM {_source(join.table)} WHERE {key} IS NOT NULL"
        f" GROUP BY {key} HAVING count(*) > 1)",
        doing=label,
    )
    if repeated:
        raise DataError(
            f"{label}: {join.key} must be unique in {join.table}; {repeated:,} of its values occur more than once",
            code="E415",
            hint="keep one row per value: a join may add columns to a row, never rows",
        )


def _check_key(session: Session, recipe: Recipe, types: dict[str, str]) -> None:
    name, kind = recipe.data.key, types[recipe.data.key]
    if kind not in KEY_TYPES:
        hint = f"declare `types: {{{name}: VARCHAR}}` for table {recipe.data.table}"
        raise DataError(f"data.key: {name} is {kind}; expected text or a whole number", code="E414", hint=hint)
    rows, filled, distinct = session.rows(
        f"SELECT count(*), count({name_of(name)}), count(DISTINCT {name_of(name)}) FROM {_source(recipe.data.table)}",
        doing="data.key",
    )[0]
    if filled < rows:
        hint = "fill it in, or name a column that every row has"
        raise DataError(f"data.key: {name} is empty in {rows - filled:,} of {rows:,} rows", code="E414", hint=hint)
    if distinct < rows:
        message = f"data.key: {name} must be unique; {rows - distinct:,} of {rows:,} rows repeat an earlier key"
        raise DataError(message, code="E414", hint="name a column that identifies a row, or remove the repeated rows")


# --- derived columns ----------------------------------------------------------------------------------------------


def _derive(session: Session, stem: str, derived: Sequence[Derived]) -> str:
    """Add derived columns to `<stem>_0`, one view per column, and return the last view's name.

    One view each, so that an error names the column.
    """
    for index, column in enumerate(derived):
        session.run(
            f"CREATE VIEW {stem}_{index + 1} AS"
            f" SELECT *, {column.term.scalar.sql} AS {name_of(column.name)} FROM {stem}_{index}",
            doing=column.term.doing,
            hint="compare and compute with values of one kind; cast where they differ",
        )
    return f"{stem}_{len(derived)}"


def check_condition(session: Session, term: Term, relation: str) -> None:
    """Check that an expression is a condition over the relation's columns. Raises DataError E413."""
    kind = type_of(session, term, relation)
    if kind not in ("BOOLEAN", '"NULL"'):
        raise DataError(
            f"{term.doing}: expected a condition, found {kind}",
            code="E413",
            hint="write a comparison, such as amount > 0",
        )


def type_of(session: Session, term: Term, relation: str) -> str:
    """Return the DuckDB type of an expression over a relation."""
    types = session.types(f"(SELECT {term.scalar.sql} AS x FROM {relation})", doing=term.doing)
    return types["x"]


def find_failure(session: Session, columns: RecipeColumns, error: DataError, relation: str) -> DataError:
    """Return the error of the first expression that fails on the data by itself; `error` when none does.

    `relation`: the last one that was created.
    """
    if error.code != "E413":
        return error
    stages = [(column.term, f"ledger_{index}") for index, column in enumerate(columns.before)]
    if relation == ROWS:
        stages += [(column.term, f"late_{index}") for index, column in enumerate(columns.after)]
        stages += [(term, ROWS) for term in columns.terms.values()]
    else:
        where = columns.term("data.past.where")
        stages += [(where, relation)] if where is not None else []
        stages += [(feature.argument, relation) for feature in columns.features]
    for term, source in stages:
        try:
            rows = session.value(f"SELECT count(*) FROM {source}", doing=term.doing)
            session.rows(f"SELECT count({term.scalar.sql}) FROM {source}", doing=f"{term.doing} over {rows:,} rows")
        except DataError as failure:
            hint = "use TRY_CAST or nullif, which give a missing value where none can be computed"
            return DataError(failure.message, code=failure.code, hint=failure.hint or hint)
    return error
