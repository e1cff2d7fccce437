"""Recognise a ledger of receivables in a table, by its due and settlement dates, and derive a recipe for it.

It is the one kind of table whose outcome is in no column: how late an invoice is paid follows from two dates, and
whether that is known yet follows from the day of the data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.onboarding.table_profile import ColumnProfile, DateGap, TableProfile
from reconciler.core.spec.recipe import NamedExpression, Outcome, OutcomeClass, PastFeature

_DUE = re.compile(r"due(_?(date|day|on|at))?|.*(_due|Due)(_?(date|Date|day|on))?|net_?due.*", re.IGNORECASE)
_SETTLED = re.compile(r".*(settle|paid|payment|clear|closed).*", re.IGNORECASE)
_WRITTEN = re.compile(r".*(invoice|issue|document|posting|posted|bill|creat|order|book).*", re.IGNORECASE)
CUSTOMER = re.compile(r".*(customer|client|account|payer|debtor|buyer|partner|cust|company).*", re.IGNORECASE)
KNOWN_LATER = re.compile(
    r".*(disput|status|paid|settle|clear|closed|balance|remind|dunn|overdue|late|collect|write_?off).*", re.IGNORECASE
)
_ENOUGH = 0.03  # share of settled rows from which a class of its own is worth while
_WHEN = "may be known only when it is paid: add it if it is known when the invoice is written"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivablesRecipe:
    """The parts of a ledger's recipe. `as_of`: the day of the data (ISO), where open rows make it matter."""

    at: str
    settled: str
    by: str | None
    derive: tuple[NamedExpression, ...]
    derived_features: tuple[str, ...]
    past_features: tuple[PastFeature, ...]
    outcome: Outcome
    predict: str
    left_out: tuple[tuple[str, str], ...]
    why: str
    why_predict: str
    as_of: str | None


def recognise_receivables(profile: TableProfile, *, key: str, today: str) -> ReceivablesRecipe | None:
    """Return the parts of a recipe, or None where the table is no ledger.

    A ledger has a due date, a settlement date and some late payments. `key`: the column that identifies a row; `today`
    is an ISO date.
    """
    due = next((column for column in profile.columns if column.dated and _DUE.fullmatch(column.name)), None)
    settled = next(
        (
            column
            for column in profile.columns
            if column.dated and column is not due and _SETTLED.fullmatch(column.name)
        ),
        None,
    )
    if due is None or settled is None or due.filled < profile.rows:
        return None
    gap = next((gap for gap in profile.gaps if (gap.start, gap.end) == (due.name, settled.name)), None)
    if gap is None or not _ENOUGH <= gap.over_0 <= 1 - _ENOUGH:
        return None
    cut = 30 if gap.over_30 >= _ENOUGH else 10
    written = _written(profile, due, settled)
    at = written or due
    by = _customer(profile, key)
    taken = {column.name.lower() for column in profile.columns}
    late = "days_late" if "days_late" not in taken else "days_after_due"
    derive = [
        NamedExpression(name=late, expression=f'date_diff(\'day\', "{due.name}", coalesce("{settled.name}", as_of))'),
        *_derived(due, written, taken),
    ]
    is_open = settled.filled < profile.rows
    return ReceivablesRecipe(
        at=at.name,
        settled=settled.name,
        by=by.name if by is not None else None,
        derive=tuple(derive),
        derived_features=tuple(expression.name for expression in derive[1:]),
        past_features=tuple(_past(late, cut, taken)) if by is not None else (),
        outcome=_outcome(late, due.name, cut, gap, is_open=is_open),
        predict=f'"{settled.name}" is null' if is_open else "true",
        left_out=tuple(_left_out(profile, key, due, settled, written)),
        why=f"{due.name} and {settled.name} tell how late each invoice was paid;"
        f" more than {cut} days are very late; a guess: --outcome COLUMN predicts a column instead",
        why_predict=f"the open ones: {settled.name} is empty"
        if is_open
        else f"no invoice is open in this file, so all rows are predicted, as an example;"
        f" in a current ledger use: {settled.name} is null",
        as_of=_as_of(at, settled, today) if is_open else None,
    )


def _written(profile: TableProfile, due: ColumnProfile, settled: ColumnProfile) -> ColumnProfile | None:
    """Return the column with the date of the invoice: always filled, and never after the due date."""
    known_before = {gap.start for gap in profile.gaps if gap.end == due.name and gap.forward == 1.0}
    dates = [
        column
        for column in profile.columns
        if column.dated and column.filled == profile.rows and column.name in known_before
    ]
    dates = [column for column in dates if column.name not in (due.name, settled.name)]
    return min(dates, key=lambda column: not _WRITTEN.fullmatch(column.name), default=None)


def _customer(profile: TableProfile, key: str) -> ColumnProfile | None:
    """Return the column that names the customer: filled in every row, with repeated values."""
    payers = [
        column
        for column in profile.columns
        if column.name != key
        and column.filled == profile.rows
        and column.type in ("VARCHAR", "BIGINT", "INTEGER")
        and 2 <= column.distinct <= profile.rows / 3
        and CUSTOMER.fullmatch(column.name)
    ]
    return max(payers, key=lambda column: column.distinct, default=None)


def _derived(due: ColumnProfile, written: ColumnProfile | None, taken: set[str]) -> list[NamedExpression]:
    if written is None:
        return []
    wanted = (
        ("terms_days", f'date_diff(\'day\', "{written.name}", "{due.name}")'),
        ("month_written", f'month("{written.name}")'),
    )
    return [NamedExpression(name=name, expression=text) for name, text in wanted if name not in taken]


def _past(late: str, cut: int, taken: set[str]) -> list[PastFeature]:
    wanted = (
        ("prior_invoices", "count(*)"),
        ("prior_late_rate", f"avg(({late} > 0)::int)"),
        ("prior_very_late_rate", f"avg(({late} > {cut})::int)"),
        ("prior_days_late", f"avg({late})"),
        ("prior_worst", f"max({late})"),
    )
    return [PastFeature(name=name, expression=text) for name, text in wanted if name not in taken]


def _outcome(late: str, due: str, cut: int, gap: DateGap, *, is_open: bool) -> Outcome:
    """Return three classes by lateness, or two where hardly any invoice is very late.

    Which classes are still possible is declared only where the table has open invoices: otherwise it would compare
    settled ones with the day of the data.
    """
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
    profile: TableProfile, key: str, due: ColumnProfile, settled: ColumnProfile, written: ColumnProfile | None
) -> list[tuple[str, str]]:
    dropped = [(settled.name, "tells the outcome"), (due.name, "the terms of payment are a feature")]
    if written is not None:
        dropped.append((written.name, "its month and the terms of payment are features"))
    dropped += [
        (days.column, f"is the days from {days.start} to {days.end}")
        for days in profile.days
        if days.end == settled.name
    ]
    seen = {name for name, _ in dropped}
    for column in profile.columns:
        if column.name not in (*seen, key) and KNOWN_LATER.fullmatch(column.name):
            dropped.append((column.name, _WHEN))
    return dropped


def _as_of(at: ColumnProfile, settled: ColumnProfile, today: str) -> str | None:
    """Return the last day that occurs in the data, or None where it is today."""
    latest = max(day for day in (at.latest, settled.latest, "") if day is not None)
    return latest if latest and latest < today else None
