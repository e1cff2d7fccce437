"""Define the data of an environment: its tables, what may be copied of them, and how a sandbox copies them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from reconciler.core.duration import parse_duration
from reconciler.core.names import is_column, is_name
from reconciler.core.spec import data as core
from reconciler.manifest.schema.field_types import (
    ColumnName,
    Date,
    Document,
    Duration,
    Name,
    SecretReference,
    Share,
    Text,
    no_duplicates,
    refuse,
    share_of,
)
from reconciler.manifest.schema.tables import TYPE_NAMES, Table, is_type

_FIRST = re.compile(r"first ([1-9][0-9]?)")


def _column_of_table(text: str) -> str:
    table, _, column = text.partition(".")
    if not is_name(table) or not is_column(column):
        raise refuse("E206", "expected TABLE.COLUMN, such as customers.email")
    return text


TableColumnName = Annotated[str, AfterValidator(_column_of_table)]
Percentage = Annotated[str, Field(pattern=r"^([1-9][0-9]?|100)%$")]


class Generalise(Document):
    """A value becomes a coarser one."""

    generalise: Literal["month", "year"] | str | int | float = Field(
        description="`month` or `year` of a date, the step of a number, such as 10, or `first 2`: a text's first signs."
    )

    @field_validator("generalise")
    @classmethod
    def _known(cls, value: str | float) -> str | float:
        if isinstance(value, bool) or (isinstance(value, (int, float)) and value <= 0):
            raise refuse("E205", "expected a step above 0, `month`, `year` or `first 2`")
        if isinstance(value, str) and value not in ("month", "year") and _FIRST.fullmatch(value) is None:
            raise refuse("E205", "expected `month`, `year`, a step such as 10, or `first 2` for a text's first signs")
        return value


class Constant(Document):
    """Every value becomes one text."""

    constant: str = Field(max_length=200, description="The text.")


Treatment = Annotated[
    Literal["drop", "redact", "pseudonym"] | Generalise | Constant,
    Field(description="What is done to the values of the column."),
]


class Range(Document):
    """The range of a numeric column, both ends included."""

    at_least: float | int | None = Field(default=None, description="Lowest allowed value.")
    at_most: float | int | None = Field(default=None, description="Highest allowed value.")

    @model_validator(mode="after")
    def _some(self) -> Range:
        if self.at_least is None and self.at_most is None:
            raise refuse("E204", "expected `atLeast`, `atMost` or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise refuse("E205", "no value is in this range", at="atLeast")
        return self


class RowCount(Document):
    """How many rows a table has."""

    at_least: int | None = Field(default=None, ge=1, description="Fewest rows.")
    change_at_most: Percentage | None = Field(
        default=None, description="Largest change of the number of rows since the last snapshot, such as 30%."
    )


class Fresh(Document):
    """How old the newest row may be."""

    column: ColumnName = Field(description="Column of dates or times.")
    within: Duration = Field(description="Largest age of its newest value when the copy is taken, such as 3d.")


class Contract(Document):
    """What the copy of a table must keep to; otherwise no snapshot is taken and the last one stays in use."""

    key: ColumnName | None = Field(default=None, description="Column whose values are unique and never missing.")
    required: list[ColumnName] = Field(default_factory=list, description="Columns whose values are never missing.")
    columns: dict[ColumnName, str] = Field(
        default_factory=dict,
        description="Every column with its DuckDB type: another column or type breaks the contract.",
    )
    values: dict[ColumnName, Annotated[list[Text], Field(min_length=1, max_length=1000)]] = Field(
        default_factory=dict, description="Column: the values that it may have, as text."
    )
    ranges: dict[ColumnName, Range] = Field(default_factory=dict, description="Column: the range of its values.")
    references: dict[ColumnName, TableColumnName] = Field(
        default_factory=dict, description="Column: the TABLE.COLUMN in which each of its values stands."
    )
    rows: RowCount | None = Field(default=None, description="Number of rows.")
    fresh: Fresh | None = Field(default=None, description="Largest age of the newest row.")

    @field_validator("columns")
    @classmethod
    def _types(cls, types: dict[str, str]) -> dict[str, str]:
        for column, kind in types.items():
            if not is_type(kind):
                raise refuse("E205", f"{column}: unknown type; expected {TYPE_NAMES}")
        return types

    def value(self, table: str) -> core.Contract:
        """Return the contract of this table as a core value."""
        rows, fresh = self.rows or RowCount(), self.fresh
        return core.Contract(
            table=table,
            key=self.key,
            required=tuple(self.required),
            columns=tuple(sorted(self.columns.items())),
            values=tuple(
                core.AllowedValues(column=column, values=tuple(values))
                for column, values in sorted(self.values.items())
            ),
            ranges=tuple(
                core.AllowedRange(column=column, at_least=_float(range_.at_least), at_most=_float(range_.at_most))
                for column, range_ in sorted(self.ranges.items())
            ),
            references=tuple(
                core.Reference(column=column, table=_table_of(target), key=_column_of(target))
                for column, target in sorted(self.references.items())
            ),
            rows_at_least=rows.at_least,
            rows_change_at_most=int(rows.change_at_most[:-1]) / 100 if rows.change_at_most else None,
            fresh_column=fresh.column if fresh else None,
            fresh_within=parse_duration(fresh.within) if fresh else None,
        )


class Sample(Document):
    """A share of whole entities, chosen by a hash: the same ones at every refresh."""

    by: TableColumnName = Field(description="TABLE.COLUMN that identifies an entity, such as customers.customer_id.")
    share: Share = Field(description="Share of the entities, such as 20%.")


class DataBinding(Document):
    """The tables of an environment, or the environment to copy them from."""

    tables: dict[Name, Table] = Field(
        default_factory=dict, description="Tables by name. Declare either this or copyFrom."
    )
    mask: dict[TableColumnName, Treatment] = Field(
        default_factory=dict,
        description="TABLE.COLUMN: what is done to its values before anything is copied: drop, redact, pseudonym,"
        " {generalise: ...} or {constant: ...}. Holds for every copy of these tables.",
    )
    mask_key: SecretReference | None = Field(
        default=None, description="Where the key of pseudonyms is: env:NAME or file:PATH, never the key itself."
    )
    personal_data: Literal["deny", "warn"] | None = Field(
        default=None,
        description="Whether a column that looks personal, and is neither masked nor in notPersonal, stops a copy.",
    )
    not_personal: dict[TableColumnName, Annotated[str, Field(min_length=1, max_length=400)]] = Field(
        default_factory=dict, description="TABLE.COLUMN: why it is no personal data, though it looks like it."
    )
    erasure_key: SecretReference | None = Field(
        default=None,
        description="Where the key of tombstones is, for `data forget`: env:NAME or file:PATH, never the key itself.",
    )
    erasure_grace: Duration | None = Field(
        default=None, description="How long traces of a forgotten entity stay before they are removed. Default: 30d."
    )
    contracts: dict[Name, Contract] = Field(
        default_factory=dict, description="Table: what its copy must keep to, or no snapshot is taken."
    )
    copy_from: Name | None = Field(
        default=None, description="Environment whose tables are copied: a sandbox works on a snapshot of them."
    )
    max_age: Duration | None = Field(default=None, description="Maximum age of a snapshot; an older one is refreshed.")
    as_of: Date | None = Field(default=None, description="Day of the data: the day on which the tables were exported.")
    keep: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Newest snapshots that are kept, besides those that an artifact was made from. Default: all.",
    )
    columns: Literal["used", "all"] = Field(
        default="all",
        description="Columns that are copied: all, or only those that a recipe, a contract or a mask names.",
    )
    sample: Sample | None = Field(default=None, description="Copy a share of whole entities instead of all rows.")

    @model_validator(mode="after")
    def _one_form(self) -> DataBinding:
        if bool(self.tables) == (self.copy_from is not None):
            raise refuse("E204", "expected either `tables` or `copyFrom`")
        if self.as_of is not None and not self.tables:
            raise refuse("E205", "`asOf` needs `tables`: declare it in the environment that has the tables")
        at_the_tables = ("personal_data", "not_personal", "contracts", "erasure_key", "erasure_grace")
        if not self.tables and (said := [name for name in at_the_tables if getattr(self, name)]):
            raise refuse("E205", f"`{_written(said[0])}` needs `tables`: declare it where the tables are", at=said[0])
        return self

    @model_validator(mode="after")
    def _masked_once(self) -> DataBinding:
        no_duplicates([name.lower() for name in self.mask], "column")
        if both := sorted(set(self.mask) & set(self.not_personal)):
            raise refuse("E205", f"{both[0]} is masked, so `notPersonal` need not name it", at="notPersonal")
        if self.erasure_grace is not None and self.erasure_key is None:
            raise refuse("E204", "`erasureGrace` needs `erasureKey`", at="erasureGrace")
        if self.mask_key is None and self.tables and (hashed := [n for n, t in self.mask.items() if t == "pseudonym"]):
            raise refuse("E204", f"{hashed[0]} becomes a pseudonym, which needs `maskKey`", at="mask")
        for name in (*self.mask, *self.not_personal):
            if self.tables and _table_of(name) not in self.tables:
                raise refuse("E212", f"{name}: there is no table {_table_of(name)}", at="mask")
        return self

    def masks(self) -> tuple[core.Mask, ...]:
        """Return the treatments as core values, sorted by table and column."""
        return tuple(_mask(name, treatment) for name, treatment in sorted(self.mask.items()))

    def sampled(self) -> core.Sample | None:
        """Return the sample as a core value."""
        if self.sample is None:
            return None
        by = self.sample.by
        return core.Sample(table=_table_of(by), column=_column_of(by), share=share_of(self.sample.share))


def _mask(name: str, treatment: Any) -> core.Mask:
    kind, argument = treatment, None
    if isinstance(treatment, Generalise):
        kind, argument = "generalise", str(treatment.generalise)
    elif isinstance(treatment, Constant):
        kind, argument = "constant", treatment.constant
    return core.Mask(table=_table_of(name), column=_column_of(name), treatment=core.Treatment(kind), argument=argument)


def _table_of(name: str) -> str:
    return name.partition(".")[0]


def _column_of(name: str) -> str:
    return name.partition(".")[2]


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _written(field: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), field)
