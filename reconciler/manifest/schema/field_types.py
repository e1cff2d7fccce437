"""Define the field types of manifests: strict, frozen, without unknown keys; their errors carry a rule's code."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from reconciler.core.digest import is_digest
from reconciler.core.duration import DURATION_RULE, parse_duration
from reconciler.core.names import COLUMN_RULE, NAME_RULE, folded, is_column, is_name
from reconciler.core.quality.checks import CHECKS

API_VERSION = "reconciler/v1"


class Document(BaseModel):
    """Base class of all manifest documents. Errors never show values."""

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
    """Return pydantic's error for a rule; `at`: the field to report, for a check of several fields."""
    # As a parameter, since braces in the message would be read as fields of the template.
    return PydanticCustomError(code, "{message}", {"message": message, "at": at})


def _name(text: str) -> str:
    if not is_name(text):
        raise refuse("E206", f"not a valid name; expected {NAME_RULE}")
    return text


def _column(text: str) -> str:
    if not is_column(text):
        raise refuse("E206", f"not a valid column name; expected {COLUMN_RULE}")
    return text


def _duration(text: str) -> str:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise refuse("E205", f"not a valid duration; expected {DURATION_RULE}") from error
    if seconds == 0:
        raise refuse("E205", "expected a duration longer than zero")
    return text


def _digest(text: str) -> str:
    if not is_digest(text):
        raise refuse("E211", "expected a full lower-case digest: sha256: and 64 hexadecimal digits")
    return text


def project_path(text: str) -> str:
    """Check a relative path inside the project."""
    parts = text.split("/")
    bad = ("\\", "\0", "%", "~", "$", ":")
    if (
        not text
        or text.startswith("/")
        or ".." in parts
        or "." in parts
        or "" in parts
        or any(sign in text for sign in bad)
    ):
        raise refuse("E302", "expected a relative path inside the project, with / and without . or .. or escapes")
    if any(folded(part) == ".git" for part in parts):
        raise refuse("E302", "expected a path outside of .git, where git keeps the repository")
    return text


_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:[^\0]{1,400}")


def _secret(text: str) -> str:
    if _SECRET.fullmatch(text) is None:
        raise refuse("E205", "expected a reference, env:NAME or file:PATH, never the secret itself")
    return text


_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def _date(text: str) -> str:
    from datetime import date

    try:
        if _DATE.fullmatch(text) is None:
            raise ValueError
        date.fromisoformat(text)
    except ValueError as error:
        raise refuse("E205", "not a date; write it as 2024-01-31") from error
    return text


_PERCENT = re.compile(r"([0-9]{1,2})%")


def _share(text: str) -> str:
    match = _PERCENT.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= 50:
        raise refuse("E205", "expected a whole percentage from 1% to 50%")
    return text


def share_of(text: str) -> float:
    """Return a percentage such as 20% as a fraction."""
    return int(text.removesuffix("%")) / 100


_BYTES = re.compile(r"([0-9]{1,5})(MiB|GiB)")


def _memory(text: str) -> str:
    if (match := _BYTES.fullmatch(text)) is None or int(match[1]) == 0:
        raise refuse("E205", "not an amount of memory; write it as 512MiB or 4GiB")
    return text


def bytes_of(text: str) -> int:
    """Return an amount of memory such as 512MiB in bytes. Raises ValueError for another form."""
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
        raise refuse("E206", "not a valid class name; expected 1 to 63 printable characters without spaces around them")
    return text


def _check(text: str) -> str:
    if text not in CHECKS:
        close = difflib.get_close_matches(text, CHECKS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"checks: {', '.join(CHECKS)}"
        raise refuse("E203", f"there is no check {text[:60]!r}; {hint}")
    return text


def _switched_off(text: str) -> str:
    check, dot, subject = text.partition(".")
    _check(check)
    if dot and not 1 <= len(subject) <= 200:
        raise refuse("E206", f"expected a feature or a class behind the dot, such as {check}.amount")
    return text


def _spelled(what: str) -> BeforeValidator:
    """Return a check that what is written as a number tells at once how it is to be written."""

    def check(value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise refuse("E201", f"expected {what}, found a number")
        return value

    return BeforeValidator(check)


def _as_percentage(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        percent = round(100 * value, 6) if value < 1 else value
        written = f"{percent:.0f}%" if 1 <= percent <= 50 and percent == int(percent) else "a percentage, such as 20%"
        raise refuse("E201", f"expected a percentage, found a number: write {written}")
    return value


Name = Annotated[str, AfterValidator(_name)]
ColumnName = Annotated[str, AfterValidator(_column)]
Duration = Annotated[str, _spelled("a duration with its unit, such as 24h or 30d"), AfterValidator(_duration)]
DigestText = Annotated[str, AfterValidator(_digest)]
SecretReference = Annotated[str, AfterValidator(_secret)]
ProjectPath = Annotated[str, AfterValidator(project_path)]
Date = Annotated[str, _spelled("a date, such as 2024-01-31"), AfterValidator(_date)]
Share = Annotated[str, BeforeValidator(_as_percentage), AfterValidator(_share)]
Memory = Annotated[str, _spelled("an amount of memory with its unit, such as 4GiB"), AfterValidator(_memory)]
Expression = Annotated[str, AfterValidator(_expression)]
Label = Annotated[str, AfterValidator(_label)]
CheckId = Annotated[str, AfterValidator(_check)]
SwitchedOffName = Annotated[str, AfterValidator(_switched_off)]
Text = Annotated[str, Field(max_length=2000)]
Labels = Annotated[dict[Name, Annotated[str, Field(min_length=1, max_length=63)]], Field(max_length=50)]


class Metadata(Document):
    """Name and description; only `name` is used by reconciler, none of it affects an artifact."""

    name: Name = Field(description="Name, equal to the file's.")
    owner: Text = Field(default="", description="Owner, such as a team.")
    description: Text = Field(default="", description="Purpose, in a sentence.")
    renamed_from: Name | None = Field(default=None, description="Former name of the model, whose journal is continued.")


def no_duplicates(values: list[Any], noun: str) -> None:
    """Check that values are distinct; `noun` names them in the error (E207)."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise refuse("E207", f"{noun} {str(value)[:60]!r} is given twice")
        seen.add(value)
