"""Give a grade with its reason and with what to do about it: pure rules over counts and figures.

Classes and numbers get the grades of AI Builder's published bands (`core.artifact.evaluation`), with two limits that
those bands lack: agreement that is not above chance is D, however frequent one class is; and where a class has under
5 % of the rows, the skill counts the classes that the model predicts, too (Cohen's kappa), since always guessing the
others would else be C or better. A quantile is graded by pinball, on bands that R2's are for normal errors, and must
cover what it says.
"""

from __future__ import annotations

import math

from reconciler.core.artifact.evaluation import (
    TOO_GOOD,
    TOO_GOOD_R2,
    Evaluation,
    grade_of_skill,
    grade_regression,
    skill_over_chance,
)
from reconciler.core.evaluation.grade_reason import GradedBy, GradeReason
from reconciler.core.evaluation.ordered import distances_of, in_order, seem_ordered, skill_by_distance
from reconciler.core.evaluation.quantiles import grade_quantile
from reconciler.core.number_text import rounded
from reconciler.core.spec.grade import Grade

RARE = 0.05
LEAK = (
    "look for a feature that is known only once the outcome is; a gate lets such a model pass by `tooGood: "
    "allowed`, where it is right to be perfect"
)
_ADVICE = {
    Grade.A: "rely on it, once its worst slices and classes are good enough for what it decides",
    Grade.B: "look at the worst slices and the classes that it mistakes: more rows of those help it most",
    Grade.C: "use it for hints, not for decisions: add features that tell more of the outcome, or more rows",
    Grade.D: "do not use it: add features that are known in time and tell of the outcome, or predict something else",
}


def reason_of(evaluation: Evaluation) -> GradeReason:
    """Return the grade of an artifact's own evaluation with its reason."""
    if evaluation.classes:
        return judge_classes(evaluation.confusion, tuple(score.name for score in evaluation.classes))
    if evaluation.quantile is not None:
        coverage = evaluation.metric("coverage")
        return judge_quantile(evaluation.errors_removed, coverage, evaluation.rows, evaluation.quantile)
    return judge_numbers(evaluation.metric("r2"))


def judge_classes(
    confusion: tuple[tuple[int, ...], ...], names: tuple[str, ...], places: tuple[int, ...] = ()
) -> GradeReason:
    """Grade a classification by its confusion matrix: rows actual, columns predicted. `places`: of the classes in
    their declared order; empty where none is."""
    rows = sum(map(sum, confusion))
    actual = [sum(row) for row in confusion]
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    accuracy = sum(confusion[n][n] for n in range(len(names))) / rows if rows else math.nan
    shares = tuple(count / rows for count in actual) if rows else ()
    skill = skill_over_chance(accuracy, shares)
    if skill is None:
        why = "all rows are of one class, so that they cannot tell a good model from a guess"
        advice = "hold out rows of every class: a larger holdout, or another way to choose it"
        return GradeReason(grade=Grade.D, by=GradedBy.SKILL, value=None, reason=why, advice=advice)
    chance = math.fsum(share * share for share in shares)
    told = f"right in {accuracy:.1%} of rows, where chance would be right in {chance:.1%}: skill {rounded(skill, 3)}"
    kappa = _kappa(accuracy, actual, predicted)
    if kappa <= 0:
        return _no_agreement(told, kappa, predicted, names)
    rarest = min((share, name) for share, name in zip(shares, names, strict=True) if share > 0)
    if rarest[0] < RARE and kappa < skill:
        told = (
            f"right in {accuracy:.1%} of rows, but {_named(rarest[1])} is only {rarest[0]:.1%} of them: skill beyond "
            f"what its own predictions would get by chance is {rounded(kappa, 3)}"
        )
        skill = kappa
    grade, too_good = grade_of_skill(skill), skill >= TOO_GOOD
    told += _by_distance(confusion, names, places)
    if too_good:
        told = f"too good to be true: {told}"
    return GradeReason(
        grade=grade,
        by=GradedBy.SKILL,
        value=skill,
        reason=told,
        advice=LEAK if too_good else _advice(grade, confusion, names),
        too_good=too_good,
    )


def judge_numbers(r2: float | None, unit: str = "") -> GradeReason:
    """Grade a regression by its R2, in the unit that the model is judged in; empty: in what it predicts."""
    of = f" in {unit}" if unit else ""
    if r2 is None or not math.isfinite(r2):
        why = f"R2{of} is not known on these rows"
        return GradeReason(grade=Grade.D, by=GradedBy.R2, value=None, reason=why, advice=_ADVICE[Grade.D])
    grade, too_good = grade_regression(r2), r2 >= TOO_GOOD_R2
    told = f"explains {r2:.1%} of how the outcome varies{of} (R2)"
    if r2 < 0:
        told = f"R2 {rounded(r2, 3)}{of}: worse than always guessing the mean"
    if too_good:
        told = f"too good to be true: {told}"
    advice = LEAK if too_good else _ADVICE[grade]
    return GradeReason(grade=grade, by=GradedBy.R2, value=r2, reason=told, advice=advice, too_good=too_good)


def judge_quantile(
    removed: float | None, coverage: float | None, rows: int, quantile: float, unit: str = ""
) -> GradeReason:
    """Grade a quantile by the share of the naive quantile's pinball loss that the model removes, and by coverage."""
    of = f" in {unit}" if unit else ""
    if removed is None or coverage is None or not math.isfinite(removed):
        why = f"pinball{of} or coverage is not known on these rows"
        return GradeReason(grade=Grade.D, by=GradedBy.QUANTILE, value=None, reason=why, advice=_ADVICE[Grade.D])
    given = grade_quantile(removed, coverage, rows, quantile)
    verb = f"removes {removed:.1%} of" if removed >= 0 else f"adds {-removed:.1%} to"
    told = f"{verb} the naive quantile's pinball loss{of}, and {coverage:.1%} of rows lie at or below the prediction"
    low, high = given.interval
    asked = f"{quantile:.0%}" if round(100 * quantile, 9) == round(100 * quantile) else f"{quantile:.1%}"
    if given.covers:
        told += f": {asked} is asked for, within what {rows:,} rows can tell"
    else:
        told += f": not the {asked} that is asked for (95% interval {low:.1%} to {high:.1%}), which lowers the grade"
    too_good = given.too_good
    if too_good:
        told = f"too good to be true: {told}"
    advice = LEAK if too_good else _ADVICE[given.grade]
    if not given.covers and not too_good:
        few = "fewer rows than it says lie" if coverage < quantile else "more rows than it says lie"
        advice = f"{few} below its predictions: see in which slices, and whether the newest rows differ; {advice}"
    return GradeReason(
        grade=given.grade, by=GradedBy.QUANTILE, value=removed, reason=told, advice=advice, too_good=too_good
    )


def _kappa(accuracy: float, actual: list[int], predicted: list[int]) -> float:
    rows = sum(actual)
    chance = math.fsum(a * p for a, p in zip(actual, predicted, strict=True)) / rows**2
    return (accuracy - chance) / (1 - chance) if chance < 1 else 0.0


def _no_agreement(told: str, kappa: float, predicted: list[int], names: tuple[str, ...]) -> GradeReason:
    """Return D for a model whose predictions agree with the truth no more often than by chance."""
    used = [name for name, count in zip(names, predicted, strict=True) if count]
    what = "its predictions agree with the truth no more often than chance"
    if len(used) == 1:
        what = f"it predicts {_named(used[0])} for every row, as a blind guess would"
    why, advice = f"{told}; but {what}", _ADVICE[Grade.D]
    if len(used) == 1:
        advice = f"give it more rows of the other classes, or weigh them (`class_weight: balanced`); else {advice}"
    return GradeReason(grade=Grade.D, by=GradedBy.SKILL, value=kappa, reason=why, advice=advice)


def _by_distance(confusion: tuple[tuple[int, ...], ...], names: tuple[str, ...], places: tuple[int, ...]) -> str:
    confusion = in_order(confusion, places)
    skill = skill_by_distance(confusion) if places or seem_ordered(names) else None
    if skill is None:
        return ""
    order = "as declared" if places else "a guess, by the numbers in their names"
    counts = distances_of(confusion)
    rows = sum(each.rows for each in counts)
    near = sum(each.rows for each in counts if each.distance <= 1) / rows
    mean = math.fsum(each.distance * each.rows for each in counts) / rows
    return (
        f"; as ordered classes ({order}) {near:.1%} are at most one class off, "
        f"{rounded(mean, 2)} on average: skill by distance {rounded(skill, 3)}, grade {grade_of_skill(skill)} by that"
    )


def _advice(grade: Grade, confusion: tuple[tuple[int, ...], ...], names: tuple[str, ...]) -> str:
    """Return what to do, with the class that is found least where one is hardly found."""
    recalls = [(row[n] / sum(row), names[n]) for n, row in enumerate(confusion) if sum(row)]
    found, name = min(recalls)
    if grade is not Grade.A and found < 0.2 and len(recalls) > 1:
        more = f"it finds {found:.0%} of class {_named(name)}: add rows of it, or features that tell it apart"
        return f"{more}; else {_ADVICE[grade]}"
    return _ADVICE[grade]


def _named(name: str) -> str:
    return f"`{name}`"
