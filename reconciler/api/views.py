"""Results of the methods of `Project`: they print as reports, show as tables in notebooks, and become frames.

`value` of each is the core value, as `reconciler ... --output json` prints it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.api import frames
from reconciler.core.inspect.history import History
from reconciler.core.inspect.model_summary import ModelSummaries, ModelSummary
from reconciler.core.inspect.status import Status
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.status_codes import ResultStatus
from reconciler.report.inspect import history, model_summary, status
from reconciler.report.layout.blocks import Block, Detail
from reconciler.report.layout.formatting import at, count
from reconciler.report.layout.render_html import to_html
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from reconciler.report.plan import apply_result, headlines, plan_report

if TYPE_CHECKING:
    import pandas


class ReportView(ABC):
    """A value with a report: `print` shows the command line's text, a notebook shows tables."""

    @abstractmethod
    def blocks(self, detail: Detail) -> Iterable[Block]:
        """Return the report as blocks."""

    def __str__(self) -> str:
        return to_text(self.blocks(Detail.SCREEN), TextStyle()).rstrip("\n")

    def _repr_html_(self) -> str:
        return to_html(self.blocks(Detail.PAGE))


@dataclass(frozen=True, repr=False)
class PlanView(ReportView):
    """The plan of an environment: each model's steps and their reason. `Project.apply` takes it."""

    value: Plan

    @property
    def environment(self) -> str:
        """Return the name of the environment that is planned."""
        return self.value.environment

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to do."""
        return self.value.empty

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return plan_report.blocks(self.value, detail)

    def __repr__(self) -> str:
        plan = self.value
        return f"<plan of {plan.environment} {at(plan.revision)}: {headlines.summary(plan)}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each model: its state, the steps, and why it is blocked (empty where it is not)."""
        columns = ("model", "sync", "health", "steps", "blocked", "reason", "incumbent", "candidate")
        return frames.frame(columns, map(self._row, self.value.models))

    @staticmethod
    def _row(model: ModelPlan) -> tuple[object, ...]:
        steps = ", ".join(step.action.value for step in model.steps)
        blocked = "; ".join(model.blocked.reasons) if model.blocked else ""
        facts = model.detail
        state = (model.model, model.sync.value, model.health.value)
        return (*state, steps, blocked, model.reason, facts.incumbent, facts.candidate)


@dataclass(frozen=True, repr=False)
class ApplyView(ReportView):
    """The result of an apply.

    A model that failed stops no other and raises nothing: look at `ok` and `problems`.
    """

    value: ApplyResult

    @property
    def ok(self) -> bool:
        """Return whether every planned step was done, and no model was denied."""
        return self.value.status is ResultStatus.CLEAN

    @property
    def problems(self) -> dict[str, str]:
        """Return the problem of each model that was not brought to its plan, by model."""
        return {result.model: result.problem for result in self.value.results if result.problem is not None}

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return apply_result.blocks(self.value, detail)

    def __repr__(self) -> str:
        result = self.value
        return f"<apply of {result.environment} {at(result.revision)}: {apply_result.summary(result)}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each model: how it ended, what was done, the problem (None where there is none)."""
        columns = ("model", "status", "done", "problem", "artifact", "seconds")
        rows = (
            (result.model, result.status.value, "; ".join(result.done), result.problem, result.artifact, result.seconds)
            for result in self.value.results
        )
        return frames.frame(columns, rows)


@dataclass(frozen=True, repr=False)
class StatusView(ReportView):
    """The status of each environment: deployed models, whether git declares them, and their metrics."""

    value: Status

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return status.blocks(self.value, detail)

    def __repr__(self) -> str:
        environments = (
            f"{environment.environment} ({count(len(environment.models), 'model')})"
            for environment in self.value.environments
        )
        return f"<status of {self.value.project}: {', '.join(environments) or 'no environment'}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each model of each environment. `headline`: F1 macro or R2; `since`: a UTC time."""
        facts = ("model", "sync", "health", "reason", "artifact", "entry", "since", "grade", "headline", "data_as_of")
        rows = (
            (environment.environment, *(frames.plain(getattr(model, name)) for name in facts))
            for environment in self.value.environments
            for model in environment.models
        )
        return frames.frame(("environment", *facts), rows)


@dataclass(frozen=True, repr=False)
class ModelsView(ReportView):
    """The models of an environment: what each predicts, what is deployed, and its metrics on the holdout."""

    value: ModelSummaries

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return model_summary.blocks(self.value, detail)

    def __iter__(self) -> Iterator[str]:
        return iter(model.model for model in self.value.models)

    def __len__(self) -> int:
        return len(self.value.models)

    def __repr__(self) -> str:
        names = ", ".join(model.model for model in self.value.models[:5])
        more = ", ..." if len(self) > 5 else ""
        return f"<{count(len(self), 'model')} of {self.value.environment} {at(self.value.revision)}: {names}{more}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each model and one column for each metric; NaN where nothing is deployed."""
        metrics = self.value.metrics
        columns = ("model", "owner", "task", "outcome", "estimator", "artifact", "grade", "holdout_rows", *metrics)
        return frames.frame(columns, (self._row(model, metrics) for model in self.value.models))

    @staticmethod
    def _row(model: ModelSummary, metrics: tuple[str, ...]) -> tuple[object, ...]:
        evaluation = model.evaluation
        declared = (model.model, model.owner, model.task, ", ".join(model.outcome), model.estimator, model.artifact)
        scores = (evaluation.metric(name) if evaluation else None for name in metrics)
        return (
            *declared,
            evaluation.grade.value if evaluation else None,
            evaluation.rows if evaluation else None,
            *scores,
        )


@dataclass(frozen=True, repr=False)
class HistoryView(ReportView):
    """Journal entries, newest first: the change, its actor, its time and its reason."""

    value: History

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return history.blocks(self.value, detail)

    def __len__(self) -> int:
        return len(self.value.events)

    def __repr__(self) -> str:
        newest = f", the newest of {self.value.events[0].when:%Y-%m-%d %H:%M} UTC" if self.value.events else ""
        return f"<history: {len(self):,} {'entry' if len(self) == 1 else 'entries'}{newest}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each journal entry; `when` is a UTC time."""
        columns = ("when", "environment", "model", "n", "action", "artifact", "commit", "who", "reason")
        rows = (tuple(frames.plain(getattr(event, name)) for name in columns) for event in self.value.events)
        return frames.frame(columns, rows)
