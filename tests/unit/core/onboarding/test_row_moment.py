"""The date that orders the rows: the moment of each row, and never the day on which its subject began."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.onboarding.row_moment import moment_of
from reconciler.core.onboarding.table_profile import AgeColumn, ColumnProfile, TableProfile
from reconciler.core.spec.data import Table

ROWS = 600


def date(name: str, **more: Any) -> ColumnProfile:
    return ColumnProfile(name=name, type="DATE", filled=ROWS, distinct=300, latest="2026-01-01", **more)


def moment(*columns: ColumnProfile, key: str = "id", ages: tuple[AgeColumn, ...] = ()) -> tuple[str | None, str]:
    table = Table(uses="csv", path="t.csv")
    profile = TableProfile(table=table, rows=ROWS, columns=columns, ages=ages)
    column, passed_over = moment_of(profile, key, "2026-01-31")
    return (column.name if column else None), passed_over


@pytest.mark.parametrize(
    "name",
    [
        *("signup_date", "signed_up", "SignUpDate", "joined_on", "registration_date", "member_since", "enrolled"),
        *("hire_date", "HireDate", "date_hired", "birth_date", "DOB", "date_of_birth", "birthday"),
        *("opened_on", "account_open_date", "activation_date", "first_order", "last_login", "updated_at"),
    ],
)
def test_the_day_on_which_a_subject_began_or_was_seen_last_orders_no_rows(name: str) -> None:
    column, passed_over = moment(date(name))
    assert column is None
    assert passed_over.startswith(f"{name} tells, by its name, ")
    assert f"holdout: {{last: 20%, by: {name}}}" in passed_over, "the other reading, and the line to write"


@pytest.mark.parametrize(
    "name", ["ordered_on", "date", "datetime", "invoice_date", "InvoiceDate", "booked", "timestamp", "sold_at", "seen"]
)
def test_the_day_of_an_event_orders_the_rows(name: str) -> None:
    assert moment(date(name)) == (name, "")


def test_an_event_beside_a_beginning_orders_the_rows() -> None:
    assert moment(date("signed_up"), date("ordered_on"))[0] == "ordered_on"


@pytest.mark.parametrize(("key", "column"), [("customer_id", None), ("trip_id", "started_at")])
def test_a_start_is_an_event_unless_every_row_is_another_customer(key: str, column: str | None) -> None:
    assert moment(date("started_at"), key=key)[0] == column


@pytest.mark.parametrize(
    ("number", "correlation", "column"),
    [("tenure", -0.6, None), ("m_7", -0.97, None), ("m_7", -0.6, "day"), ("price", -0.6, "day")],
)
def test_a_date_from_which_another_column_counts_orders_no_rows(
    number: str, correlation: float, column: str | None
) -> None:
    found, passed_over = moment(date("day"), ages=(AgeColumn(column=number, since="day", correlation=correlation),))
    assert found == column
    assert passed_over.startswith(f"day is the date from which {number} counts" if column is None else "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"latest": "9999-12-31"}, "booked orders no rows, since it has days to come (up to 9999-12-31)"),
        ({"filled": ROWS - 1}, "booked orders no rows, since it is empty in 1 row"),
        ({"filled": ROWS // 2}, ""),
        ({"distinct": 5, "latest": "9999-12-31"}, ""),
    ],
    ids=["days to come", "one is empty", "half are empty", "few days"],
)
def test_a_date_that_nearly_orders_the_rows_says_what_keeps_it_from_that(changes: dict[str, Any], told: str) -> None:
    column = replace(date("booked"), **changes)
    assert moment(column) == (None, told)
    assert moment(column, date("sold_at")) == ("sold_at", told)
