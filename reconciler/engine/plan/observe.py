"""Read journals, targets, stores and git, and return the facts that a plan is decided from. Writes nothing.

An observer is made once per plan and environment and reads the facts of any of its models. That of a sandbox is in
`observe_training`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from reconciler.core.age import age_of, ahead
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.loss import behind_target
from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment
from reconciler.core.controls.in_force import PinControls
from reconciler.core.digest import Digest
from reconciler.core.field_diff import changes
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.facts import PinFacts, PolicyFacts, ServingFacts, VerificationFacts
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.trust.keys import Trust
from reconciler.engine.controls.observe_controls import ControlsObserver, observe_controls
from reconciler.engine.controls.pin_controls import pin_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import card_check, gates_in_force, observe_loss, pin_origin, verification
from reconciler.engine.plan.card_check import ModelCards
from reconciler.engine.plan.gates_in_force import policy_violations
from reconciler.engine.plan.plan_expiry import freezes_in_force
from reconciler.engine.storage import blobs
from reconciler.engine.storage.erasures.erased import Erased, erased
from reconciler.engine.storage.journal import Journals
from reconciler.engine.storage.yardsticks import Yardsticks, yardsticks
from reconciler.engine.trust.evidence import TrustCheck
from reconciler.engine.trust.in_force import trust_observer
from reconciler.engine.trust.pins import PinEvidence
from reconciler.errors import ReconcilerError
from reconciler.ports import Source, Store, Target


def head_of(deps: Dependencies, desired: DesiredState, environment: str, model: str) -> JournalHead | None:
    """Return the last journal entry of one model, or None where there never was one; E603 where it is gone."""
    return observe_loss.journals_of(deps, desired).head(environment, model)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingObserver:
    """Reads the facts about the models of one environment that only promotes.

    `models`: as git declares them at `revision`, by name; `declared_models`: their number, which may be larger while
    only some were loaded. `upstream`: names of the environments that it promotes from, at any distance. `cards`: the
    models' cards in git.
    """

    environment: Environment
    models: Mapping[str, Model]
    declared_models: int
    upstream: tuple[str, ...]
    revision: str | None
    journals: Journals
    target: Target | None
    source: Source
    now: datetime
    read_controls: Callable[[], ControlsObserver]
    cards: ModelCards
    read_erased: Callable[[], Erased]
    read_trust: Callable[[tuple[Trust, ...]], TrustCheck]

    @property
    def store(self) -> Store:
        return self.journals.stores[self.environment.name]

    @property
    def controls(self) -> ControlsObserver:
        """Return the environment's controls, read once; raises what reading them raises, for each model."""
        return self.read_controls()

    def read_shared(self) -> None:
        """Read what the plans of all models depend on; each model's plan says what cannot be read."""
        self.journals.read_trust(self.environment.name)
        with suppress(ReconcilerError):
            self.read_erased()

    def notes(self) -> tuple[str, ...] | None:
        """Return what concerns all models alike; None where there is nothing, or where each model says why."""
        try:
            return self.controls.notes or None
        except ReconcilerError:
            return None

    def served(self, names: Collection[str] = (), *, others: bool = True) -> dict[str, LiveDeployment]:
        """Read what is served of the named models; of none: of all that are declared and, with `others`, of all."""
        if self.target is None:
            return {}
        observed = self.target.observe(names or list(self.models), others=others and not names)
        return {deployment.model: deployment for deployment in observed}

    def orphaned(self, known: Collection[str], registered: Collection[str]) -> set[str]:
        """Return the models that are neither in `known` nor served and yet deployed, by their journals, or whose
        journals are gone.

        A listing and the register only find their names; whether they are deployed is asked of their journals.
        """
        names = {*self.journals.names(self.environment.name), *registered}.difference(known)
        return {model for model in names if self._is_deployed(model)}

    def _is_deployed(self, model: str) -> bool:
        try:
            head = self.journals.head(self.environment.name, model)
        except ReconcilerError:
            return True  # its model plan says what is wrong
        return head is not None and head.state.artifact is not None

    def facts(self, name: str, served: LiveDeployment | None) -> ServingFacts:
        """Read the facts about one model; raises what reading its journal and artifact raises."""
        environment, model = self.controls.effective, self.models.get(name)
        head = self.journals.head(environment.name, name)
        if model is not None or head is not None:  # else somebody put it there: no journal of it is known to be gone
            not_ahead(environment, name, head, served)
        renamed = self._renamed(name) if model is None else None
        facts = ServingFacts(
            environment=environment,
            name=name,
            model=model,
            head=head,
            served=served,
            order=pin_origin.order_after(self.controls, self.source, self.revision, head),
            declared_models=self.declared_models,
            suddenly_empty=self.controls.suddenly_empty(self.declared_models),
            renamed_to=renamed,
            successor_deployed=renamed is not None and self._serves(renamed),
        )
        policy = PolicyFacts()
        judged: PinControls | None = None
        if facts.pinned != facts.deployed:
            if model is not None and model.artifact is not None:
                judged = pin_controls(self.controls, model)
                environment = judged.environment
                facts = replace(facts, environment=environment)
            policy = freezes_in_force(environment.policy.freeze, self.now)
            policy = replace(policy, not_in_force=self.controls.not_in_force)
        if model is None or model.artifact is None:
            return replace(facts, policy=policy)
        pin = self._pin(model, model.artifact, head, environment, judged)
        if pin.evaluation is None or pin.build is None:
            return replace(facts, policy=policy, pin=pin)
        age, limit = age_of(pin.build.taken, self.now), environment.policy.max_data_age
        policy, replaced = self._with_change(facts, policy), self.read_erased().to_be_replaced(facts.deployed)
        if judged is not None:
            policy = self._with_controls(policy, facts, judged, pin, pin.evaluation)
        policy = replace(
            policy,
            stale_data_age=age if limit is not None and age is not None and age > limit else None,
            data_ahead=ahead("its data", pin.build.taken) if age is None else None,
            policy_violations=(*replaced, *policy_violations(self.store, environment, model, pin.evaluation, head)),
        )
        card_problem = self.cards.problem(model, pin.build, pin.verification, head, self.journals.predecessor)
        return replace(facts, policy=policy, pin=replace(pin, card_problem=card_problem))

    def _serves(self, model: str) -> bool:
        """Tell whether a model is known to be deployed here."""
        with suppress(ReconcilerError):
            head = self.journals.head(self.environment.name, model)
            return head is not None and head.state.artifact is not None
        return False

    def _renamed(self, name: str) -> str | None:
        return next((model.name for model in self.models.values() if model.renamed_from == name), None)

    def _pin(
        self,
        model: Model,
        artifact: Digest,
        head: JournalHead | None,
        environment: Environment,
        judged: PinControls | None,
    ) -> PinFacts:
        """Read the pinned artifact from the stores that this environment may use: its attestations first."""
        build = self.journals.build_of((environment.name, *environment.promotes_from), model, artifact, head)
        origin = blobs.origin_of(self.journals.stores, environment, artifact)
        erasure = self.read_erased().artifacts.get(artifact)
        if origin is None or build is None:
            for source in environment.promotes_from:
                self.journals.head(source, model.name)  # raises where its store is gone
            return PinFacts(build=build, artifact_missing=True, erasure=erasure)
        evidence = self._evidence(artifact, judged)
        if judged is not None or evidence.trust.revokes:
            evidence.training(build, head)
        package = blobs.artifact(origin, artifact)
        evaluation = verification.evaluation_in(origin, package)
        mismatch = None
        if not verification.is_made_by(origin, package, model.recipe_digest):
            mismatch = next(iter(changes(verification.recipe_in(origin, package).recipe, model.recipe)), None)
        known = self._verification(model, artifact, evaluation, head, environment, evidence)
        return PinFacts(
            build=build,
            evaluation=evaluation,
            package=package,
            verification=known,
            unsigned=tuple(evidence.told),
            reproduced=evidence.reproduced(build) if judged is not None else None,
            recipe_mismatch=mismatch,
            erasure=erasure,
            checks=gates_in_force.checks_of(self._stores_of_verifications(), self.environment, model, build, head),
        )

    def _verification(
        self,
        model: Model,
        artifact: Digest,
        evaluation: Evaluation,
        head: JournalHead | None,
        environment: Environment,
        evidence: PinEvidence,
    ) -> VerificationFacts:
        """Look up the pinned artifact's verification by today's gates and incumbent, in the stores upstream first."""
        compared = self._yardsticks(model, artifact, head)
        gate_set = verification.gate_set_of(model, environment, evaluation, compared)
        gates = gates_of(model, environment)
        known = VerificationFacts(environment=self.environment.name, gates=gates)
        stores = evidence.signed_records() if head is None or head.state.artifact != artifact else evidence.stores
        for store in stores:
            known = verification.known_verification(store, gate_set, artifact, gates=gates, compared=compared)
            if known.verification is not None:
                if head is None or head.state.artifact != artifact:
                    verification.check_recorded(known.verification, evaluation)
                return known
        if not known.previously_deployed:
            evidence.check_refused()
        return known

    def _with_controls(
        self, policy: PolicyFacts, facts: ServingFacts, controls: PinControls, pin: PinFacts, evaluation: Evaluation
    ) -> PolicyFacts:
        """Add what was in force when the pin came in, and what of it the artifact does not meet."""
        model, artifact = facts.model, facts.pinned
        if model is None or artifact is None:
            return policy
        compared = self._yardsticks(model, artifact, facts.head)
        gate_set = verification.gate_set_of(model, controls.environment, evaluation, compared)
        stores = self._evidence(artifact, controls).signed_records()
        return replace(
            policy,
            weakened_gates=controls.loosened,
            unmet=gates_in_force.unmet(controls, stores, artifact, gate_set, evaluation, compared, pin.checks, model),
            gate_owners=controls.owners,
            late_overrides=controls.late_overrides,
            pin_entry=controls.since,
            quorums=controls.quorums,
            waits_for=self.controls.obstacle.reason if self.controls.obstacle is not None else None,
        )

    def check_training(self, artifact: Digest, build: Build | None, head: JournalHead) -> None:
        """Raise IntegrityError E520 for an artifact deployed before whose training no trusted key vouches for now."""
        self._evidence(artifact, None).training(build, head)

    def _evidence(self, artifact: Digest, judged: PinControls | None) -> PinEvidence:
        sets = judged.trusts if judged is not None else ()
        return PinEvidence(self.read_trust(sets), self._stores_of_verifications(), artifact)

    def _stores_of_verifications(self) -> tuple[Store, ...]:
        names = (*self.upstream, self.environment.name)
        return tuple(self.journals.stores[name] for name in names if name in self.journals.stores)

    def _yardsticks(self, model: Model, artifact: Digest, head: JournalHead | None) -> Yardsticks:
        """Return what the pinned artifact is compared with."""
        name = self.environment.name
        former = self.controls.former_names(model) if head is None else ()
        return yardsticks(self.journals, model, name, artifact=artifact, now=self.now, head=head, former=former)

    def _with_change(self, facts: ServingFacts, policy: PolicyFacts) -> PolicyFacts:
        """Add what the change that introduced the pin means for it, where the pin is to be deployed."""
        model, branch = facts.model, self.controls.protect
        if model is None:
            return policy
        if facts.pinned == facts.deployed or branch is None or self.revision is None:
            return replace(policy, rollback_hold=pin_origin.rollback_hold(self.source, model, facts.head, branch))
        change = pin_origin.change_of_pin(self.source, model, branch=branch, revision=self.revision)
        return replace(policy, rollback_hold=pin_origin.rollback_hold(self.source, model, facts.head, branch, change))


def serving_observer(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    now: datetime,
    journals: Journals | None = None,
) -> ServingObserver:
    """Make the observer of an environment that only promotes."""
    store, journals = deps.stores[environment.name], journals or observe_loss.journals_of(deps, desired)
    return ServingObserver(
        environment=environment,
        models={model.name: model for model in desired.models_of(environment.name)},
        declared_models=desired.count_in(environment.name),
        upstream=desired.upstream(environment.name),
        revision=desired.revision,
        journals=journals,
        target=deps.targets.get(environment.name),
        source=deps.source,
        now=now,
        read_controls=cache(partial(observe_controls, desired, environment, store=store, source=deps.source)),
        cards=card_check.model_cards(deps, desired, environment),
        read_erased=cache(partial(erased, store)),
        read_trust=cache(partial(trust_observer(deps, desired, journals).of_pin, environment.name)),
    )


def not_ahead(environment: Environment, name: str, head: JournalHead | None, served: LiveDeployment | None) -> None:
    """Raise IntegrityError E603 when a target knows a higher entry than its journal: the journal lost its tail."""
    current = served.current if served is not None else None
    last = head.entry.n if head is not None else None
    if current is not None and (lost := behind_target(environment.name, name, last, current.n)) is not None:
        raise lost
