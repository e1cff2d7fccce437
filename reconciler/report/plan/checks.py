"""What the checks of the rows found: below a model's line, in a table, and for cards and requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.quality.findings import CheckFacts, Finding, Severity, names_of, switched_off
from reconciler.report.layout.blocks import Block, Code, Column, DataTable, Item, Paragraph, Row
from reconciler.report.layout.text_layout import Tone

MOST = 4  # findings below a model's line
MOST_ON_PAGE = 40
_ERROR, _WARNING, _NOTE = Severity
_UNKNOWN = "The rows were not checked before the training: an older program made the artifact."


def items(findings: tuple[Finding, ...], model: str) -> Iterator[Item]:
    """Yield the findings below a model's line, and where the others are."""
    shown = findings if len(findings) <= MOST else findings[: MOST - 1]
    for finding in shown:
        tone = Tone.BAD if finding.severity is _ERROR else Tone.WARN
        yield Item(f"{finding.check}: {finding.message}", label="check", tone=tone, hang=2)
    if left := findings[len(shown) :]:
        command = Code(f"reconciler why {model}")
        yield Item((f"and {names_of(left)}; see ", command), label="check", tone=Tone.WARN, hang=2)


def all_items(checks: CheckFacts) -> Iterator[Item]:
    """Yield every finding with what to do about it, for a screen; of notes what was found alone."""
    tones = {_ERROR: Tone.BAD, _WARNING: Tone.WARN, _NOTE: Tone.DIM}
    for finding in checks.findings or ():
        switch = switched_off(finding, checks.off, checks.allowed)
        tone = tones[finding.severity] if switch is None else Tone.DIM
        yield Item(f"{finding.check}: {finding.message}", label=finding.severity.value, tone=tone, hang=2)
        if switch is not None:
            yield Item(f"switched off: {switch.reason}", tone=Tone.DIM)
        elif finding.severity is not _NOTE:
            yield Item(finding.remedy, label="what to do", tone=Tone.DIM, hang=2)


def line(findings: tuple[Finding, ...]) -> str:
    """Return the findings in one line; empty where there are none."""
    return f"checks: {names_of(findings)}" if findings else ""


def blocks(checks: CheckFacts) -> Iterator[Block]:
    """Yield the findings with what follows from them, worst first, notes among them; for a page."""
    if checks.findings is None:
        yield Paragraph(_UNKNOWN)
        return
    if not checks.findings:
        yield Paragraph("Nothing found.")
        return
    columns = tuple(Column(name=name) for name in ("check", "", "what was found", "what to do"))
    yield DataTable(columns, tuple(_rows(checks.findings[:MOST_ON_PAGE], checks)))
    if (left := len(checks.findings) - MOST_ON_PAGE) > 0:
        yield Paragraph(f"and {left:,} more, of less weight")


def _rows(findings: Iterable[Finding], checks: CheckFacts) -> Iterator[Row]:
    for finding in findings:
        switch = switched_off(finding, checks.off, checks.allowed)
        does = finding.remedy if switch is None else f"switched off: {switch.reason}"
        if finding.severity is _NOTE and switch is None:
            does = ""
        yield Row((Code(finding.check), finding.severity.value, finding.message, does))
