"""A new project: what was chosen and why, what was written, and the commands that come next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.onboarding.init_result import InitChoice, InitResult
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
    yield choice_list(result.choices, detail)
    yield GAP
    files = [Item(Code(file), label="writes", joint=" ") for file in result.files]
    if result.repository:
        files.append(Item("and a new git repository"))
    yield Items(tuple(files), label_width=9)
    yield GAP
    yield Paragraph(("Read ", Code(result.manifest), ": it explains each choice. Then:"))
    yield CodeBlock(_next(result), runnable=True)


def choice_list(choices: Iterable[InitChoice], detail: Detail) -> Items:
    """Return the choices, each with its reason."""
    items = []
    for choice in choices:
        reason = Either("", (" (", choice.why, ")")) if choice.why else ""
        items.append(Item((choice.chosen, reason), label=choice.what))
        if choice.why and detail is Detail.SCREEN:
            items.append(Item(choice.why, tone=Tone.DIM))
    return Items(tuple(items), label_width=9)


def _next(result: InitResult) -> tuple[str, ...]:
    return (
        *enter(result.folder),
        f"git add {' '.join(_to_add(result))} && git commit -m 'A first model'",
        "reconciler apply sandbox",
        f"reconciler promote {plain(result.model)} --to production",
    )


def _to_add(result: InitResult) -> tuple[str, ...]:
    """Return what `git add` takes: in a folder that was there, just what was written, not whatever else lies in it.

    Files outside of the folder, such as its workflow, are named in any case: `.` leaves them out. Data are ignored.
    """
    outside = tuple(_word(file) for file in result.files if file.startswith("../"))
    if result.folder != ".":
        return (".", *outside)
    tops = dict.fromkeys(file.partition("/")[0] for file in result.files if not file.startswith(("../", "data/")))
    return (*map(_word, tops), *outside)


def enter(folder: str) -> tuple[str, ...]:
    """Return the command that enters a folder; none for the current one."""
    return () if folder == "." else (f"cd {_word(folder)}",)


def _word(text: str) -> str:
    """Return `text` as one word of a shell."""
    shown = plain(text)
    bare = shown.translate(str.maketrans("", "", "/-_."))
    return shown if bare.isalnum() or not bare else f"'{shown}'"
