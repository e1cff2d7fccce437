"""Define the declaration of a table: where its rows are, and how their text is read."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from reconciler.core.spec import data as core
from reconciler.core.spec.data import is_in_bucket
from reconciler.manifest.schema.field_types import (
    ColumnName,
    Document,
    Name,
    SecretReference,
    project_path,
    refuse,
)
from reconciler.schedule import freeze_windows

TYPES = ("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "TIMESTAMP", "VARCHAR")
_DECIMAL = re.compile(r"DECIMAL\([1-9][0-9]?, ?[0-9]{1,2}\)")


TYPE_NAMES = f"one of {', '.join(TYPES)} or DECIMAL(p, s)"


def is_type(text: str) -> bool:
    """Tell whether a text is the DuckDB type of a copied column."""
    return text in TYPES or _DECIMAL.fullmatch(text) is not None


_KEYS = re.compile(r"[A-Za-z0-9._=*?\[\]! +,()/-]{1,900}")
_SIGNED = re.compile(r"[?&](x-amz-|x-goog-|sig=|sv=|se=|awsaccesskeyid|token=)", re.IGNORECASE)
_TABLE = re.compile(r"[^.\0\n]{1,63}(\.[^.\0\n]{1,63}){0,2}")
_FIELDS = {
    "csv": ("path",),
    "parquet": ("path",),
    "delta": ("path", "version"),
    "postgres": ("url", "table", "query"),
    "sql": ("url", "table", "query"),
}
"""Source -> its fields, the first of which is required."""
_WHERE = ("path", "url", "table", "query", "version")


def _table_path(text: str) -> str:
    """Check a path below the data root, or an address in a bucket; never with a credential in it."""
    if not is_in_bucket(text):
        return project_path(text)
    place = text.partition("://")[2]
    bucket, _, key = place.partition("/")
    if "@" in bucket or ":" in bucket or _SIGNED.search(text):
        raise refuse("E219", "an address must not hold a key or a signature: credentials are environment variables")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", bucket):
        raise refuse("E206", "expected an address such as s3://bucket/folder/*.parquet")
    parts = key.rstrip("/").split("/")
    if _KEYS.fullmatch(key) is None or any(part in ("", ".", "..") for part in parts):
        raise refuse("E302", "expected names with / between them after the bucket, without . or ..")
    return text


def _table_name(text: str) -> str:
    if _TABLE.fullmatch(text) is None:
        raise refuse("E206", "expected TABLE or SCHEMA.TABLE; a name with a dot in it needs `query`")
    return text


TablePath = Annotated[str, AfterValidator(_table_path)]
TableName = Annotated[str, AfterValidator(_table_name)]


class Cells(Document):
    """How the text of one column is read, where that differs from its table."""

    nulls: list[str] = Field(
        default_factory=list,
        description="Further texts that mean a missing value in this column, such as NA, whatever spaces stand around.",
    )
    dates: str | None = Field(
        default=None,
        max_length=40,
        description="Format of this column's text dates (strptime), such as %d-%b-%Y. %b and %B take the names of"
        " months in English, German, French, Italian, Spanish, Portuguese, Dutch, Polish and Scandinavian languages.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal separator of this column; default: that of the table."
    )
    grouping: Literal[",", ".", "'", " "] | None = Field(
        default=None, description="Sign between the thousands of this column, such as 62,290.17."
    )
    unit: str | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description="Text before or behind each number, such as EUR or %: the number is read without it.",
    )
    negative: Literal["brackets", "trailing"] | None = Field(
        default=None, description="How negative numbers are also written: brackets for (12.50), trailing for 12.50-."
    )

    @model_validator(mode="after")
    def _two_signs(self) -> Cells:
        if self.grouping is not None and self.grouping == (self.decimal or "."):
            raise refuse("E205", "`grouping` and `decimal` are the same sign: declare `decimal`", at="grouping")
        return self


Encoding = Literal[
    "utf-8",
    "latin-1",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "iso-8859-2",
    "iso-8859-15",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp437",
    "cp850",
    "cp852",
    "cp866",
    "cp874",
    "cp932",
    "cp949",
    "koi8-r",
    "mac-roman",
    "big5",
    "gb18030",
    "shift-jis",
]


class Table(Document):
    """Where a table's rows are, and the format of their text."""

    uses: Name = Field(description="Source: csv, parquet, postgres, sql, delta, or a plug-in's name.")
    path: TablePath | None = Field(
        default=None,
        description="Path below the data root (by default the project's folder), or an address in a bucket (s3://,"
        " gs://, az://): a file, a pattern such as invoices/*.csv, or a folder, whose folders year=2025 become columns."
        " For csv, parquet and delta.",
    )
    url: SecretReference | None = Field(
        default=None,
        description="Where the address of the database is, with its user and password: env:NAME or file:PATH, never the"
        " address itself. For postgres and sql.",
    )
    table: TableName | None = Field(
        default=None, description="Table or view to copy, such as ar.customers. For postgres and sql: this or query."
    )
    query: Annotated[str, Field(min_length=1, max_length=20_000)] | None = Field(
        default=None, description="SELECT whose rows are copied. For postgres and sql: this or table."
    )
    version: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Version of the Delta table; default: the newest. For delta."
    )
    settings: dict[ColumnName, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="Settings of a plug-in. Only for sources of plug-ins."
    )
    types: dict[ColumnName, str] = Field(default_factory=dict, description="Column: DuckDB type.")
    dates: str | None = Field(
        default=None, max_length=40, description="Format of text dates (strptime), such as %m/%d/%Y."
    )
    time_zone: str | None = Field(
        default=None,
        max_length=60,
        description="Time zone of times without an offset, such as Europe/Vienna.",
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Character between the cells of a CSV; default: a comma."
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal separator of numbers; default: a point."
    )
    encoding: Encoding | None = Field(default=None, description="Character encoding of a CSV; default: UTF-8.")
    skip: int = Field(default=0, ge=0, le=1000, description="Lines above the header of a CSV, which are left out.")
    header: bool = Field(
        default=True,
        description="Whether the first line of a CSV names its columns; without one they are column_1, column_2, ...",
    )
    escape: Literal['"', "\\"] | None = Field(
        default=None, description='Sign before a quote inside a quoted cell of a CSV; default: another quote ("").'
    )
    blank_lines: Literal["skip"] | None = Field(
        default=None, description="`skip` leaves out blank lines between the rows of a CSV; default: they are an error."
    )
    nulls: list[str] = Field(default_factory=lambda: [""], description="Texts that mean a missing value.")
    columns: dict[ColumnName, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="Name to use: name in the file, for columns whose own name is not valid."
    )
    row_number: ColumnName | None = Field(
        default=None,
        description="Name of a column to add with the row numbers 1, 2, ... of the file, for tables without a key.",
    )
    cells: dict[ColumnName, Cells] = Field(
        default_factory=dict, description="Column: how its text is read, where that differs from the table."
    )

    @field_validator("types")
    @classmethod
    def _listed(cls, types: dict[str, str]) -> dict[str, str]:
        for column, kind in types.items():
            if not is_type(kind):
                raise refuse("E205", f"{column}: unknown type; expected {TYPE_NAMES}")
        return types

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not freeze_windows.is_zone(zone):
            raise refuse("E205", "unknown time zone; write an IANA name, such as Europe/Vienna")
        return zone

    @field_validator("columns")
    @classmethod
    def _once(cls, columns: dict[str, str]) -> dict[str, str]:
        for name, written in columns.items():
            if list(columns.values()).count(written) > 1:
                raise refuse("E205", f"{name}: the same column of the file is listed under two names")
        return columns

    @model_validator(mode="after")
    def _one_place(self) -> Table:
        if self.uses not in _FIELDS:
            if not self.settings:
                close = difflib.get_close_matches(self.uses, _FIELDS, n=1)
                remedy = f"did you mean {close[0]}?" if close else "sources of plug-ins take `settings`"
                raise refuse("E205", f"unknown source; expected {', '.join(_FIELDS)}; {remedy}", at="uses")
            return self
        if self.settings:
            raise refuse("E205", f"`settings` is for sources of plug-ins, not for {self.uses}", at="settings")
        fields = _FIELDS[self.uses]
        if getattr(self, fields[0]) is None:
            raise refuse("E204", f"{self.uses} needs `{fields[0]}`")
        for name in _WHERE:
            if name not in fields and getattr(self, name) is not None:
                raise refuse("E205", f"`{name}` is not a field of {self.uses}", at=name)
        if "query" in fields and (self.table is None) == (self.query is None):
            raise refuse("E204", "expected either `table` or `query`")
        if self.uses not in ("csv", "parquet") and self.row_number is not None:
            message = f"{self.uses} has no order of rows: number them in the source"
            raise refuse("E205", f"`rowNumber` is for files: {message}", at="rowNumber")
        return self

    @model_validator(mode="after")
    def _types_of_its_own(self) -> Table:
        text_only = (self.dates, self.delimiter, self.decimal, self.encoding, self.escape, self.blank_lines)
        written = any(value is not None for value in text_only) or self.skip > 0 or not self.header
        if self.uses != "csv" and (written or (self.uses == "parquet" and self.time_zone is not None)):
            zone = " and timeZone" if self.uses == "parquet" else ""
            raise refuse(
                "E205",
                f"dates, delimiter, decimal, encoding, skip, header, escape, blankLines{zone} are for csv only:"
                f" {'parquet files have' if zone else f'a table of {self.uses} has'} types"
                " (`cells` says how a column of text is read)",
            )
        return self


class PredictionTable(Document):
    """A table of a database that predictions are written into. It is made where it does not exist."""

    uses: Literal["postgres", "sql"] = Field(
        description="Kind of the database: postgres, or sql for any that SQLAlchemy has a dialect for."
    )
    url: SecretReference = Field(
        description="Where the address of the database is, with a user who may write this table: env:NAME or file:PATH,"
        " never the address itself."
    )
    table: TableName = Field(description="The table, such as ar.payment_predictions.")

    def value(self) -> core.Table:
        """Return the value of the core."""
        return core.Table(uses=self.uses, url=self.url, table=self.table)
