"""Propose that git declares what a trial has otherwise: one commit to the sandbox's manifest, with the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.core.digest import short
from reconciler.core.experiment.describe import changes_of
from reconciler.core.experiment.results import ExperimentTable
from reconciler.core.experiment.standings import ScoredTrial
from reconciler.core.experiment.trial import ExperimentRun, HoldoutFigure
from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.experiment import records
from reconciler.engine.experiment.judge_winner import judge_winner
from reconciler.engine.experiment.prepared import PreparedExperiment
from reconciler.engine.experiment.run_experiment import look_at, table_of_run, trials_of
from reconciler.engine.load_desired import Checkout
from reconciler.engine.promotion.open_pull_request import PullRequestRoute, commit_proposal, push_and_open
from reconciler.errors import UsageError
from reconciler.manifest.experiment.adopted_manifest import with_recipe
from reconciler.ports import Proposal, Proposer, TrialRunner

VERB = "experiment"
Evidence = Callable[[ExperimentTable], str]
"""A run -> what is said of it in a request, as Markdown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptRequest:
    """What is adopted: a trial of the newest run of an experiment; None: its winner."""

    experiment: str
    trial: int | None = None


def adopt_trial(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    asked: AdoptRequest,
    runner: TrialRunner,
    *,
    evidence: Evidence,
    route: PullRequestRoute | None = None,
) -> ProposalResult:
    """Commit the change of the sandbox's manifest to a branch; with a `route`, push it and open a request.

    A trial that is not the winner is judged on the holdout first, which counts as a look. Raises UsageError E801 where
    there is nothing to adopt, or the model changed since the run; UneditableError where the manifest's layout is too
    different.
    """
    if checkout.revision is None:
        raise UsageError(
            "experiment adopt needs a commit, not a work tree", hint="leave out --working-tree", code="E801"
        )
    desired = checkout.desired
    _, run, prepared = look_at(deps, desired, asked.experiment, runner)
    model = prepared.model
    if run.inputs.recipe != model.recipe_digest:
        again = f"reconciler experiment run {asked.experiment}"
        message = f"the recipe of {model.name} changed since this run, which its trials do not say anything of"
        raise UsageError(message, hint=f"`{again}` tries again from what it is now", code="E801")
    trial = _trial(deps, run, asked, prepared)
    run, figure = _judged(deps, desired, run, trial, prepared)
    base = model.recipe
    changes = changes_of(trial.recipe, base)
    text = checkout.text(model.file) or ""
    after = with_recipe(text, base, trial.recipe)
    declared = checkout.with_model(model.environment, model.name, after)
    if declared.recipe != trial.recipe:
        raise UsageError(
            f"{model.file} cannot be edited so that it declares trial {trial.number}",
            hint=f"change by hand: {'; '.join(changes)}",
            code="E801",
        )
    place = at_place(model.environment, proposer.place)
    title = f"Improve {model.name} in {place}: trial {trial.number} of {run.experiment}"
    trailers = [
        f"Reconciler-Environment: {model.environment}",
        f"Reconciler-Model: {model.name}",
        f"Reconciler-Experiment: {run.identity}",
    ]
    table = table_of_run(deps.stores[model.environment], run)
    lines = "\n".join(f"{line[:1].upper()}{line[1:]}." for line in changes)
    proposal = Proposal(
        branch=branch_name(VERB, model.environment, proposer.place, model.name, short(figure.artifact)),
        start=checkout.revision,
        files=((model.file, after),),
        message="\n\n".join([title, lines, "\n".join(trailers)]) + "\n",
    )
    proposed = ProposalResult(
        model=model.name,
        environment=model.environment,
        artifact=figure.artifact,
        branch=proposal.branch,
        commit=commit_proposal(proposer, proposal, route),
        base=checkout.revision,
        files=(model.file,),
        summary=changes,
    )
    if route is None:
        return proposed
    return push_and_open(replace(route, body=lambda _: evidence(table)), proposed, title=title)


def _trial(deps: Dependencies, run: ExperimentRun, asked: AdoptRequest, prepared: PreparedExperiment) -> ScoredTrial:
    """Return the trial that is adopted. Raises UsageError E801 where there is none, or it cannot be."""
    number = run.winner if asked.trial is None else asked.trial
    store, show = deps.stores[run.environment], f"`reconciler experiment show {run.experiment}` lists the trials"
    if number is None:
        raise UsageError(f"no trial did better on the folds than {run.model} as it is", hint=show, code="E801")
    every = [trial for _, trials in trials_of(store, run) for trial in trials]
    if number >= len(every):
        raise UsageError(f"there is no trial {number}; the last one is {len(every) - 1}", hint=show, code="E801")
    trial = every[number]
    if trial.failed is not None:
        raise UsageError(f"trial {number} could not be trained: {trial.failed}", hint=show, code="E801")
    if trial.recipe == prepared.model.recipe:
        raise UsageError(f"trial {number} is {run.model} as it is", hint=show, code="E801")
    return trial


def _judged(
    deps: Dependencies, desired: DesiredState, run: ExperimentRun, trial: ScoredTrial, prepared: PreparedExperiment
) -> tuple[ExperimentRun, HoldoutFigure]:
    """Return the run with the figure of the trial on the holdout: the recorded one, or judged now and recorded."""
    store = deps.stores[run.environment]
    for known in records.runs(store, run.environment, run.experiment):
        if (known.identity, known.winner) == (run.identity, trial.number) and known.holdout is not None:
            return known, known.holdout
    figure = judge_winner(deps, desired, prepared, trial.recipe)
    chosen = replace(
        run,
        winner=trial.number,
        holdout=figure,
        chosen=True,
        when=deps.clock(),
        who=deps.actor(),
        commit=desired.revision,
    )
    records.record_run(store, chosen)
    return chosen, figure
