"""`init`: write a project with a first model that works, suggested from a table. Asks nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.onboarding.table_profile import ReadOption
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.spec.environment import Table


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


@click.command("init")
@click.argument("where", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from-table", "table", metavar="FILE", type=options.FILE, help="CSV or Parquet file to suggest the model from."
)
@click.option("--outcome", metavar="COLUMN", help="Column to predict [default: the most likely one].")
@click.option(
    "--nulls", metavar="[COLUMN=]TEXT", multiple=True, help="A text that means a missing value; may be given again."
)
@click.option("--dates", metavar="[COLUMN=]FORMAT", multiple=True, help="How dates are written, such as %d/%m/%Y.")
@click.option("--decimal", metavar="[COLUMN=]SIGN", multiple=True, help="Decimal separator of numbers: . or ,")
@click.option(
    "--type", "types", metavar="COLUMN=TYPE", multiple=True, help="Type of a column, such as VARCHAR for text."
)
@click.option("--name", type=options.NAME, help="Name of the model [default: the table's name].")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="CI workflows to write [default: those of the git remote; github without a remote].",
)
@click.option(
    "--install",
    metavar="index|WHEEL|git+URL@COMMIT",
    help="Where CI installs this program from [default: as it was installed here].",
)
@click.option("--encoding", metavar="NAME", help="Encoding of a CSV, such as cp1251 [default: told by its bytes].")
@click.option("--delimiter", metavar="SIGN", help="Sign between the cells of a CSV [default: told by its lines].")
@click.option("--time-zone", metavar="ZONE", help="Time zone of times without an offset, such as Europe/Vienna.")
@click.option("--skip", type=click.IntRange(0, 1000), default=0, help="Lines above the header of a CSV.")
@click.option("--header/--no-header", "is_header", default=None, help="Whether a CSV's first line names its columns.")
@click.option("--escape", type=click.Choice(['"', "\\"]), help="Sign before a quote inside a cell of a CSV.")
@click.option("--blank-lines", type=click.Choice(["skip"]), help="Leave out blank lines between rows.")
@click.option("--column", "columns", metavar="NAME=WRITTEN", multiple=True, help="Other name of a column; repeatable.")
@options.output
@options.location
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    where: Path,
    table: Path | None,
    outcome: str | None,
    name: str | None,
    ci: str | None,
    install: str | None,
    nulls: tuple[str, ...],
    dates: tuple[str, ...],
    decimal: tuple[str, ...],
    types: tuple[str, ...],
    is_header: bool | None,
    **layout: Any,
) -> int:
    """Start a project in DIR with a first model that works.

    Reads the table: its format, its key, the column to predict, the columns to predict it from, and how to evaluate
    the model. Writes manifests whose comments give the reasons, and CI workflows that plan, apply and check for drift.
    How the table is read is told by looking; --encoding, --skip and the others say it instead, as a table's fields do.
    A column that can be read in two ways is asked about: --nulls, --dates, --decimal and --type answer.
    Without --from-table, the only table in DIR or DIR/data is used; where there is none, a made-up one is written.
    Existing files are not overwritten.
    """
    from reconciler.app import init_project
    from reconciler.console import progress
    from reconciler.core.forge.detection import ForgeKind
    from reconciler.report.help import init_result

    text = {"nulls": nulls, "dates": dates, "decimal": decimal, "types": types}

    with closing(progress.for_streams(verbose=invocation.verbose)) as steps:
        started = init_project.begin(
            where,
            table=table,
            outcome=outcome,
            name=name,
            ci=ForgeKind(ci) if ci else None,
            install=install,
            options=tuple(_option(field, given) for field, values in text.items() for given in values),
            given=_given(**layout),
            is_header=is_header,
            progress=steps,
        )
    streams.show(invocation, init_result, started)
    return 0


def _given(*, columns: tuple[str, ...], **layout: Any) -> Table:
    """Return what the options say of the file's layout. Raises UsageError E801."""
    from reconciler.core.spec.environment import Table

    pairs = [text.partition("=")[::2] for text in columns]
    if not all(name and written for name, written in pairs):
        message = "--column: expected a name, = and the name in the file"
        raise UsageError(message, code="E801", hint="write --column price='Price (EUR)'")
    return Table(uses="", path="", columns=tuple(pairs), **layout)
