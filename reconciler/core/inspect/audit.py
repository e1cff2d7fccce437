"""Results of audit and reproduce: what does not match its digest."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One thing that is not as it must be: `where` is a key of the store or a path of the target.

    `pending`: it is committed and not in place yet, so that another apply finishes it; nothing is damaged. `status` (in
    JSON the number `exit`): damaged where it is lost or damaged for good, pending where nothing is lost, as in the
    target, failed where it cannot be read or is open to others.
    """

    environment: str
    where: str
    problem: str
    remedy: str | None = None
    pending: bool = False
    status: ResultStatus = ResultStatus.DAMAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`checked` counts what was read and hashed, by kind, sorted. `notes`: what is told, and is no damage."""

    findings: tuple[AuditFinding, ...]
    checked: tuple[tuple[str, int], ...]
    notes: tuple[AuditFinding, ...] = ()
    format: int = 1

    @property
    def damaged(self) -> tuple[AuditFinding, ...]:
        """Return the findings of what is lost or damaged for good: no command mends that by itself."""
        return tuple(finding for finding in self.findings if finding.status is ResultStatus.DAMAGED)

    @property
    def status(self) -> ResultStatus:
        return worst_status(finding.status for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceResult:
    """`differing`: the artifact's files whose bytes came out otherwise; empty when the digests are equal. `signed`: by
    which key this training was attested; `unsigned`: why not, where a key was at hand."""

    expected: Digest
    found: Digest
    differing: tuple[str, ...]
    fingerprint: Digest
    trained: str
    signed: Digest | None = None
    unsigned: str | None = None
    format: int = 1

    @property
    def equal(self) -> bool:
        return self.expected == self.found
