"""Read the texts that a table declares as missing values.

Takes: a query of a table's cells, and what `nulls` lists for the table and for single columns. Gives: a query in which
those cells are NULL. Keeps true: a text is missing only where that is declared, since NA may also be Namibia.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.spec.data import Table
from reconciler.data.duckdb_session import name_of, text_of

NOT_A_NUMBER = "NOT isfinite({0}) AND NOT isinf({0})"
"""SQL of whether a number is NaN: DuckDB believes a file's statistics, which leave NaN out, and says no to `isnan`."""
_NOT_FINITE = {  # test of a number -> its spellings
    f"({NOT_A_NUMBER})": ("nan", "-nan"),
    "(isinf({0}) AND {0} > 0)": ("inf", "infinity"),
    "(isinf({0}) AND {0} < 0)": ("-inf", "-infinity"),
}


def with_missing(query: str, types: Mapping[str, str], table: Table) -> str:
    """Return `query`, of columns with these types, with NULL in the cells that `table` declares missing.

    A CSV's reader has read the table's own `nulls` before. Elsewhere, `nan`, `inf` and `-inf` among the nulls
    also stand for these numbers, and an empty text is missing only where its column declares it.
    """
    replaced = []
    nulls = {cells.column: cells.nulls for cells in table.cells}
    for name, kind in types.items():
        texts = set(nulls.get(name, ()))
        if table.uses != "csv":
            texts |= {text for text in table.nulls if text.strip()}
        cell = name_of(name)
        if texts and kind == "VARCHAR":
            listed = ", ".join(text_of(text.strip()) for text in sorted(texts))
            replaced.append(f"CASE WHEN trim({cell}) NOT IN ({listed}) THEN {cell} END AS {cell}")
        elif kind in ("FLOAT", "DOUBLE"):
            words = {text.strip().lower().lstrip("+") for text in texts}
            tests = [test.format(cell) for test, spellings in _NOT_FINITE.items() if words & set(spellings)]
            if tests:
                replaced.append(f"CASE WHEN NOT ({' OR '.join(tests)}) THEN {cell} END AS {cell}")
    return f"SELECT * REPLACE ({', '.join(replaced)}) FROM ({query})" if replaced else query
