"""A contract that no table could keep to is told at its place, before anything is copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import InvalidManifestsError
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
PRODUCTION = "environments/production.yaml"
PATHS = (
    "reconciler.yaml",
    "environments/sandbox.yaml",
    PRODUCTION,
    "manifests/sandbox/customer-payments.yaml",
    "requirements.lock",
)
FILES = {path: (REPOSITORY / path).read_bytes() for path in PATHS}
INVOICES = ("invoice_id", "customer_id", "invoice_date", "due_date", "paid_date", "invoice_amount")
CUSTOMERS = ("customer_id", "country", "customer_group", "name", "email")


class Headers:
    """The headers of the tables; None where they cannot be read."""

    def columns(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...] | None:
        del desired, environment
        return {"invoices": INVOICES, "customers": CUSTOMERS}[table]

    def texts(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...]:
        del desired, environment
        return {"customers": ("country",), "invoices": ("invoice_id",)}[table]


def told(contract: str, *, headers: bool = True) -> list[str]:
    """Return "code line message" of each problem of production with these contracts."""
    text = FILES[PRODUCTION].decode()
    lines = "".join(f"      {line}\n" for line in contract.strip().splitlines())
    text = text.replace("    tables:\n", f"    contracts:\n{lines}    tables:\n", 1)
    assert "contracts" in text
    files = {**FILES, PRODUCTION: text.encode()}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    try:
        load(files, tree, revision="c", expressions=LocalExpressions(), tables=Headers() if headers else None)
    except InvalidManifestsError as error:
        first = text[: text.index("contracts:")].count("\n") + 2
        return [f"{each.code} {(each.where.line or 0) - first + 1} {each.message}" for each in error.problems]
    return []


@pytest.mark.parametrize("headers", [True, False])
def test_a_contract_that_a_table_can_keep_to_is_no_problem(headers: bool) -> None:
    contract = """
customers: {key: customer_id, required: [country], values: {country: [DE]}, rows: {atLeast: 5, changeAtMost: 30%}}
invoices:
  ranges: {invoice_amount: {atLeast: 0}}
  references: {customer_id: customers.customer_id}
  fresh: {column: invoice_date, within: 3d}
"""
    assert told(contract, headers=headers) == []


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ("orders: {key: id}", "E212 1 there is no table 'orders'"),
        ("invoices: {references: {customer_id: clients.id}}", "E212 1 there is no table 'clients'"),
        (
            "invoices:\n  columns: {invoice_id: VARCHAR}\n  key: customer_id",
            "E416 3 `columns` does not name customer_id",
        ),
        (
            "invoices: {columns: {invoice_amount: VARCHAR}, ranges: {invoice_amount: {atLeast: 0}}}",
            "E413 1 invoice_amount is VARCHAR, and a range needs a number",
        ),
        (
            "invoices: {columns: {invoice_date: BIGINT}, fresh: {column: invoice_date, within: 3d}}",
            "E413 1 invoice_date is BIGINT, and `fresh` needs dates or times",
        ),
        (
            "invoices: {columns: {invoice_amount: DOUBLE}, values: {invoice_amount: [ten]}}",
            "E413 1 invoice_amount is DOUBLE, and not every value here is a number",
        ),
    ],
)
@pytest.mark.parametrize("headers", [True, False])
def test_names_of_tables_and_declared_types_are_checked_without_any_file(
    contract: str, expected: str, headers: bool
) -> None:
    assert any(line.startswith(expected) for line in told(contract, headers=headers))


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ("invoices: {key: number}", "E416 1 no column number in invoices"),
        ("invoices:\n  required: [invoice_id, nothing]", "E416 2 no column nothing in invoices"),
        ("invoices: {columns: {gone: DATE}}", "E416 1 no column gone in invoices"),
        ("invoices: {references: {customer_id: customers.number}}", "E416 1 no column number in customers"),
        ("customers: {ranges: {country: {atLeast: 0}}}", "E413 1 country is VARCHAR, and a range needs a number"),
        ("customers: {fresh: {column: country, within: 3d}}", "E413 1 country is VARCHAR, and `fresh` needs dates"),
    ],
)
def test_columns_are_checked_where_the_header_can_be_read(contract: str, expected: str) -> None:
    lines = told(contract)
    assert len(lines) == 1
    assert lines[0].startswith(expected)
    assert told(contract, headers=False) == []
