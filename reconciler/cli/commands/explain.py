"""`explain`: describe a manifest field or an error code. Reads nothing of the project."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams as terminal
from reconciler.console.invocation import Invocation


@click.command("explain")
@click.argument("field", metavar="[FIELD | CODE]", type=options.FieldOrCode(), required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a kind of manifest, or of a field, for editors.")
@options.output
@options.location
@click.pass_obj
def command(invocation: Invocation, field: str | None, schema: bool) -> int:
    """Describe a field of a manifest, the values it takes, and show an example; or describe an error code.

    FIELD is a path such as recipe.outcome.classes or environment.policy, or its unambiguous end, such as holdout. CODE
    is an error code such as E413. `explain --schema model > schemas/model.json` renews the schema that `init` placed.
    """
    from reconciler.error_codes import known
    from reconciler.manifest.loading import field_docs as explain
    from reconciler.report.help import error_code as code_reporter
    from reconciler.report.help import field_docs as reporter

    if schema:
        import json

        terminal.put(json.dumps(explain.schema_of(field), indent=2, sort_keys=True) + "\n")
    elif field is not None and (code := known(field)) is not None:
        terminal.show(invocation, code_reporter, code)
    else:
        terminal.show(invocation, reporter, explain.explain(field))
    return 0
