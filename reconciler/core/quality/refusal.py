"""Say why the checks stop a model, and what goes on from there; and what a person is told of the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.quality.checks import CheckOff
from reconciler.core.quality.findings import CheckFacts, Finding, switched_off

NOT_CHECKED = "its rows were not checked before the training: an older program made it"
STOPPED = "will not be trained on these rows: "  # the note of a plan, with the reasons
_MOST = 5  # findings of one message


def reasons(facts: CheckFacts) -> tuple[str, ...]:
    """Return why the checks stop a model, one line per finding; nothing where they do not."""
    refusing = facts.refusing
    lines = [f"check {finding.check}: {finding.message}" for finding in refusing[:_MOST]]
    if (left := len(refusing) - _MOST) > 0:
        lines.append(f"and {left:,} more error{'s' * (left != 1)} of the checks")
    return tuple(lines)


def remedy(facts: CheckFacts, judging: str) -> str:
    """Return what to do about the errors that stop a model. `judging`: the environment whose policy decides."""
    refusing = facts.refusing
    steps = list(_steps(refusing))[:_MOST]
    if held := sorted({finding.check for finding in refusing} - set(facts.allowed)):
        checks = ", ".join(held)
        steps.append(
            f"an error is switched off only where environments/{judging}.yaml allows it, by a pull request of its own: "
            f"`policy: {{checks: [{checks}]}}`"
        )
    return "; ".join(steps)


def _steps(refusing: Iterable[Finding]) -> Iterator[str]:
    """Yield what to do about each finding, and of those that differ only in their feature once, and for whom else."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in refusing:
        without = finding.remedy.replace(finding.subject, "\0") if finding.subject else finding.remedy
        alike.setdefault((finding.check, without), []).append(finding)
    for first, *others in alike.values():
        names = list(dict.fromkeys(each.subject for each in others if each.subject and each.subject != first.subject))
        more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
        yield f"{first.remedy} (the same of {', '.join(names[:_MOST])}{more})" if names else first.remedy


def lines_of(findings: Iterable[Finding], off: Iterable[CheckOff] = (), allowed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return a line for each finding: its check, what it found, and the reason for which it is switched off."""
    found = []
    for finding in findings:
        line = f"check {finding.check}: {finding.message}"
        if (switch := switched_off(finding, off, allowed)) is not None:
            line += f"; switched off: {switch.reason}"
        found.append(line)
    return tuple(found)
