"""What the checks before a training found, and what of it a model and a policy switch off.

A finding names columns, classes and numbers, never a cell's value. Which findings stop a model is decided where it is
asked, by what is switched off there: the report of a build holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest
from reconciler.core.quality.checks import CheckOff

_MOST_NAMES = 20  # of a journal entry


class Severity(StrEnum):
    """What follows from a finding. An error stops the model, a warning is told everywhere, a note on request."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found. `subject`: the feature or class that it is about; "" for the rows as a whole. `figures`:
    the numbers that it rests on, by name. `remedy`: what to do about it."""

    check: str
    severity: Severity
    message: str
    remedy: str
    subject: str = ""
    figures: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """Return the check with what it is about, as `checks.off` names it."""
        return f"{self.check}.{self.subject}" if self.subject else self.check


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport(Checksummed, DefaultsLeftOut):
    """The findings of one training's rows, recorded under the fingerprint of its inputs, worst first. `holdout`: hashes
    of rows of its holdout, the smallest ones, by which looks at them are counted; None where an earlier version wrote
    it."""

    fingerprint: Digest
    findings: tuple[Finding, ...]
    holdout: tuple[str, ...] | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """The checks of one model's artifact. `findings` is None where its rows were never checked. `off`: what its
    manifest switches off; `allowed`: the checks that may be switched off."""

    findings: tuple[Finding, ...] | None
    off: tuple[CheckOff, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the errors, also those that are switched off."""
        return tuple(finding for finding in self.findings or () if finding.severity is Severity.ERROR)

    @property
    def switches(self) -> tuple[tuple[CheckOff, ...], tuple[str, ...]]:
        """Return what is switched off, and what may be."""
        return self.off, self.allowed

    @property
    def refusing(self) -> tuple[Finding, ...]:
        """Return the errors that stop the model."""
        return tuple(finding for finding in self.errors if switched_off(finding, self.off, self.allowed) is None)

    @property
    def told(self) -> tuple[Finding, ...]:
        """Return what a person is told: errors, and warnings that are not switched off."""
        return tuple(
            finding
            for finding in self.findings or ()
            if finding.severity is Severity.ERROR
            or (finding.severity is Severity.WARNING and switched_off(finding, self.off, self.allowed) is None)
        )

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return what a person is told of, by name, for the journal; None where the rows were never checked."""
        return tuple(finding.name for finding in self.told)[:_MOST_NAMES] if self.findings is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MayBeOff:
    """The checks whose errors a model may switch off, by the policy of every environment that takes it; `judging`: one
    of these, for messages."""

    judging: str
    checks: tuple[str, ...] = ()


def switched_off(finding: Finding, off: Iterable[CheckOff], allowed: Iterable[str]) -> CheckOff | None:
    """Return what switches a finding off, None where nothing does. An error is switched off only where `allowed` names
    its check; a warning stops nothing, so its model may always be silent about it."""
    if finding.severity is Severity.ERROR and finding.check not in tuple(allowed):
        return None
    return next((each for each in off if each.covers(finding.check, finding.subject)), None)


def names_of(findings: Iterable[Finding], most: int = 5) -> str:
    """Return the findings by name in one line: `leak-suspect (DaysLate, Paid), few-rows`."""
    subjects: dict[str, list[str]] = {}
    for finding in findings:
        subjects.setdefault(finding.check, []).extend([finding.subject] if finding.subject else [])
    return ", ".join(
        f"{check} ({', '.join(of[:most])}{f' and {len(of) - most} more' if len(of) > most else ''})" if of else check
        for check, of in subjects.items()
    )
