"""Reports of models, made by hand: two, five and forty classes and a number, with names that try to break a page."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate

from reconciler.core.artifact.build import Inputs, Material, Provenance
from reconciler.core.artifact.data_snapshot import MaskedColumn
from reconciler.core.artifact.evaluation import ClassScore, Evaluation
from reconciler.core.artifact.journal import Action, ApprovalRecord, OverrideRecord
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.evaluation.detailed import DetailedEvaluation, TrainingReport
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
from reconciler.core.forge.pull_request import Approval
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.site.model_report import ModelReport, ModelVersion
from reconciler.core.snapshots.results import SnapshotTable
from reconciler.core.spec.comparison import Comparability, Comparison, PairedMetric
from reconciler.core.spec.data import Treatment
from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.gates import (
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Threshold,
    Verification,
)
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.policy import Control
from reconciler.core.status_codes import HealthStatus, SyncStatus

SCRIPT = "</script><script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "متأخر جداً (أكثر من ثلاثين يوماً)",
    "\u202eevil reversed",
    'on"mouseover="alert(2)" <img src=x onerror=alert(3)>',
    "a-very-long-class-name-without-any-place-to-break-it-" * 3,
    "שולם בזמן & בזמן <b>",
    "顧客の支払いが期日より遅れた",
    "$x^2$ \\frac{1}{2} @0@ %s {n} `code`",
)
NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
ARTIFACT, ROWS, OLD = digest_of_bytes(b"artifact"), digest_of_bytes(b"rows"), digest_of_bytes(b"old")


def class_names(count: int) -> tuple[str, ...]:
    """Return so many names of classes, hostile ones first."""
    return tuple(HOSTILE[n] if n < len(HOSTILE) else f"class number {n + 1}" for n in range(count))


def classification(count: int) -> DetailedEvaluation:
    """Return the evaluation of a model of so many classes."""
    names = class_names(count)
    confusion = tuple(tuple(60 if a == b else (a * 7 + b * 3) % 9 for b in range(count)) for a in range(count))
    rows = [sum(row) for row in confusion]
    predicted = [sum(row[n] for row in confusion) for n in range(count)]
    right = sum(confusion[n][n] for n in range(count)) / sum(rows)
    return DetailedEvaluation(
        artifact=ARTIFACT,
        evaluation_rows=ROWS,
        task="classification",
        rows=sum(rows),
        outcome=" | ".join(names),
        grade=GradeReason(
            grade=Grade.B,
            by=GradedBy.SKILL,
            value=0.61,
            reason=f"right in {right:.1%} of rows where chance would be right in {1 / count:.1%}",
            advice="look at which classes it mistakes for which, and add data that tells them apart",
        ),
        naive=NaiveGuess(
            guess=f"always guessing {names[0]}",
            figure="accuracy",
            value=1 / count,
            removed=Figure(name="errors_removed", value=0.61, low=0.55, high=0.66),
            goal=(1 + 1 / count) / 2,
            reached=True,
        ),
        figures=(
            Figure(name="accuracy", value=right, low=right - 0.03, high=right + 0.03),
            Figure(name="f1_macro", value=right - 0.01, low=right - 0.05, high=right + 0.03),
            Figure(name="log_loss", value=0.61, low=0.55, high=0.68),
            Figure(name="expected_calibration_error", value=0.03, why="48 rows: too few for an interval"),
        ),
        training=TrainingReport(rows=4000, features=24, estimator="HistGradientBoostingClassifier"),
        influence=InfluenceReport(
            figure="f1_macro", rows=sum(rows), repeats=7, resolved=False, features=tuple(_features(24))
        ),
        classes=tuple(_class(n, name, rows[n], predicted[n]) for n, name in enumerate(names)),
        confusion=confusion,
        distances=(DistanceRow(distance=0, rows=300), DistanceRow(distance=1, rows=41)) if count == 5 else (),
        slices=tuple(_slices()),
        slices_left_out=12,
    )


def _class(n: int, name: str, rows: int, predicted: int) -> ClassDetail:
    xs = [i / 60 for i in range(61)]
    power = 0.2 + 0.1 * n
    return ClassDetail(
        name=name,
        rows=rows,
        predicted=predicted,
        figures=(
            Figure(name="precision", value=0.8, low=0.72, high=0.86),
            Figure(name="recall", value=0.7, low=0.61, high=0.78),
            Figure(name="f1", value=0.74, why="32 rows of the class: too few for an interval"),
            Figure(name="roc_auc", value=0.9, low=0.87, high=0.93),
            Figure(name="average_precision", value=0.8, low=0.74, high=0.85),
        ),
        calibration=tuple(
            CalibrationBin(rows=40, predicted=x, observed=min(1.0, x**1.2), low=max(0, x - 0.12), high=min(1, x + 0.1))
            for x in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
        ),
        roc=tuple(CurvePoint(x=x, y=x**power, threshold=1 - x if x else None) for x in xs),
        precision_recall=tuple(CurvePoint(x=x, y=1 - 0.5 * x**2, threshold=1 - x) for x in xs),
    )


def _features(count: int) -> list[FeatureInfluence]:
    found = []
    for n in range(count):
        drop = 0.2 * 0.7**n - 0.001
        name = HOSTILE[n] if n < len(HOSTILE) else f"feature_{n}"
        found.append(FeatureInfluence(feature=name, drop=drop, low=drop - 0.012, high=drop + 0.012, distinct=n < 8))
    return found


def _slices() -> list[Slice]:
    return [
        Slice(
            column="channel",
            value=name,
            rows=60 + n,
            figures=(Figure(name="accuracy", value=0.5 + 0.03 * n, low=0.4, high=0.62),),
            gap=Figure(name="accuracy", value=0.2 - 0.05 * n, low=0.1 - 0.05 * n, high=0.3 - 0.05 * n),
            distinct=n < 2,
        )
        for n, name in enumerate(HOSTILE)
    ]


def regression() -> DetailedEvaluation:
    """Return the evaluation of a model of `ln(1 + days)`, judged in days."""
    return DetailedEvaluation(
        artifact=ARTIFACT,
        evaluation_rows=ROWS,
        task="regression",
        rows=1400,
        outcome="ln(1 + days)",
        unit=OutcomeUnit(unit="days", predicted="ln(1 + days)"),
        grade=GradeReason(
            grade=Grade.C,
            by=GradedBy.R2,
            value=0.41,
            reason="explains 41% of what days differ by",
            advice="add what is known of the customer's earlier payments",
        ),
        naive=NaiveGuess(
            guess="always guessing the mean of the training rows",
            figure="mae",
            value=12.5,
            removed=Figure(name="errors_removed", value=0.28, low=0.2, high=0.35),
            goal=6.25,
            reached=False,
        ),
        figures=(
            Figure(name="r2", value=0.41, low=0.3, high=0.5),
            Figure(name="mae", value=9.0, low=8.1, high=9.9),
            Figure(name="rmse", value=14212.5, low=13000, high=16000),
        ),
        as_predicted=(Figure(name="r2", value=0.7, low=0.65, high=0.74),),
        training=TrainingReport(rows=5600, features=24, estimator="Ridge"),
        influence=InfluenceReport(figure="r2", rows=1400, repeats=5, resolved=True, features=tuple(_features(12))),
        bins=tuple(
            CalibrationBin(rows=140, predicted=x, observed=x * 1.1, low=x * 0.9, high=x * 1.3)
            for x in (1.0, 3.0, 5.0, 9.0, 14.0, 22.0, 40.0)
        ),
        slices=tuple(_slices()),
    )


@cache
def model_report(count: int | None) -> ModelReport:
    """Return the report of a model of so many classes; None: of a number."""
    full = classification(count) if count is not None else regression()
    headline = full.headline
    assert headline is not None
    scores = tuple(ClassScore(name=c.name, rows=c.rows, precision=0.8, recall=0.7, f1=0.74) for c in full.classes)
    own = Evaluation(
        task=full.task,
        rows=full.rows,
        training_rows=4000,
        classes=scores,
        confusion=full.confusion,
        metrics=tuple(sorted((f.name, f.value) for f in full.figures if f.value is not None)),
        naive=0.5,
        errors_removed=0.6,
        grade=full.grade.grade,
        influences=(),
        evaluation_rows=ROWS,
        holdout_from="2026-09-01",
    )
    return ModelReport(
        model="late-payments",
        environment="production",
        role="production",
        revision="4f" * 20,
        status=ModelStatus(
            model="late-payments",
            sync=SyncStatus.IN_SYNC,
            health=HealthStatus.HEALTHY,
            reason="deployed as declared",
            artifact=ARTIFACT,
            entry=7,
            since=NOW,
            grade="B",
            headline=headline.value,
        ),
        judged=JudgedModel(
            model="late-payments",
            environment="production",
            owner="Ödön & Söhne <team@example.org>",
            description=f"Which invoices are paid late. {HOSTILE[1]} {SCRIPT}",
            artifact=ARTIFACT,
            state="deployed",
            evaluation=own,
            detailed=full,
            verifications=(verification(headline.name),),
            provenance=_provenance(),
            incumbent=OLD,
        ),
        versions=tuple(_versions(headline.name)),
        events=tuple(_events()),
        earlier=23,
        tables=(
            SnapshotTable(
                name="invoices",
                rows=120_000,
                columns=("id", "amount"),
                digest=ROWS,
                since=3,
                sampled_by="customer_id",
                masked=("iban: drop",),
            ),
        ),
    )


def verification(metric: str) -> Verification:
    """Return a verification with a comparison that shows no difference, and one gate that failed."""
    compared = Comparison(
        state=Comparability.COMPARED,
        metric=metric,
        rows=900,
        candidate=0.612,
        incumbent=0.613,
        difference=-0.001,
        lower=-0.009,
        upper=0.007,
        detectable=0.012,
        metrics=(PairedMetric(metric=metric, candidate=0.612, incumbent=0.613),),
    )
    return Verification(
        artifact=ARTIFACT,
        environment="production",
        gate_set=digest_of_bytes(b"gates"),
        evaluation=ROWS,
        incumbent=OLD,
        results=(
            GateResult(
                gate=PerformanceGrade(at_least=Grade.C), verdict=GateStatus.PASSED, reason="grade B, at least C"
            ),
            GateResult(
                gate=NoWorseThanIncumbent(metric=metric),
                verdict=GateStatus.PASSED,
                reason="no difference seen",
                comparison=compared,
            ),
            GateResult(
                gate=Threshold(metric=f"recall:{HOSTILE[0]}", at_least=0.9),
                verdict=GateStatus.REFUSED,
                reason=f"recall:{HOSTILE[0]} 0.700 is below 0.900",
            ),
        ),
    )


def _provenance() -> Provenance:
    masked = (MaskedColumn(column="customer_name", treatment=Treatment.PSEUDONYM, type="VARCHAR"),)
    return Provenance(
        fingerprint=digest_of_bytes(b"fingerprint"),
        artifact=ARTIFACT,
        inputs=Inputs(
            recipe=digest_of_bytes(b"recipe"),
            tables=(Material(name="invoices", digest=ROWS),),
            runtime=digest_of_bytes(b"runtime"),
            masks=(("invoices", masked),),
        ),
        runtime=Runtime(
            architecture="x86_64", versions=(("python", "3.11"), ("scikit-learn", "1.9.0")), training_format=1
        ),
        project="payments",
        environment="sandbox",
        model="late-payments",
        commit="ab" * 20,
        snapshot=12,
        taken=NOW - timedelta(days=2),
        as_of="2026-11-27",
        builder="sklearn",
        started=NOW - timedelta(days=1, minutes=2),
        finished=NOW - timedelta(days=1),
        rows_left_out=(("no outcome", 41), ("not matured", 1), ("outside the window", 0)),
        who="Zoë <zoe@example.org>",
    )


def _versions(figure: str) -> list[ModelVersion]:
    values = accumulate((0.02 * math.sin(n) for n in range(8)), initial=0.5)
    return [
        ModelVersion(
            artifact=ARTIFACT if n == 8 else digest_of_bytes(str(n).encode()),
            n=n,
            when=NOW - timedelta(days=30 * (8 - n)),
            data_as_of="2026-11-01",
            grade="CCCBBCBBB"[n],
            figure=figure,
            value=value,
            low=value - 0.04,
            high=value + 0.04,
            rows=900,
        )
        for n, value in enumerate(values)
    ]


def _events() -> list[HistoryEvent]:
    approval = ApprovalRecord(
        number=41,
        url="https://forge.example/payments/pull/41",
        author=SCRIPT,
        commit="cd" * 20,
        brought="ef" * 20,
        approvals=(Approval(by="ana", when=NOW - timedelta(hours=2)),),
    )
    other = ApprovalRecord(
        number=40, url="javascript:alert(4)", author="bob", commit="cd" * 20, brought="ef" * 20, approvals=()
    )
    return [
        event(7, ARTIFACT, reason=f"passed its gates {SCRIPT}", approved=approval),
        event(
            6,
            OLD,
            reason=HOSTILE[1],
            approved=other,
            overrides=(OverrideRecord(control=Control.FREEZE, reason=HOSTILE[3]),),
        ),
    ]


def event(
    n: int,
    artifact: Digest,
    *,
    reason: str,
    model: str = "late-payments",
    approved: ApprovalRecord | None = None,
    overrides: tuple[OverrideRecord, ...] | None = None,
) -> HistoryEvent:
    """Return an event of the journal, one a day."""
    return HistoryEvent(
        environment="production",
        model=model,
        n=n,
        action=Action.DEPLOY,
        artifact=artifact,
        commit="ab" * 20,
        who="Zoë <zoe@example.org>",
        when=NOW - timedelta(days=7 - n),
        reason=reason,
        entry=digest_of_bytes(f"{model}{n}".encode()),
        approved=approved,
        overrides=overrides,
    )
