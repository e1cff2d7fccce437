"""Say of a recipe's rows what new features from earlier rows may be made of: types, and what tells rows apart.

Counts nothing of the outcome, and nothing that depends on which rows are held out: only how often columns have values.
"""

# SQL is text here; every part is quoted (`name_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.experiment.past_space import ColumnFacts, TableFacts, looks_like_owner
from reconciler.core.spec.recipe import Recipe
from reconciler.data.duckdb_session import Session, name_of

_AS_OF = "as_of"


def table_facts(
    session: Session,
    recipe: Recipe,
    *,
    ledger: str,
    past: Mapping[str, str],
    reads: Mapping[str, tuple[str, ...]],
    as_of: str,
) -> TableFacts:
    """Return the facts. Values are counted only where `past` is not declared, and has to be guessed.

    `ledger`: the relation that features from earlier rows read; `past`: the declared ones, with their types; `reads`:
    of each expression, by its place, the columns that it names.
    """
    types = {name: kind for name, kind in session.types(ledger, doing="describing the rows").items() if name != _AS_OF}
    moment = recipe.holdout.by
    guesses = recipe.data.past is None and moment is not None
    counted = [name for name in types if guesses and (looks_like_owner(name) or name == moment)]
    dated = [name for name in counted if types[name] in ("DATE", "TIMESTAMP")]
    items = [f", count({name_of(name)}), count(DISTINCT {name_of(name)})" for name in counted]
    items += [f", CAST(CAST(max({name_of(name)}) AS DATE) AS VARCHAR)" for name in dated]
    rows, *found = session.rows(f"SELECT count(*){''.join(items)} FROM {ledger}", doing="counting values")[0]
    filled, distinct = (dict(zip(counted, found[place : 2 * len(counted) : 2], strict=True)) for place in (0, 1))
    latest = dict(zip(dated, found[2 * len(counted) :], strict=True))
    return TableFacts(
        rows=int(rows),
        columns=tuple(
            ColumnFacts(
                name=name, type=kind, filled=filled.get(name), distinct=distinct.get(name), latest=latest.get(name)
            )
            for name, kind in types.items()
        ),
        past=tuple(ColumnFacts(name=name, type=kind) for name, kind in past.items()),
        reads=tuple(sorted(reads.items())),
        as_of=as_of,
    )
