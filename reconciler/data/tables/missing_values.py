"""Read the texts that a table declares as missing values.

Takes: a query of a table's cells, and what `nulls` lists for the table and for single columns. Gives: a query in which
those cells are NULL. Keeps true: a text is missing only where that is declared, since NA may also be Namibia.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.spec.environment import Table
from reconciler.data.duckdb_session import name_of, text_of

_NOT_A_NUMBER = "nan"


def with_missing(query: str, types: Mapping[str, str], table: Table) -> str:
    """Return `query`, of columns with these types, with NULL in the cells that `table` declares missing.

    A CSV's reader has read the table's own `nulls` before. In a Parquet file, `nan` among the nulls also stands for
    the number NaN, and an empty text is missing only where its column declares it.
    """
    replaced = []
    for name, kind in types.items():
        texts = set(table.cell_text(name).nulls)
        if table.uses == "parquet":
            texts |= {text for text in table.nulls if text.strip()}
        cell = name_of(name)
        if texts and kind == "VARCHAR":
            listed = ", ".join(text_of(text.strip()) for text in sorted(texts))
            replaced.append(f"CASE WHEN trim({cell}) NOT IN ({listed}) THEN {cell} END AS {cell}")
        elif kind in ("FLOAT", "DOUBLE") and _NOT_A_NUMBER in {text.strip().lower() for text in texts}:
            replaced.append(f"CASE WHEN NOT isnan({cell}) THEN {cell} END AS {cell}")
    return f"SELECT * REPLACE ({', '.join(replaced)}) FROM ({query})" if replaced else query
