"""Check whether an environment's policy lets a deploy happen, as far as git, the journal and the clock tell. Pure.

Approvals are asked of the forge when a plan is applied; here only the needed approvers are named. A rejection counts
even where the artifact was deployed before. A previously deployed artifact is held up by a freeze only where the window
says so, and by no weakened gate: it was verified when it was first deployed.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import Digest, short
from reconciler.core.plan.facts import ServingFacts
from reconciler.core.plan.plan import Blocked
from reconciler.core.quality import refusal
from reconciler.core.spec.desired_state import card_path
from reconciler.core.spec.policy import Control, FreezeInForce
from reconciler.core.status_codes import ResultStatus


def not_reproduced(facts: ServingFacts) -> Blocked | None:
    """Return why too few trainers made an artifact, each by itself; one that was deployed before passed."""
    reproduced = facts.pin.reproduced
    if reproduced is None or reproduced.enough or facts.pin.previously_deployed:
        return None
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(str(reproduced),),
        remedy=f"have another trainer run `reconciler reproduce {_pinned(facts)}` with its own key, named by "
        "RECONCILER_SIGNING_KEY: it trains again, and signs where every byte is the same",
    )


def untrue_card(facts: ServingFacts) -> Blocked | None:
    """Return why a card that reviewers read does not let its artifact through; a deployed one is only reported."""
    if facts.pin.card_problem is None:
        return None
    name, environment = facts.name, facts.environment.name
    return Blocked(
        status=ResultStatus.INVALID,
        reasons=(f"{card_path(environment, name)} is not the card of {_pinned(facts)}: {facts.pin.card_problem}",),
        remedy=f"`reconciler promote {name} --to {environment} --digest {facts.pinned}` writes it anew",
    )


def evidence(facts: ServingFacts) -> Blocked | None:
    """Return why what is known of its rows, or the card that tells of it, does not let an artifact through."""
    return failed_checks(facts) or untrue_card(facts)


def failed_checks(facts: ServingFacts) -> Blocked | None:
    """Return why what the checks found in its rows does not let an artifact through; one deployed before passed."""
    checks = facts.pin.checks
    if checks is None or facts.pin.previously_deployed or not checks.refusing:
        return None
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=refusal.reasons(checks),
        remedy=refusal.remedy(checks, facts.environment.name),
    )


def _pinned(facts: ServingFacts) -> str:
    return short(facts.pinned) if facts.pinned is not None else "nothing"


def erased(facts: ServingFacts, artifact: Digest) -> Blocked | None:
    """Return why an artifact that learnt from an erased entity is not deployed, also where it was before."""
    if facts.pin.erasure is None:
        return None
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(f"{short(artifact)} learnt data of an entity that was erased ({facts.pin.erasure})",),
        remedy=f"`reconciler promote {facts.name} --to {facts.environment.name}` proposes its successor, which was"
        " trained without the entity",
    )


def rejection(facts: ServingFacts, artifact: Digest) -> Blocked | None:
    """Return why a rejected artifact is not deployed."""
    rejected = facts.environment.policy.rejection_of(artifact)
    if rejected is None:
        return None
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(f"{short(artifact)} is rejected in {facts.environment.name}: {rejected.reason}",),
        remedy="promote another candidate; a rejected artifact is never deployed, whatever its gates say",
    )


def serving_rejected(facts: ServingFacts) -> Blocked | None:
    """Report a deployed artifact that was rejected since; nothing takes it away by itself."""
    deployed = facts.deployed
    rejected = facts.environment.policy.rejection_of(deployed)
    if deployed is None or rejected is None:
        return None
    name = facts.environment.name
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(f"{name} serves {short(deployed)}, which is rejected: {rejected.reason}",),
        remedy=f"run `reconciler rollback {facts.name} --in {name} --now`, or promote another candidate",
    )


def hold(facts: ServingFacts, artifact: Digest | None) -> Blocked | None:
    """Return the hold of `policy.holds`, or the one that `rollback --now` left until git agrees."""
    environment = facts.environment.name
    if artifact is not None and _overridden(facts, Control.HOLD, artifact):
        return None
    held = facts.environment.policy.hold_of(facts.name)
    if held is not None:
        return Blocked(
            status=ResultStatus.DENIED,
            reasons=(f"held: {held.reason}",),
            remedy=f"remove the model from policy.holds of {environment} when the reason is gone",
        )
    rollback = facts.policy.rollback_hold
    if rollback is None:
        return None
    since = f"{rollback.when:%Y-%m-%d %H:%M} UTC by {rollback.who}"
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(f"git still pins {short(rollback.pin)}, which was rolled back on {since}: {rollback.reason}",),
        remedy=f"merge the branch that this rollback proposed (`reconciler rollback {facts.name} --in {environment}` "
        "names it, and writes it where it is missing), or promote another candidate",
    )


def not_in_force(facts: ServingFacts) -> Blocked | None:
    """Block every pin while the controls of this commit may not be acted upon."""
    if facts.policy.not_in_force is None:
        return None
    reason, remedy = facts.policy.not_in_force
    return Blocked(status=ResultStatus.DENIED, reasons=(reason,), remedy=remedy)


def weakened_gates(facts: ServingFacts) -> Blocked | None:
    """Block a pin that does not meet the controls in force before it came in, where no owner could let it pass."""
    unmet = facts.policy.unmet
    if not unmet or facts.pin.previously_deployed or facts.policy.gate_owners:
        return None
    if _overridden(facts, Control.GATES, facts.pinned):
        return None
    name, entry = facts.environment.name, facts.policy.pin_entry
    since = f", in entry {entry} of the controls" if entry is not None else ""
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(
            *map(str, unmet),
            f"by the change that the pin came in with{since}: it is judged by what was in force",
        ),
        remedy=f"{_let_in(facts)}, then propose the pin again: `reconciler promote {facts.name} --to {name} --again`",
    )


def _let_in(facts: ServingFacts) -> str:
    """Say how the looser control comes into force, which the pin came in with."""
    name, waits_for = facts.environment.name, facts.policy.waits_for
    if waits_for is None:
        return f"apply {name}, which lets in the looser control alone"
    return f"let the looser control in first ({waits_for}; `reconciler controls show {name}`)"


def freeze(facts: ServingFacts) -> Blocked | None:
    """Return the freeze that holds up a new artifact or a retirement; previously deployed ones where it says so."""
    window = facts.policy.rollback_frozen if facts.pin.previously_deployed else facts.policy.frozen
    if window is None or _overridden(facts, Control.FREEZE, facts.pinned):
        return None
    return frozen(facts.environment.name, window)


def frozen(environment: str, window: FreezeInForce) -> Blocked:
    """Block a deploy in a freeze window, with the time when it opens."""
    ends = f"until {window.opens:%Y-%m-%d %H:%M} UTC" if window.opens else "for more than a year"
    return Blocked(
        status=ResultStatus.CONFLICT,
        reasons=(f"{environment} is frozen {ends}: {window.reason}",),
        remedy="run the same command again after the freeze; an urgent deployment needs `reconciler override`",
        until=window.opens,
    )


def _overridden(facts: ServingFacts, control: Control, artifact: Digest | None) -> bool:
    return facts.environment.policy.override_of(control, facts.name, artifact) is not None


def notes(facts: ServingFacts, *, deploys: bool) -> tuple[str, ...]:
    """List what a reviewer should see of the policy. `deploys`: the pin is to be deployed, so its approvals count."""
    return tuple(_notes(facts, deploys=deploys))


def notes_beside(facts: ServingFacts, blocked: Blocked) -> tuple[str, ...]:
    """List the notes on a pin that is blocked, with the freeze that holds it up once what blocks it now is gone."""
    behind = freeze(facts)
    also = () if behind is None or behind == blocked else (f"also {behind.reasons[0]}",)
    return (*notes(facts, deploys=blocked.status != ResultStatus.DENIED), *also)


def _notes(facts: ServingFacts, *, deploys: bool) -> Iterator[str]:
    policy, pin, deployed = facts.environment.policy, facts.pinned, facts.deployed
    if facts.policy.data_ahead is not None:
        yield facts.policy.data_ahead
    if deployed == pin and (card := untrue_card(facts)) is not None:
        yield f"{card.reasons[0]}; {card.remedy}"
    if deployed != pin and (rejected := policy.rejection_of(deployed)) is not None:
        serves = f"{facts.environment.name} serves {short(deployed) if deployed else ''}"
        yield f"{serves}, which is rejected: {rejected.reason}"
    checks = facts.pin.checks
    if deploys and checks is not None:
        yield from refusal.lines_of((each for each in checks.errors if each not in checks.refusing), *checks.switches)
    weakened, owners = facts.policy.weakened_gates, facts.policy.gate_owners
    if deploys and weakened:
        yield from map(str, weakened)
        met = facts.pin.previously_deployed or not facts.policy.unmet
        if owners and not met and not _overridden(facts, Control.GATES, pin):
            yield f"needs an approval by a policy owner ({', '.join(owners)}), checked at apply"
    quorums = facts.policy.quorums if deploys and not _overridden(facts, Control.APPROVALS, pin) else ()
    for wants in quorums:
        least, people = wants.least, ", ".join(wants.people)
        yield f"needs {least} approval{'s' * (least != 1)} by {people}, checked at apply"
    for override in facts.policy.late_overrides:
        if override not in policy.overrides:
            yield (
                f"the override of {override.control} came in with the pin, and no owner was in force who could agree: "
                f"it does not count; to let both come in anew: `reconciler promote {facts.name} --to "
                f"{facts.environment.name} --again`"
            )
    for override in policy.overrides:
        control = override.control
        if override.model == facts.name and override.artifact == pin:
            yield f"override of {control}: {override.reason}"
        elif override.model == facts.name:
            artifact = short(override.artifact)
            yield f"the override of {control} is for {artifact}, which is not pinned any more: remove it"


def policy_inputs(facts: ServingFacts) -> tuple[str, ...]:
    """List what a model's plan depends on of the policy. No clock: a window changes no digest."""
    policy, pin, deployed = facts.environment.policy, facts.pinned, facts.deployed
    rejected = dict.fromkeys(artifact for artifact in (pin, deployed) if policy.rejection_of(artifact) is not None)
    hold = facts.policy.rollback_hold
    return (  # these words are part of every plan's digest, which a stored plan must keep
        *(f"rejected {artifact}" for artifact in rejected),
        *(["retire"] if policy.retirement_of(facts.name) is not None else []),
        *(["held"] if policy.hold_of(facts.name) is not None else []),
        *([f"kept from {hold.pin}"] if hold is not None else []),
        *map(str, facts.policy.weakened_gates),
        *(
            f"override {override.control}"
            for override in policy.overrides
            if (override.model, override.artifact) == (facts.name, pin)
        ),
    )
