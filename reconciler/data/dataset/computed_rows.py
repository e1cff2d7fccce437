"""Compute the features of rows that are given by their columns: the same expressions as in a table, one row by itself.

Takes: the recipe of an artifact, and the types that the columns of its tables had in training. Gives: the columns that
a row has to bring, and per call the features and which classes are possible. Keeps true: what a row can compute of
itself is computed as `joined_rows` does, by the same SQL; what it cannot (a feature of `past`, a column of a joined
table) is a column that it brings. No table is read.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.prediction.input_column import InputColumn
from reconciler.core.prediction.input_errors import no_condition
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.data.dataset.columns import AS_OF, Derived, Term
from reconciler.data.dataset.feature_items import feature_items, whole_number_conditions
from reconciler.data.dataset.joined_rows import ROWS, Relation, build, check_condition
from reconciler.data.duckdb_session import Session, name_of, open_session, text_of
from reconciler.data.tables.column_types import normal_type
from reconciler.errors import DataError
from reconciler.ports import TableFile

if TYPE_CHECKING:
    import pyarrow as pa

GIVEN = "given"
NOT_A_CONDITION = "not a condition: "  # no feature's name has a space
NOWHERE = Path("/dev/null/nowhere")  # nothing is written
_ANY_DAY = "2000-01-01"  # of a relation without rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRecipe:
    """What is computed of a row. `inputs`: the columns that it brings; `derived`: those that follow, in their order;
    `possible`: the place of each class that has a condition, with it; `relation`: without any row."""

    inputs: tuple[InputColumn, ...]
    derived: tuple[Derived, ...]
    possible: tuple[tuple[int, Term], ...]
    relation: Relation
    reads_day: bool

    @property
    def is_plain(self) -> bool:
        """Return whether each feature is an input as it is."""
        features = self.relation.recipe.features
        made = self.derived or self.possible or features.dates
        return not made and all(column.is_plain for column in self.inputs)


def row_recipe(recipe: Recipe, schema: Schema) -> RowRecipe:
    """Return what is computed of a row. Raises DataError where that is more than it can tell of itself.

    E413, E416: the artifact's recipe and its schema do not fit each other.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tables = _empty_tables(recipe, schema, folder)
        trained = {name: kind for _, columns in schema.tables for name, kind in columns}
        with open_session(limits=Limits(seconds=120), into=folder, inputs=tuple(t.path for t in tables)) as session:
            relation = build(session, recipe=recipe, tables=tables, as_of=_ANY_DAY, trained=trained)
            feature_items(relation)
            found = _row_recipe(relation, schema)
            for _, term in found.possible:
                check_condition(session, term, ROWS)
            return found


def _empty_tables(recipe: Recipe, schema: Schema, folder: Path) -> list[TableFile]:
    """Write a table without rows for each that the recipe reads, with the types that it had in training."""
    types, tables = dict(schema.tables), []
    with open_session(limits=Limits(seconds=120), into=folder, inputs=()) as session:
        for index, name in enumerate(dict.fromkeys(recipe.tables)):
            columns = tuple(
                TableColumn(name=column, type=kind)
                for column, text in types.get(name, ())
                if (kind := normal_type(text)) is not None
            )
            if not columns:
                raise DataError(f"the artifact does not say which columns table {name} had in training", code="E416")
            items = ", ".join(f"CAST(NULL AS {column.type}) AS {name_of(column.name)}" for column in columns)
            path = folder / f"{index}.parquet"
            session.run(f"COPY (SELECT {items} LIMIT 0) TO {text_of(str(path))} (FORMAT parquet)", doing=name)
            tables.append(TableFile(name=name, path=path, rows=0, columns=columns))
    return tables


def _row_recipe(relation: Relation, schema: Schema) -> RowRecipe:
    recipe, columns = relation.recipe, relation.columns
    possible = tuple(
        (index, term)
        for index, each in enumerate(recipe.outcome.classes)
        if (term := columns.term(f"outcome.possible.{each.name}")) is not None
    )
    derived = {each.name: each for each in (*columns.before, *columns.after)}
    needed = _closure((*recipe.features.columns, *(c for _, term in possible for c in term.scalar.columns)), derived)
    past = {feature.name for feature in columns.features}
    masked = {column.column: column for _, many in schema.masks or () for column in many}
    inputs = []
    for name in needed:
        if name in derived or name == AS_OF:
            continue
        if name in masked:
            raise DataError(
                f"the model reads {name}, which was masked before it was trained ({masked[name].treatment.value})",
                code="E416",
                hint="predict with `reconciler predict`, which masks the rows in the same way",
            )
        origin = "past" if name in past else "row"
        inputs.append(InputColumn(name=name, type=relation.types[name], origin=origin))
    wanted = frozenset(needed)
    return RowRecipe(
        inputs=tuple(inputs),
        derived=tuple(each for each in derived.values() if each.name in wanted),
        possible=possible,
        relation=relation,
        reads_day=AS_OF in wanted,
    )


def _closure(names: Iterable[str], derived: Mapping[str, Derived]) -> tuple[str, ...]:
    """Return the names and what they are computed of, each once, in the order of their first use."""
    waiting, known = list(reversed(list(names))), dict[str, None]()
    while waiting:
        name = waiting.pop()
        if name not in known:
            known[name] = None
            if name in derived:
                waiting += reversed(derived[name].term.scalar.columns)
    return tuple(known)


class RowComputer:
    """Computes features of rows in a database of its own, one call at a time. `limits`: of each call."""

    def __init__(self, rows: RowRecipe, limits: Limits) -> None:
        self._rows, self._limits, self._turn = rows, limits, threading.Lock()
        self._before = "WITH " + ", ".join(self._steps())
        self._query = f"{self._before} SELECT {', '.join(self._items())} FROM {self._last}"
        self._opened: tuple[ExitStack, Session] | None = None

    def compute(self, given: pa.Table, as_of: str) -> pa.Table:
        """Return the features of `given` rows, whose columns are the inputs; and which classes are possible, as
        `possible_<place>`. `as_of`: the day (ISO) that the expressions know. Raises DataError E410, E413, E418."""
        import pyarrow as pa

        days = pa.array([as_of] * given.num_rows, pa.string())
        with self._turn:
            session = self._session()
            timer = threading.Timer(self._limits.seconds, session.expire)
            timer.daemon = True
            timer.start()
            try:
                with session.table(GIVEN, given.append_column(AS_OF, days)):
                    return self._computed(session)
            except DataError as error:
                if error.code == "E418":  # nothing can be asked of it any more
                    self.close()
                raise
            finally:
                timer.cancel()

    def close(self) -> None:
        """Close the database."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].close()

    def _session(self) -> Session:
        if self._opened is None:
            with ExitStack() as stack:
                session = stack.enter_context(open_session(limits=self._limits, into=NOWHERE, inputs=(), timed=False))
                self._opened = (stack.pop_all(), session)
        return self._opened[1]

    def _computed(self, session: Session) -> pa.Table:
        try:
            found = session.arrow(self._query, doing="computing the features")
        except DataError as error:
            if error.code == "E413":
                self._find_failure(session)
            raise
        for name in found.column_names:
            if name.startswith(NOT_A_CONDITION):
                if count := found.column(name).to_pylist().count(True):
                    raise no_condition(name.removeprefix(NOT_A_CONDITION), count)
                found = found.drop_columns([name])
        return found

    def _find_failure(self, session: Session) -> None:
        """Raise the error of the first expression that fails by itself."""
        for index, column in enumerate(self._rows.derived):
            query = f"{self._before} SELECT count({name_of(column.name)}) FROM row_{index + 1}"
            session.rows(query, doing=column.term.doing)
        for _, term in self._rows.possible:
            session.rows(f"{self._before} SELECT count({term.scalar.sql}) FROM {self._last}", doing=term.doing)

    @property
    def _last(self) -> str:
        return f"row_{len(self._rows.derived)}"

    def _steps(self) -> Iterator[str]:
        """Yield SQL of the rows, and of each derived column, one on the other."""
        types = (*((column.name, column.type) for column in self._rows.inputs), (AS_OF, "DATE"))
        casts = ", ".join(f"CAST({name_of(name)} AS {kind}) AS {name_of(name)}" for name, kind in types)
        yield f"row_0 AS (SELECT {casts} FROM {GIVEN})"
        for index, column in enumerate(self._rows.derived):
            yield f"row_{index + 1} AS (SELECT *, {column.term.scalar.sql} AS {name_of(column.name)} FROM row_{index})"

    def _items(self) -> Iterator[str]:
        yield from feature_items(self._rows.relation)[1:]  # no key
        for index, term in self._rows.possible:
            yield f"coalesce(CAST({term.scalar.sql} AS BOOLEAN), false) AS possible_{index}"
        for name, sql in whole_number_conditions(self._rows.relation):
            yield f"{sql} AS {name_of(NOT_A_CONDITION + name)}"
