"""A certificate held against the stores."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.erasure.results import VerifiedCertificate
from reconciler.report.layout.blocks import Block, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"data-forget-verify": (VerifiedCertificate, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: VerifiedCertificate, detail: Detail) -> Iterator[Block]:
    """Say whether all is as the certificate says, and what is not."""
    del detail
    name = f"erasure {result.erasure} of {result.environment}"
    what = f"{count(result.objects, 'object')} gone, {count(result.builds, 'build')} replaced or gone"
    if result.searched is not None:
        what += f"; looked for the value in {count(result.searched, 'object')}"
    if not result.problems:
        yield Paragraph(f"The certificate of {name} holds: {what}.", tone=Tone.GOOD, hang=2)
        return
    problems = count(len(result.problems), "problem")
    yield Paragraph(f"The certificate of {name} does not hold: {problems}; {what}.", tone=Tone.BAD, hang=2)
    yield Items(tuple(Item(problem, hang=2) for problem in result.problems))
