"""Results of experiments: they print as the command line's table, show as tables in notebooks, and become frames."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api import frames
from reconciler.api.error_notes import remedies
from reconciler.api.views import ReportView
from reconciler.core.experiment.results import ArmTable, ExperimentList, ExperimentTable, TableLine
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.report.experiment import experiment_list, experiment_table, experiment_words
from reconciler.report.layout.blocks import Block, Detail
from reconciler.report.layout.formatting import count

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, repr=False)
class ExperimentView(ReportView):
    """A run of an experiment: its trials by what the folds found, and what its winner reaches on the holdout."""

    value: ExperimentTable

    @property
    def winner(self) -> int | None:
        """Return the number of the trial that did best on the folds; None where the model as it is did."""
        return self.value.winner

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what the winner has otherwise than the model as it is, in words."""
        return self.value.changes

    @property
    def holdout(self) -> HoldoutFigure | None:
        """Return what the winner reaches on the holdout, which no trial saw: this is what to expect of it."""
        return self.value.holdout

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return experiment_table.blocks(self.value, detail)

    def __repr__(self) -> str:
        table = self.value
        won = f"trial {table.winner} won" if table.winner is not None else "nothing did better"
        return f"<experiment {table.experiment} of {table.model}: {count(table.tried, 'recipe')} tried, {won}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each trial, best first within its `arm` (None: rows and classes as they are).

        The column of the metric's name, `low` and `high` are over the folds; `better`, `better_low` and `better_high`
        the difference to the model as it is, more being better; `certain` whether that leaves out zero.
        """
        name = self.value.metric
        figures = (name, "low", "high", "better", "better_low", "better_high", "certain")
        columns = ("arm", "trial", "changes", *figures, "folds", "seconds", "size", "ended")
        return frames.frame(columns, (self._row(arm, line) for arm in self.value.arms for line in arm.lines))

    @staticmethod
    def _row(arm: ArmTable, line: TableLine) -> tuple[object, ...]:
        figures: list[float | None] = []
        for each in (line.figure, line.better):
            figures += (each.mean, each.low, each.high) if each is not None else (None, None, None)
        about = (arm.label or None, line.number, "; ".join(line.changes))
        ended = experiment_words.end_of(line) or None
        return (*about, *figures, line.certain, line.folds, line.seconds, line.size, ended)

    def write_html(self, file: str | os.PathLike[str]) -> Path:
        """Write the page of `experiment report`; return where. Raises UsageError E801 without the extra `report`."""
        from reconciler.app.experiment import experiments

        with remedies():
            experiments.write_page(self.value, Path(file))
        return Path(file)


@dataclass(frozen=True, repr=False)
class ExperimentsView(ReportView):
    """The experiments of a project: those that git declares, and those of `improve`."""

    value: ExperimentList

    def blocks(self, detail: Detail) -> Iterable[Block]:
        return experiment_list.blocks(self.value, detail)

    def __iter__(self) -> Iterator[str]:
        return iter(each.experiment for each in self.value.experiments)

    def __len__(self) -> int:
        return len(self.value.experiments)

    def __repr__(self) -> str:
        return f"<{count(len(self), 'experiment')}: {', '.join(self)}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row for each experiment; `value`, `low` and `high` are the winner's on the holdout."""
        about = ("experiment", "model", "environment", "metric", "trials", "runs", "declared")
        facts = (*about, "winner", "value", "low", "high")
        return frames.frame(facts, (tuple(getattr(each, fact) for fact in facts) for each in self.value.experiments))
