"""An audit: how much was read and hashed, and each thing that is damaged, missing or not in place, with the remedy."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.audit import Audit, AuditFinding
from reconciler.core.status_codes import ResultStatus
from reconciler.report.layout.blocks import (
    Block,
    Code,
    Column,
    Detail,
    EntryList,
    Item,
    Items,
    ListEntry,
    Paragraph,
)
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

_ONE = {
    "anchors": "anchor tag",
    "approved deploys": "approved deploy",
    "blobs": "blob",
    "blobs not hashed": "larger blob not hashed",
    "builds": "build",
    "cards": "card",
    "cards of before an erasure": "card of before an erasure",
    "certificates": "certificate of an erasure",
    "checks": "report of checks",
    "erased": "record of an erasure",
    "erased artifacts": "mention of an erased artifact",
    "erased builds": "erased build",
    "erased recipes": "entry of an erased build",
    "erasures": "tombstone",
    "journal": "journal entry",
    "looks": "count of looks at a holdout",
    "mark": "ownership marker",
    "overrides": "override",
    "predictions": "prediction log",
    "register": "entry of the journal register",
    "recipes": "entry of the recipe index",
    "served models": "served model",
    "snapshots": "snapshot",
    "verifications": "verification",
    "evaluations": "evaluation in full",
    "experiments": "run of an experiment",
    "garbage": "blob that was taken out",
    "sweeps": "sweep",
    "imports": "import of a package",
    "trials": "trial",
}
_MANY = {
    "anchors": "anchor tags",
    "blobs not hashed": "larger blobs not hashed",
    "certificates": "certificates of erasures",
    "checks": "reports of checks",
    "erased": "records of erasures",
    "erased artifacts": "mentions of erased artifacts",
    "erased recipes": "entries of erased builds",
    "erasures": "tombstones",
    "evaluations": "evaluations in full",
    "experiments": "runs of experiments",
    "garbage": "blobs that were taken out",
    "imports": "imports of packages",
    "journal": "journal entries",
    "looks": "counts of looks at holdouts",
    "mark": "ownership markers",
    "predictions": "prediction logs",
    "register": "entries of the journal register",
    "recipes": "entries of the recipe index",
}


_COLUMNS = tuple(Column(name=name) for name in ("environment", "where", "problem", "what to do"))

DOCUMENTS = {"audit": (Audit, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(audit: Audit, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Count what was read, and list the findings and the notes."""
    yield Paragraph(summary(audit), tone=_tone(audit.findings), hang=2)
    if audit.findings:
        yield EntryList(_COLUMNS, tuple(map(_entry, audit.findings)))
    if audit.notes:
        yield Paragraph(f"{count(len(audit.notes), 'note')}, no damage:", tone=Tone.WARN, hang=2)
        yield EntryList(_COLUMNS, tuple(_entry(note, Tone.WARN) for note in audit.notes))


def summary(audit: Audit) -> str:
    """Sum up the audit in one line: the number of findings, and the counts of checked objects."""
    counts = [f"{number:,} {(_ONE if number == 1 else _MANY).get(kind, kind)}" for kind, number in audit.checked]
    checked = ", ".join(counts) or "nothing"
    if not audit.findings:
        return f"Everything is intact. Read and hashed: {checked}."
    if all(finding.pending for finding in audit.findings):
        return f"Nothing is damaged; {len(audit.findings)} committed, not yet in place. Read and hashed: {checked}."
    if not audit.damaged:
        return f"{count(len(audit.findings), 'finding')}, nothing stored is lost. Read and hashed: {checked}."
    return f"{count(len(audit.findings), 'finding')}. Read and hashed: {checked}."


def _tone(findings: tuple[AuditFinding, ...]) -> Tone:
    if not findings:
        return Tone.GOOD
    return Tone.WARN if all(finding.status is ResultStatus.PENDING for finding in findings) else Tone.BAD


def _entry(finding: AuditFinding, tone: Tone | None = None) -> ListEntry:
    environment, where = Code(finding.environment), Code(finding.where)
    what_to_do = Item(finding.remedy or "", label="what to do", hang=2)
    return ListEntry(
        mark="!",
        words=(environment, ": ", where, ": ", finding.problem),
        cells=(environment, where, finding.problem, finding.remedy or ""),
        body=(Items((what_to_do,), indent=4),) if finding.remedy else (),
        tone=tone or _tone((finding,)),
        hang=4,
        spaced=True,
    )
