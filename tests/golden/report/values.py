"""Handmade values for the reports, with hostile names where manifests or data can put them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler import codec
from reconciler.core.artifact.build import Inputs, Material, Provenance
from reconciler.core.artifact.evaluation import BlendWeights, ClassScore, Evaluation, Influence
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.field_diff import FieldChange
from reconciler.core.inspect.audit import Audit, AuditFinding, ReproduceResult
from reconciler.core.inspect.history import EventData, EventEvaluation, History, HistoryEvent
from reconciler.core.inspect.status import UNSIGNED, EnvironmentStatus, ModelStatus, Status
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.plan.gate_evaluation import JUDGED_AGAIN
from reconciler.core.plan.plan import Blocked, MetricChange, ModelPlan, Plan, PlanDetail, PlanIdentity, PlanInputs, Step
from reconciler.core.prediction.predictions import GroupAmount, Predictions
from reconciler.core.promotion.model_card import CARD_TEMPLATE, ModelCard
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult, SupersededPullRequest
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Threshold,
    Verification,
)
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import (
    BuiltRecipe,
    Estimator,
    Features,
    Holdout,
    Join,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Past,
    PastFeature,
    Preprocessing,
    Recipe,
    Selection,
    Task,
    blend_of,
)
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from reconciler.errors import ConflictError, DataError, FilePosition, InvalidManifestsError, Problem
from reconciler.report.promotion import pull_request_body

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "@team see #12 at https://evil.example",
    "::error::owned",
    "##[error]owned",
    "a|b`c*d_e[f](g)",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "invoice\u202egnp.exe\u2066",
    "tab\tand\nnewline\r\x00",
    "ß漢字" * 30,
)
REVISION = "3f2a9c1d0b7e4a5c6d7e8f90a1b2c3d4e5f60718"


def digest(text: str) -> Digest:
    return digest_of_bytes(text.encode())


def verification(*, refused: bool = False) -> Verification:
    comparison = Comparison(
        state=Comparability.COMPARED,
        metric="f1_macro",
        rows=1840,
        candidate=0.561,
        incumbent=0.548,
        difference=0.013,
        lower=-0.004,
        upper=0.031,
        detectable=0.021,
    )
    threshold = GateResult(
        gate=Threshold(metric="f1_macro", at_least=0.45),
        verdict=GateStatus.REFUSED if refused else GateStatus.PASSED,
        reason="f1_macro 0.412 is below 0.45" if refused else "f1_macro 0.561 is at least 0.45",
    )
    return Verification(
        artifact=digest("candidate"),
        environment="production",
        gate_set=digest("gate set"),
        evaluation=digest("rows"),
        incumbent=digest("incumbent"),
        results=(
            threshold,
            GateResult(
                gate=BeatsNaiveGuess(by_share_of_errors=0.25),
                verdict=GateStatus.PASSED,
                reason="removes 31.4% of the naive guess's errors, at least 25.0%",
            ),
            GateResult(
                gate=PerformanceGrade(at_least=Grade.C), verdict=GateStatus.PASSED, reason="grade C is at least C"
            ),
            GateResult(
                gate=NoWorseThanIncumbent(metric="f1_macro", tolerance=0.01),
                verdict=GateStatus.PASSED,
                reason=(
                    "f1_macro +0.0130 against the incumbent (95% interval -0.0040 to +0.0310) on 1,840 rows, "
                    "evidence rule, tolerance 0.01; smallest detectable loss 0.0210"
                ),
                comparison=comparison,
            ),
        ),
    )


def basis(model: str, environment: str = "production") -> PlanInputs:
    return PlanInputs(
        environment=environment,
        model=model,
        pin=digest("candidate"),
        recipe=digest("recipe"),
        gates=(digest("gate"),),
        head=None,
        served="nothing",
        candidate=digest("candidate"),
        build=digest("build"),
        verdicts=("production passed",),
        snapshot=None,
        order="same",
    )


def part(
    model: str,
    *,
    sync: SyncStatus = SyncStatus.OUT_OF_SYNC,
    health: HealthStatus = HealthStatus.HEALTHY,
    reason: str,
    steps: tuple[Step, ...] = (),
    blocked: Blocked | None = None,
    detail: PlanDetail | None = None,
    environment: str = "production",
) -> ModelPlan:
    found = basis(model, environment)
    return ModelPlan(
        model=model,
        digest=codec.digest_of(found),
        basis=found,
        sync=sync,
        health=health,
        reason=reason,
        steps=steps,
        blocked=blocked,
        detail=detail or PlanDetail(),
    )


def plan(environment: str, role: str, models: tuple[ModelPlan, ...], *, refresh: Step | None = None) -> Plan:
    identity = PlanIdentity(
        environment=environment,
        revision=REVISION,
        refresh=refresh is not None,
        models=tuple(one.digest for one in models),
    )
    return Plan(
        id=codec.digest_of(identity),
        project="receivables",
        environment=environment,
        role=role,
        revision=REVISION,
        refresh=refresh,
        models=models,
    )


DETAIL = PlanDetail(
    candidate=digest("candidate"),
    incumbent=digest("incumbent"),
    changes=(
        FieldChange(path="estimator.params.max_iter", old="200", new="300"),
        FieldChange(
            path="data.derive.days_late", old=None, new="date_diff('day', due_date, coalesce(paid_date, as_of))"
        ),
        FieldChange(path="outcome.classes.late", old="days_late <= 30", new=HOSTILE[0]),
    ),
    metrics=(
        MetricChange(metric="accuracy", candidate=0.712, incumbent=0.698),
        MetricChange(metric="f1:very_late", candidate=0.40, incumbent=0.41),
        MetricChange(metric="f1_macro", candidate=0.561, incumbent=0.548),
        MetricChange(metric="log_loss", candidate=0.741, incumbent=0.732),
    ),
    verifications=(verification(),),
    gate_files=(("manifests/production/customer-payments.yaml", *["environments/production.yaml"] * 3),),
    grade="C",
    data_as_of="2026-11-20",
    data_taken=datetime(2026, 11, 20, 12, tzinfo=UTC),
    data_age=3 * 86400 + 5,
)


def first_plan() -> Plan:
    """A sandbox where nothing was ever made."""
    train = Step(action=Action.TRAIN, reason="not trained before")
    verify = Step(action=Action.VERIFY, target="production", reason="not verified by the gates for production yet")
    refresh = Step(action=Action.REFRESH, reason="no data snapshot yet: apply will copy the tables of production")
    model = part(
        "customer-payments",
        environment="sandbox",
        health=HealthStatus.MISSING,
        reason="not trained before",
        steps=(train, verify),
    )
    return plan("sandbox", "sandbox", (model,), refresh=refresh)


def production_plan() -> Plan:
    """One of every kind, and a long name."""
    candidate = digest("candidate")
    what = f"{candidate[7:19]} passed its gates; replaces {digest('incumbent')[7:19]}"
    return plan(
        "production",
        "production",
        (
            part("quiet", sync=SyncStatus.IN_SYNC, reason="deployed as declared"),
            part("customer-payments", reason=what, steps=(Step(action=Action.DEPLOY, reason=what),), detail=DETAIL),
            part(
                "refused",
                reason="f1_macro 0.412 is below 0.45",
                blocked=Blocked(
                    status=ResultStatus.DENIED,
                    reasons=("f1_macro 0.412 is below 0.45",),
                    remedy="promote another candidate; a refused artifact never reaches this environment",
                ),
                detail=PlanDetail(
                    candidate=candidate,
                    verifications=(verification(refused=True),),
                    gate_files=(("environments/production.yaml",) * 4,),
                ),
            ),
            part(
                "tampered",
                health=HealthStatus.DEGRADED,
                reason="tampered: model.skops: not the bytes that were deployed",
                steps=(Step(action=Action.RESTORE, reason="tampered: model.skops: not the bytes that were deployed"),),
            ),
            part(
                "a-model-with-a-name-that-is-as-long-as-a-name-may-ever-be-in-all",
                sync=SyncStatus.UNKNOWN,
                health=HealthStatus.UNKNOWN,
                reason="blob is damaged",
                blocked=Blocked(
                    status=ResultStatus.DAMAGED,
                    reasons=(f"blob {digest('x')} has other bytes than its digest says",),
                    remedy="restore the file from a backup; `reconciler audit` lists everything that is damaged",
                ),
            ),
            part(
                "weakened",
                sync=SyncStatus.IN_SYNC,
                health=HealthStatus.DEGRADED,
                reason="deployed as declared",
                detail=PlanDetail(notes=("today's policy would refuse it: f1_macro 0.561 is below 0.6",)),
            ),
        ),
    )


def hostile_plan() -> Plan:
    """What a pull request could put into a plan."""
    parts = tuple(
        part(
            f"model-{at}",
            reason=text,
            steps=(Step(action=Action.DEPLOY, reason=text),),
            detail=PlanDetail(
                candidate=digest("candidate"),
                changes=(FieldChange(path=f"outcome.classes.{text}", old=text, new=f"::{text}"),),
                metrics=(MetricChange(metric=f"f1:{text}", candidate=0.4, incumbent=0.5),),
                notes=(f"class {text}",),
            ),
        )
        for at, text in enumerate(HOSTILE)
    )
    return plan("production", "production", parts)


def applied() -> ApplyResult:
    return ApplyResult(
        environment="production",
        revision=REVISION,
        plan=digest("plan"),
        results=(
            ModelResult(model="quiet"),
            ModelResult(
                model="customer-payments",
                done=("deployed 1a2b3c4d5e6f",),
                artifact=digest("candidate"),
                action=Action.DEPLOY,
            ),
            ModelResult(model="mended", done=("restored 1a2b3c4d5e6f",), action=Action.RESTORE),
            ModelResult(
                model="stale",
                status=ResultStatus.CONFLICT,
                problem="the plan is stale: the journal changed since it was made",
                remedy="make and review a new plan: `reconciler plan production --out FILE`",
            ),
            ModelResult(
                model="hostile",
                done=("trained 1a2b3c4d5e6f: grade D, f1_macro 0.101 on 10 rows",),
                status=ResultStatus.DENIED,
                problem="production: " + HOSTILE[0] + HOSTILE[2],
                remedy=f"change the recipe, or the gate by a pull request, and apply sandbox again: {JUDGED_AGAIN}",
            ),
        ),
        refreshed=4,
        trained=1,
        interrupted=True,
    )


def status() -> Status:
    return Status(
        project="receivables",
        environments=(
            EnvironmentStatus(
                environment="sandbox",
                role="sandbox",
                revision=REVISION,
                snapshot=2,
                snapshot_age=7200,
                notes=(UNSIGNED,),
                models=(
                    ModelStatus(
                        model="customer-payments",
                        sync=SyncStatus.IN_SYNC,
                        health=HealthStatus.HEALTHY,
                        reason="trained and judged",
                        artifact=digest("candidate"),
                        entry=5,
                        since=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
                        grade="C",
                        headline=0.561,
                        data_as_of="2026-11-20",
                    ),
                ),
            ),
            EnvironmentStatus(
                environment="production",
                role="production",
                revision=REVISION,
                notes=(UNSIGNED,),
                models=(
                    ModelStatus(
                        model="fine",
                        sync=SyncStatus.IN_SYNC,
                        health=HealthStatus.HEALTHY,
                        reason="deployed as declared",
                        artifact=digest("candidate"),
                        entry=3,
                        since=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
                        grade="C",
                        headline=0.561,
                        data_as_of="2026-11-20",
                    ),
                    ModelStatus(
                        model="tampered-model-with-a-rather-long-name",
                        sync=SyncStatus.OUT_OF_SYNC,
                        health=HealthStatus.DEGRADED,
                        reason="tampered: model.skops: not the bytes that were deployed",
                        artifact=digest("incumbent"),
                        entry=12,
                        since=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
                        grade="B",
                        headline=0.601,
                        data_as_of="2026-01-01",
                        notes=(HOSTILE[2],),
                        status=ResultStatus.PENDING,
                    ),
                    ModelStatus(
                        model="unknown",
                        sync=SyncStatus.UNKNOWN,
                        health=HealthStatus.UNKNOWN,
                        reason=HOSTILE[5] + HOSTILE[1],
                        status=ResultStatus.DAMAGED,
                    ),
                ),
            ),
        ),
    )


def history() -> History:
    def event(n: int, action: Action, who: str, reason: str) -> HistoryEvent:
        return HistoryEvent(
            environment="production",
            model="customer-payments",
            n=n,
            action=action,
            artifact=None if action is Action.RETIRE else digest("candidate"),
            commit=REVISION,
            who=who,
            when=datetime(2026, 11, 20 + n, 8, 30, tzinfo=UTC),
            reason=reason,
            entry=digest(f"entry {n}"),
            evaluation=EventEvaluation(grade=Grade.B, metric="f1_macro", value=0.5712, rows=1280) if n == 0 else None,
            data=EventData(as_of="2026-11-19", taken=datetime(2026, 11, 19, 22, 0, tzinfo=UTC)) if n == 0 else None,
            request="#12" if n == 0 else None,
        )

    return History(
        events=(
            event(2, Action.RETIRE, HOSTILE[0], "deployed, but no longer declared in git"),
            event(
                1, Action.RESTORE, "Ada <ada@example.org>", "tampered: model.skops: not the bytes that were deployed"
            ),
            event(0, Action.DEPLOY, "Ada <ada@example.org>", "passed its gates; nothing is deployed yet"),
        ),
        older=4,
    )


def audit() -> Audit:
    return Audit(
        findings=(
            AuditFinding(
                environment="production",
                where=f"blobs/sha256/{digest('x')[7:]}",
                problem="has other bytes than its digest says",
                remedy="restore it from a backup",
            ),
            AuditFinding(environment="production", where="target: customer-payments", problem=HOSTILE[3]),
        ),
        checked=(("blobs", 1204), ("journal", 12), ("served models", 3)),
        notes=(
            AuditFinding(
                environment="production",
                where="/srv/models",
                problem="the group of /srv/models may write it",
                remedy="chmod g-w /srv/models; nothing to do where that is the group of those who apply",
            ),
        ),
    )


def predictions() -> Predictions:
    return Predictions(
        environment="production",
        model="customer-payments",
        artifact=digest("candidate"),
        as_of="2026-11-20",
        classes=("on_time", "late", HOSTILE[0]),
        rows=400,
        counts=(260, 101, 39),
        uncertain=17,
        out="open.csv",
        log=3,
        by="customer_group",
        amount="invoice_amount",
        expected=(
            GroupAmount(group="RETAIL", amounts=(12345.678, 2000.5, 610.0)),
            GroupAmount(group=HOSTILE[4], amounts=(0.0, 750.0, 9740.0)),
        ),
        amounts="open.amounts.csv",
    )


def reproduced(*, equal: bool) -> ReproduceResult:
    return ReproduceResult(
        expected=digest("candidate"),
        found=digest("candidate" if equal else "other"),
        differing=() if equal else ("model.skops", "evaluation.json"),
        fingerprint=digest("fingerprint"),
        trained="2026-11-20T08:00:00+00:00",
    )


def proposed() -> ProposalResult:
    return ProposalResult(
        model="customer-payments",
        environment="production",
        artifact=digest("candidate"),
        branch=f"promote/production/customer-payments/{digest('candidate')[7:19]}",
        commit="9" * 40,
        base=REVISION,
        files=("manifests/production/customer-payments.md", "manifests/production/customer-payments.yaml"),
        summary=("0f1e2d3c4b5a -> 1a2b3c4d5e6f", "passed 4 gates for production"),
    )


def opened() -> ProposalResult:
    return replace(
        proposed(),
        opening=OpenedPullRequest(
            state=OpenedState.OPENED,
            because="this is GitHub Actions",
            base="main",
            title="Promote customer-payments to production: dda18a0e21ae",
            remote="https://github.com/town/models",
            forge="GitHub",
            number=18,
            url="https://github.com/town/models/pull/18",
            superseded=(
                SupersededPullRequest(number=12, url="https://github.com/town/models/pull/12"),
                SupersededPullRequest(number=15, url="https://github.com/town/models/pull/15"),
            ),
        ),
    )


def by_hand() -> ProposalResult:
    return replace(
        proposed(),
        opening=OpenedPullRequest(
            state=OpenedState.BY_HAND,
            because="nothing says what is at git.example.org: RECONCILER_FORGE=github or gitlab does",
            base="main",
            title="Promote customer-payments to production: dda18a0e21ae",
            remote="ssh://git.example.org/town/models",
            body=pull_request_body.markdown(proposed()),
        ),
    )


def invalid() -> InvalidManifestsError:
    return InvalidManifestsError(
        (
            Problem(
                code="E203",
                message="unknown field `metirc`; did you mean `metric`?",
                where=FilePosition(file="manifests/sandbox/customer-payments.yaml", line=41, column=7),
                field="spec.gates[0].metirc",
                hint="remove it, or write `metric`",
            ),
            Problem(
                code="E113", message=HOSTILE[6] + HOSTILE[2], where=FilePosition(file=HOSTILE[0], line=1, column=1)
            ),
        )
    )


def failure() -> DataError:
    return DataError(
        "invoices: 3 rows have a paid_date after 2026-11-20",
        code="E408",
        hint="state the day of the books with `asOf`",
        where="environments/production.yaml",
    )


def conflict() -> ConflictError:
    return ConflictError("production/customer-payments was changed by another apply", hint="run the same command again")


def evaluation(*, better: bool = True) -> Evaluation:
    metrics = {
        "accuracy": 0.712 if better else 0.698,
        "balanced_accuracy": 0.551,
        "f1:late": 0.48,
        "f1_macro": 0.561 if better else 0.548,
        "log_loss": 0.741 if better else 0.732,
    }
    return Evaluation(
        task="classification",
        rows=1000,
        training_rows=4000,
        classes=(
            ClassScore(name="on_time", rows=600, precision=0.8, recall=0.85, f1=0.824),
            ClassScore(name="late", rows=250, precision=0.5, recall=0.46, f1=0.479),
            ClassScore(name=HOSTILE[0] + HOSTILE[4], rows=150, precision=0.4, recall=0.37, f1=0.384),
        ),
        confusion=((510, 60, 30), (90, 115, 45), (38, 57, 55)),
        metrics=tuple(sorted(metrics.items())),
        naive=0.6,
        errors_removed=0.28 if better else 0.245,
        grade=Grade.C,
        influences=(
            Influence(feature="prior_late_rate", drop=0.112),
            Influence(feature="terms_days", drop=0.031),
            Influence(feature="country", drop=-0.002),
        ),
        evaluation_rows=digest("rows"),
        holdout_from="2026-08-14",
    )


def recipe() -> Recipe:
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(
            table="invoices",
            key="invoice_id",
            joins=(Join(table="customers", key="customer_id"),),
            derive=(NamedExpression(name="days_late", expression="date_diff('day', due_date, paid_date)"),),
            past=Past(
                by="customer_id",
                at="invoice_date",
                known="paid_date",
                features=(PastFeature(name="prior_late_rate", expression="avg((days_late > 0)::int)"),),
            ),
            predict="paid_date is null",
        ),
        outcome=Outcome(
            classes=(
                OutcomeClass(name="on_time", when="days_late <= 0"),
                OutcomeClass(name="late", when="days_late <= 30"),
                OutcomeClass(name=HOSTILE[0], when="days_late > 30"),
            ),
            matured="due_date + interval 31 day",
        ),
        features=Features(numeric=("terms_days", "prior_late_rate"), categorical=("country",)),
        estimator=Estimator(
            uses="sklearn",
            class_name="HistGradientBoostingClassifier",
            params=(("learning_rate", 0.05), ("max_iter", 200)),
        ),
        holdout=Holdout(last=0.2, by="invoice_date"),
        seed=7,
    )


def blended_card() -> ModelCard:
    """The card of a blend, one of whose members has no weight."""
    plain = card()
    members = (
        ("boosting", plain.recipe.recipe.estimator),
        ("forest", Estimator(uses="sklearn", class_name="ExtraTreesClassifier", class_weights=(("late", 2.0),))),
        ("linear", Estimator(uses="sklearn", class_name="LogisticRegression")),
    )
    recipe = replace(plain.recipe.recipe, estimator=blend_of(members, 5))
    weights = BlendWeights(
        weights=(("boosting", 0.65), ("forest", 0.35), ("linear", 0.0)),
        metric="log_loss",
        losses=(("boosting", 0.4712), ("forest", 0.4853), ("linear", 0.61)),
        loss=0.4623,
        rows=1104,
        folds=4,
        left_out=1,
    )
    return replace(
        plain,
        recipe=replace(plain.recipe, recipe=recipe),
        evaluation=replace(plain.evaluation, blend=weights),
    )


def card(*, vetted: bool = False, first: bool = False, template: int = CARD_TEMPLATE) -> ModelCard:
    when = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    inputs = Inputs(
        recipe=digest("recipe"),
        tables=(Material(name="customers", digest=digest("c")), Material(name="invoices", digest=digest("i"))),
        runtime=digest("runtime"),
        as_of="2026-11-20",
    )
    return ModelCard(
        model="customer-payments",
        environment="production",
        owner="credit-and-collections @team",
        description="When will an invoice be paid? " + HOSTILE[0],
        recipe=BuiltRecipe(
            recipe=recipe(),
            preprocessing=Preprocessing(
                numeric="as they are; missing stays missing",
                categorical="native categories",
                boolean="0 and 1",
                rare=10,
                most=254,
            ),
        ),
        evaluation=evaluation(),
        provenance=Provenance(
            fingerprint=digest("fingerprint"),
            artifact=digest("candidate"),
            inputs=inputs,
            runtime=Runtime(
                architecture="x86_64", versions=(("numpy", "2.4.1"), ("scikit-learn", "1.9.1")), training_format=1
            ),
            project="receivables",
            environment="sandbox",
            model="customer-payments",
            commit=REVISION,
            snapshot=2,
            taken=when,
            as_of="2026-11-20",
            builder="model-reconciler 0.1.0",
            started=when,
            finished=when,
            who="Ada",
        ),
        verification=None if vetted else verification(),
        before=None if first else evaluation(better=False),
        incumbent=None if first else digest("incumbent"),
        template=template,
    )
