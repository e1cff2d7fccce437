"""Results of audit and reproduce: what does not match its digest."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.status_codes import ResultStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One thing that is not as it must be: `where` is a key of the store or a path of the target.

    `pending`: it is committed and not in place yet, so that another apply finishes it; nothing is damaged.
    """

    environment: str
    where: str
    problem: str
    remedy: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`checked` counts what was read and hashed, by kind, sorted. `notes`: what is told, and is no damage."""

    findings: tuple[AuditFinding, ...]
    checked: tuple[tuple[str, int], ...]
    notes: tuple[AuditFinding, ...] = ()
    format: int = 1

    @property
    def damaged(self) -> tuple[AuditFinding, ...]:
        """Return the findings that no apply is about to finish."""
        return tuple(finding for finding in self.findings if not finding.pending)

    @property
    def status(self) -> ResultStatus:
        """Return CONFLICT (run again) where all that was found is committed and not in place yet."""
        if self.damaged:
            return ResultStatus.DAMAGED
        return ResultStatus.CONFLICT if self.findings else ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceResult:
    """`differing`: the artifact's files whose bytes came out otherwise; empty when the digests are equal."""

    expected: Digest
    found: Digest
    differing: tuple[str, ...]
    fingerprint: Digest
    trained: str
    format: int = 1

    @property
    def equal(self) -> bool:
        return self.expected == self.found
