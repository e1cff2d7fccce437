"""Find what a change of a table's contract asks for less than before. Pure.

Rule by rule: a rule is kept where the new one refuses whatever the old one refused. So a wider range, one more
allowed value, or a column more in `columns` weakens the contract, and a rule more never does.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.controls.weakened_gates import NOTHING, WeakenedGate
from reconciler.core.duration import exact
from reconciler.core.number_text import declared
from reconciler.core.spec.data import AllowedRange, Contract


def contracts_weakened(old: tuple[Contract, ...], new: tuple[Contract, ...]) -> Iterator[WeakenedGate]:
    """Yield the rules of `old` contracts that `new` ones do not keep, in a fixed order."""
    after = {contract.table: contract for contract in new}
    for contract in old:
        for rule, before, now in _weakened(contract, after.get(contract.table, Contract(table=contract.table))):
            yield WeakenedGate(what=f"contract of {contract.table}: {rule}", old=before, new=now)


def _weakened(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    if old.key is not None and new.key != old.key:
        yield "key", old.key, new.key or NOTHING
    if gone := [name for name in old.required if name not in new.required and name != new.key]:
        yield "required", ", ".join(gone), NOTHING
    yield from _columns(old, new)
    yield from _values(old, new)
    yield from _ranges(old, new)
    references = {each.column: f"{each.table}.{each.key}" for each in new.references}
    for each in old.references:
        target = f"{each.table}.{each.key}"
        if references.get(each.column) != target:
            yield f"references {each.column}", target, references.get(each.column, NOTHING)
    yield from _rows(old, new)
    yield from _fresh(old, new)


def _columns(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    """Yield columns that may come, go or have another type now."""
    if not old.columns:
        return
    if not new.columns:
        yield "columns", f"{len(old.columns)} columns and no other", NOTHING
        return
    before, after = dict(old.columns), dict(new.columns)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"columns {name}", before.get(name, "no such column"), after.get(name, "no such column")


def _values(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    after = {each.column: each.values for each in new.values}
    for each in old.values:
        now = after.get(each.column)
        if now is None:
            yield f"values {each.column}", _listed(len(each.values)), NOTHING
        elif more := set(now) - set(each.values):
            yield f"values {each.column}", _listed(len(each.values)), f"{len(more)} more"


def _listed(count: int) -> str:
    return f"{count} listed value{'s' * (count != 1)}"


def _ranges(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    after = {each.column: each for each in new.ranges}
    for each in old.ranges:
        now = after.get(each.column, AllowedRange(column=each.column))
        if each.at_least is not None and (now.at_least is None or now.at_least < each.at_least):
            yield f"ranges {each.column}", f"at least {declared(each.at_least)}", _bound("at least", now.at_least)
        if each.at_most is not None and (now.at_most is None or now.at_most > each.at_most):
            yield f"ranges {each.column}", f"at most {declared(each.at_most)}", _bound("at most", now.at_most)


def _bound(words: str, value: float | None) -> str:
    return NOTHING if value is None else f"{words} {declared(value)}"


def _rows(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    least, now = old.rows_at_least, new.rows_at_least
    if least is not None and (now is None or now < least):
        yield "rows atLeast", f"{least:,}", NOTHING if now is None else f"{now:,}"
    share, now_share = old.rows_change_at_most, new.rows_change_at_most
    if share is not None and (now_share is None or now_share > share):
        yield "rows changeAtMost", _percent(share), NOTHING if now_share is None else _percent(now_share)


def _percent(share: float) -> str:
    return f"{declared(round(share * 100, 6))}%"


def _fresh(old: Contract, new: Contract) -> Iterator[tuple[str, str, str]]:
    if old.fresh_within is None or old.fresh_column is None:
        return
    same = new.fresh_column == old.fresh_column
    if not same or new.fresh_within is None or new.fresh_within > old.fresh_within:
        now = NOTHING if new.fresh_within is None else f"{new.fresh_column} within {exact(new.fresh_within)}"
        yield "fresh", f"{old.fresh_column} within {exact(old.fresh_within)}", now
