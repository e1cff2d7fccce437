"""Make the plan of a whole environment for a program to read, without holding the models that stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.adapters.caches.model_texts import ModelText
from reconciler.adapters.system import host
from reconciler.app.planning.described_models import DescribedModels, Description, described_models
from reconciler.app.planning.git_state import GitState
from reconciler.core.age import age_of
from reconciler.core.digest import Digest
from reconciler.core.plan.plan import ModelPlan, Plan, PlanIdentity
from reconciler.report.layout import json_output

if TYPE_CHECKING:
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.engine.storage.journal import Journals

DEPTH = 2  # lists and objects that the plan of a model lies in
_AGE = '\n        "dataAge": '  # of the data, on a line of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """A plan. `plan` has of its models only those with something to do or to say; `models` has the texts of all."""

    plan: Plan
    models: Iterator[str]


@contextmanager
def plan_document(options: ProjectOptions, head: GitState) -> Iterator[PlanDocument]:
    """Plan the environment of `head`. Raises what reading and planning raise."""
    with ExitStack() as opened:
        described = described_models(options, head, DESCRIPTION, opened)
        yield PlanDocument(plan=_plan(head, described), models=_printed(described))


def _plan(head: GitState, described: DescribedModels) -> Plan:
    """Return the plan with its id, made from the digests of all its models, and with what is left elsewhere."""
    plan, changes = plan_without_models(head, described), described.changes
    digests = tuple(Digest(described.facts(name)[0]) for name in described.names())
    identity = PlanIdentity(
        environment=head.environment, revision=head.revision, refresh=plan.refresh is not None, models=digests
    )
    notes = (*(plan.notes or ()), *(changes.leftovers if changes is not None else ()))
    return replace(plan, id=codec.digest_of(identity), notes=notes or None)


def plan_without_models(head: GitState, described: DescribedModels) -> Plan:
    """Return the plan without the models that stay as they are, and without a meaningful id."""
    if described.changes is not None:
        return described.changes.planned.plan
    assert described.cached is not None  # noqa: S101  (where nothing was planned, all is cached)
    basis = described.cached.basis
    return Plan(
        id=Digest(""),
        project=basis["project"],
        environment=head.environment,
        role=basis["role"],
        revision=head.revision,
        refresh=None,
        models=(),
    )


def _printed(described: DescribedModels) -> Iterator[str]:
    """Yield the text of each model, with the age that its data have now."""
    now, ages = host.now(), dict[int, int]()
    for text, (_, _, taken, at) in described.texts():
        if taken is not None and taken not in ages:
            ages[taken] = age_of(datetime.fromtimestamp(taken, UTC), now) or 0
        yield text if taken is None else f"{text[:at]}{ages[taken]}{text[at:]}"


def _describe(project: OpenProject, head: GitState, journals: Journals) -> Callable[[ModelPlan], ModelText]:
    """Return what makes the text of a model's plan, and beside it: its digest; the commit, where it holds for that
    alone; when its data were taken; and where in the text their age stands, which is left out."""
    del journals
    ordered = not project.environment(head.environment).trains

    def describe(model: ModelPlan) -> ModelText:
        text, taken, at = json_output.item(model, depth=DEPTH), None, 0
        if model.detail.data_age is not None and model.detail.data_taken is not None:
            at = text.index(_AGE) + len(_AGE)
            text = text[:at] + text[at + len(str(model.detail.data_age)) :]
            taken = int(model.detail.data_taken.timestamp())
        revision = head.revision if ordered and model.basis.order != "after" else None
        return ModelText(text, [model.digest, revision, taken, at])

    return describe


def _holds(facts: list[Any], head: GitState) -> bool:
    """Tell whether a text still holds: at this commit, and the data are not dated ahead."""
    _, revision, taken, _ = facts
    return revision in (None, head.revision) and (
        taken is None or age_of(datetime.fromtimestamp(taken, UTC), host.now()) is not None
    )


def _share(project: OpenProject, head: GitState) -> dict[str, Any]:
    del project, head
    return {}


DESCRIPTION = Description(name="plan", describe=_describe, holds=_holds, share=_share)
