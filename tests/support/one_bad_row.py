"""A hundred thousand invoices of which one breaks each rule of their contract, in whatever place they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.spec.data import AllowedRange, AllowedValues, Contract, Reference
from reconciler.ports import ContractChecks

ROWS = 100_000
COUNTRIES = ("DE", "FR", "US")
SECRET = "canary-of-a-cell"
CONTRACT = Contract(
    table="invoices",
    key="id",
    required=("day",),
    columns=(("amount", "DOUBLE"), ("country", "VARCHAR"), ("customer", "BIGINT"), ("day", "DATE"), ("id", "BIGINT")),
    values=(AllowedValues(column="country", values=COUNTRIES),),
    ranges=(AllowedRange(column="amount", at_least=0.0),),
    references=(Reference(column="customer", table="customers", key="customer"),),
)
CHECKS = ContractChecks(contracts=(CONTRACT,), rows=(), moment=datetime(2026, 11, 27, 12, tzinfo=UTC))

# Of each rule: the row that breaks it, from 1, its column and its value there; and what is told of it, but for where.
BAD: dict[str, tuple[int, str, str, str]] = {
    "key": (99_999, "id", "50000", "E421 invoices.id: key: 1 row has a value that an earlier row has"),
    "required": (12_345, "day", "", "E421 invoices.day: required: 1 row has no value"),
    "values": (23_456, "country", SECRET, "E421 invoices.country: values: 1 row has a value that is not listed"),
    "ranges": (34_567, "amount", "-0.01", "E421 invoices.amount: ranges: 1 row has a value below 0"),
    "references": (
        *(67_890, "customer", "4711"),
        "E423 invoices.customer: references: 1 row has a value that is not in customers.customer",
    ),
}
CUSTOMERS = "customer\n" + "".join(f"{number}\n" for number in range(100))


def invoices() -> list[list[str]]:
    """The rows, the first of which are the names."""
    days = [f"2026-{1 + number % 11:02}-{1 + number % 28:02}" for number in range(308)]
    rows = [["id", "customer", "country", "amount", "day"]]
    rows += ([str(n), str(n % 100), COUNTRIES[n % 3], f"{n % 997}.25", days[n % 308]] for n in range(1, ROWS + 1))
    for row, column, value, _ in BAD.values():
        rows[row][rows[0].index(column)] = value
    return rows


def text_of(rows: list[list[str]]) -> str:
    """The rows as a CSV file."""
    return "".join(",".join(row) + "\n" for row in rows)
