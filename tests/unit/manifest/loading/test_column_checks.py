"""A name that is no column of the declared tables is told at its place, wherever a manifest can name one."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.data.in_process import LocalExpressions
from reconciler.errors import DataError, InvalidManifestsError, Problem
from reconciler.manifest.loading.load import load
from reconciler.ports import TreeFile

REPOSITORY = Path(__file__).resolve().parents[4]
SANDBOX, PRODUCTION = "environments/sandbox.yaml", "environments/production.yaml"
MODEL = "manifests/sandbox/customer-payments.yaml"
PATHS = ("reconciler.yaml", SANDBOX, PRODUCTION, MODEL, "requirements.lock")
FILES = {path: (REPOSITORY / path).read_bytes() for path in PATHS}
INVOICES = ("invoice_id", "customer_id", "invoice_date", "due_date", "paid_date", "invoice_amount")
CUSTOMERS = ("customer_id", "country", "customer_group", "name", "email")
TABLES = {"invoices": INVOICES, "customers": CUSTOMERS}


class Known:
    """A lookup of tables; what is an error is raised."""

    def __init__(self, tables: dict[str, tuple[str, ...] | DataError | None]) -> None:
        self.tables = tables

    def columns(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...] | None:
        assert environment.name == "production", "only the environment that has the tables is asked"
        columns = self.tables[table]
        if isinstance(columns, DataError):
            raise columns
        return columns

    def texts(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...]:
        del desired, environment
        return {"customers": ("country", "customer_group"), "invoices": ("invoice_id",)}[table]


def problems(
    *changes: tuple[str, str], file: str = MODEL, tables: dict[str, tuple[str, ...] | DataError | None] | None = None
) -> tuple[Problem, ...]:
    text = FILES[file].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    files = {**FILES, file: text.encode()}
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    try:
        lookup = Known({**TABLES} if tables is None else tables)
        load(files, tree, revision="c", expressions=LocalExpressions(), tables=lookup)
    except InvalidManifestsError as error:
        return error.problems
    return ()


def test_a_valid_model_has_no_problem() -> None:
    assert problems() == ()


PLACES = {
    "a feature": ("numeric: [invoice_amount,", "numeric: [invoice_amuont,", "invoice_amuont", "E416"),
    "the last feature": ("country, customer_group]", "country, customer_gruop]", "customer_gruop", "E416"),
    "a filter": ("where: invoice_amount >= 50", "where: invoice_amuont >= 50", "invoice_amuont", "E416"),
    "inside a filter": ("and customer_group <>", "and customer_gruop <>", "customer_gruop", "E416"),
    "the key": ("key: invoice_id", "key: invoice_ids", "invoice_ids", "E414"),
    "a join": ("{customers: customer_id}", "{customers: customer_ids}", "customer_ids", "E415"),
    "derive": ("month(invoice_date)", "month(invoice_dat)", "invoice_dat", "E416"),
    "past by": ("by: customer_id", "by: customer_ids", "customer_ids", "E416"),
    "past at": ("at: invoice_date", "at: invoice_dat", "invoice_dat", "E416"),
    "past known": ("known: paid_date", "known: payed_date", "payed_date", "E416"),
    "a feature of the past": ("max(days_late)", "max(days_lat)", "days_lat", "E416"),
    "the window": ("since: 2023-01-01, by: invoice_date", "since: 2023-01-01, by: invoice_dat", "invoice_dat", "E416"),
    "the rows to predict": ("{where: paid_date is null}", "{where: payed_date is null}", "payed_date", "E416"),
    "maturity": ("matured: due_date", "matured: due_dat", "due_dat", "E416"),
    "a class": ("on_time: days_late <= 0", "on_time: days_lat <= 0", "days_lat", "E416"),
    "what is possible": ("as_of <= due_date\n", "as_of <= due_dat\n", "due_dat", "E416"),
    "the holdout": ("last: 20%, by: invoice_date", "last: 20%, by: invoice_dat", "invoice_dat", "E416"),
    "other letters": ("numeric: [invoice_amount,", "numeric: [Invoice_Amount,", "Invoice_Amount", "E416"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_mistyped_column_is_told_at_its_place(place: str) -> None:
    old, new, word, code = PLACES[place]
    found = problems((old, new))
    text = FILES[MODEL].decode().replace(old, new, 1)
    start = text.index(word, text.index(new))
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    assert (found[0].where.file, found[0].where.line) == (MODEL, line)
    assert found[0].code == code
    assert f"no column {word}" in found[0].message
    assert found[0].hint is not None
    assert found[0].hint.startswith("did you mean ")
    if "join" not in place:  # the key of a mapping's value
        assert found[0].where.column == column


def test_a_name_in_a_text_is_no_column() -> None:
    found = problems(("customer_group <> 'INTERCOMPANY'", "customer_group <> 'x = xs' and xs = 1"))
    column = FILES[MODEL].decode().splitlines()[found[0].where.line - 1].index("INTER")  # type: ignore[operator]
    assert found[0].where.column == column + len("x = xs' and ") + 1


def test_a_name_like_no_other_lists_the_columns() -> None:
    (found,) = problems(("numeric: [invoice_amount,", "numeric: [zzz,"))
    assert found.message == "no column zzz in invoices and customers"
    assert found.hint is not None
    assert found.hint.startswith("its columns: as_of, country, customer_group")


def test_a_derived_column_takes_no_name_of_a_table() -> None:
    (found,) = problems(("invoice_month: month", "Country: month"), ("invoice_month, ", ""))
    assert (found.code, found.message) == ("E416", "the column Country exists already in a table")


def test_two_tables_with_one_name_cannot_be_joined() -> None:
    tables = {**TABLES, "customers": (*CUSTOMERS, "Due_Date")}
    (found,) = problems(tables=tables)  # type: ignore[arg-type]
    assert (found.code, found.field) == ("E415", "spec.recipe.data.join.customers")


def test_where_a_joined_table_is_not_known_only_keys_are_judged() -> None:
    unknown = {**TABLES, "customers": None}
    assert problems(("numeric: [invoice_amount,", "numeric: [zzz,"), tables=unknown) == ()  # type: ignore[arg-type]
    (found,) = problems(("key: invoice_id", "key: zzz"), tables=unknown)  # type: ignore[arg-type]
    assert found.code == "E414"


def test_all_that_is_wrong_is_told_at_once() -> None:
    """A field, an expression, a column, a leak that only shows when all expressions are right: one round."""
    found = problems(
        ("seed: 7", "seed: seven"),
        ("month(invoice_date)", "now()"),
        ("numeric: [invoice_amount,", "numeric: [invoice_amuont,"),
        ("class: Hist", "class: Hits"),
    )
    assert {(one.code, (one.field or "").rpartition(".")[2]) for one in found} == {
        ("E201", "seed"),
        ("E224", "invoice_month"),
        ("E416", "0"),
        ("E213", "class"),
    }


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        (
            "path: data/invoices.csv",
            "path: data/invoices.csv, types: {invoice_amuont: DOUBLE}",
            "E405",
            "types.invoice_amuont",
        ),
        ("path: data/invoices.csv", "path: data/invoices.csv, cells: {amuont: {nulls: [NA]}}", "E405", "cells.amuont"),
    ],
)
def test_a_declaration_names_columns_of_its_file(old: str, new: str, code: str, field: str) -> None:
    (found,) = problems((old, new), file=PRODUCTION)
    assert (found.where.file, found.code) == (PRODUCTION, code)
    assert found.field == f"spec.data.tables.invoices.{field}"


@pytest.mark.parametrize(
    ("file", "old", "new", "field"),
    [
        (PRODUCTION, "customers.email: drop", "customers.e_mail: drop", "mask.customers.e_mail"),
        (
            SANDBOX,
            "copyFrom: production",
            "copyFrom: production\n    mask: {customers.mail: drop}",
            "mask.customers.mail",
        ),
    ],
)
def test_a_mask_names_a_column_of_the_table_that_is_copied(file: str, old: str, new: str, field: str) -> None:
    (found,) = problems((old, new), file=file)
    assert (found.where.file, found.code, found.field) == (file, "E450", f"spec.data.{field}")
    assert found.hint == "did you mean email?"


def test_a_sample_goes_by_a_column_of_the_table() -> None:
    change = ("copyFrom: production", "copyFrom: production\n    sample: {by: customers.custmer_id, share: 20%}")
    (found,) = problems(change, file=SANDBOX)
    assert (found.code, found.field, found.hint) == ("E416", "spec.data.sample.by", "did you mean customer_id?")


def test_a_mask_is_of_a_column_in_any_case() -> None:
    assert problems(("customers.email: drop", "customers.EMAIL: drop"), file=PRODUCTION) == ()


def test_row_numbers_take_a_name_of_their_own() -> None:
    tables = {**TABLES, "invoices": ("due_date", *INVOICES)}
    change = ("path: data/invoices.csv", "path: data/invoices.csv, rowNumber: due_date")
    (found,) = problems(change, file=PRODUCTION, tables=tables)  # type: ignore[arg-type]
    assert (found.code, found.field) == ("E403", "spec.data.tables.invoices.rowNumber")


def test_a_table_that_cannot_be_read_as_declared_is_told_where_it_is_declared() -> None:
    error = DataError("table invoices: only one column found", code="E404", where="data/invoices.csv:1", hint="declare")
    (found,) = problems(tables={**TABLES, "invoices": error})
    assert (found.code, found.message) == ("E404", "data/invoices.csv:1: only one column found")
    line = next(n for n, text in enumerate(FILES[PRODUCTION].decode().splitlines(), 1) if "invoices:" in text)
    assert (found.where.file, found.where.line) == (PRODUCTION, line)


def test_the_past_reads_no_feature_of_the_past() -> None:
    found = problems(("max(days_late)", "max(prior_invoices)"))
    assert [(one.code, one.field) for one in found] == [("E416", "spec.recipe.data.past.features.prior_worst")]


def test_a_column_of_text_that_is_listed_as_numeric_is_told_at_its_place() -> None:
    (problem,) = problems(("numeric: [", "numeric: [country, "), ("categorical: [country, ", "categorical: ["))
    assert (problem.code, problem.field) == ("E413", "spec.recipe.features.numeric.0")
    assert problem.message == "country is no number in the first rows of customers: it is text"
    assert "`categorical`" in (problem.hint or "")
