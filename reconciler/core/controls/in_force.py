"""Join the sets of controls that judge one deployment. Pure.

Sets are joined, never ordered: every gate passes, every quorum is met, the smallest age counts, and every rejection.
Freezes and holds are about when something is deployed: today's count, and those that left in the pin's own change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.core.controls.controls import EnvironmentControls, ModelControls
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.digest import Digest
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.environment import DriftPolicy, Environment, PrunePolicy
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.policy import Approvals, Override, Rejected
from reconciler.core.trust.keys import Trust

ControlSet = tuple[EnvironmentControls, ModelControls]

_STRICTEST_FIRST = (PrunePolicy.NEVER, PrunePolicy.CONFIRM, PrunePolicy.AUTO)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinControls:
    """What judges one pin.

    `environment`: as declared, with the policy of every set joined, and the gates that were declared when the pin came
    in. `gates`: those in force besides. `quorums`: the approvals that each set wants. `owners`: in force before the pin
    came in; they may let pass what its change loosened. `owners_today`: in force now, who agree to overrides.
    `loosened`: by that change; `evidence`: the part of it that no gate's result makes up for. `since`: the entry in
    which the pin came in, None while no entry holds it; `commit`: of that entry. `names`: former names of the model.
    `late_overrides`: overrides that came in with the pin. `checks_off`, `checks_allowed`: the checks that every set
    switches off, or allows to be. `trusts`: the keys that each set trusts.
    """

    environment: Environment
    gates: tuple[Gate, ...] = ()
    quorums: tuple[Approvals, ...] = ()
    owners: tuple[str, ...] = ()
    owners_today: tuple[str, ...] = ()
    loosened: tuple[WeakenedGate, ...] = ()
    evidence: tuple[WeakenedGate, ...] = ()
    since: int | None = None
    commit: str | None = None
    names: tuple[str, ...] = ()
    late_overrides: tuple[Override, ...] = ()
    checks_off: tuple[CheckOff, ...] = ()
    checks_allowed: tuple[str, ...] = ()
    trusts: tuple[Trust, ...] = ()


def joined(environment: Environment, sets: Iterable[EnvironmentControls]) -> Environment:
    """Return the environment with the strictest policy of these sets and its own gates."""
    every = tuple(sets)
    policy, managed = environment.policy, environment.managed or any(controls.managed for controls in every)
    policies = [policy, *(controls.policy for controls in every)]
    ages = [each.max_data_age for each in policies if each.max_data_age is not None]
    return replace(
        environment,
        managed=managed,
        drift=DriftPolicy.SELF_HEAL if managed else environment.drift,
        policy=replace(
            policy,
            max_data_age=min(ages, default=None),
            rejected=_each_artifact_once(entry for each in policies for entry in each.rejected),
            prune=min((each.prune for each in policies), key=_STRICTEST_FIRST.index),
            max_retire=min(each.max_retire for each in policies),
        ),
    )


def _each_artifact_once(rejections: Iterable[Rejected]) -> tuple[Rejected, ...]:
    known: dict[Digest, Rejected] = {}
    for rejection in rejections:
        known.setdefault(rejection.artifact, rejection)
    return tuple(known.values())


def with_gates(environment: Environment, gates: Iterable[Gate], own: Iterable[Gate]) -> Environment:
    """Return the environment with these gates besides its own and the model's (`own`)."""
    known = {*environment.policy.gates, *own}
    added = tuple(gate for gate in dict.fromkeys(gates) if gate not in known)
    if not added:
        return environment
    return replace(environment, policy=replace(environment.policy, gates=(*environment.policy.gates, *added)))


def with_timing(environment: Environment, *, before: EnvironmentControls, then: EnvironmentControls) -> Environment:
    """Return the environment with the freezes and holds that the pin's own change removed."""
    policy = environment.policy
    freeze = tuple(w for w in before.policy.freeze if w not in then.policy.freeze and w not in policy.freeze)
    kept = {hold.model for hold in (*then.policy.holds, *policy.holds)}
    holds = tuple(hold for hold in before.policy.holds if hold.model not in kept)
    if not freeze and not holds:
        return environment
    policy = replace(policy, freeze=(*policy.freeze, *freeze), holds=(*policy.holds, *holds))
    return replace(environment, policy=policy)


def with_former_holds(environment: Environment, model: str, names: Iterable[str]) -> Environment:
    """Return the environment with the hold of a former name of the model as its own: a rename ends no hold."""
    policy = environment.policy
    held = next((hold for hold in map(policy.hold_of, names) if hold is not None), None)
    if held is None or policy.hold_of(model) is not None:
        return environment
    return replace(environment, policy=replace(policy, holds=(*policy.holds, replace(held, model=model))))


def checks_off(sets: Iterable[ModelControls], own: ModelControls) -> tuple[CheckOff, ...]:
    """Return what a model switches off by its own manifest, as far as each of these sets does."""
    every = tuple(sets)
    return tuple(
        each for each in own.off if all(any(off.covers(each.check, each.subject) for off in one.off) for one in every)
    )


def checks_allowed(sets: Iterable[EnvironmentControls]) -> tuple[str, ...]:
    """Return the checks that each of these sets allows to be switched off."""
    first, *others = (controls.policy.checks for controls in sets)
    return tuple(check for check in first if all(check in allowed for allowed in others))


def quorums(sets: Iterable[EnvironmentControls]) -> tuple[Approvals, ...]:
    """Return the approvals that each of these sets wants, each once."""
    return tuple(dict.fromkeys(controls.policy.approvals for controls in sets if controls.policy.approvals is not None))
