"""A new project: what was chosen and why, what was written, and the commands that come next."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding.init_result import InitResult
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Detail,
    Either,
    Heading,
    Item,
    Items,
    Paragraph,
)
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"init": (InitResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: InitResult, detail: Detail) -> Iterator[Block]:
    """List the choices, the files and the commands."""
    yield Heading(("A first model: ", Code(result.model), ", in ", Code(result.folder)))
    yield GAP
    choices = []
    for choice in result.choices:
        reason = Either("", (" (", choice.why, ")")) if choice.why else ""
        choices.append(Item((choice.chosen, reason), label=choice.what))
        if choice.why and detail is Detail.SCREEN:
            choices.append(Item(choice.why, tone=Tone.DIM))
    yield Items(tuple(choices), label_width=8)
    yield GAP
    files = [Item(Code(file), label="writes", joint=" ") for file in result.files]
    if result.repository:
        files.append(Item("and a new git repository"))
    yield Items(tuple(files), label_width=8)
    yield GAP
    yield Paragraph(("Read ", Code(result.manifest), ": it explains each choice. Then:"))
    yield CodeBlock(_next(result), runnable=True)


def _next(result: InitResult) -> tuple[str, ...]:
    enter = () if result.folder == "." else (f"cd {_word(result.folder)}",)
    return (
        *enter,
        f"git add {' '.join(('.', *_elsewhere(result)))} && git commit -m 'A first model'",
        "reconciler apply sandbox",
        f"reconciler promote {plain(result.model)} --to production",
    )


def _elsewhere(result: InitResult) -> tuple[str, ...]:
    """Return the files that lie outside of the project's folder, such as its workflow, which `git add .` leaves out."""
    return tuple(_word(file) for file in result.files if file.startswith("../"))


def _word(text: str) -> str:
    """Return `text` as one word of a shell."""
    shown = plain(text)
    bare = shown.translate(str.maketrans("", "", "/-_."))
    return shown if bare.isalnum() else f"'{shown}'"
