"""Which keys each environment trusts, and what of that is not in force."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.trust.results import EnvironmentTrust, KeyList, ListedKey
from reconciler.report.layout.blocks import Block, Detail, Item, Items, Paragraph
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"keys-list": (KeyList, ())}  # what commands print as JSON, and the facts added to it


def blocks(listed: KeyList, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Show the environments with their keys, then the key that this process signs with."""
    for each in listed.environments:
        yield Paragraph(_title(each), tone=Tone.STRONG, hang=2)
        if each.keys:
            yield Items(tuple(Item(_line(key)) for key in each.keys))
        if each.not_in_force:
            yield Paragraph("Git says so, and the last apply did not:", tone=Tone.WARN, indent=2)
            yield Items(tuple(Item(line) for line in each.not_in_force))
    if listed.signs is None:
        yield Paragraph("This process signs nothing: RECONCILER_SIGNING_KEY is not set.", hang=2)
    else:
        yield Paragraph(f"This process signs with key {short(listed.signs)}.", hang=2)


def _title(trust: EnvironmentTrust) -> str:
    if not trust.keys:
        return f"{trust.environment} trusts no keys: nothing is signed or checked there"
    rule = "what is not signed is refused" if trust.required else "what is not signed is only told"
    several = f"; {trust.trainers} trainers must sign" if trust.trainers > 1 else ""
    return f"{trust.environment}: {rule}{several}"


def _line(key: ListedKey) -> str:
    if key.why is not None:
        return f"{key.role}: {key.why}"
    since = f" from {key.since}" if key.since is not None else ""
    until = f" until {key.until}" if key.until is not None else ""
    return f"{key.role}: {key.file} ({short(key.id)}), {key.scheme}{since}{until}"
