"""Handmade values for pull requests: what a request changes, seen whole or by git alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.core.artifact.data_snapshot import TableCopy
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import MetricChange, ModelPlan, Plan, PlanDetail, Step
from reconciler.core.promotion.merge_result import MergedPullRequest, MergeResult
from reconciler.core.promotion.promotion_summary import ArtifactOrigin, PromotionSummary
from reconciler.core.promotion.proposal import LeftOutModel, OverlappingPullRequest, ProposalResult, ProposalSet
from reconciler.core.promotion.reviewed_plan import DigestDepth, PlanComment, ReviewedPlan, reviewed_model
from reconciler.core.spec.comparison import PairedMetric
from tests.golden.report import values
from tests.support import evaluations


def commented(plan: Plan | None, differences: tuple[ModelDifference, ...], *, unseen: str | None = None) -> PlanComment:
    depth = DigestDepth.DECLARED if plan is None else DigestDepth.WHOLE
    bases = [part.basis if plan and (part := plan.part(one.model)) else values.basis(one.model) for one in differences]
    return PlanComment(
        environment="production",
        role="production",
        revision=values.REVISION,
        base="0" * 40,
        plan=plan,
        unseen=unseen,
        differences=differences,
        reviewed=ReviewedPlan(
            environment="production",
            commit=values.REVISION,
            depth=depth,
            models=tuple(reviewed_model(one, depth) for one in bases),
        ),
        untouched=3,
    )


def differs(model: str) -> ModelDifference:
    return ModelDifference(
        model=model,
        environment="production",
        changes=(FieldChange(path="estimator.params.max_iter", old="200", new="300"),),
        gates=(FieldChange(path="threshold.at_least", old="0.5", new="0.4"),),
        old=values.digest("incumbent"),
        new=values.digest("candidate"),
    )


def request() -> PlanComment:
    """Two models of this request, one of them refused; others that are as they are without it."""
    return commented(values.production_plan(), (differs("customer-payments"), differs("refused")))


def unseen() -> PlanComment:
    """What a fork's job can say."""
    only = ModelDifference(model="newcomer", environment="production", only="new")
    meaning = replace(differs("customer-payments"), outcome=True)
    return commented(
        None, (meaning, only), unseen="the store of production cannot be read from this machine: no credentials"
    )


def nothing() -> PlanComment:
    return commented(values.production_plan(), ())


def hostile() -> PlanComment:
    plan = values.hostile_plan()
    return commented(plan, tuple(replace(differs(one.model), changes=one.detail.changes) for one in plan.models))


def many(count: int) -> PlanComment:
    """So many models that change alike, each with its own digests and numbers."""
    parts = tuple(alike(number) for number in range(count))
    return commented(values.plan("production", "production", parts), tuple(differs(one.model) for one in parts))


def alike(number: int) -> ModelPlan:
    new, old = (values.digest(f"{number} {which}") for which in ("new", "old"))
    what = f"{_short(new)} passed its gates; replaces {_short(old)}"
    found = values.part(
        f"entity-{number:04d}-payments",
        reason=what,
        steps=(Step(action=Action.DEPLOY, artifact=new, reason=what),),
        detail=PlanDetail(
            candidate=new,
            incumbent=old,
            changes=(FieldChange(path="estimator.params.max_iter", old="200", new="300"),),
            metrics=(MetricChange(metric="f1_macro", candidate=0.5 + number / 10_000, incumbent=0.51),),
            verifications=(values.verification(),),
        ),
    )
    return replace(found, basis=replace(found.basis, candidate=new, pin=new))


def _short(digest: Digest) -> str:
    return digest[7:19]


def shown() -> JudgedModel:
    """A model whose build left rows out."""
    made = values.card().provenance
    left = (("matured after the cut", 31), ("no outcome", 1), ("outside the window", 0))
    made = replace(made, finished=made.started + timedelta(seconds=134), rows_left_out=left)
    return replace(evaluations.judged(evaluations.named()), provenance=made)


def promotion() -> PromotionSummary:
    """Better on the same rows, by another recipe, another runtime and newer data."""
    card = values.card()
    assert card.verification is not None
    assert card.before is not None
    compared = card.verification.results[-1]
    assert compared.comparison is not None
    metrics = (
        PairedMetric(metric="accuracy", candidate=0.712, incumbent=0.698),
        PairedMetric(metric="f1:late", candidate=0.4, incumbent=0.41),
        PairedMetric(metric="f1_macro", candidate=0.561, incumbent=0.548),
    )
    paired = replace(compared, comparison=replace(compared.comparison, metrics=metrics))
    made = card.provenance
    older = replace(made, artifact=values.digest("incumbent"), as_of="2026-10-20", snapshot=0)
    return PromotionSummary(
        environment="production",
        model=card.model,
        description=card.description,
        owner=card.owner,
        artifact=made.artifact,
        candidate=ArtifactOrigin(evaluation=card.evaluation, provenance=made),
        incumbent=ArtifactOrigin(evaluation=card.before, provenance=older),
        verification=replace(card.verification, results=(*card.verification.results[:-1], paired)),
        difference=replace(differs(card.model), old=older.artifact, new=made.artifact, outcome=True),
        tables=(TableCopy(name="invoices", digest=values.digest("invoices"), rows=12_345, columns=()),),
        runtime=(FieldChange(path="versions.scikit-learn", old="1.9.0", new="1.9.1"),),
        entry=4,
    )


def first_promotion() -> PromotionSummary:
    new = ModelDifference(model="customer-payments", environment="production", only="new")
    return replace(promotion(), incumbent=None, difference=new, runtime=(), entry=None, tables=())


def vetted_promotion() -> PromotionSummary:
    return replace(promotion(), verification=None, runtime=(), difference=None)


def hostile_promotion(text: str) -> PromotionSummary:
    found = promotion()
    change = FieldChange(path=f"outcome.classes.{text}", old=text, new=f"::{text}")
    assert found.difference is not None
    return replace(
        found,
        description=text,
        owner=text,
        difference=replace(found.difference, changes=(change,), gates=(change,)),
        tables=(replace(found.tables[0], name=text),),
        runtime=(change,),
        candidate=replace(found.candidate, provenance=replace(found.candidate.provenance, who=text)),
    )


def proposed() -> ProposalResult:
    return replace(values.proposed(), promotion=promotion())


def several() -> ProposalSet:
    """Two models in one request, one that git has already, and one that may not be promoted."""
    branch = "promote/production/churn+customer-payments/4c5d6e7f8a9b"
    payments = replace(proposed(), branch=branch)
    churn = replace(
        payments,
        model="churn",
        artifact=values.digest("churn"),
        files=("manifests/production/churn.md", "manifests/production/churn.yaml"),
        summary=("first artifact 2b3c4d5e6f7a", "passed 1 gate for production"),
        promotion=replace(first_promotion(), model="churn"),
    )
    same = replace(
        values.proposed(),
        model="orders",
        branch=None,
        commit=None,
        files=(),
        summary=("production already declares 9c8b7a6f5e4d",),
    )
    return ProposalSet(
        environment="production",
        branch=branch,
        commit=payments.commit,
        base=payments.base,
        files=(*churn.files, *payments.files),
        models=(churn, payments, same),
        left_out=(
            LeftOutModel(
                model="returns", problem="5e6f7a8b9c0d failed the gates of production: f1_macro 0.41", code="E701"
            ),
        ),
    )


def opened_set() -> ProposalSet:
    opening = values.opened().opening
    assert opening is not None
    beside = OverlappingPullRequest(number=9, url="https://github.com/town/models/pull/9")
    return replace(several(), opening=replace(opening, overlapping=(beside,)))


def on_merge() -> MergeResult:
    """One request of which a model was skipped, and one commit that no request introduced."""
    left = replace(values.applied(), interrupted=False, refreshed=None, trained=0)
    status = values.status().environments[1].models
    merged = MergedPullRequest(
        commit=values.REVISION,
        request=12,
        url="https://forge.example/12",
        depth=DigestDepth.DECLARED,
        applied=left,
        status=status,
        plan=values.digest("plan"),
        revert="revert/production/3f2a9c1d0b7e",
        told="https://forge.example/12#3",
    )
    alone = replace(merged, request=None, url=None, depth=None, revert=None, told=None, status=())
    return MergeResult(environment="production", revision=values.REVISION, merged=(merged, alone), seconds=12)
