"""Sign what an environment recorded unsigned: in a sandbox trainings and the results of gates, elsewhere journals.

Who runs it vouches for what the store says now. Gates are run again, and signed only where they say the same. A journal
gets an entry that states its last one again, signed: it names the bytes of all entries before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import short
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.trust.results import Attested, AttestResult
from reconciler.engine.apply import apply, deploy
from reconciler.engine.apply.run_gates import run_gates
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan.observe_training import training_observer
from reconciler.engine.storage import data_snapshots, journal, numbered_log
from reconciler.engine.storage.copies import losses
from reconciler.engine.storage.journal import EntryWriter
from reconciler.engine.trust.attest import attest_training
from reconciler.engine.trust.entries import entry_writer, signed_loss
from reconciler.engine.trust.evidence import day_of
from reconciler.engine.trust.in_force import trust_of
from reconciler.engine.trust.referrers import of_artifact
from reconciler.errors import IntegrityError, ReconcilerError, UsageError
from reconciler.ports import Signer, Store

REASON = "signed: who ran `attest` vouches for the entries before"


def attest(
    deps: Dependencies, desired: DesiredState, environment: Environment, models: Iterable[str] = ()
) -> AttestResult:
    """Sign what is unsigned of these models, or of all. One that cannot be signed stops no other.

    Raises UsageError E523 where no key is named, IntegrityError E520 where the key is none of this environment's, or in
    a sandbox none that anybody downstream takes.
    """
    signer = deps.signer()
    if signer is None:
        raise UsageError(
            "nothing names the key to sign with",
            hint="set RECONCILER_SIGNING_KEY to file:PATH of a private key, or to a URI of your KMS",
            code="E523",
        )
    apply.may_apply(deps, desired, environment)
    store, chosen = deps.stores[environment.name], frozenset(models)
    if environment.trains:
        _check_trainer(desired, environment, signer, day_of(deps.clock()))
        names = [model.name for model in desired.models_of(environment.name)]
    else:
        trust_of(deps, desired, environment).check_signer(signer)
        names = list(journal.models(store, environment.name))
        _sign_losses(deps, store, environment, signer)
    if unknown := sorted(chosen.difference(names)):
        raise UsageError(f"{environment.name} has no model {unknown[0]}", hint="reconciler status", code="E801")
    writer = entry_writer(deps, desired)
    done = []
    for name in names:
        if chosen and name not in chosen:
            continue
        try:
            done.append(_attest(deps, desired, environment, name, signer, writer))
        except ReconcilerError as error:
            done.append(Attested(model=name, artifact=None, signed=(), problem=str(error)))
    return AttestResult(environment=environment.name, key=signer.key.id, models=tuple(done))


def _sign_losses(deps: Dependencies, store: Store, environment: Environment, signer: Signer) -> None:
    """State again, signed, what logs lost by records that this key did not sign."""
    for loss in losses.lost_histories(store, environment.name):
        if all(each.key != signer.key.id for each in loss.signatures):
            again = replace(loss, who=deps.actor(), when=deps.clock(), signatures=())
            body = codec.encode(signed_loss(again, signer))
            numbered_log.append_next(store, store_layout.losses(loss.log), body)


def _check_trainer(desired: DesiredState, environment: Environment, signer: Signer, today: str) -> None:
    """Raise IntegrityError E520 where nobody who asks for a trainer's signature would take one by this key."""
    asking = [each for each in desired.downstream(environment.name) if each.trust.trainer or each.trust.required]
    problems = []
    for each in asking:
        trainer = next((key for key in each.trust.trainer if key.key.id == signer.key.id), None)
        other = next((key for key in each.trust.promoter if key.key.id == signer.key.id), None)
        if trainer is not None and trainer.problem(today) is None:
            return
        if trainer is not None:
            problems.append(f"{each.name}: {trainer.problem(today)}")
        elif other is not None:
            problems.append(f"{each.name}: {other.label} is a promoter key, and signs nothing as trainer")
        else:
            problems.append(f"{each.name} does not trust key {short(signer.key.id)}")
    if problems:
        raise IntegrityError(
            f"what this run could sign in {environment.name} counts nowhere: {'; '.join(problems)}",
            code="E520",
            hint="set RECONCILER_SIGNING_KEY to a trainer's key, such as file:PATH; `reconciler keys list "
            f"{asking[0].name}` shows who is trusted",
        )


def _attest(
    deps: Dependencies, desired: DesiredState, environment: Environment, name: str, signer: Signer, writer: EntryWriter
) -> Attested:
    store = deps.stores[environment.name]
    head = journal.head(store, project=desired.project, environment=environment.name, model=name)
    if head is None:
        return Attested(model=name, artifact=None, signed=(), problem="it has no journal yet: apply first")
    if not environment.trains:
        return _restated(deps, environment, head, writer)
    model, build = desired.model(environment.name, name), head.state.build
    if model is None or build is None:
        return Attested(model=name, artifact=None, signed=(), problem="nothing was trained")
    before = len(of_artifact(store, build.artifact))
    attest_training(store, signer, build.provenance)
    signed = ["its training"] if len(of_artifact(store, build.artifact)) > before else []
    signed += _gates(deps, desired, environment, model, head)
    return Attested(model=name, artifact=build.artifact, signed=tuple(signed))


def _gates(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: Model, head: JournalHead
) -> list[str]:
    """Run the gates of every environment downstream again where this key did not sign them, and sign them."""
    store, build = deps.stores[environment.name], head.state.build
    snapshot = data_snapshots.newest(store)
    if build is None or snapshot is None:
        return []
    observer = training_observer(deps, desired, environment, snapshot=snapshot, now=deps.clock())
    signed: list[str] = []
    for judged in head.state.judged:
        judging = desired.environment(judged.environment)
        if judging is None:
            continue
        before = len(of_artifact(store, build.artifact))
        compared = observer.yardsticks(judging, model, build)
        run_gates(deps, model, observer.judging(judging, model), build, compared)
        if len(of_artifact(store, build.artifact)) > before:
            signed.append(f"its gates for {judging.name}")
    return signed


def _restated(deps: Dependencies, environment: Environment, head: JournalHead, writer: EntryWriter) -> Attested:
    """State the last entry of a journal again, signed, unless this key signed it."""
    entry, artifact = head.entry, head.state.artifact
    key = writer.signer.key.id if writer.signer is not None else None
    if any(each.key == key for each in entry.signatures or ()):
        return Attested(model=entry.model, artifact=artifact, signed=())
    files = deploy.checked_files(deps, environment, artifact) if artifact is not None else {}
    again = journal.append(
        deps.stores[environment.name],
        writer,
        after=head,
        environment=environment.name,
        model=entry.model,
        plan=entry.plan,
        action=Action.RESTORE,
        state=head.state,
        reason=REASON,
    )
    deploy.place(deps, environment, again, files)
    return Attested(model=entry.model, artifact=artifact, signed=(f"entry {again.entry.n} of its journal",))
