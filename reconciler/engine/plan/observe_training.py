"""Read the facts about models where they are trained. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.facts import TrainingFacts, VerificationFacts
from reconciler.core.quality.findings import CheckFacts, MayBeOff
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.controls.observe_controls import ControlsObserver, observe_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe_loss, verification
from reconciler.engine.storage import blobs, builds
from reconciler.engine.storage.copies import losses
from reconciler.engine.storage.erasures import tombstones
from reconciler.engine.storage.erasures.erased import erased
from reconciler.engine.storage.journal import Journals
from reconciler.engine.storage.yardsticks import Yardsticks, none_for, yardsticks
from reconciler.engine.table_lookup import TrainingTables, training_tables
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingObserver:
    """Reads the facts about the models of one sandbox.

    `models`: as git declares them, by name. `verifying`: the environments whose gates a candidate must pass; `pinned`:
    their models, by environment and name; `read_controls` reads the controls of one of them. `erased`: see
    `builds.BuildRequirements`; `lost`: keys of objects that a person accepted as lost.
    `snapshot` is the `newest`, and None while a refresh is due. `tables` checks the columns of a model to train.
    """

    environment: Environment
    models: Mapping[str, Model]
    verifying: tuple[Environment, ...]
    journals: Journals
    snapshot: Snapshot | None
    newest: Snapshot | None
    now: datetime
    read_controls: Callable[[str], ControlsObserver]
    tables: TrainingTables | None
    pinned: Mapping[tuple[str, str], Model]
    erased: Mapping[Digest, str]
    lost: frozenset[str] = frozenset()

    @property
    def store(self) -> Store:
        return self.journals.stores[self.environment.name]

    def facts(self, model: Model) -> TrainingFacts:
        """Read the facts about one model; raises what reading its journal, builds and artifact raises."""
        store, head = self.store, self.journals.head(self.environment.name, model.name)
        requirements = builds.requirements_of(model, self.environment, self.snapshot, self.now, self.erased)
        if head is not None and head.state.build is not None and self._is_lost(head.state.build):
            requirements = replace(requirements, lost=head.state.build.fingerprint)
        build, missing = builds.find(store, requirements, head)
        evaluation = verification.evaluation_of(store, build.artifact) if build else None
        return TrainingFacts(
            model=model,
            head=head,
            build=build,
            missing=missing or None,
            verifications=tuple(
                self._verification(self.judging(verifying, model), model, build, evaluation, head)
                for verifying in self.verifying
            ),
            evaluation=evaluation,
        )

    def is_erased(self, head: JournalHead) -> bool:
        """Tell whether what a journal entry holds need not be there: it learnt from an entity that was forgotten, or it
        was lost, and a person accepted that."""
        build = head.state.build
        return build is not None and (build.fingerprint in self.erased or self._is_lost(build))

    def _is_lost(self, build: Build) -> bool:
        key = store_layout.build(build.fingerprint)
        return key in self.lost and not blobs.has_key(self.store, key)

    def read_shared(self) -> None:
        """Read what the plans of all models depend on; each model's plan says what cannot be read."""
        for environment in self.verifying:
            if environment.name != self.environment.name:
                self.journals.read_trust(environment.name)
                with suppress(ReconcilerError):
                    self.read_controls(environment.name)

    def judging(self, environment: Environment, model: Model) -> Environment:
        """Return an environment with every gate by which it judges the model: those declared, and those in force."""
        if environment.name == self.environment.name:
            return environment
        own = self.pinned.get((environment.name, model.name))
        return self.read_controls(environment.name).judging(model, own=own)

    def yardsticks(self, judging: Environment, model: Model, build: Build) -> Yardsticks:
        """Return what a candidate is compared with. Judging for itself, a sandbox has no incumbent: its own journal
        says what was trained, not what is deployed."""
        if judging.name == self.environment.name:
            return none_for(self.journals, model, judging.name, now=self.now)
        name, head = judging.name, self.journals.head(judging.name, model.name)
        own = self.pinned.get((name, model.name)) if head is None else None
        former = self.read_controls(name).former_names(own) if own is not None else ()
        return yardsticks(self.journals, model, name, artifact=build.artifact, now=self.now, head=head, former=former)

    @property
    def may_be_off(self) -> MayBeOff:
        """Return the checks whose errors a model may switch off: those that every environment which takes it allows."""
        first, *others = self.verifying
        allowed = tuple(check for check in first.policy.checks if all(check in each.policy.checks for each in others))
        return MayBeOff(judging=first.name, checks=allowed)

    def checks(self, model: Model, build: Build | None) -> CheckFacts:
        """Return what the checks found in the rows of a build, or in those that would be trained on, where an apply was
        stopped by that before."""
        fingerprint = build.fingerprint if build is not None else None
        if fingerprint is None and self.snapshot is not None:
            inputs = builds.inputs_of(model, self.snapshot, builds.runtime_of(self.environment, model.recipe))
            fingerprint = codec.digest_of(inputs)
        report = builds.checks_of((self.store,), fingerprint) if fingerprint is not None else None
        return CheckFacts(
            findings=report.findings if report is not None else None,
            off=model.checks_off,
            allowed=self.may_be_off.checks,
        )

    def data_taken(self, name: str) -> str:
        """Return when the data of the model's current build were taken, as text; "" while it was never trained."""
        head = self.journals.head(self.environment.name, name)
        build = head.state.build if head else None
        return build.taken.isoformat() if build else ""

    def _verification(
        self,
        judging: Environment,
        model: Model,
        build: Build | None,
        evaluation: Evaluation | None,
        head: JournalHead | None,
    ) -> VerificationFacts:
        """Look up how the gates of `judging` found the build."""
        gates = gates_of(model, judging)
        if build is None or evaluation is None:
            return VerificationFacts(environment=judging.name, gates=gates)
        compared = self.yardsticks(judging, model, build)
        gate_set = verification.gate_set_of(model, judging, evaluation, compared)
        known = verification.known_verification(self.store, gate_set, build.artifact, gates=gates, compared=compared)
        journaled = head.state.judged_for(judging.name) if head and head.state.build == build else None
        return replace(known, journaled=journaled is not None and journaled.gate_set == known.gate_set)


def _any_erasure(store: Store, newest: Snapshot | None) -> bool:
    """Tell whether any entity was forgotten: no more is looked at where none was."""
    return newest is not None and tombstones.count(store, newest.source) > 0


def training_observer(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    snapshot: Snapshot | None,
    newest: Snapshot | None = None,
    now: datetime,
    journals: Journals | None = None,
) -> TrainingObserver:
    """Make the observer of a sandbox. Its candidates must pass the gates of what promotes from it, else its own."""
    verifying = {each.name: each for each in desired.downstream(environment.name)}

    def read_controls(name: str) -> ControlsObserver:
        return observe_controls(desired, verifying[name], store=deps.stores[name], source=deps.source, acts=False)

    store = deps.stores[environment.name]
    return TrainingObserver(
        environment=environment,
        models={model.name: model for model in desired.models_of(environment.name)},
        verifying=tuple(verifying.values()) or (environment,),
        journals=journals or observe_loss.journals_of(deps, desired),
        snapshot=snapshot,
        newest=newest or snapshot,
        now=now,
        read_controls=cache(read_controls),
        tables=training_tables(deps, desired, environment, snapshot=snapshot, newest=newest or snapshot),
        erased=erased(store).builds if _any_erasure(store, newest or snapshot) else {},
        lost=losses.lost_keys(store, environment.name),
        pinned={(model.environment, model.name): model for name in verifying for model in desired.models_of(name)},
    )
