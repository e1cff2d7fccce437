"""Find the columns that a recipe names, from its text alone: what it does not name does not touch it.

An expression's words are taken as they stand, without a parser: no library is loaded, and a plan of many models stays
quick. What is left out can be no column of a table: text in single quotes, a function (a word before a bracket), a type
behind `::` or AS, a word of SQL. What is taken besides the columns, such as a unit of time, counts only where a table
has a column of that name. So never too few are found; `data.expressions` finds the exact ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from reconciler.core.spec.model import Model, with_slices
from reconciler.core.spec.recipe import Recipe

AS_OF = "as_of"

_WORDS = re.compile(
    r"""'(?:[^']|'')*'                                # a text
    | "((?:[^"]|"")*)"                                # 1: a name in quotes
    | [0-9][0-9A-Za-z_.]*                             # a number
    | (::\s*|\bas\s+)? ([A-Za-z_][A-Za-z0-9_]*)    # 2: before a type; 3: a word
      (\s*(?=[(']))?                                 # 4: of a function, or of a kind of text
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ANY_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words that DuckDB takes for no column unless they stand in quotes. IN and the like stand before a bracket, too.
_RESERVED = frozenset(
    (
        "and",
        "as",
        "case",
        "cast",
        "distinct",
        "else",
        "end",
        "false",
        "from",
        "ilike",
        "in",
        "is",
        "like",
        "not",
        "null",
        "or",
        "then",
        "true",
        "when",
    )
)


@lru_cache(maxsize=8192)
def words_of(expression: str) -> frozenset[str]:
    """Return the words of an expression that may name a column."""
    if "\\" in expression:  # a text such as e'\'' ends elsewhere than it seems
        return frozenset(_ANY_WORD.findall(expression))
    words: set[str] = set()
    for match in _WORDS.finditer(expression):
        quoted, before_type, word, called = match.groups()
        if quoted is not None:
            words.add(quoted.replace('""', '"'))
        elif word is not None and called is None and before_type is None and word.lower() not in _RESERVED:
            words.add(word)
    return frozenset(words)


def named_columns(recipe: Recipe) -> frozenset[str]:
    """Return every name in a recipe that may be a column of its tables: without those that it derives itself."""
    data, past, outcome = recipe.data, recipe.data.past, recipe.outcome
    names: set[str | None] = {data.key, outcome.column, recipe.holdout.by, recipe.weighed_by}
    names.add(data.train.by if data.train else None)
    names.update(join.key for join in data.joins)
    names.update(recipe.features.columns)
    for _, text in recipe.expressions():
        names |= words_of(text)
    own = {named.name for named in data.derive}
    if past is not None:
        names.update((*past.owners, past.at, past.known))
        for feature in past.features:
            names |= words_of(feature.expression)
            own.add(feature.name)
    return frozenset(name for name in names if name is not None) - own - {AS_OF}


def used_columns(models: Iterable[Model]) -> dict[str, frozenset[str]]:
    """Return the names that the recipes and the slices of these models may mean of each table that they read."""
    used: dict[str, set[str]] = {}
    for model in models:
        recipe = with_slices(model.recipe, model.evaluation)
        names = named_columns(recipe)
        for table in recipe.tables:
            used.setdefault(table, set()).update(names)
    return {table: frozenset(names) for table, names in used.items()}
