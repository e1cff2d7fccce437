"""Field types that manifests share: strict, frozen, unknown keys refused, and errors that carry a rule's code."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from reconciler.core.digest import is_digest
from reconciler.core.duration import DURATION_RULE, parse_duration
from reconciler.core.names import COLUMN_RULE, NAME_RULE, is_column, is_name

API_VERSION = "reconciler/v1"


class Document(BaseModel):
    """Base of everything in a manifest. Values are never shown in errors."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        populate_by_name=False,
        alias_generator=lambda name: re.sub(r"_([a-z])", lambda m: m[1].upper(), name.rstrip("_")),
    )


def refuse(code: str, message: str, *, at: str | None = None) -> PydanticCustomError:
    """`at`: the field that a check of several fields is about."""
    # Braces would be read as the template's own fields.
    return PydanticCustomError(code, "{message}", {"message": message, "at": at})


def _name(text: str) -> str:
    if not is_name(text):
        raise refuse("E206", f"not a name: {NAME_RULE}")
    return text


def _column(text: str) -> str:
    if not is_column(text):
        raise refuse("E206", f"not a column's name: {COLUMN_RULE}")
    return text


def _duration(text: str) -> str:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise refuse("E205", f"not a duration: {DURATION_RULE}") from error
    if seconds == 0:
        raise refuse("E205", "a duration is longer than nothing")
    return text


def _digest(text: str) -> str:
    if not is_digest(text):
        raise refuse("E211", "pin the full lower-case digest: sha256: and 64 hexadecimal digits")
    return text


def _path(text: str) -> str:
    parts = text.split("/")
    bad = ("\\", "\0", "%", "~", "$", ":")
    if not text or text.startswith("/") or ".." in parts or "." in parts or "" in parts or any(b in text for b in bad):
        raise refuse("E302", "a path stays inside the project: relative, with / and without . or .. or escapes")
    return text


_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def _date(text: str) -> str:
    from datetime import date

    try:
        if _DATE.fullmatch(text) is None:
            raise ValueError
        date.fromisoformat(text)
    except ValueError as error:
        raise refuse("E205", "not a date: write it as 2024-01-31") from error
    return text


_PERCENT = re.compile(r"([0-9]{1,2})%")


def _share(text: str) -> str:
    match = _PERCENT.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= 50:
        raise refuse("E205", "not a share: write a whole percentage from 1% to 50%")
    return text


def share_of(text: str) -> float:
    return int(text.removesuffix("%")) / 100


_BYTES = re.compile(r"([0-9]{1,5})(MiB|GiB)")


def _memory(text: str) -> str:
    if (match := _BYTES.fullmatch(text)) is None or int(match[1]) == 0:
        raise refuse("E205", "not an amount of memory: write it as 512MiB or 4GiB")
    return text


def bytes_of(text: str) -> int:
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * {"MiB": 1024**2, "GiB": 1024**3}[match[2]]


def _expression(text: str) -> str:
    if not text.strip():
        raise refuse("E204", "the expression is empty")
    return text


def _label(text: str) -> str:
    if not 1 <= len(text) <= 63 or text != text.strip() or not text.isprintable():
        raise refuse("E206", "a class's name is 1 to 63 printable characters without spaces around them")
    return text


Name = Annotated[str, AfterValidator(_name)]
ColumnName = Annotated[str, AfterValidator(_column)]
Duration = Annotated[str, AfterValidator(_duration)]
DigestText = Annotated[str, AfterValidator(_digest)]
ProjectPath = Annotated[str, AfterValidator(_path)]
Date = Annotated[str, AfterValidator(_date)]
Share = Annotated[str, AfterValidator(_share)]
Memory = Annotated[str, AfterValidator(_memory)]
Expression = Annotated[str, AfterValidator(_expression)]
Label = Annotated[str, AfterValidator(_label)]
Text = Annotated[str, Field(max_length=2000)]


class Metadata(Document):
    """Who and what; none of it decides a byte."""

    name: Name = Field(description="Its name: that of the file, too.")
    owner: Text = Field(default="", description="Who answers for it.")
    description: Text = Field(default="", description="What it is for, in a sentence.")
    renamed_from: Name | None = Field(default=None, description="The model's name before; its journal goes on.")


def no_duplicates(values: list[Any], what: str) -> None:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise refuse("E207", f"{what} {str(value)[:60]!r} is given twice")
        seen.add(value)
