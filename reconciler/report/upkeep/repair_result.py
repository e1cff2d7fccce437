"""A repair: what is put back, what proves it, what is lost, and what remains to be done."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reconciler.core.upkeep.repair import RepairedLog, RepairResult
from reconciler.report.layout.blocks import Block, Code, CodeBlock, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"repair": (RepairResult, ("exit",))}  # what commands print as JSON, and the facts added to it
_SHOWN = 20  # logs, and lost objects, that are listed


def blocks(result: RepairResult, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the same in both)
    """Say what is put back and by what proof, what nobody has, and what comes next."""
    asked = ", ".join(result.sources) or "nothing"
    done, words = ("would be repaired", "; nothing was changed (--dry-run)") if result.dry_run else ("repaired", "")
    yield Paragraph((Code(result.environment), f": {done} from {asked}", words), tone=Tone.STRONG, hang=2)
    if not result.changes:
        yield Paragraph(f"Nothing is missing that these sources have; {count(result.whole, 'log')} whole.")
    else:
        yield Items(tuple(_items(result)), label_width=10)
    yield from _problems(result)
    if result.following:
        yield Paragraph("To do next:")
        yield CodeBlock(result.following, runnable=False)


def _items(result: RepairResult) -> Iterator[Item]:
    for log in islice(result.logs, _SHOWN):
        yield Item(_log(log), label="put back")
        if log.lost:
            lost = "entry 0" if log.lost == 1 else f"entries 0 to {log.lost - 1}"
            yield Item(f"{lost} of {log.log}: nobody has them", label="lost", tone=Tone.BAD)
    if len(result.logs) > _SHOWN:
        rest = result.logs[_SHOWN:]
        without = sum(bool(log.lost) for log in rest)
        more = f"; {without} of them without their history" if without else ""
        yield Item(f"{count(len(rest), 'more log')}{more}", label="put back")
    if result.whole:
        yield Item(f"{count(result.whole, 'log')} of which nothing is missing", label="whole")
    if result.objects:
        yield Item(f"{result.objects:,} records and blobs", label="put back")
    for model in islice(result.given_up, _SHOWN):
        what = "the whole store" if model.startswith("(") else f"the journal of {model}"
        yield Item(f"{what}: no source has an entry of it; it begins anew", label="lost", tone=Tone.BAD)
    if result.gone:
        shown = ", ".join(result.gone[:2])
        more = f" and {len(result.gone) - 2} more" if len(result.gone) > 2 else ""
        yield Item(
            f"{count(len(result.gone), 'object')} that journals name: {shown}{more}", label="lost", tone=Tone.BAD
        )
    if result.mirrored:
        yield Item(f"objects that the mirror lacked: {result.mirrored:,}", label="copied")
    if result.kept:
        yield Item(f"entries beside the releases in the target: {result.kept:,}", label="kept")


def _log(log: RepairedLog) -> str:
    entries = f"entry {log.last}" if log.first == log.last else f"entries {log.first} to {log.last}"
    if log.continues:
        return f"{log.log} goes on with {entries}: {log.proof}, whose bytes nobody has"
    proof = log.proof or "nothing outside of the sources names an entry: not proven"
    origin = f" from {', '.join(log.sources)}" if log.sources else ""
    return f"{log.log}: {entries}{origin}; {proof}"


def _problems(result: RepairResult) -> Iterator[Block]:
    if not result.problems:
        return
    yield Paragraph("Not put back:")
    items = [
        item
        for each in result.problems[:_SHOWN]
        for item in (
            Item(f"{each.where}: {each.problem}", tone=Tone.BAD if each.refused else Tone.PLAIN),
            *((Item(("hint: ", each.remedy)),) if each.remedy else ()),
        )
    ]
    yield Items(tuple(items))
    if len(result.problems) > _SHOWN:
        yield Paragraph(f"and {len(result.problems) - _SHOWN} more")
