"""The documentation of a manifest's field: what it means, its form, the fields in it and an example."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary
from reconciler.report.help.word_docs import meaning_blocks
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
    Words,
)
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import Tone, cells

DOCUMENTS = {"explain": (FieldDocs, ())}  # what commands print as JSON, and the facts added to it


def blocks(docs: FieldDocs, detail: Detail) -> Iterator[Block]:
    """Explain the field; without a path, all kinds of manifests."""
    if docs.path or detail is Detail.PAGE:
        yield Heading(Code(docs.path) if docs.path else "Manifests", hang=0)
    yield Paragraph(docs.what, indent=2)
    if docs.path:
        yield from _form(docs, detail)
    if docs.children:
        yield from _fields(docs.children, "Fields" if docs.path else "Kinds", detail, parent=docs.path)
    if docs.example is not None:
        if detail is Detail.SCREEN:
            yield GAP
            yield Paragraph(f"Example, from {docs.example_file or ''} of the demo project", tone=Tone.STRONG)
        yield CodeBlock(tuple(docs.example.splitlines()), language="yaml")
    if docs.others:
        if detail is Detail.PAGE:
            yield Paragraph("Fields of the same name:")
        yield from _fields(docs.others, "Fields of the same name", detail, parent="")
    if docs.printed:
        yield GAP
        yield Paragraph("Where it is printed", tone=Tone.STRONG)
        yield from meaning_blocks(docs.printed, detail)


def _form(docs: FieldDocs, detail: Detail) -> Iterator[Block]:
    if detail is Detail.PAGE:
        default: Words = ("; default ", Code(docs.default)) if docs.default is not None else ""
        yield Paragraph((docs.form, f"; {'required' if docs.needed else 'optional'}", default, "."))
        return
    default = f"; default {docs.default}" if docs.default is not None else ""
    need = Item(("required" if docs.needed else "optional", default), tone=Tone.DIM)
    yield Items((Item(docs.form, label="type", tone=Tone.DIM), need), label_width=7)


def _fields(fields: tuple[FieldSummary, ...], title: str, detail: Detail, *, parent: str) -> Iterator[Block]:
    start = f"{parent}." if parent else ""
    names = [field.path.removeprefix(start) for field in fields]
    if detail is Detail.SCREEN:
        yield GAP
        yield Paragraph(title, tone=Tone.STRONG)
    items = (Item(field.what, label=Either(name, Code(field.path))) for field, name in zip(fields, names, strict=True))
    yield Items(tuple(items), label_width=max(cells(plain(name)) for name in names))
