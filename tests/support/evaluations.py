"""Evaluations in full, small ones made by hand, for tests of what is stored and said of them."""

from __future__ import annotations

from reconciler.core.digest import digest_of_bytes
from reconciler.core.evaluation.detailed import (
    DetailedEvaluation,
    GradedBy,
    GradeReason,
    NaiveGuess,
    OutcomeUnit,
    TrainingReport,
)
from reconciler.core.evaluation.figures import (
    CalibrationBin,
    ClassDetail,
    CurvePoint,
    DistanceRow,
    FeatureInfluence,
    Figure,
    InfluenceReport,
    Slice,
)
from reconciler.core.spec.gates import Grade

ARTIFACT, ROWS = digest_of_bytes(b"artifact"), digest_of_bytes(b"rows")


def three_classes() -> DetailedEvaluation:
    """Return the evaluation of the issue's model of three classes: accuracy 0.678 where guessing gets 0.538."""
    precision = Figure(name="precision", value=0.91, low=0.83, high=0.96)
    few = Figure(name="f1", value=0.0, why="32 rows of class late: too few for an interval")
    roc = (CurvePoint(x=0.0, y=0.0), CurvePoint(x=0.2, y=0.9, threshold=0.5), CurvePoint(x=1.0, y=1.0))
    bins = (CalibrationBin(rows=60, predicted=0.2, observed=0.25, low=0.16, high=0.37),)
    names, rows, predicted = ("early", "late", "on time"), (92, 32, 47), (78, 0, 93)
    return DetailedEvaluation(
        artifact=ARTIFACT,
        evaluation_rows=ROWS,
        task="classification",
        rows=171,
        outcome="early | late | on time",
        grade=GradeReason(
            grade=Grade.C,
            by=GradedBy.SKILL,
            value=0.457,
            reason="right in 67.8% of rows where chance would be right in 40.5%",
            advice="look at which classes it mistakes for which, and add data that tells them apart",
        ),
        naive=NaiveGuess(
            guess="always guessing early",
            figure="accuracy",
            value=0.538,
            removed=Figure(name="errors_removed", value=0.304, low=0.17, high=0.43),
            goal=0.769,
            reached=False,
        ),
        figures=(
            Figure(name="accuracy", value=0.678, low=0.605, high=0.744),
            Figure(name="f1_macro", value=0.4927, why="32 rows of class late: too few for an interval"),
        ),
        training=TrainingReport(rows=700, features=3, estimator="LogisticRegression", iterations=21, most=100),
        influence=InfluenceReport(
            figure="f1_macro",
            rows=171,
            repeats=5,
            resolved=True,
            features=(
                FeatureInfluence(feature="amount", drop=0.21, low=0.17, high=0.25, distinct=True),
                FeatureInfluence(feature="noise", drop=-0.001, low=-0.01, high=0.008, distinct=False),
            ),
        ),
        classes=tuple(
            ClassDetail(
                name=name,
                rows=rows[n],
                predicted=predicted[n],
                figures=(precision, few),
                calibration=bins,
                roc=roc,
                precision_recall=roc[1:],
            )
            for n, name in enumerate(names)
        ),
        confusion=((71, 0, 21), (5, 0, 27), (2, 0, 45)),
        distances=(DistanceRow(distance=0, rows=116), DistanceRow(distance=1, rows=32)),
        slices=(
            Slice(
                column="channel",
                value="",
                rows=60,
                figures=(Figure(name="accuracy", value=0.5, low=0.38, high=0.62),),
                gap=Figure(name="accuracy", value=0.27, low=0.12, high=0.42),
                distinct=True,
                code=1,
            ),
        ),
        slices_left_out=4,
    )


def days() -> DetailedEvaluation:
    """Return the evaluation of a regression of `ln(1 + days)`, which is judged in days."""
    return DetailedEvaluation(
        artifact=ARTIFACT,
        evaluation_rows=ROWS,
        task="regression",
        rows=400,
        outcome="ln(1 + days)",
        unit=OutcomeUnit(unit="days", predicted="ln(1 + days)"),
        grade=GradeReason(grade=Grade.C, by=GradedBy.R2, value=0.41, reason="explains 41%", advice="add features"),
        naive=NaiveGuess(
            guess="always guessing the mean of these rows",
            figure="mae",
            value=12.5,
            removed=Figure(name="errors_removed", value=0.28, low=0.2, high=0.35),
            goal=6.25,
            reached=False,
        ),
        figures=(Figure(name="r2", value=0.41, low=0.3, high=0.5), Figure(name="mae", value=9.0, low=8.1, high=9.9)),
        as_predicted=(Figure(name="r2", value=0.7, low=0.65, high=0.74),),
        training=TrainingReport(rows=1600, features=2, estimator="Ridge"),
        influence=InfluenceReport(figure="r2", rows=400, repeats=5, resolved=False, features=()),
        bins=(CalibrationBin(rows=40, predicted=3.0, observed=3.4, low=2.9, high=3.9),),
    )
