"""A new model of a project: what was chosen and why, what was written, and the commands that come next."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding.init_result import AddResult
from reconciler.report.help.init_result import choice_list, enter
from reconciler.report.layout.blocks import GAP, Block, Code, CodeBlock, Detail, Heading, Item, Items, Paragraph
from reconciler.report.layout.escaping import plain

DOCUMENTS = {"add": (AddResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: AddResult, detail: Detail) -> Iterator[Block]:
    """List the choices, the files and the commands."""
    yield Heading(("A model: ", Code(result.model), ", to be trained in ", Code(result.environment)))
    yield GAP
    yield choice_list(result.choices, detail)
    yield GAP
    yield Items(tuple(Item(Code(file), label="writes", joint=" ") for file in result.files), label_width=9)
    yield GAP
    says = "it explains each choice" if result.like is None else f"it is that of {plain(result.like)} but for the name"
    yield Paragraph(("Read ", Code(result.manifest), f": {says}. Then:"))
    yield CodeBlock(_next(result), runnable=True)


def _next(result: AddResult) -> tuple[str, ...]:
    model, environment = plain(result.model), plain(result.environment)
    tracked = (plain(file) for file in result.files if not file.startswith("data/"))
    return (
        *enter(result.folder),
        f"git add {' '.join(tracked)} && git commit -m 'Add {model}'",
        f"reconciler apply {environment} {model}",
        *(f"reconciler promote {model} --to {plain(name)}" for name in result.promotes_to[:1]),
    )
