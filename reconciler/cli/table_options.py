"""The options by which `init` and `add` are told what table to suggest a model from, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli import options
from reconciler.core.onboarding.estimator_options import DEFAULT, NAMES
from reconciler.core.onboarding.table_profile import ReadOption
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.onboarding.table_profile import TableReading

F = TypeVar("F", bound=Callable[..., Any])


class Sign(click.ParamType[str]):
    """One character; a tab may be written as it is called, or as a backslash and a t."""

    name = "sign"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        sign = "\t" if str(value) in ("\\t", "tab") else str(value)
        if len(sign) != 1:
            self.fail(f"{sign[:40]!r} is not one character: write it, such as ';' or '|', or tab", param, ctx)
        return sign


_TEXT = ("nulls", "dates", "decimal", "types")
_OPTIONS = (
    click.option(
        "--from-table",
        "table",
        metavar="FILE",
        type=options.FILE,
        help="CSV or Parquet file to suggest the model from.",
    ),
    click.option("--outcome", metavar="COLUMN", help="Column to predict [default: the most likely one]."),
    click.option(
        "--nulls", metavar="[COLUMN=]TEXT", multiple=True, help="A text that means a missing value; may be given again."
    ),
    click.option("--dates", metavar="[COLUMN=]FORMAT", multiple=True, help="How dates are written, such as %d/%m/%Y."),
    click.option("--decimal", metavar="[COLUMN=]SIGN", multiple=True, help="Decimal separator of numbers: . or ,"),
    click.option(
        "--type", "types", metavar="COLUMN=TYPE", multiple=True, help="Type of a column, such as VARCHAR for text."
    ),
    click.option("--encoding", metavar="NAME", help="Encoding of a CSV, such as cp1251 [default: told by its bytes]."),
    click.option(
        "--delimiter",
        metavar="SIGN",
        type=Sign(),
        help="Sign between the cells of a CSV, or tab [default: told by its lines].",
    ),
    click.option("--time-zone", metavar="ZONE", help="Time zone of times without an offset, such as Europe/Vienna."),
    click.option("--skip", type=click.IntRange(0, 1000), default=0, help="Lines above the header of a CSV."),
    click.option(
        "--header/--no-header", "is_header", default=None, help="Whether a CSV's first line names its columns."
    ),
    click.option("--escape", type=click.Choice(['"', "\\"]), help="Sign before a quote inside a cell of a CSV."),
    click.option("--blank-lines", type=click.Choice(["skip"]), help="Leave out blank lines between rows."),
    click.option(
        "--column", "columns", metavar="NAME=WRITTEN", multiple=True, help="Other name of a column; repeatable."
    ),
)


estimator_option = click.option(
    "--estimator",
    type=click.Choice([*NAMES, DEFAULT]),
    help="Estimator to begin with [default: the best of these by folds of the training rows].",
)


def table_options(function: F) -> F:
    """Add the options that name a table and say how it is read."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def reading_of(*, is_header: bool | None, columns: tuple[str, ...], **said: Any) -> TableReading | None:
    """Return what the options say of a table; None where they say nothing. Raises UsageError E801."""
    from reconciler.core.onboarding.table_profile import TableReading
    from reconciler.core.spec.data import Table

    text = tuple(_option(field, given) for field in _TEXT for given in said.pop(field))
    pairs = tuple(written.partition("=")[::2] for written in columns)
    if not all(name and written for name, written in pairs):
        message = "--column: expected a name, = and the name in the file"
        raise UsageError(message, code="E801", hint="write --column price='Price (EUR)'")
    if not (text or pairs or any(said.values()) or is_header is not None):
        return None
    given = Table(uses="", path="", columns=pairs, **said)
    return TableReading(options=text, given=given, is_header=is_header)


def _option(field: str, given: str) -> ReadOption:
    """Return an option about a table's text: of the column before the first =, or of all columns."""
    column, equals, value = given.partition("=")
    option = (
        ReadOption(field=field, column=column, value=value)
        if equals
        else ReadOption(field=field, column="", value=given)
    )
    if field == "types" and not option.column:
        raise click.BadParameter("expected COLUMN=TYPE, such as zip=VARCHAR", param_hint="--type")
    if field == "decimal" and option.value not in (".", ","):
        raise click.BadParameter("expected . or , or COLUMN=SIGN", param_hint="--decimal")
    return option
