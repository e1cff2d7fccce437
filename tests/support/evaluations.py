"""Evaluations in full, small ones made by hand, for tests of what is stored and said of them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.evaluation import ClassScore, Evaluation, Influence
from reconciler.core.artifact.oci_artifact import Schema, SchemaColumn
from reconciler.core.digest import digest_of_bytes
from reconciler.core.evaluation.detailed import DetailedEvaluation, TrainingReport, named_slices
from reconciler.core.evaluation.figures import (
    CalibrationBin,
    ClassDetail,
    CurvePoint,
    DistanceRow,
    FeatureInfluence,
    Figure,
    InfluenceReport,
    OutcomeUnit,
    Slice,
)
from reconciler.core.evaluation.grade_reason import GradedBy, GradeReason, NaiveGuess
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.spec.gates import PerformanceGrade, Threshold, Verification
from reconciler.core.spec.grade import Grade

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


def named() -> DetailedEvaluation:
    """Return the evaluation of three classes as readers get it, with its slices named."""
    columns = (SchemaColumn(name="channel", type="categorical", categories=("shop", "web")),)
    return named_slices(
        three_classes(), Schema(task="classification", columns=columns, classes=(), key="id", tables=())
    )


def twelve_classes() -> DetailedEvaluation:
    """Return an evaluation of twelve classes with long names, which no terminal has room for as a matrix."""
    each = three_classes().classes[0]
    names = [f"{30 * n} to {30 * n + 29} days after the invoice was sent" for n in range(12)]
    confusion = tuple(tuple(40 if i == j else 7 if abs(i - j) == 1 else 0 for j in range(12)) for i in range(12))
    return replace(
        named(), classes=tuple(replace(each, name=name) for name in names), confusion=confusion, distances=()
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


def judged(detailed: DetailedEvaluation | None = None, unknown: str | None = None) -> JudgedModel:
    """Return the model of three classes as `show` has it, with one gate that it passed and one that refuses it."""
    own = Evaluation(
        task="classification",
        rows=171,
        training_rows=700,
        classes=tuple(
            ClassScore(name=name, rows=rows, precision=0.7, recall=0.6, f1=0.65)
            for name, rows in (("early", 92), ("late", 32), ("on time", 47))
        ),
        confusion=((71, 0, 21), (5, 0, 27), (2, 0, 45)),
        metrics=(("accuracy", 0.678), ("f1_macro", 0.4927)),
        naive=0.538,
        errors_removed=0.304,
        grade=Grade.C,
        influences=(Influence(feature="amount", drop=0.2), Influence(feature="noise", drop=-0.006)),
        evaluation_rows=ROWS,
        holdout_from="2025-06-17",
    )
    gates = (Threshold(metric="f1_macro", at_least=0.5), PerformanceGrade(at_least=Grade.C))
    return JudgedModel(
        model="payments",
        environment="sandbox",
        owner="receivables",
        description="When a customer pays.",
        artifact=ARTIFACT,
        state="deployed",
        evaluation=own,
        detailed=detailed,
        unknown=unknown,
        verifications=(
            Verification(
                artifact=ARTIFACT,
                environment="production",
                gate_set=digest_of_bytes(b"gates"),
                evaluation=ROWS,
                incumbent=None,
                results=evaluate_gates(gates, own, {}),
            ),
        ),
    )
