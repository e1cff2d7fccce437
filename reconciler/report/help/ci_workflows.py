"""The files for CI: what became of each, what is left to do; and the environments that jobs ask for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from reconciler.core.forge.ci_workflows import CIEnvironments, CIFile, CIFileState, CIResult
from reconciler.core.forge.detection import ForgeKind
from reconciler.report.layout.blocks import GAP, Block, Code, CodeBlock, Detail, Heading, Item, Items, Paragraph, Words
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import Tone

# What commands print as JSON, and the facts added to it.
DOCUMENTS = {"ci": (CIResult, ("exit",)), "ci-environments": (CIEnvironments, ())}

_FORGES = {ForgeKind.GITHUB: "GitHub Actions", ForgeKind.GITLAB: "GitLab CI", ForgeKind.NONE: "no CI"}
_DONE = {
    CIFileState.SAME: "as it is",
    CIFileState.CREATED: "written",
    CIFileState.UPDATED: "renewed",
    CIFileState.EDITED: "replaced",
    CIFileState.LEFT: "never rewritten",
}
_DUE = _DONE | {CIFileState.CREATED: "missing", CIFileState.UPDATED: "older", CIFileState.EDITED: "edited"}


def blocks(value: CIResult | CIEnvironments, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the reports' shape)
    """List the files with what became of them; for environments, their names by how CI applies them."""
    if isinstance(value, CIEnvironments):
        yield from _environments(value)
        return
    yield Heading((_FORGES[value.forge], ", for requests into ", Code(value.branch)))
    yield GAP
    words = _DONE if value.written else _DUE
    width = max(map(len, words.values()))
    yield Items(tuple(_item(file, words[file.state]) for file in value.files), label_width=width)
    if value.installs is not None:
        yield Paragraph(("Jobs install ", Code(value.installs)), indent=2)
    for file in value.files:
        if file.diff and not value.written:
            yield GAP
            yield Paragraph(Code(file.path), indent=2)
            yield CodeBlock(file.diff, language="diff", indent=4)
    yield from _left(value)


def _item(file: CIFile, word: str) -> Item:
    added = sum(line.startswith("+") for line in file.diff[2:])
    removed = sum(line.startswith("-") for line in file.diff[2:])
    size: Words = f" (+{added} -{removed} lines)" if file.diff else ""
    tone = Tone.WARN if file.state is CIFileState.EDITED else Tone.PLAIN
    return Item((Code(file.path), size), label=word, joint=" ", tone=tone)


def _left(value: CIResult) -> Iterator[Block]:
    if value.todo:
        yield GAP
        yield Items(tuple(Item(text, label="to do", tone=Tone.WARN) for text in value.todo), label_width=5)
    if not any(file.state.is_change for file in value.files):
        return
    yield GAP
    if value.written:
        changed = " ".join(shlex.quote(file.path) for file in value.files if file.state.is_change)
        yield Paragraph("Look at them, and commit them:")
        yield CodeBlock((f"git add {plain(changed)} && git commit -m 'CI workflows'",), runnable=True)
    elif any(file.state is CIFileState.EDITED for file in value.files):
        again = ("without ", Code("--check"), ", and with ", Code("--overwrite"), ", which replaces what was edited.")
        yield Paragraph(("Write them: the same command ", *again))
    else:
        yield Paragraph(("Write them: the same command without ", Code("--check"), "."))


def _environments(value: CIEnvironments) -> Iterator[Block]:
    groups = (("apply", value.apply), ("apply --on-merge", value.on_merge))
    listed = {name for _, names in groups for name in names}
    rest = tuple(name for name in value.all if name not in listed)
    items = [Item(", ".join(names) or "none", label=label) for label, names in groups]
    items += [Item(", ".join(rest), label="cannot be read", tone=Tone.WARN)] if rest else []
    yield Items(tuple(items), label_width=16)
