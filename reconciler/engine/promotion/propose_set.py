"""Propose several models at once: all of them in one request, or none, with every reason at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.core.digest import Digest, DigestPrefix
from reconciler.core.promotion.improvement import why_not_better
from reconciler.core.promotion.proposal import LeftOutModel, ProposalResult, ProposalSet
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.dependencies import Dependencies, RenderCard
from reconciler.engine.load_desired import Checkout
from reconciler.engine.plan import observe
from reconciler.engine.promotion.candidate import check_is_promoted_to, pending_imports
from reconciler.engine.promotion.open_pull_request import PreparedProposal, PullRequestRoute, propose_models
from reconciler.engine.promotion.propose import prepare_promotion, prepare_rollback, promote
from reconciler.errors import InvalidManifestsError, ReconcilerError, UsageError
from reconciler.ports import Proposer

_LISTED = 20  # models that an error names
# Of several errors, which one the command ends with: what is damaged comes before what is refused.
_BROKEN = (ResultStatus.DAMAGED, ResultStatus.FAILED, ResultStatus.INVALID)
_GRAVEST = (ResultStatus.DAMAGED, ResultStatus.FAILED, ResultStatus.DENIED, ResultStatus.CONFLICT, ResultStatus.INVALID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a promotion is asked for: `models`, or `everything` that has a candidate, or none: the only one that can be
    promoted. `digest`: another artifact than the newest; `again`: pins that git has come in anew; `skips`: models that
    may not be promoted are left out; `better`: so are those that are not shown to be better than what is deployed."""

    models: tuple[str, ...]
    everything: bool = False
    digest: DigestPrefix | None = None
    again: bool = False
    skips: bool = False
    better: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Models that may be proposed, and those that may not, each with the reason."""

    prepared: tuple[PreparedProposal, ...]
    refused: tuple[tuple[str, ReconcilerError], ...]


def promote_asked(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    asked: Asked,
    to: Environment,
    render: RenderCard,
    route: PullRequestRoute | None = None,
) -> ProposalResult | ProposalSet:
    """Propose what is asked for: one model's proposal, or a set where several, or all, are asked for.

    Raises UsageError E801 where that is not clear; what `promote` and `promote_models` raise.
    """
    _check(asked, to.name)
    models = asked.models
    if asked.everything:
        models = candidates(deps, checkout, to)
    elif not models:
        models = (only_candidate(deps, checkout, to, render=render),)
    if asked.everything or asked.better or len(models) > 1:
        return promote_models(
            deps,
            checkout,
            proposer,
            models=models,
            to=to,
            render=render,
            route=route,
            again=asked.again,
            skip_refused=asked.skips,
            better=asked.better,
        )
    return promote(
        deps,
        checkout,
        proposer,
        model=models[0],
        to=to,
        digest=asked.digest,
        render=render,
        route=route,
        again=asked.again,
    )


def _check(asked: Asked, to: str) -> None:
    named = " ".join(asked.models)
    if asked.everything and asked.models:
        hint = f"reconciler promote --all --to {to}, or reconciler promote {named} --to {to}"
        raise UsageError("--all promotes every model, and some are named", hint=hint, code="E801")
    if asked.digest is not None and len(asked.models) != 1:
        hint = f"reconciler promote {asked.models[0] if asked.models else 'MODEL'} --to {to} --digest {asked.digest}"
        raise UsageError("--digest is the artifact of one model", hint=hint, code="E801")
    if asked.digest is not None and asked.better:
        hint = f"reconciler promote {named} --to {to} --digest {asked.digest}, which says how it compares"
        raise UsageError("--better takes the newest candidates, and --digest names one", hint=hint, code="E801")


def promote_models(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    to: Environment,
    render: RenderCard,
    route: PullRequestRoute | None = None,
    again: bool = False,
    skip_refused: bool = False,
    better: bool = False,
) -> ProposalSet:
    """Propose the newest candidates of `models` in one request; none of them where one may not be promoted.

    `skip_refused`: the others are proposed without those. `better`: so they are without those that are not shown to be
    better, and it is no error where none is left. Raises one error that tells what is wrong with each.
    """
    prepare = partial(prepare_promotion, deps, checkout, to=to, digest=None, render=render, again=again)
    judged = judge(models, lambda model: prepare(model=model))
    stops = not skip_refused or not judged.prepared
    if better:
        stops = any(status_of(error) in _BROKEN for _, error in judged.refused)
    if judged.refused and stops:
        raise refusal(judged, f"promoted to {to.name}", partial(_promote_command, to.name))
    chosen, left_out = judged.prepared, _left_out(judged)
    if better:
        chosen, not_better = _better(judged.prepared, to.name)
        left_out = tuple(sorted((*left_out, *not_better), key=lambda each: each.model))
    return propose_models(
        checkout, proposer, chosen, verb="promote", environment=to.name, route=route, left_out=left_out
    )


def _better(
    prepared: Iterable[PreparedProposal], to: str
) -> tuple[tuple[PreparedProposal, ...], tuple[LeftOutModel, ...]]:
    """Part what is shown to be better than what is deployed, or is the first of its model, from the others."""
    chosen, others = [], []
    for each in prepared:
        first = each.promotion is not None and each.promotion.incumbent is None
        why = None if first else why_not_better(each.verification)
        if why is None:
            chosen.append(each)
        else:
            others.append(LeftOutModel(model=each.model, problem=why, hint=_promote_command(to, [each.model])))
    return tuple(chosen), tuple(others)


def rollback_models(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    to: Callable[[str], int | None] = lambda model: None,  # noqa: ARG005
    route: PullRequestRoute | None = None,
) -> ProposalSet:
    """Propose in one request that `environment` returns to earlier artifacts of `models`; none where one cannot.

    `to`: the journal entry to return to, by model; None: the artifact before. Raises one error for all of them.
    """
    prepare = partial(prepare_rollback, deps, checkout, environment=environment)
    judged = judge(models, lambda model: prepare(model=model, to=to(model)))
    if judged.refused:
        name = environment.name
        raise refusal(
            judged, f"rolled back in {name}", lambda able: f"reconciler rollback {' '.join(able)} --in {name}"
        )
    return propose_models(
        checkout, proposer, judged.prepared, verb="rollback", environment=environment.name, route=route
    )


def candidates(deps: Dependencies, checkout: Checkout, to: Environment) -> tuple[str, ...]:
    """Return the models whose newest candidate is not what git pins for `to`, sorted.

    Raises UsageError E801 where nothing is promoted to `to`.
    """
    desired = checkout.desired
    check_is_promoted_to(to)
    names = pending_imports(deps, desired, to)
    for origin in to.promotes_from:
        for model in desired.models_of(origin):
            try:
                artifact = _newest(deps, checkout, origin, model.name)
            except ReconcilerError:  # promoting it says what is wrong
                names.add(model.name)
                continue
            pinned = desired.model(to.name, model.name)
            if artifact is not None and (pinned is None or pinned.artifact != artifact):
                names.add(model.name)
    return tuple(sorted(names))


def only_candidate(deps: Dependencies, checkout: Checkout, to: Environment, *, render: RenderCard) -> str:
    """Return the only model that can be promoted to `to`.

    Raises UsageError E801 with the commands to choose from where there are several, or with what comes first where
    there is none; what `promote_models` raises where none of the candidates may be promoted.
    """
    names = candidates(deps, checkout, to)
    if len(names) == 1:
        return names[0]
    if not names:
        raise _nothing_to_promote(deps, checkout, to)
    prepare = partial(prepare_promotion, deps, checkout, to=to, digest=None, render=render)
    judged = judge(names, lambda model: prepare(model=model))
    if len(judged.prepared) == 1:
        return judged.prepared[0].model
    if not judged.prepared:
        raise refusal(judged, f"promoted to {to.name}", partial(_promote_command, to.name))
    able = [each.model for each in judged.prepared]
    commands = [_promote_command(to.name, [model]) for model in able[:_LISTED]]
    refused = f", and {len(judged.refused)} may not be" if judged.refused else ""
    raise UsageError(
        f"{len(able)} models can be promoted to {to.name}{refused}: name one or more of them, or take --all",
        hint=f"{'; '.join(commands)}; or together, in one request: {_promote_command(to.name, able)}",
        code="E801",
    )


def _nothing_to_promote(deps: Dependencies, checkout: Checkout, to: Environment) -> UsageError:
    """Return the error where no model has a candidate that is not pinned: none was trained, or all are promoted."""
    if not to.promotes_from:
        hint = f"reconciler import FILE --to {to.name}"
        problem = f"nothing to promote to {to.name}: each package that was imported is pinned, or none was"
        return UsageError(problem, hint=hint, code="E801")
    first, sources = to.promotes_from[0], ", ".join(to.promotes_from)
    trained = any(
        _newest(deps, checkout, origin, model.name) is not None
        for origin in to.promotes_from
        for model in checkout.desired.models_of(origin)
    )
    problem, hint = f"there is no candidate in {sources} yet", f"reconciler apply {first}"
    if trained:
        problem = "it pins the newest candidate of each model that has one"
        hint = (
            f"change a recipe and commit it, then reconciler apply {first}; or with new data: reconciler apply "
            f"{first} --refresh; or name a model, which says why it has none"
        )
    return UsageError(f"nothing to promote to {to.name}: {problem}", hint=hint, code="E801")


def _newest(deps: Dependencies, checkout: Checkout, origin: str, model: str) -> Digest | None:
    """Return the newest candidate of a model in an environment that trains it or tries it, or None."""
    head = observe.head_of(deps, checkout.desired, origin, model)
    return head.state.build.artifact if head is not None and head.state.build is not None else None


def _promote_command(environment: str, models: Sequence[str]) -> str:
    """Return the command that promotes these models; of many, all that may be."""
    if len(models) > _LISTED:
        return f"reconciler promote --all --skip-refused --to {environment}"
    return f"reconciler promote {' '.join(models)} --to {environment}"


def judge(models: Iterable[str], prepare: Callable[[str], PreparedProposal]) -> Judged:
    """Prepare each model, and keep the error of each that may not be proposed."""
    prepared: list[PreparedProposal] = []
    refused: list[tuple[str, ReconcilerError]] = []
    for model in models:
        try:
            prepared.append(prepare(model))
        except ReconcilerError as error:
            refused.append((model, error))
    return Judged(prepared=tuple(prepared), refused=tuple(refused))


def _left_out(judged: Judged) -> tuple[LeftOutModel, ...]:
    return tuple(
        LeftOutModel(model=model, problem=error.message, hint=error.hint, code=error.code)
        for model, error in judged.refused
    )


def refusal(judged: Judged, what: str, command: Callable[[Sequence[str]], str]) -> ReconcilerError:
    """Return one error for all models that may not be proposed: of the gravest kind, with what to do about each.

    `command`: the one that proposes the others.
    """
    refused, able = judged.refused, [each.model for each in judged.prepared]
    if len(refused) == 1 and not able:
        return refused[0][1]
    gravest = min((error for _, error in refused), key=_gravity)
    kind = UsageError if isinstance(gravest, InvalidManifestsError) else type(gravest)
    reasons = [f"{model}: {_reason(error)}" for model, error in refused[:_LISTED]]
    hints = [f"{model}: {error.hint}" for model, error in refused[:_LISTED] if error.hint]
    more = f"; and {len(refused) - _LISTED} more" if len(refused) > _LISTED else ""
    hints += [f"to go on without: {command(able)}"] if able else []
    return kind(
        f"{len(refused)} of {len(refused) + len(able)} models may not be {what}{', so none is' if able else ''}: "
        f"{'; '.join(reasons)}{more}",
        hint="; ".join(hints) or None,
        code=gravest.code,
    )


def _reason(error: ReconcilerError) -> str:
    if isinstance(error, InvalidManifestsError):
        return f"{error.message}, such as {error.problems[0].message}"
    return f"{error.code} {error.message}" if error.code else error.message


def _gravity(error: ReconcilerError) -> int:
    status = status_of(error)
    return _GRAVEST.index(status) if status in _GRAVEST else len(_GRAVEST)
