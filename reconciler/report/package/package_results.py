"""What the commands about model packages did: one block of facts each, then what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from reconciler.core.digest import hex_of, short
from reconciler.core.package.results import ExportResult, ImportResult, PullResult, PushResult
from reconciler.report.layout.blocks import Block, Code, CodeBlock, Detail, Heading, Item, Items, Paragraph, Words
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {
    "export": (ExportResult, ()),
    "import": (ImportResult, ()),
    "pull": (PullResult, ()),
    "push": (PushResult, ()),
}  # what commands print as JSON, and the facts added to it

Result = ExportResult | ImportResult | PullResult | PushResult


def blocks(result: Result, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Say what was done with a package, by the command that did it."""
    match result:
        case ExportResult():
            yield from _exported(result)
        case ImportResult():
            yield from _imported(result)
        case PushResult():
            yield from _pushed(result)
        case PullResult():
            yield from _pulled(result)


def _exported(result: ExportResult) -> Iterator[Block]:
    yield Heading(("Exported ", Code(short(result.artifact)), f" of {result.model} from {result.environment}"))
    yield _facts(
        ("file", (Code(result.file), f" ({result.size:,} bytes)")),
        ("package", Code(f"sha256:{hex_of(result.package)}")),
        ("verified", ", ".join(result.verified_for) or "for no environment"),
        ("signed", _signed(result.attestations, result.keys)),
    )
    yield from _notes(result.notes)
    yield Paragraph("Next, where it is to be deployed:")
    yield CodeBlock((f"reconciler import {shlex.quote(result.file)} --to ENV",))


def _imported(result: ImportResult) -> Iterator[Block]:
    done = "Imported" if result.imported else "Nothing to do: there already is"
    yield Heading((f"{done} ", Code(short(result.artifact)), f" of {result.model} in {result.environment}"))
    yield _facts(
        ("from", Code(result.origin)),
        ("gates", "passed" if result.verified else "not passed"),
        ("signed", _signed(result.attestations, result.keys)),
        ("trusted", "its training, by the keys of this environment" if result.trusted else "no: no key vouches for it"),
    )
    for refusal in result.refusals:
        yield Paragraph(refusal, tone=Tone.WARN, indent=2, hang=2)
    yield from _notes(result.notes)
    if result.deployed:
        yield Paragraph(f"{result.environment} serves it.")
        return
    yield Paragraph("Nothing is deployed until git pins it. Next:", tone=Tone.WARN)
    digest = short(result.artifact)
    yield CodeBlock((f"reconciler promote {result.model} --to {result.environment} --digest {digest}",), runnable=True)


def _pushed(result: PushResult) -> Iterator[Block]:
    yield Heading(("Pushed ", Code(short(result.artifact)), " to ", Code(result.reference)))
    found = "by the registry's API" if result.referrers == "api" else f"by the tag sha256-{hex_of(result.artifact)}"
    yield _facts(
        ("digest", Code(str(result.artifact))),
        ("uploaded", f"{result.uploaded} that were not there" if result.uploaded else "nothing: it was there"),
        ("evidence", f"with {_attestations(result.attestations)}, found {found}"),
    )
    yield Paragraph("Next, where it is to be imported:")
    yield CodeBlock((f"reconciler pull {result.reference} FILE",))


def _pulled(result: PullResult) -> Iterator[Block]:
    yield Heading(("Pulled ", Code(short(result.artifact)), f" of {result.model} from ", Code(result.reference)))
    yield _facts(
        ("file", (Code(result.file), f" ({result.size:,} bytes)")),
        ("package", Code(f"sha256:{hex_of(result.package)}")),
        ("from", Code(result.origin)),
        ("signed", _signed(result.attestations, result.keys)),
    )
    yield Paragraph("Next:")
    yield CodeBlock((f"reconciler import {shlex.quote(result.file)} --to ENV",))


def _facts(*facts: tuple[str, Words]) -> Items:
    return Items(tuple(Item(words, label=label) for label, words in facts), label_width=8, gap=" ")


def _notes(notes: tuple[str, ...]) -> Iterator[Block]:
    for note in notes:
        yield Paragraph(f"Note: {note}.", indent=2, hang=2)


def _signed(attestations: int, keys: tuple[str, ...]) -> str:
    if not attestations:
        return "no"
    return f"{_attestations(attestations)} by {', '.join(key[:12] for key in keys) or 'unnamed keys'}"


def _attestations(count: int) -> str:
    return f"{count} attestation{'s' * (count != 1)}"
