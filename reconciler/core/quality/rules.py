"""Judge the figures of a training's rows: which checks find something, how grave it is, and what to do. Pure.

A leak is told where chance hardly makes one: all estimates are one-sided bounds at ALARMS, divided among the features,
so a table without any relation between features and outcome is told of a leak in at most that share of cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from reconciler.core.quality.checks import CHECKS, CONSTANT, LEAK, TOO_FEW
from reconciler.core.quality.figures import Estimate, FeatureFigures, RowFigures
from reconciler.core.quality.findings import Finding, Severity

ALARMS = 0.01
"""Share of tables with unrelated features in which any of them is a leak suspect, at most."""
FEWEST_ROWS, FEWEST_OF_CLASS, FEW_ROWS = 50, 10, 1_000
ALONE, ALONE_SURELY = 0.80, 0.95  # errors of a naive guess that a feature removes alone, for sure
EXACTLY = 0.995  # and at its estimate, so that nothing is left to the others
COPY, COPY_SURELY = 0.99, 0.999  # rank correlation with a column of the outcome
_FEWEST_OPEN = 20
_REPEATED = 0.05  # of the holdout
_RARE = 0.01
_OUTSIDE, _MOVED = 0.5, 0.3
_FEWEST_HELD_OUT = 20
_MISSING = 0.99
MOST_TOLD = 20  # findings of one check; of more features, their number
_OFF = "or switch the check off in the manifest, with the reason: "
_ORDER = {severity: place for place, severity in enumerate(Severity)}


def judge(figures: RowFigures) -> tuple[Finding, ...]:
    """Return what the checks find, worst first, in a fixed order."""
    found = [*_sizes(figures), *_classes(figures), *_duplicates(figures)]
    for feature in figures.features:
        found += _feature(feature, figures)
    checks = list(CHECKS)
    found.sort(key=lambda finding: (_ORDER[finding.severity], checks.index(finding.check)))
    return tuple(_bounded(found))


def _bounded(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield at most MOST_TOLD findings of a check and severity, and one more that counts the others."""
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.check, finding.severity), []).append(finding)
    for (check, severity), group in groups.items():
        yield from group[:MOST_TOLD]
        if (left := len(group) - MOST_TOLD) > 0:
            message = f"{left:,} more {'features are' if left > 1 else 'feature is'} told by {check} in the same way"
            yield Finding(
                check=check,
                severity=severity,
                message=message,
                remedy="see to the ones above first",
                figures=(("features", float(left)),),
            )


# --- rows and classes ----------------------------------------------------------------------------------------------


def _sizes(figures: RowFigures) -> Iterator[Finding]:
    rows = figures.known
    counted = (("rows", float(rows)),)
    if rows < FEWEST_ROWS:
        yield Finding(
            check=TOO_FEW,
            severity=Severity.ERROR,
            message=f"{rows:,} rows have a known outcome; under {FEWEST_ROWS} no figure of the model means anything",
            remedy=f"wait for more rows, {_OFF}`checks: {{off: {{{TOO_FEW}: WHY}}}}`",
            figures=counted,
        )
    elif rows < FEW_ROWS:
        yield Finding(
            check="few-rows",
            severity=Severity.WARNING,
            message=f"{rows:,} rows have a known outcome; under {FEW_ROWS:,} the figures are rough",
            remedy="judge the model by the intervals of its figures, and train it again as the table grows",
            figures=counted,
        )


def _classes(figures: RowFigures) -> Iterator[Finding]:
    for of in figures.classes:
        counted = (("training_rows", float(of.trained)), ("holdout_rows", float(of.held_out)))
        if of.rows < FEWEST_OF_CLASS:
            yield Finding(
                check=TOO_FEW,
                severity=Severity.ERROR,
                subject=of.name,
                message=f"class {of.name} has {_rows(of.rows)}; under {FEWEST_OF_CLASS} it is not learnt",
                remedy="join it with another class, leave its rows out with `where` (by `IS DISTINCT FROM`: `!=` "
                f"leaves out rows to predict, too), {_OFF}`checks: {{off: {{{TOO_FEW}.{of.name}: WHY}}}}`",
                figures=counted,
            )
        elif of.rows < _RARE * figures.known:
            yield Finding(
                check="class-balance",
                severity=Severity.WARNING,
                subject=of.name,
                message=f"class {of.name} has {of.rows / figures.known:.2%} of the rows",
                remedy="look at its recall before its accuracy; `class_weight: balanced` weighs it up",
                figures=counted,
            )
        if of.rows and (not of.trained or not of.held_out):
            side, other = ("training rows", "holdout") if not of.trained else ("holdout", "training rows")
            has = "has" if side == "holdout" else "have"
            yield Finding(
                check="vanished-class",
                severity=Severity.WARNING,
                subject=of.name,
                message=f"the {side} {has} no row of class {of.name}, the {other} {_rows(of.rows)}",
                remedy="hold out a larger share, or another period: nothing says how well this class is predicted",
                figures=counted,
            )


def _duplicates(figures: RowFigures) -> Iterator[Finding]:
    if figures.duplicates > _REPEATED * figures.held_out:
        share = figures.duplicates / figures.held_out
        yield Finding(
            check="duplicates",
            severity=Severity.WARNING,
            message=f"{_rows(figures.duplicates)} of the holdout ({share:.0%}) equal a training row in every feature "
            "and in the outcome",
            remedy="remove repeated rows from the table; where rows are alike by nature, the figures flatter the model",
            figures=(("duplicates", float(figures.duplicates)), ("holdout_rows", float(figures.held_out))),
        )


# --- features ------------------------------------------------------------------------------------------------------


def _feature(feature: FeatureFigures, figures: RowFigures) -> Iterator[Finding]:
    if feature.constant:
        yield _about(
            feature,
            CONSTANT,
            f"{feature.name} has the same value in all {figures.trained:,} training rows: the model leaves it out",
            "remove it from the features, or check how it is computed",
        )
        return
    missing = 1 - feature.filled / figures.known if figures.known else 0.0
    if missing > _MISSING:
        yield _about(
            feature,
            "mostly-missing",
            f"{feature.name} is missing in {missing:.2%} of the rows",
            "remove it from the features, or check how it is read and computed",
            missing=missing,
        )
    if _is_identifier(feature):
        what = "is a running number" if feature.serial else "has hardly a value that repeats"
        yield _about(
            feature,
            "identifier",
            f"{feature.name} {what}: what is learnt from it says nothing of new rows",
            "remove it from the features, or derive from it what repeats",
            distinct=float(feature.distinct),
            filled=float(feature.filled),
        )
    if (leak := _leak(feature, figures)) is not None:
        yield leak
    if not _is_identifier(feature):
        yield from _shift(feature, figures)


def _is_identifier(feature: FeatureFigures) -> bool:
    if feature.filled < FEWEST_ROWS:
        return False
    return feature.serial or (feature.category and feature.distinct >= 0.9 * feature.filled)


def _leak(feature: FeatureFigures, figures: RowFigures) -> Finding | None:
    """Return the strongest reason to suspect that a feature knows the outcome; None where there is none."""
    reasons = sorted(_reasons(feature, figures), key=lambda reason: not reason[0])
    if not reasons:
        return None
    certain, message, numbers = reasons[0]
    return Finding(
        check=LEAK,
        severity=Severity.ERROR if certain else Severity.WARNING,
        subject=feature.name,
        message=message,
        remedy=f"remove {feature.name} from the features; if it is known when a prediction is made, say so: "
        f"`checks: {{off: {{{LEAK}.{feature.name}: WHY}}}}`",
        figures=numbers,
    )


def _reasons(feature: FeatureFigures, figures: RowFigures) -> Iterator[tuple[bool, str, tuple[tuple[str, float], ...]]]:
    """Yield (whether it is certain, the message, the figures)."""
    name = feature.name
    if feature.copies is not None and feature.copies[1].least >= COPY:
        column, ranks = feature.copies
        exact = ranks.value >= COPY_SURELY
        how = "is ordered exactly like" if ranks.value > 1 - 1e-9 else "is ordered nearly like"
        yield exact, f"{name} {how} {column}, which the outcome is made of", (("rank_correlation", ranks.value),)
    if feature.alone is not None and feature.alone.least >= ALONE:
        exact = feature.alone.value >= EXACTLY and feature.alone.least >= ALONE_SURELY
        message = f"{name} alone removes {_percent(feature.alone.value)} of a naive guess's errors"
        yield exact, message, (("errors_removed", feature.alone.value), ("at_least", feature.alone.least))
    known = _share(feature.filled, figures.known)
    still = _share(feature.open_filled, figures.open)
    if figures.open >= _FEWEST_OPEN and known.least > 0.5 and known.value - still.value >= 0.5:
        lower = known.least - _most(feature.open_filled, figures.open)
        if lower >= 0.5:
            exact = known.value >= 0.9 and still.value <= 0.05
            message = (
                f"{name} is filled in {known.value:.0%} of the rows whose outcome is known, and in {still.value:.0%}"
            )
            message += " of those whose outcome is not"
            yield exact, message, (("filled_known", known.value), ("filled_open", still.value))
    if feature.known_later is not None:
        of = "" if feature.known_later == name else f" is made of {feature.known_later}, which"
        yield False, f"{name}{of} may be known only later than a prediction is made, by its name", ()


def _shift(feature: FeatureFigures, figures: RowFigures) -> Iterator[Finding]:
    if figures.held_out < _FEWEST_HELD_OUT:
        return
    if feature.outside >= _OUTSIDE:
        rows = "every row of the holdout lies"
        if feature.outside < 1:
            rows = f"{feature.outside:.0%} of the rows of the holdout lie"
        yield _about(
            feature,
            "holdout-shift",
            f"{feature.name}: {rows} outside of what it was in training",
            "remove it, or derive from it what comes back, such as a difference or a month"
            if figures.in_time
            else "check how the rows were split: the holdout says little of what this feature does",
            outside=feature.outside,
            moved=feature.moved,
        )
    elif feature.moved >= _MOVED:
        yield _about(
            feature,
            "holdout-shift",
            f"{feature.name} is distributed otherwise in the holdout than in training ({feature.moved:.2f} of 1)",
            "where it moves with time, expect the model to age; train it again often",
            severity=Severity.NOTE,
            outside=feature.outside,
            moved=feature.moved,
        )


def _about(
    feature: FeatureFigures,
    check: str,
    message: str,
    remedy: str,
    *,
    severity: Severity = Severity.WARNING,
    **figures: float,
) -> Finding:
    return Finding(
        check=check,
        severity=severity,
        subject=feature.name,
        message=message,
        remedy=remedy,
        figures=tuple(figures.items()),
    )


# --- numbers -------------------------------------------------------------------------------------------------------

_Z = 3.0  # of a share whose features are not divided among: one-sided at 0.0013


def _share(part: int, whole: int) -> Estimate:
    if not whole:
        return Estimate(value=0.0, least=0.0)
    return Estimate(value=part / whole, least=1 - _most(whole - part, whole))


def _most(part: int, whole: int) -> float:
    """Return the upper bound of a share (Wilson)."""
    return wilson(part, whole, _Z) if whole else 1.0


def wilson(part: float, whole: int, z: float) -> float:
    """Return the upper bound of a share of `part` in `whole`, one-sided at z standard deviations (Wilson)."""
    share, square = part / whole, z * z / whole
    root = math.sqrt(share * (1 - share) * square + square * square / 4)
    return (share + square / 2 + root) / (1 + square)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 1 or share < 0.995 else f"{share:.1%}"
