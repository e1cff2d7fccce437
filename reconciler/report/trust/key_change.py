"""A proposed change of trusted keys, and what to do with it. It takes effect when it is merged and applied."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.trust.results import KeyChange
from reconciler.report.layout.blocks import Block, CodeBlock, Detail, Paragraph
from reconciler.report.layout.formatting import commit
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {
    "keys-new": (KeyChange, ()),
    "keys-rotate": (KeyChange, ()),
    "keys-revoke": (KeyChange, ()),
}  # what commands print as JSON, and the facts added to it


def blocks(change: KeyChange, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Say what was proposed, where the private key is, and the next command."""
    yield Paragraph(f"Proposed for {change.environment}: {change.summary}.", tone=Tone.STRONG, hang=2)
    yield Paragraph(f"key {short(change.key)}, a {change.role}'s; commit {commit(change.commit)}", indent=2)
    if change.private is not None:
        yield Paragraph(
            f"Its private key is in {change.private}: only you can read it, and nothing else has it.", hang=2
        )
        yield Paragraph("Name it where the job that signs runs:")
        yield CodeBlock((f"export RECONCILER_SIGNING_KEY={shlex.quote(f'file:{change.private}')}",), runnable=False)
    yield Paragraph(
        "It takes effect when the branch is merged, and applied. Merge it before you propose another change of keys, "
        "which would change the same lines:"
    )
    yield CodeBlock((f"git diff {change.base[:12]}..{change.branch}", f"git merge {change.branch}"), runnable=True)
