"""Which controls are in force in an environment, what git says otherwise, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.controls.controls_status import ControlsStatus
from reconciler.core.digest import short
from reconciler.report.layout.blocks import Block, CodeBlock, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import commit
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"controls": (ControlsStatus, ())}  # what commands print as JSON, and the facts added to it


def blocks(status: ControlsStatus, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Show the controls in force, then what git says otherwise and the command that goes on."""
    yield Paragraph(_title(status), tone=Tone.STRONG, hang=2)
    if status.accepted is not None:
        yield Paragraph(f"Accepted by {status.accepted.who}: {status.accepted.reason}", indent=2)
    if status.rules:
        yield Items(tuple(Item(rule) for rule in status.rules))
    if status.unaccepted is not None:
        yield Paragraph(f"A person has to accept what git says now: {status.unaccepted}.", tone=Tone.WARN, hang=2)
    added = tuple(rule for rule in status.declared if rule not in status.rules)
    revision = f"commit {commit(status.revision)}" if status.revision is not None else "the work tree"
    says = "Git says" if added else "Git says nothing else"
    yield Paragraph(f"{says} in {revision}, with id {short(status.digest)}{':' if added else '.'}", hang=2)
    if added:
        yield Items(tuple(Item(rule) for rule in added))
    if status.loosened:
        waits = f", and not let in: {status.waits_for}" if status.waits_for is not None else ""
        yield Paragraph(f"Looser than what is in force{waits}", tone=Tone.WARN, hang=2)
        yield Items(tuple(Item(line) for line in status.loosened))
    if status.unaccepted is not None or status.waits_for is not None:
        yield Paragraph("To put in force what git says, as a person who answers for it:")
        yield CodeBlock((f"reconciler controls accept {status.environment} --reason TEXT",), runnable=True)


def _title(status: ControlsStatus) -> str:
    name = status.environment
    if status.entry is None:
        return f"No controls of {name} are in force yet: its first apply records them."
    by = f" by {status.who}" if status.who is not None else ""
    when = f" since {status.when:%Y-%m-%d %H:%M} UTC" if status.when is not None else ""
    fresh = "now in force" if status.fresh else "in force"
    return f"Controls of {name} {fresh}: entry {status.entry}{when}{by}."
