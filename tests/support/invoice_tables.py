"""Small tables and recipes for tests of data selection: a ledger of invoices, as Parquet, from plain Python rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Join,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Past,
    PastFeature,
    Recipe,
    Selection,
    Task,
    Window,
)
from reconciler.ports import SelectionKind, SelectRequest, TableFile

AS_OF = "2024-12-31"

INVOICE_TYPES = {
    "invoice_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "invoice_date": "DATE",
    "due_date": "DATE",
    "paid_date": "DATE",
    "amount": "DOUBLE",
    "country": "VARCHAR",
}

Row = tuple[Any, ...]


def write_table(folder: Path, name: str, types: Mapping[str, str], rows: Sequence[Row]) -> TableFile:
    """A Parquet file with exactly these column types, and what a snapshot knows of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "BOOLEAN": pa.bool_(),
        "DECIMAL(12,2)": pa.decimal128(12, 2),
    }
    cells = list(zip(*rows, strict=True)) if rows else [() for _ in types]
    columns = {column: pa.array(cells[index], type=arrow[kind]) for index, (column, kind) in enumerate(types.items())}
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    described = tuple(TableColumn(name=column, type=kind) for column, kind in types.items())
    return TableFile(name=name, path=path, rows=len(rows), columns=described)


def read_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def invoices(count: int, *, customers: int = 5, as_of: str = AS_OF) -> list[Row]:
    """The books of `as_of` from 2023-01-01 on: two invoices a day; most are paid from 10 days before to 34 after they
    are due, one of eleven never is."""
    rows: list[Row] = []
    for n in range(count):
        issued = date(2023, 1, 1) + timedelta(days=n // 2)
        due = issued + timedelta(days=14)
        late = (n * 7) % 45 - 10
        paid = due + timedelta(days=late) if n % 11 else None
        if paid is not None and paid.isoformat() > as_of:
            paid = None
        rows.append((f"I{n:05d}", f"C{n % customers}", issued, due, paid, 10.0 + n % 90, ("DE", "FR", "NO")[n % 3]))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Rows of `invoices` under a folder, and requests on them."""

    folder: Path
    tables: tuple[TableFile, ...]

    def request(
        self,
        recipe: Recipe,
        want: SelectionKind = SelectionKind.FIT,
        *,
        into: str = "out",
        as_of: str = AS_OF,
        **more: Any,
    ) -> SelectRequest:
        target = self.folder / into
        target.mkdir(exist_ok=True)
        limits = Limits(seconds=120, memory=2 * 1024**3)
        return SelectRequest(
            recipe=recipe, tables=self.tables, as_of=as_of, want=want, into=target, limits=limits, **more
        )


def ledger(folder: Path, rows: Sequence[Row], *others: TableFile, types: Mapping[str, str] = INVOICE_TYPES) -> Ledger:
    return Ledger(folder=folder, tables=(write_table(folder, "invoices", types, rows), *others))


DAYS_LATE = "date_diff('day', due_date, coalesce(paid_date, as_of))"
CLASSES = (
    OutcomeClass(name="on_time", when="days_late <= 0"),
    OutcomeClass(name="late", when="days_late <= 20"),
    OutcomeClass(name="very_late", when="days_late > 20"),
)
PAST = {"prior": "count(*)", "prior_late": "avg((days_late > 0)::int)", "prior_amount": "avg(amount)"}


def named(expressions: Mapping[str, str]) -> tuple[NamedExpression, ...]:
    return tuple(NamedExpression(name=name, expression=text) for name, text in expressions.items())


def past_features(given: Mapping[str, str | tuple[str, int | None, int | None]]) -> tuple[PastFeature, ...]:
    """Features of past, each as its aggregate or as (aggregate, within so many seconds, the last so many)."""
    whole = {name: (each, None, None) if isinstance(each, str) else each for name, each in given.items()}
    return tuple(
        PastFeature(name=name, expression=text, within=within, last=last)
        for name, (text, within, last) in whole.items()
    )


def recipe_of(
    *,
    derive: Mapping[str, str] | None = None,
    past: Mapping[str, str | tuple[str, int | None, int | None]] | None = None,
    also_by: tuple[str, ...] | None = None,
    past_where: str | None = None,
    joins: tuple[Join, ...] = (),
    where: str | None = None,
    train: Window | None = None,
    predict: str | None = "paid_date is null",
    outcome: Outcome | None = None,
    features: Features | None = None,
    holdout: Holdout | None = None,
    task: Task = Task.CLASSIFICATION,
    seed: int = 7,
    key: str = "invoice_id",
    known: str = "paid_date",
) -> Recipe:
    """A recipe on the ledger; whatever is not given is a plain classification by days late."""
    features_of_past = dict(PAST) if past is None else past
    return Recipe(
        task=task,
        data=Selection(
            table="invoices",
            key=key,
            joins=joins,
            derive=named({"days_late": DAYS_LATE, **(derive or {})}),
            past=Past(
                by="customer_id",
                at="invoice_date",
                known=known,
                features=past_features(features_of_past),
                where=past_where,
                also_by=also_by,
            )
            if features_of_past
            else None,
            where=where,
            train=train,
            predict=predict,
        ),
        outcome=outcome or Outcome(matured="due_date + interval 21 day", classes=CLASSES),
        features=features or Features(numeric=("amount", *features_of_past), categorical=("country",)),
        estimator=Estimator(uses="sklearn", class_name="RandomForestClassifier"),
        holdout=holdout or Holdout(last=0.2, by="invoice_date"),
        seed=seed,
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
