"""`explain`: describe a manifest field, an error code, or a word that is printed. Reads nothing of the project."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli import options
from reconciler.console import streams as terminal
from reconciler.console.invocation import Invocation


@click.command("explain")
@click.argument("field", metavar="[FIELD | CODE | WORD]", nargs=-1, type=options.FIELD)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a kind of manifest, or of a field, for editors.")
@options.output
@options.location
@click.pass_obj
def command(invocation: Invocation, field: tuple[str, ...], schema: bool) -> int:
    """Describe a field of a manifest, the values it takes, and show an example; or an error code; or a printed word.

    FIELD is a path such as recipe.outcome.classes or environment.policy, or its unambiguous end, such as holdout. CODE
    is an error code such as E413. WORD is what any command prints: a metric such as f1_macro, a state such as DEGRADED,
    the heading of a column such as data as of. `explain --schema model > schemas/model.json` renews the schema that
    `init` placed.
    """
    from reconciler.manifest.loading import field_docs
    from reconciler.report.help import error_code, glossary, word_docs
    from reconciler.report.help import field_docs as reporter

    text = " ".join(field) if field else None
    word = glossary.meaning_of(text) if text is not None else None
    if schema:
        import json

        terminal.put(json.dumps(field_docs.schema_of(text), indent=2, sort_keys=True) + "\n")
    elif text is not None and (code := error_code.known(text)) is not None:
        terminal.show(invocation, error_code, code)
    elif (docs := field_docs.known(text)) is not None:
        terminal.show(invocation, reporter, replace(docs, printed=word.meanings if word is not None else ()))
    elif word is not None:
        terminal.show(invocation, word_docs, word)
    else:
        raise field_docs.unknown(str(text), glossary.words())
    return 0
