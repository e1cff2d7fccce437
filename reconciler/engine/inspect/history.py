"""The history: journal entries as people read them, with the data and the figures of what they brought. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action, Entry
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.forge.merge_message import request_of
from reconciler.core.inspect.history import (
    ErasureEvent,
    EventData,
    EventEvaluation,
    History,
    HistoryBeginning,
    HistoryEvent,
    HistoryFilter,
    HistoryLoss,
)
from reconciler.core.names import is_name
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environments_of, unknown_model
from reconciler.engine.plan import observe_loss, verification
from reconciler.engine.storage import blobs, journal
from reconciler.engine.storage.copies import losses
from reconciler.engine.storage.erasures import tombstones
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Store

_BRINGS = (Action.TRAIN, Action.DEPLOY)  # actions after which another artifact is there


def history(
    deps: Dependencies,
    desired: DesiredState,
    environments: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    wanted: HistoryFilter = HistoryFilter(),  # noqa: B008  (frozen)
) -> History:
    """Return journal entries, newest first: of the named environments and models, or of all.

    With `wanted.at`, per model the last one that was written by then. Raises UsageError E801 for a model that is
    nowhere, and where no journal has the number that is asked for.
    """
    declared = environments_of(desired, environments)
    heads: list[JournalHead] = []
    lost: list[HistoryLoss] = []
    known, longest, count = set[str](), 0, 0
    trains = {owner.name: owner.trains for owner in declared}
    for owner in declared:
        store = deps.stores[owner.name]
        lost += _lost(deps, desired, owner, models)
        journaled_here = journal.models(store, owner.name)
        known |= {*journaled_here, *(model.name for model in desired.models_of(owner.name))}
        for name in journaled_here:
            if models and name not in models:
                continue
            journaled = list(journal.entries(store, project=desired.project, environment=owner.name, model=name))
            longest = max(longest, journaled[-1].entry.n + 1 if journaled else 0)
            chosen = _chosen(journaled, wanted)
            heads += chosen
            count += len(chosen)
            if wanted.limit is not None and len(heads) >= 2 * wanted.limit:  # not all of them are held at once
                heads = _newest(heads, trains, wanted.limit)
    known |= {loss.model for loss in lost if loss.model is not None}
    if unknown := [model for model in models if model not in known]:
        raise unknown_model(desired, environments[0] if environments else None, unknown[0])
    if wanted.entry is not None and not lost and wanted.entry >= longest:
        raise UsageError(
            f"no journal has an entry {wanted.entry}; the longest has {longest}, from 0 on",
            hint="leave out --entry to list them",
            code="E801",
        )
    shown = _newest(heads, trains, wanted.limit)
    erasures = () if models or wanted.entry is not None else tuple(_erasures(deps, declared, wanted))
    return History(
        events=events(deps, shown),
        at=wanted.at,
        lost=tuple(lost),
        erasures=erasures or None,
        older=count - len(shown) or None,
        begins=tuple(_beginnings(deps, declared, models)) or None,
    )


def _beginnings(
    deps: Dependencies, environments: Iterable[Environment], models: tuple[str, ...]
) -> Iterator[HistoryBeginning]:
    """Yield the journals that begin after a loss."""
    for environment in environments:
        prefix = store_layout.journal(environment.name, "")
        for loss in losses.lost_histories(deps.stores[environment.name], environment.name):
            model = loss.log.removeprefix(prefix)
            if loss.log.startswith(prefix) and (not models or model in models):
                yield HistoryBeginning(
                    environment=environment.name,
                    model=model,
                    first=loss.first,
                    who=loss.who,
                    when=loss.when,
                    reason=loss.reason,
                    proof=loss.proof,
                )
        for member in losses.given_up(deps.stores[environment.name], environment.name):
            for model in member.given_up:
                if is_name(model) and (not models or model in models):
                    yield HistoryBeginning(
                        environment=environment.name,
                        model=model,
                        first=0,
                        who=member.accepted_by or "",
                        reason=member.reason or "",
                    )


def _chosen(journaled: list[JournalHead], wanted: HistoryFilter) -> list[JournalHead]:
    """Return the entries of one journal that are asked for."""
    if wanted.at is not None:
        journaled = [head for head in journaled if head.entry.when <= wanted.at][-1:]
    return [
        head
        for head in journaled
        if (wanted.since is None or head.entry.when >= wanted.since)
        and (wanted.entry is None or head.entry.n == wanted.entry)
    ]


def _newest(heads: list[JournalHead], trains: Mapping[str, bool], limit: int | None) -> list[JournalHead]:
    """Return the newest entries, newest first; all of them without a limit."""
    return sorted(heads, key=lambda head: _order(head.entry, trains), reverse=True)[:limit]


def _order(entry: Entry, trains: Mapping[str, bool]) -> tuple[object, ...]:
    """Return what entries are sorted by: times are whole seconds, and what is deployed was trained first."""
    return (entry.when, not trains[entry.environment], entry.environment, entry.model, entry.n)


def _erasures(deps: Dependencies, environments: Iterable[Environment], wanted: HistoryFilter) -> Iterator[ErasureEvent]:
    """Yield the erasures of data that live in these environments, newest first."""
    for environment in environments:
        for one in reversed(tombstones.read(deps.stores[environment.name], environment.name)):
            if (wanted.at is None or one.when <= wanted.at) and (wanted.since is None or one.when >= wanted.since):
                yield ErasureEvent(
                    environment=environment.name,
                    n=one.n,
                    key=f"{one.table}.{one.column}",
                    when=one.when,
                    who=one.who,
                    reason=one.reason,
                    returns=one.returns,
                )


def _lost(
    deps: Dependencies, desired: DesiredState, environment: Environment, models: tuple[str, ...]
) -> Iterator[HistoryLoss]:
    """Yield what is gone of an environment's journals, or of those of some models."""
    observer = observe_loss.LossObserver(deps, desired)
    if (error := observer.store(environment.name)) is not None:
        yield HistoryLoss(environment=environment.name, model=None, problem=str(error), remedy=error.hint)
        return
    for name, gone in observer.gone(environment.name):
        if not models or name in models:
            yield HistoryLoss(environment=environment.name, model=name, problem=str(gone), remedy=gone.hint)


def events(deps: Dependencies, heads: list[JournalHead]) -> tuple[HistoryEvent, ...]:
    """Return the entries as people read them. What many of them share is read once."""
    messages = (deps.history or deps.source).messages(
        {head.entry.commit for head in heads if head.entry.commit is not None}
    )
    evaluations: dict[tuple[str, Digest], EventEvaluation | None] = {}

    def evaluation(entry: Entry) -> EventEvaluation | None:
        if entry.artifact is None or entry.action not in _BRINGS:
            return None
        key = (entry.environment, entry.artifact)
        if key not in evaluations:
            evaluations[key] = event_evaluation(deps.stores[entry.environment], entry.artifact)
        return evaluations[key]

    return tuple(
        event(head, evaluation(head.entry), request_of(messages.get(head.entry.commit or "", ""))) for head in heads
    )


def event_evaluation(store: Store, artifact: Digest) -> EventEvaluation | None:
    """Return how good an artifact was; None where it cannot be read any more, which `audit` tells."""
    with suppress(ReconcilerError):
        if blobs.holds(store, artifact):
            evaluation = verification.evaluation_of(store, artifact)
            metric, value = evaluation.headline
            return EventEvaluation(
                grade=evaluation.grade,
                metric=metric,
                value=value,
                rows=evaluation.rows,
                doubt=evaluation.doubt.removeprefix(", ") or None,
                unit=None if evaluation.classes else verification.unit_of(store, artifact),
            )
    return None


def event(head: JournalHead, evaluation: EventEvaluation | None, request: str | None) -> HistoryEvent:
    entry, build = head.entry, head.state.build
    brings = build is not None and entry.action in _BRINGS and build.artifact == entry.artifact
    return HistoryEvent(
        environment=entry.environment,
        model=entry.model,
        n=entry.n,
        action=entry.action,
        artifact=entry.artifact,
        commit=entry.commit,
        who=entry.who,
        when=entry.when,
        reason=entry.reason,
        entry=head.digest,
        approved=entry.approved,
        overrides=entry.overrides,
        hold=head.state.hold,
        evaluation=evaluation,
        data=EventData(as_of=build.as_of, taken=build.taken) if build is not None and brings else None,
        request=request,
    )
