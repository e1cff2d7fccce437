"""A project as a Python object: plan, apply, look and predict, from any folder and any number of projects at once.

Each call opens the project, as each command does, and closes it: nothing is held between calls. The process's
folder, signal handlers and environment are never changed; data, training and scoring run in processes of their own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.api.error_notes import remedies
from reconciler.api.experiment_views import ExperimentsView, ExperimentView
from reconciler.api.views import ApplyView, HistoryView, ModelsView, PlanView, StatusView
from reconciler.app import locations
from reconciler.app.project_options import ProjectOptions
from reconciler.core.plan.plan import Plan
from reconciler.errors import UsageError

if TYPE_CHECKING:
    import pandas

    from reconciler.app.wiring import OpenProject

_LOG = logging.getLogger("reconciler")
"""Warnings for people go here, such as that uncommitted changes are not seen."""


class Project:
    """A project that git declares. `Project.open` finds it; all methods read the manifests as they are then.

    Errors are those of `reconciler.errors`, with the command line's messages; the remedy is a note of the exception.
    """

    def __init__(self, options: ProjectOptions) -> None:
        self._options = options

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        revision: str | None = None,
        working_tree: bool = False,
        data_root: str | os.PathLike[str] | None = None,
    ) -> Project:
        """Return the project at `path`, or the nearest one above it in the same repository.

        Manifests are those of the commit `revision` (None: HEAD at each call), or, with `working_tree`, those on
        disk. Paths of tables start at `data_root` (None: at the project). Raises UsageError E801 where there is none.
        """
        with remedies():
            root = locations.project(Path(path))
            start = None if data_root is None else str(locations.data_root(os.fspath(data_root), root))
        return cls(
            ProjectOptions(root=root, revision=revision, working_tree=working_tree, data_root=start, say=_LOG.warning)
        )

    @property
    def root(self) -> Path:
        """Return the folder of the project's reconciler.yaml."""
        return self._options.root

    def __repr__(self) -> str:
        revision = "working tree" if self._options.working_tree else self._options.revision or "HEAD"
        return f"<reconciler project {str(self.root)!r} at {revision}>"

    def plan(self, env: str, models: Iterable[str] = ()) -> PlanView:
        """Return what would happen to each model of an environment, or to some of them, and why. Changes nothing."""
        from reconciler.app.planning.plan_cache import PlanCache

        names = (models,) if isinstance(models, str) else tuple(models)
        with remedies():
            plan = PlanCache(self._options).plan(env, names, whole=True)
        assert isinstance(plan, Plan)  # noqa: S101  (whole: no excerpt)
        return PlanView(plan)

    def apply(self, env: str, plan: PlanView) -> ApplyView:
        """Carry out a plan that `plan` returned, at its revision, as far as it still holds.

        A model whose plan would differ by now is skipped, and the changed fact is named. A model's
        failure is part of the result (`ok`, `problems`). Raises UsageError E801 where the plan is for something else.
        """
        from reconciler.engine.apply import apply

        with remedies():
            if not isinstance(plan, PlanView):
                raise UsageError(
                    "apply carries out a plan that was shown, and nothing else",
                    hint=f"plan = project.plan({env!r}), then project.apply({env!r}, plan)",
                    code="E801",
                )
            shown = plan.value
            if shown.environment != env:
                raise UsageError(
                    f"this is a plan for {shown.environment}, not for {env}",
                    hint=f"project.apply({shown.environment!r}, plan)",
                    code="E801",
                )
            options = replace(self._options, revision=shown.revision, working_tree=shown.revision is None)
            with _opened(options, trains=True, changes=env) as project:
                if shown.project != project.desired.project:
                    raise UsageError(
                        f"this is a plan for the project {shown.project}, not for {project.desired.project}",
                        hint="apply it with the project that made it",
                        code="E801",
                    )
                environment = project.environment(env)
                deps = project.training_only_in(environment)
                return ApplyView(apply.apply(deps, project.desired, environment, shown, confirmed=True))

    def status(self, env: str | None = None) -> StatusView:
        """Return what is deployed in an environment, or in all, and whether it is what git declares."""
        from reconciler.engine.inspect import status

        with remedies(), _opened(self._options) as project:
            return StatusView(status.status(project.deps, project.desired, (env,) if env is not None else ()))

    def models(self, env: str) -> ModelsView:
        """Return the models of an environment: what each predicts, what is deployed, and its metrics."""
        from reconciler.engine.inspect import model_summary

        with remedies(), _opened(self._options) as project:
            return ModelsView(model_summary.summarize(project.deps, project.desired, project.environment(env)))

    def history(self, env: str | None = None, model: str | None = None) -> HistoryView:
        """Return who changed what, when and why, newest first: of one environment or all, of one model or all."""
        from reconciler.engine.inspect import history

        environments, models = (() if name is None else (name,) for name in (env, model))
        with remedies(), _opened(self._options) as project:
            return HistoryView(history.history(project.deps, project.desired, environments, models))

    def improve(
        self,
        model: str,
        env: str | None = None,
        *,
        trials: int | None = None,
        metric: str | None = None,
        jobs: int | None = None,
    ) -> ExperimentView:
        """Look for a better model by `trials` trials (None: 60) on folds of its training rows, judged by `metric`.

        What is tried is an automatic space of other estimators, parameters and features; `env` is the sandbox (None:
        the only one that declares the model). Nothing that is declared or deployed is touched. An interruption
        loses no trial that is over: the same call goes on. Raises UsageError E801 for an unknown model or metric.
        """
        from reconciler.app.experiment import experiments

        with remedies(), _opened(self._options, trains=True) as project:
            where = env if env is not None else experiments.sandbox_of(project, model)
            experiment = experiments.automatic(project, where, model, trials=trials, metric=metric)
            _LOG.info(experiments.expectation(project, experiment, jobs))
            return ExperimentView(experiments.run(project, experiment, jobs=jobs))

    def experiment(self, name: str, *, run: bool = True, jobs: int | None = None) -> ExperimentView:
        """Return what an experiment found: `improve-MODEL`, or one that `experiments/` declares.

        Trials that are missing are run, `jobs` at once (None: one for each processor); with `run=False` none is, and
        the newest run that came to its end is returned. Raises UsageError E801 where there is none of this name, or no
        run.
        """
        from reconciler.app.experiment import experiments

        with remedies(), _opened(self._options, trains=run) as project:
            if not run:
                return ExperimentView(experiments.look(project, name))
            return ExperimentView(experiments.run(project, experiments.declared(project, name), jobs=jobs))

    def experiments(self) -> ExperimentsView:
        """Return the experiments that git declares and those of `improve`, with what their last runs found."""
        from reconciler.engine.experiment.run_experiment import list_experiments

        with remedies(), _opened(self._options) as project:
            return ExperimentsView(list_experiments(project.deps, project.desired))

    def predict(
        self,
        model: str,
        env: str,
        rows: pandas.DataFrame | Mapping[str, pandas.DataFrame] | None = None,
        *,
        unknown: bool = False,
        top: int = 0,
        with_columns: Iterable[str] = (),
        by: str | None = None,
        amount: str | None = None,
        to_table: str | None = None,
    ) -> pandas.DataFrame:
        """Score open records with what an environment serves; add to its prediction log, as the command does.

        `rows` has the columns of the recipe's table (those that the recipe uses, without the outcome's). The records
        are scored as if they stood in the environment's table: a recipe with `past` sees its earlier rows, joins read
        the other tables.
        A mapping {table: frame} gives tables whole instead, nothing is added to them. None: the environment's records.

        Returns `predicted`, `probability`, `uncertain` and `p_<class>` (regression: `predicted`), in the order and with
        the index of `rows`, less the records that are not open; the index is the key where no records were given.
        With `unknown`, a last column of that name says which columns of the record are unknown to the model; how many
        records have any is in the frame's `attrs["unknown"]`, always.

        `top`: as many features of each record that moved its prediction most, in columns `factor_1`, `value_1`,
        `effect_1` and so on; how they were found is in `attrs["explained"]`. `with_columns`: columns of the data that
        come first. `by`: a column whose groups are summed up in `attrs["groups"]`; `amount`: a column whose expected
        amounts are in `attrs["amounts"]`. `to_table`: a declared table that the predictions are written into as well.
        Raises DataError E4xx for rows that the model cannot read; UsageError E801 where nothing is deployed;
        GateRefusedError E512 where more records are unknown to the model than the environment allows.
        """
        from reconciler.api import predict
        from reconciler.core.prediction.prediction_columns import PredictionOptions

        with remedies(), _opened(replace(self._options, predicts=True)) as project:
            beside = (with_columns,) if isinstance(with_columns, str) else tuple(with_columns)
            options = PredictionOptions(by=by, amount=amount, unknown=unknown, top=top, beside=beside)
            return predict.predict_frame(
                project, project.environment(env), model, rows, options=options, table=to_table
            )


@contextmanager
def _opened(options: ProjectOptions, **settings: Any) -> Iterator[OpenProject]:
    from reconciler.app.wiring import open_project

    with open_project(options, **settings) as project:
        yield project
