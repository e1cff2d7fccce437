"""Say of a recipe's rows what new features from earlier rows may be made of: types, and what tells rows apart.

Counts nothing of the outcome, and nothing that depends on which rows are held out: only how often columns have values.
"""

# SQL is text here; every part is quoted (`name_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from reconciler.core.experiment.past_space import ColumnFacts, TableFacts, looks_like_owner
from reconciler.data.dataset.columns import AS_OF
from reconciler.data.dataset.joined_rows import Relation
from reconciler.data.duckdb_session import Session, name_of


def table_facts(session: Session, relation: Relation, as_of: str) -> TableFacts:
    """Return the facts. Values are counted only where `past` is not declared, and has to be guessed."""
    columns, ledger = relation.columns, relation.ledger
    types = {name: kind for name, kind in session.types(ledger, doing="describing the rows").items() if name != AS_OF}
    moment = relation.recipe.holdout.by
    guesses = relation.recipe.data.past is None and moment is not None
    counted = [name for name in types if guesses and (looks_like_owner(name) or name == moment)]
    dated = [name for name in counted if types[name] in ("DATE", "TIMESTAMP")]
    items = [f", count({name_of(name)}), count(DISTINCT {name_of(name)})" for name in counted]
    items += [f", CAST(CAST(max({name_of(name)}) AS DATE) AS VARCHAR)" for name in dated]
    rows, *found = session.rows(f"SELECT count(*){''.join(items)} FROM {ledger}", doing="counting values")[0]
    filled, distinct = (dict(zip(counted, found[place : 2 * len(counted) : 2], strict=True)) for place in (0, 1))
    latest = dict(zip(dated, found[2 * len(counted) :], strict=True))
    terms = {f"data.derive.{each.name}": each.term for each in (*columns.before, *columns.after)} | columns.terms
    return TableFacts(
        rows=int(rows),
        columns=tuple(
            ColumnFacts(
                name=name, type=kind, filled=filled.get(name), distinct=distinct.get(name), latest=latest.get(name)
            )
            for name, kind in types.items()
        ),
        past=tuple(ColumnFacts(name=each.name, type=relation.types[each.name]) for each in columns.features),
        reads=tuple((place, term.scalar.columns) for place, term in sorted(terms.items())),
        as_of=as_of,
    )
