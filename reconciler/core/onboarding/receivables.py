"""A ledger of receivables, recognised in a table: due dates, settlement dates, and a customer's past.

The one kind of table for which the outcome is in no column: how late an invoice is paid follows from two dates, and
what is known of it follows from the day of the books.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.onboarding.table_profile import ColumnProfile, DateGap, TableProfile
from reconciler.core.spec.recipe import NamedExpression, Outcome, OutcomeClass

_DUE = re.compile(r"due(_?(date|day|on|at))?|.*(_due|Due)(_?(date|Date|day|on))?|net_?due.*", re.IGNORECASE)
_SETTLED = re.compile(r".*(settle|paid|payment|clear|closed).*", re.IGNORECASE)
_WRITTEN = re.compile(r".*(invoice|issue|document|posting|posted|bill|creat|order|book).*", re.IGNORECASE)
_CUSTOMER = re.compile(r".*(customer|client|account|payer|debtor|buyer|partner|cust|company).*", re.IGNORECASE)
_LATER = re.compile(
    r".*(disput|status|paid|settle|clear|closed|balance|remind|dunn|overdue|late|collect|write_?off).*", re.IGNORECASE
)
_ENOUGH = 0.03  # share of settled rows from which a class is worth telling apart
_WHEN = "may be known only when it is paid: add it if it is known when the invoice is written"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivablesRecipe:
    """What the recipe of a ledger is made of. `as_of`: the day of the books, where open rows make it matter."""

    at: str
    settled: str
    by: str | None
    derive: tuple[NamedExpression, ...]
    derived_features: tuple[str, ...]
    past_features: tuple[NamedExpression, ...]
    outcome: Outcome
    predict: str
    left_out: tuple[tuple[str, str], ...]
    why: str
    why_predict: str
    as_of: str | None


def ledger(look: TableProfile, *, key: str, today: str) -> ReceivablesRecipe | None:
    """The table as a ledger; None when it is none: no due date and settlement date, or nobody pays late."""
    due = next((one for one in look.columns if one.dated and _DUE.fullmatch(one.name)), None)
    settled = next((one for one in look.columns if one.dated and one is not due and _SETTLED.fullmatch(one.name)), None)
    if due is None or settled is None or due.filled < look.rows:
        return None
    gap = next((one for one in look.gaps if (one.start, one.end) == (due.name, settled.name)), None)
    if gap is None or not _ENOUGH <= gap.over_0 <= 1 - _ENOUGH:
        return None
    cut = 30 if gap.over_30 >= _ENOUGH else 10
    written = _written(look, due, settled)
    at = written or due
    by = _customer(look, key)
    taken = {one.name.lower() for one in look.columns}
    late = "days_late" if "days_late" not in taken else "days_after_due"
    derive = [
        NamedExpression(name=late, expression=f'date_diff(\'day\', "{due.name}", coalesce("{settled.name}", as_of))'),
        *_derived(due, written, taken),
    ]
    is_open = settled.filled < look.rows
    return ReceivablesRecipe(
        at=at.name,
        settled=settled.name,
        by=by.name if by is not None else None,
        derive=tuple(derive),
        derived_features=tuple(one.name for one in derive[1:]),
        past_features=tuple(_past(late, cut, taken)) if by is not None else (),
        outcome=_outcome(late, due.name, cut, gap, is_open=is_open),
        predict=f'"{settled.name}" is null' if is_open else "true",
        left_out=tuple(_left_out(look, key, due, settled, written)),
        why=f"{due.name} and {settled.name} tell how late each invoice was paid",
        why_predict=f"the open ones: {settled.name} is empty"
        if is_open
        else f"none is open in this file, so all are scored, to show how it looks;"
        f" in a living ledger: {settled.name} is null",
        as_of=_as_of(at, settled, today) if is_open else None,
    )


def _written(look: TableProfile, due: ColumnProfile, settled: ColumnProfile) -> ColumnProfile | None:
    """The date on which an invoice is written: always known, and never after it is due."""
    before = {one.start for one in look.gaps if one.end == due.name and one.forward == 1.0}
    dates = [one for one in look.columns if one.dated and one.filled == look.rows and one.name in before]
    dates = [one for one in dates if one.name not in (due.name, settled.name)]
    return min(dates, key=lambda one: not _WRITTEN.fullmatch(one.name), default=None)


def _customer(look: TableProfile, key: str) -> ColumnProfile | None:
    """Who pays: in every row, and again and again."""
    found = [
        one
        for one in look.columns
        if one.name != key
        and one.filled == look.rows
        and one.type in ("VARCHAR", "BIGINT", "INTEGER")
        and 2 <= one.distinct <= look.rows / 3
        and _CUSTOMER.fullmatch(one.name)
    ]
    return max(found, key=lambda one: one.distinct, default=None)


def _derived(due: ColumnProfile, written: ColumnProfile | None, taken: set[str]) -> list[NamedExpression]:
    if written is None:
        return []
    wanted = (
        ("terms_days", f'date_diff(\'day\', "{written.name}", "{due.name}")'),
        ("month_written", f'month("{written.name}")'),
    )
    return [NamedExpression(name=name, expression=text) for name, text in wanted if name not in taken]


def _past(late: str, cut: int, taken: set[str]) -> list[NamedExpression]:
    wanted = (
        ("prior_invoices", "count(*)"),
        ("prior_late_rate", f"avg(({late} > 0)::int)"),
        ("prior_very_late_rate", f"avg(({late} > {cut})::int)"),
        ("prior_days_late", f"avg({late})"),
        ("prior_worst", f"max({late})"),
    )
    return [NamedExpression(name=name, expression=text) for name, text in wanted if name not in taken]


def _outcome(late: str, due: str, cut: int, gap: DateGap, *, is_open: bool) -> Outcome:
    """Three classes, or two where hardly anybody is very late. What an open one can still become is said only where
    there are any: a settled one is judged by the day of the books otherwise."""
    on_time = OutcomeClass(name="on_time", when=f"{late} <= 0", possible=f'as_of <= "{due}"' if is_open else None)
    last = 30 if cut == 30 else 10
    if (gap.over_30 if cut == 30 else gap.over_10) < _ENOUGH:
        two = (on_time, OutcomeClass(name="late", when=f"{late} > 0"))
        return Outcome(classes=two, matured=f'"{due}" + interval 1 day')
    classes = (
        on_time,
        OutcomeClass(
            name="late",
            when=f"{late} <= {last}",
            possible=f'as_of <= "{due}" + interval {last} day' if is_open else None,
        ),
        OutcomeClass(name="very_late", when=f"{late} > {last}"),
    )
    return Outcome(classes=classes, matured=f'"{due}" + interval {last + 1} day')


def _left_out(
    look: TableProfile, key: str, due: ColumnProfile, settled: ColumnProfile, written: ColumnProfile | None
) -> list[tuple[str, str]]:
    found = [(settled.name, "tells the outcome"), (due.name, "the terms of payment are a feature")]
    if written is not None:
        found.append((written.name, "its month and the terms of payment are features"))
    found += [
        (one.column, f"is the days from {one.start} to {one.end}") for one in look.days if one.end == settled.name
    ]
    seen = {name for name, _ in found}
    for one in look.columns:
        if one.name not in (*seen, key) and _LATER.fullmatch(one.name):
            found.append((one.name, _WHEN))
    return found


def _as_of(at: ColumnProfile, settled: ColumnProfile, today: str) -> str | None:
    """The last day that the books know of, if that is not today."""
    latest = max(one for one in (at.latest, settled.latest, "") if one is not None)
    return latest if latest and latest < today else None
