"""Numbers, digests and times in one form, so that a metric looks the same in every report."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.digest import Digest, short
from reconciler.report.layout.blocks import Code, Words

NONE = "-"


def metric(value: float | None) -> str:
    """Format a metric with three decimals; larger numbers (an error in money, say) with thousands separators."""
    if value is None:
        return NONE
    return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def change(name: str, new: float | None, old: float | None) -> tuple[str, str]:
    """Return the difference with its sign, and `better`, `worse` or `same`; a dash where there is none."""
    if new is None or old is None:
        return NONE, ""
    difference = new - old
    if abs(difference) < 0.0005 and abs(new) < 1000:
        return "0.000", "same"
    better = (difference > 0) == higher_is_better(name)
    return f"{'+' if difference > 0 else '-'}{metric(abs(difference))}", "better" if better else "worse"


def higher_is_better(name: str) -> bool:
    """Return whether a higher value of this metric is better."""
    from reconciler.core.artifact.evaluation import HIGHER_IS_BETTER  # not for a plan without news

    return HIGHER_IS_BETTER.get(name, name not in ("brier", "expected_calibration_error"))


def amount(value: float) -> str:
    return f"{value:,.2f}"


def percent(share: float) -> str:
    return f"{share:.0%}" if abs(share) >= 0.01 or share == 0 else f"{share:.1%}"


def count(number: int, noun: str) -> str:
    """Return `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(amount: int) -> str:
    """Format bytes in the largest binary unit that leaves at least 1: `512 B`, `1.5 GiB`."""
    value, unit = float(amount), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def digest(value: Digest | None) -> str:
    return short(value) if value else NONE


def commit(revision: str) -> str:
    return revision[:12]


def at(revision: str | None) -> str:
    """Say where the manifests were read, to follow a verb or a name."""
    return f"at {commit(revision)}" if revision else "in the working tree"


def at_revision(revision: str | None) -> Words:
    """Say the same with the commit as code."""
    return ("at ", Code(commit(revision))) if revision else "in the working tree"


def titled(environment: str, role: str) -> str:
    """Return an environment's name, with its role unless that is its name."""
    return environment if environment == role else f"{environment} ({role})"


def moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def day(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d")
