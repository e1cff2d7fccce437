"""Gates on figures: each rule at its edge, slices with their support, and what is recorded judges again alike."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradedBy, GradeReason
from reconciler.core.judging.judge_figures import MOST_KEPT, judge_bounded, verdict_again, widened
from reconciler.core.judging.judged_figures import (
    FiguresOfClass,
    FiguresOfRows,
    JudgedFigures,
    SlicedFigures,
    SlicePart,
)
from reconciler.core.spec.gates import (
    BoundedGate,
    Calibration,
    Coverage,
    GateResult,
    GateStatus,
    Rule,
    SliceCounts,
    Threshold,
)
from reconciler.core.spec.grade import Grade

GRADE = GradeReason(grade=Grade.B, by=GradedBy.SKILL, value=0.6, reason="right often", advice="look")
FEW = "120 rows: too few for an interval, which needs 200"


def rows(*figures: Figure, count: int = 1_000, recall: float = 0.5) -> FiguresOfRows:
    late = Figure(name="recall", value=recall, low=recall - 0.1, high=recall + 0.1)
    return FiguresOfRows(rows=count, figures=figures, classes=(FiguresOfClass(name="late", rows=100, figures=(late,)),))


AUC = Figure(name="roc_auc", value=0.80, low=0.78, high=0.82)
JUDGED = JudgedFigures(all_rows=rows(AUC), grade=GRADE)


def auc(rule: Rule | None = None, **bounds: float) -> Threshold:
    return Threshold(metric="roc_auc", rule=rule, **bounds)  # type: ignore[arg-type]


def judged(gate: BoundedGate, figures: JudgedFigures | str = JUDGED) -> GateResult:
    result = judge_bounded(gate, figures)
    assert verdict_again(result) is result.verdict, "what is recorded says the same"
    return result


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (auc(at_least=0.80), True),
        (auc(at_least=0.8001), False),
        (auc(at_most=0.80), True),
        (auc(at_most=0.7999), False),
        (auc(Rule.EVIDENCE, at_least=0.82), True),
        (auc(Rule.EVIDENCE, at_least=0.8201), False),
        (auc(Rule.EVIDENCE, at_most=0.78), True),
        (auc(Rule.EVIDENCE, at_most=0.7799), False),
        (auc(Rule.STRICT, at_least=0.78), True),
        (auc(Rule.STRICT, at_least=0.7801), False),
        (auc(Rule.STRICT, at_most=0.82), True),
        (auc(Rule.STRICT, at_most=0.8199), False),
        (auc(Rule.STRICT, at_least=0.78, at_most=0.81), False),
        (auc(Rule.EVIDENCE, at_least=0.5, at_most=0.78), True),
        (Threshold(metric="recall:late", rule=Rule.EVIDENCE, at_least=0.6), True),
        (Threshold(metric="recall:late", at_least=0.6), False),
        (Threshold(metric="recall:never", at_least=0.1), False),
        (Threshold(metric="brier", at_most=2.0), False),
    ],
)
def test_each_rule_holds_its_end_of_the_interval_to_the_bound(gate: Threshold, passed: bool) -> None:
    assert (judged(gate).verdict is GateStatus.PASSED) is passed, judged(gate).reason


@pytest.mark.parametrize("rule", [Rule.EVIDENCE, Rule.STRICT])
def test_a_figure_without_an_interval_passes_under_no_rule_that_reads_one(rule: Rule) -> None:
    bare = replace(JUDGED, all_rows=rows(Figure(name="roc_auc", value=0.99, why=FEW)))
    result = judged(auc(rule, at_least=0.5), bare)
    assert result.verdict is GateStatus.REFUSED
    assert result.reason == f"roc_auc 0.99: whether that is chance cannot be told, {FEW}"
    assert judged(auc(at_least=0.5), bare).verdict is GateStatus.PASSED


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_never_passes(value: float | None) -> None:
    broken = replace(JUDGED, all_rows=rows(Figure(name="roc_auc", value=value, low=0.0, high=1.0)))
    for rule in (None, *Rule):
        assert judged(auc(rule, at_least=0.0, at_most=1.0), broken).verdict is GateStatus.REFUSED
    assert judged(auc(at_least=0.0), "the worker ended").reason == "roc_auc is not known: the worker ended"


def test_a_reason_says_figure_interval_and_bound() -> None:
    assert judged(auc(at_least=0.85)).reason == "roc_auc 0.8 (95% interval 0.78 to 0.82) is below 0.85"
    assert judged(auc(Rule.EVIDENCE, at_least=0.85)).reason.endswith("is shown to be below 0.85")
    assert judged(auc(Rule.EVIDENCE, at_least=0.81)).reason.endswith("is not shown to be below 0.81")
    assert judged(auc(Rule.STRICT, at_least=0.79)).reason.endswith("is not shown to be at least 0.79")
    assert judged(auc(Rule.STRICT, at_least=0.7, at_most=0.9)).reason.endswith("to be at least 0.7 and at most 0.9")


def test_coverage_is_held_to_the_quantile_from_both_sides() -> None:
    def covering(share: float, half: float = 0.01) -> JudgedFigures:
        figure = Figure(name="coverage", value=share, low=share - half, high=share + half)
        return JudgedFigures(all_rows=rows(figure), grade=GRADE, quantile=0.9)

    for share, passed in ((0.88, True), (0.879, False), (0.92, True), (0.921, False)):
        assert (judged(Coverage(tolerance=0.02), covering(share)).verdict is GateStatus.PASSED) is passed
    evidence = Coverage(tolerance=0.0, rule=Rule.EVIDENCE)
    assert judged(evidence, covering(0.905)).verdict is GateStatus.PASSED
    assert judged(evidence, covering(0.915)).verdict is GateStatus.REFUSED
    assert judged(Coverage(tolerance=0.02), covering(0.95)).reason == (
        "coverage 0.95 (95% interval 0.94 to 0.96) is above 0.92 (the quantile 0.9, give or take 0.02)"
    )
    no_quantile = replace(covering(0.9), quantile=None)
    assert judged(Coverage(tolerance=0.02), no_quantile).verdict is GateStatus.REFUSED


def test_calibration_is_an_error_of_which_less_is_better() -> None:
    error = Figure(name="expected_calibration_error", value=0.04, low=0.0, high=0.06)
    figures = JudgedFigures(all_rows=rows(error), grade=GRADE)
    assert judged(Calibration(at_most=0.04), figures).verdict is GateStatus.PASSED
    assert judged(Calibration(at_most=0.039), figures).verdict is GateStatus.REFUSED
    assert judged(Calibration(at_most=0.05, rule=Rule.STRICT), figures).verdict is GateStatus.REFUSED


def test_figures_in_a_unit_of_their_own_say_it() -> None:
    days = JudgedFigures(all_rows=rows(Figure(name="mae", value=3.2)), grade=GRADE, unit="days")
    assert judged(Threshold(metric="mae", at_most=3.0), days).reason == "mae 3.2 in days is above 3"


# --- slices ---

PER = Threshold(metric="recall:late", at_least=0.45, rule=Rule.EVIDENCE, per="region", min_support=60, sliced_by="land")


def sliced(*parts: tuple[str, int, float], small: tuple[int, ...] = ()) -> JudgedFigures:
    slices = SlicedFigures(
        name="region",
        parts=tuple(SlicePart(value=name, figures=rows(count=count, recall=recall)) for name, count, recall in parts),
        small=small,
    )
    return replace(JUDGED, slices=(slices,))


def test_the_slice_that_refuses_is_named_with_its_figure_and_small_ones_are_told() -> None:
    result = judged(PER, sliced(("north", 100, 0.5), ("south", 80, 0.2), ("east", 59, 0.0), small=(7,)))
    assert result.verdict is GateStatus.REFUSED
    assert result.reason == (
        "recall:late 0.2 (97.5% interval 0.09 to 0.3165) in region = south (80 rows) is shown to be below 0.45; "
        "2 of 4 slices judged; 2 with fewer than 60 rows (66 in all) not judged"
    )
    assert result.slices == SliceCounts(judged=2, small=2, small_rows=66)
    assert [figure.slice for figure in result.figures or ()] == ["region = south", "region = north"]


def test_every_slice_must_pass_and_the_worst_is_named() -> None:
    result = judged(PER, sliced(("north", 100, 0.7), ("south", 80, 0.5)))
    assert result.verdict is GateStatus.PASSED
    assert result.reason.startswith("worst: recall:late 0.5 (97.5% interval")
    assert "in region = south (80 rows) is at least 0.45" in result.reason


def test_more_slices_must_show_more_so_that_chance_refuses_no_more_of_them() -> None:
    def many(count: int) -> JudgedFigures:
        return sliced(*((f"region {n}", 100, 0.34) for n in range(count)))

    assert judged(PER, many(1)).verdict is GateStatus.REFUSED
    assert judged(PER, many(40)).verdict is GateStatus.PASSED
    kept = judged(PER, many(40)).figures or ()
    assert len(kept) == MOST_KEPT
    assert kept[0].confidence == pytest.approx(1 - 0.05 / 40)


def test_where_no_slice_has_rows_enough_nothing_was_judged_and_nothing_passes() -> None:
    result = judged(PER, sliced(("north", 59, 1.0), small=(3,)))
    assert result.verdict is GateStatus.REFUSED
    assert "no slice could be judged" in result.reason


def test_a_slice_that_cannot_be_told_refuses_only_by_the_strict_rule() -> None:
    figures = sliced(("north", 100, 0.7))
    (slices,) = figures.slices
    bare = SlicePart(value="south", figures=FiguresOfRows(rows=90, figures=()))
    figures = replace(figures, slices=(replace(slices, parts=(*slices.parts, bare)),))
    assert judged(PER, figures).verdict is GateStatus.PASSED
    assert "1 cannot be told (region = south: there are no rows of class late)" in judged(PER, figures).reason
    assert judged(replace(PER, rule=Rule.STRICT), figures).verdict is GateStatus.REFUSED


def test_a_slice_that_nobody_declared_or_that_could_not_be_cut_refuses() -> None:
    assert judged(replace(PER, sliced_by=None), sliced(("north", 100, 0.7))).verdict is GateStatus.REFUSED
    assert judged(PER).reason == "recall:late per region is not known: the model declares no such slice"
    broken = replace(JUDGED, slices=(SlicedFigures(name="region", problem="the table has no column land"),))
    assert judged(PER, broken).reason == "recall:late per region is not known: the table has no column land"


@pytest.mark.parametrize("name", ["roc_auc", "mae", "matthews", "log_loss"])
def test_a_higher_confidence_makes_an_interval_wider_within_what_the_figure_can_be(name: str) -> None:
    figure = Figure(name=name, value=0.9, low=0.7, high=0.97)
    low, high = widened(figure, 0.999, name) or (1.0, 0.0)
    assert low < 0.7
    assert high > 0.97
    assert high <= (1.0 if name in ("roc_auc", "matthews") else math.inf)
    assert widened(figure, 0.95, name) == (0.7, 0.97)


# --- what weakens ---


@pytest.mark.parametrize(
    ("stricter", "looser"),
    [
        (PER, replace(PER, min_support=100)),
        (PER, replace(PER, at_least=0.4)),
        (replace(PER, rule=Rule.STRICT), PER),
        (replace(PER, rule=None), PER),
        (Calibration(at_most=0.05), Calibration(at_most=0.06)),
        (Coverage(tolerance=0.01), Coverage(tolerance=0.02)),
    ],
)
def test_less_support_a_stricter_rule_and_a_nearer_bound_are_stricter(
    stricter: BoundedGate, looser: BoundedGate
) -> None:
    assert stricter.as_strict_as(looser)
    assert not looser.as_strict_as(stricter)


def test_what_a_slice_is_cut_by_is_a_part_of_the_gate() -> None:
    assert not replace(PER, sliced_by="'all'").as_strict_as(PER)
    assert replace(PER, per=None, sliced_by=None).subject != PER.subject
