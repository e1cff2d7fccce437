"""The generated pages of `docs/reference`: `python docs/write_reference.py` writes them anew; a test says when to.

Commands from their own help, fields of manifests from the schemas, codes and exit codes from the code.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.command_group import COMMANDS, reconciler
from reconciler.core import size_limits
from reconciler.error_codes import CODES
from reconciler.manifest.loading import field_docs
from reconciler.report.help import glossary
from reconciler.report.help.field_docs import blocks
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.write_json_schemas import schema_of

FOLDER = Path(__file__).parent / "reference"
_MADE = "<!-- Written by docs/write_reference.py: change what it reads, not this page. -->"
_FAMILIES = {
    "E1": "A manifest's text (exit 2)",
    "E2": "What a manifest says (exit 2)",
    "E3": "Git and paths (exit 2)",
    "E4": "Tables and rows (exit 1)",
    "E5": "Artifacts (exit 6, and 1 where nothing is damaged)",
    "E6": "Stores and targets (exit 6 for what is damaged or missing, 3 for what apply mends, else 1)",
    "E7": "Plans and proposals (exit 4, 5 or 6)",
    "E8": "The command line (exit 2)",
    "E9": "Forges (exit 1; 5 where running again later helps)",
}

_OUTPUT = """\
`--output json` prints one document on standard output. Its `format` is its version: within one format fields may be
added, so ignore keys that you do not know; whatever else changes gets the next number. What is not there is left out,
never null. Times are RFC 3339 in UTC, digests are whole. The schemas (JSON Schema, draft 7) lie in
`reconciler/report/schemas/`, one per command, also in the installed package.

When a command fails, the document is that of `error.json`, and the exit code is the same as in text."""


def commands() -> Iterator[str]:
    yield from ("# Commands", "", _MADE, "", "Each is shown as `reconciler COMMAND --help` prints it.")
    group = click.Context(reconciler, info_name="reconciler", max_content_width=100, terminal_width=100)
    for name in COMMANDS:
        command = importlib.import_module(f"reconciler.cli.commands.{name}").command
        inner = click.Context(
            command, parent=group, info_name=name, help_option_names=["-h", "--help"], terminal_width=100
        )
        yield from ("", f"## {name}", "", "```text", command.get_help(inner), "```")
        for part in command.list_commands(inner) if isinstance(command, click.Group) else ():
            below = command.get_command(inner, part)
            within = click.Context(
                below, parent=inner, info_name=part, help_option_names=["-h", "--help"], terminal_width=100
            )
            yield from ("", f"### {name} {part}", "", "```text", below.get_help(within), "```")


def manifests() -> Iterator[str]:
    yield from ("# Manifests", "", _MADE, "")
    yield from ("Every field, from the schemas that editors use; `reconciler explain FIELD` shows the same.", "")
    for name in field_docs.names():
        kind, _, rest = name.partition(".")
        yield from (f"## {kind.capitalize()}", "") if not rest else ()
        shown = to_markdown(blocks(field_docs.explain(name), Detail.PAGE))
        yield from ((shown if rest else shown.partition("\n\n")[2]).rstrip("\n"), "")


def codes() -> Iterator[str]:
    yield from ("# Error codes", "", _MADE, "")
    yield "`reconciler explain CODE` says the same. Messages carry the particulars: what, where, and the remedy."
    for family, title in _FAMILIES.items():
        yield from ("", f"## {title}", "", "| code | what it means | what to do |", "|---|---|---|")
        for code, one in CODES.items():
            if code.startswith(family):
                yield f"| {code} | {_cell(one.meaning)} | {_cell(one.remedy)} |"


def words() -> Iterator[str]:
    yield from ("# Words", "", _MADE, "")
    yield "Every word that the program prints; `reconciler explain WORD` says the same."
    kind = ""
    for entry in glossary.entries():
        (meaning,) = entry.meanings
        if meaning.kind != kind:
            kind = meaning.kind
            yield from ("", f"## {kind[0].upper()}{kind[1:]}", "", "| word | what it means |", "|---|---|")
        better = f"{meaning.better} is better" if meaning.better else None
        facts = (meaning.formula and f"`{meaning.formula}`", meaning.unit, better, meaning.source)
        spelled = ", ".join(f"`{word}`" for word in entry.word.split(" | "))
        yield f"| {spelled} | {_cell(' '.join((meaning.what, '; '.join(filter(None, facts)))).strip())} |"


def limits() -> Iterator[str]:
    yield from ("# Limits", "", _MADE, "")
    yield "What others wrote is measured before it is read: sizes and counts first, then bytes. What is larger than"
    yield "here is refused with the error of its row, and none of it is read. The numbers stand in"
    yield "`reconciler/core/size_limits.py`."
    for line in (FOLDER.parents[1] / "reconciler/core/size_limits.py").read_text().splitlines():
        if (title := re.fullmatch(r"# --- (.+)", line)) is not None:
            yield from ("", f"## {title[1]}", "", "| of | at most | error |", "|---|---|---|")
        elif (limit := re.fullmatch(r"([A-Z_]+) = [^#]+  # ([^:]+): (.+)", line)) is not None:
            number = getattr(size_limits, limit[1])
            error = "-" if limit[2] == "none" else limit[2]
            yield f"| {_cell(limit[3])} | {_amount(number, size=limit[1].endswith('_BYTES'))} | {error} |"


def _amount(number: int, *, size: bool) -> str:
    if not size:
        return f"{number:,}"
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if number % unit == 0:
            return f"{number // unit:,} {name}"
    return f"{number:,} bytes"


def output() -> Iterator[str]:
    yield from ("# Output as JSON", "", _MADE, "")
    yield _OUTPUT
    for path in sorted((Path(__file__).parents[1] / "reconciler/report/schemas").glob("*.json")):
        schema = schema_of(path.stem)
        place = f"reconciler/report/schemas/{path.name}"
        yield from ("", f"## {path.stem}", "", f"`{place}`. {schema.get('description', '')}".rstrip(), "")
        yield from ("| key | | what |", "|---|---|---|")
        for key, form in sorted(schema["properties"].items()):
            needed = "always" if key in schema["required"] else "if any"
            yield f"| `{key}` | {needed} | {_cell(_said(form, schema))} |"


def _said(form: dict[str, object], schema: dict[str, object]) -> str:
    """A form in words; what it refers to by the words of its class."""
    if "const" in form:
        return f"{form['const']}"
    if "$ref" in form:
        name = str(form["$ref"]).rpartition("/")[2]
        definition = schema["definitions"][name]  # type: ignore[index]
        return f"{name}: {definition.get('description', 'an object')}"
    if "enum" in form:
        return "one of " + ", ".join(f"`{one}`" for one in form["enum"])  # type: ignore[attr-defined]
    if form.get("type") == "array":
        return "list of " + _said(form["items"], schema)  # type: ignore[arg-type]
    if "anyOf" in form:
        return " or ".join(_said(one, schema) for one in form["anyOf"])  # type: ignore[attr-defined]
    if form.get("type") == "object" and "additionalProperties" in form:
        return "by name: " + _said(form["additionalProperties"], schema)  # type: ignore[arg-type]
    kinds = {"date-time": "time", "string": "text", "integer": "whole number", "boolean": "true or false"}
    kind = "digest" if "pattern" in form else str(form.get("format", form.get("type", "")))
    return str(form.get("description", kinds.get(kind, kind)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


PAGES = {
    "commands.md": commands,
    "manifests.md": manifests,
    "errors.md": codes,
    "words.md": words,
    "limits.md": limits,
    "output.md": output,
}


def text_of(page: str) -> str:
    return "\n".join(PAGES[page]()).rstrip() + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for page in PAGES:
        (FOLDER / page).write_text(text_of(page))
    sys.stdout.write(f"{len(PAGES)} pages in {FOLDER.name}/\n")
