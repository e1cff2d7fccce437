"""Write each feature of a recipe as SQL of the type that the files have, and check that its values can be features.

A value that cannot be a feature (a date, text as a number, an infinite value) is an error, not converted.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from reconciler.core.prediction.input_errors import no_condition, not_finite
from reconciler.core.spec.recipe import Recipe
from reconciler.data.dataset.joined_rows import ROWS, Relation
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of
from reconciler.errors import DataError

_WHOLE = ("BIGINT", "INTEGER", "HUGEINT")
NUMBERS = (*_WHOLE, "DOUBLE", "FLOAT")


def feature_items(relation: Relation) -> list[str]:
    """Return SQL of the key and each feature in the recipe's order, as the types that the files have."""
    features, types = relation.recipe.features, relation.types
    items = [f"{relation.key} AS key"]
    items += [f"{_numeric(name, types[name])} AS {name_of(name)}" for name in features.numeric]
    items += [f"{_categorical(name, types[name])} AS {name_of(name)}" for name in features.categorical]
    items += [f"{_boolean(name, types[name])} AS {name_of(name)}" for name in features.boolean]
    items += [
        f"{_categorical(name, types[name], 'targetEncoded')} AS {name_of(name)}"
        for name in features.target_encoded or ()
    ]
    for date in features.dates or ():
        parts = zip(date.parts, date.names, strict=True)
        items += [f"{_part(date.column, types[date.column], part)} AS {name_of(name)}" for part, name in parts]
    items += [f"{_text(each.column, types[each.column])} AS {name_of(each.column)}" for each in features.text or ()]
    return items


def _refusal(kind: str, name: str, actual: str, hint: str) -> DataError:
    return DataError(f"features.{kind}: {name} is {actual}", code="E413", hint=hint)


def _numeric(name: str, kind: str) -> str:
    if kind in NUMBERS or kind.startswith("DECIMAL"):
        return f"CAST({name_of(name)} AS DOUBLE)"
    hints = {
        "DATE": f"derive a number from it, such as date_diff('day', {name}, as_of) or month({name})",
        "TIMESTAMP": f"derive a number from it, such as date_diff('day', {name}, as_of) or hour({name})",
        "BOOLEAN": "list it under features.boolean",
        "VARCHAR": f"list it under features.categorical, or declare its type, such as `types: {{{name}: DOUBLE}}`",
    }
    raise _refusal("numeric", name, kind, hints.get(kind, "derive a number from it"))


def _categorical(name: str, kind: str, field: str = "categorical") -> str:
    if kind in ("VARCHAR", "BOOLEAN", *_WHOLE):
        return f"CAST({name_of(name)} AS VARCHAR)"
    hints = {
        "DATE": f"derive a category from it, such as dayname({name})",
        "TIMESTAMP": f"derive a category from it, such as dayname({name})",
        "DOUBLE": "list it under features.numeric, or derive a text or a whole number from it",
    }
    raise _refusal(field, name, kind, hints.get(kind, "derive a text or a whole number from it"))


def _boolean(name: str, kind: str) -> str:
    if kind == "BOOLEAN":
        return name_of(name)
    if kind in _WHOLE:
        return f"CASE {name_of(name)} WHEN 0 THEN false WHEN 1 THEN true END"
    hint = f"derive a condition from it, such as {name} = 'Yes'" if kind == "VARCHAR" else "derive a condition from it"
    raise _refusal("boolean", name, kind, hint)


def _part(name: str, kind: str, part: str) -> str:
    if kind not in ("DATE", "TIMESTAMP"):
        hint = f"declare `dates` for its table, or its type, such as `types: {{{name}: DATE}}`"
        raise _refusal("dates", name, kind, hint)
    if part == "hour" and kind == "DATE":
        raise _refusal("dates", name, "DATE, which has no hour", "list other parts of it, such as weekday")
    column = name_of(name)
    forms = {
        "weekday": f"isodow({column})",
        "day_of_year": f"dayofyear({column})",
        "days_since_epoch": f"date_diff('day', DATE '1970-01-01', CAST({column} AS DATE))",
    }
    return f"CAST({forms.get(part, f'{part}({column})')} AS DOUBLE)"


def _text(name: str, kind: str) -> str:
    if kind != "VARCHAR":
        hint = "list it under features.numeric" if kind in NUMBERS else "derive a text from it"
        raise _refusal("text", name, kind, hint)
    return name_of(name)


def whole_number_conditions(relation: Relation) -> list[tuple[str, str]]:
    """Return the features that are conditions and whole numbers, each with SQL of its being neither 0 nor 1."""
    names = (name for name in relation.recipe.features.boolean if relation.types[name] in _WHOLE)
    return [(name, f"{name_of(name)} NOT IN (0, 1)") for name in names]


def check_booleans(session: Session, relation: Relation) -> None:
    """Check that whole numbers used as conditions are 0 or 1 in every row. Raises DataError E410."""
    for name, sql in whole_number_conditions(relation):
        count = session.value(f"SELECT count(*) FROM {ROWS} WHERE {sql}", doing=f"features: {name}")
        if count:
            raise no_condition(name, count)


def check_values(session: Session, recipe: Recipe, source: str) -> None:
    """Check that numeric features are finite: only NULL is a missing value. Raises DataError E410."""
    names = recipe.features.numeric
    if not names:
        return
    counts: list[int] = []
    for some in in_parts(names, COLUMNS_PER_QUERY):
        # No FILTER: DuckDB keeps a copy of every argument of the query for each, the square of the columns.
        items = ", ".join(f"count_if(NOT isfinite({name_of(name)}))" for name in some)
        counts += session.rows(f"SELECT {items} FROM {source}", doing="checking the features")[0]
    for name, count in zip(names, counts, strict=True):
        if count:
            raise not_finite(name, count)
