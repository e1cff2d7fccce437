"""State of one apply, the result of one of its steps, and that of a model that it did not get to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.quality.findings import Finding
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage.journal import EntryWriter, Journals


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRun:
    """One apply. `confirmed`: a person saw this very plan. `queries`: the forge's answers so far. `journals`: those
    that the plan was made from."""

    deps: Dependencies
    desired: DesiredState
    environment: Environment
    writer: EntryWriter
    confirmed: bool
    queries: ForgeQueries
    journals: Journals


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step that was carried out, in a line. `built`: the model has another build than the plan saw (`trained`: made
    just now); `failures`: the reasons of failed gates; `remedy`: what to do about them. `checks`: what the
    checks of its rows found, as far as a person is told."""

    line: str
    artifact: Digest | None = None
    built: bool = False
    trained: bool = False
    retired: bool = False
    failures: tuple[str, ...] = ()
    remedy: str | None = None
    checks: tuple[Finding, ...] = ()


def add_interrupted(outcomes: dict[str, tuple[ModelResult, list[StepResult]]], parts: Iterable[ModelPlan]) -> None:
    """Add the result of each model that an interruption kept from being finished, or from being begun."""
    for part in parts:
        if part.steps and part.model not in outcomes:
            result = ModelResult(
                model=part.model,
                status=ResultStatus.INTERRUPTED,
                problem="what is due was not finished, and what served before still serves",
            )
            outcomes[part.model] = result, []


def outcome_of(part: ModelPlan, done: list[StepResult]) -> ModelResult:
    """Return the result where nothing broke: gates that failed in this run, or what blocked the plan."""
    standing = part.blocked if not any(step.built for step in done) else None
    failures = tuple(reason for step in done for reason in step.failures)
    if failures:
        return ModelResult(
            model=part.model,
            status=ResultStatus.DENIED,
            problem="; ".join(failures),
            remedy=next((step.remedy for step in done if step.remedy), None),
        )
    if standing is not None:
        problem = "; ".join(standing.reasons)
        return ModelResult(model=part.model, status=standing.status, problem=problem, remedy=standing.remedy)
    return ModelResult(model=part.model)
