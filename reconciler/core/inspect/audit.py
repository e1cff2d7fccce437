"""Results of audit and reproduce: what does not match its digest."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One thing that is not as it must be: `where` is a key of the store or a path of the target."""

    environment: str
    where: str
    problem: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`checked` counts what was read and hashed, by kind, sorted. `notes`: what is told, and is no damage."""

    findings: tuple[AuditFinding, ...]
    checked: tuple[tuple[str, int], ...]
    notes: tuple[AuditFinding, ...] = ()
    format: int = 1


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
