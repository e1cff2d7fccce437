"""A checkpoint of journals: the tag that holds their heads, and how to keep it where others cannot change it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.journal_checkpoint import CheckpointResult
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Detail,
    Literal,
    Paragraph,
    Row,
)
from reconciler.report.layout.formatting import commit, count
from reconciler.report.layout.text_layout import Tone

_COLUMNS = (
    Column(name="environment"),
    Column(name="model"),
    Column(name="entry", right=True),
    Column(name="digest", spare=1),
)
UNSIGNED = (
    "The tag is not signed: anyone who may write tags could replace it. To have git sign the next one, set a signing "
    "key (user.signingKey) and `git config tag.gpgSign true`."
)

DOCUMENTS = {"anchor": (CheckpointResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(checkpoint: CheckpointResult, detail: Detail) -> Iterator[Block]:
    """List the heads that the tag holds, and say how to push it; nothing more when nothing is new."""
    yield Paragraph(_title(checkpoint), tone=Tone.STRONG, hang=2)
    if checkpoint.name is None or not checkpoint.fresh:
        return
    rows = (
        Row((Code(head.environment), Code(head.model), Literal(str(head.n)), Code(head.entry)))
        for head in checkpoint.heads
    )
    yield DataTable(_COLUMNS, tuple(rows), heading=Tone.DIM)
    yield GAP
    if not checkpoint.signed:
        yield Paragraph(UNSIGNED, tone=Tone.WARN)
    push = f"git push origin {checkpoint.name}"
    if detail is Detail.PAGE:
        yield Paragraph(("Push the tag, so that others keep a copy: ", Code(push)))
        return
    yield Paragraph("Push the tag, so that others keep a copy:")
    yield CodeBlock((push,), runnable=True)


def _title(checkpoint: CheckpointResult) -> str:
    if checkpoint.name is None:
        return "Nothing to record: no journal has an entry yet."
    journals = count(len(checkpoint.heads), "journal")
    signed = ", signed" if checkpoint.signed else ""
    if not checkpoint.fresh:
        return f"No new journal entry since tag {checkpoint.name}{signed}: {journals} checked."
    tagged = f"tag {checkpoint.name} on commit {commit(checkpoint.commit or '')}"
    return f"Recorded the newest entry of {journals} in {tagged}{signed}."
