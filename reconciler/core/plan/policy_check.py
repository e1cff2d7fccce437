"""Whether an environment's controls let a deploy happen, as far as git, the journal and the clock tell. Pure.

Approvals are asked of the forge when a plan is applied; here it is only said whose are needed. A rejection counts even
where the artifact was deployed before. What comes back is held up by a freeze only where the window says so, and by no
weakened gate: it was judged when it came first.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import Digest, short
from reconciler.core.plan.facts import ServingFacts
from reconciler.core.plan.plan import Blocked
from reconciler.core.spec.policy import Control, FreezeInForce
from reconciler.core.status_codes import Exit


def rejection(facts: ServingFacts, pin: Digest) -> Blocked | None:
    found = facts.environment.policy.rejection_of(pin)
    if found is None:
        return None
    return Blocked(
        exit=Exit.REFUSED,
        reasons=(f"{short(pin)} is rejected in {facts.environment.name}: {found.reason}",),
        remedy="promote another candidate; a rejected artifact is never deployed, whatever its gates say",
    )


def serving_rejected(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """What is pinned and deployed is rejected by now: nothing takes it away by itself."""
    found = facts.environment.policy.rejection_of(pin)
    if found is None:
        return None
    name = facts.environment.name
    return Blocked(
        exit=Exit.REFUSED,
        reasons=(f"it serves {short(pin)}, which is rejected: {found.reason}",),
        remedy=f"`reconciler rollback {facts.name} --in {name} --now`, or promote another candidate",
    )


def hold(facts: ServingFacts, pin: Digest | None) -> Blocked | None:
    """A hold by hand, or the one that `rollback --now` left until git agrees."""
    if pin is not None and facts.environment.policy.override_of(Control.HOLD, facts.name, pin) is not None:
        return None
    by_hand = facts.environment.policy.hold_of(facts.name)
    if by_hand is not None:
        return Blocked(
            exit=Exit.REFUSED,
            reasons=(f"held: {by_hand.reason}",),
            remedy=f"take it from policy.holds of {facts.environment.name} when it has passed",
        )
    if facts.kept is None:
        return None
    since = f"{facts.kept.when:%Y-%m-%d %H:%M} UTC by {facts.kept.who}"
    return Blocked(
        exit=Exit.REFUSED,
        reasons=(f"rolled back from {short(facts.kept.pin)}, which git still pins, on {since}: {facts.kept.reason}",),
        remedy=f"merge the rollback that `reconciler rollback {facts.name} --in {facts.environment.name} --now` "
        "proposes, or promote another candidate",
    )


def loosened(facts: ServingFacts) -> Blocked | None:
    """A gate that was weakened by the very change that brought the pin, where nobody may say yes to it."""
    policy = facts.environment.policy
    pin = facts.model.artifact if facts.model else None
    if not facts.loosened or facts.vetted or facts.loosened_by:
        return None
    if policy.override_of(Control.GATES, facts.name, pin) is not None:
        return None
    return Blocked(
        exit=Exit.REFUSED,
        reasons=(*map(str, facts.loosened), "by the change that also brought the pin"),
        remedy="make two changes of it: the weaker gate first, on its own, and the promotion after it; or name "
        "policy.owners who may approve both in one",
    )


def freeze(facts: ServingFacts) -> Blocked | None:
    """Something new, or a model's end, while a window is on; something old where the window says so."""
    window = facts.closed_to_rollback if facts.vetted else facts.closed
    pin = facts.model.artifact if facts.model else None
    if window is None or facts.environment.policy.override_of(Control.FREEZE, facts.name, pin) is not None:
        return None
    return frozen(facts.environment.name, window)


def frozen(environment: str, window: FreezeInForce) -> Blocked:
    opens = f"it opens {window.opens:%Y-%m-%d %H:%M} UTC" if window.opens else "it does not open within a year"
    return Blocked(
        exit=Exit.CONFLICT,
        reasons=(f"{environment} is frozen: {window.reason}; {opens}",),
        remedy="run the same command again then; what cannot wait needs `reconciler override`",
        until=window.opens,
    )


def notes(facts: ServingFacts, *, deploys: bool) -> tuple[str, ...]:
    """What a person should see of the controls. `deploys`: the pin is to be deployed, so its approvals count."""
    return tuple(_notes(facts, deploys=deploys))


def _notes(facts: ServingFacts, *, deploys: bool) -> Iterator[str]:
    policy = facts.environment.policy
    pin = facts.model.artifact if facts.model else None
    deployed = facts.head.state.artifact if facts.head else None
    if deployed != pin and (found := policy.rejection_of(deployed)) is not None:
        yield f"it serves {short(deployed) if deployed else ''}, which is rejected: {found.reason}"
    if deploys and facts.loosened:
        yield from map(str, facts.loosened)
        if facts.loosened_by and not facts.vetted and policy.override_of(Control.GATES, facts.name, pin) is None:
            yield f"needs an approval of an owner ({', '.join(facts.loosened_by)}), asked at apply"
    if deploys and policy.approvals and policy.override_of(Control.APPROVALS, facts.name, pin) is None:
        least, people = policy.approvals.least, ", ".join(policy.approvals.people)
        yield f"needs {least} approval{'s' * (least != 1)} of {people}, asked at apply"
    for one in policy.overrides:
        if one.model == facts.name and one.artifact == pin:
            yield f"override of {one.control}: {one.reason}"
        elif one.model == facts.name:
            yield f"the override of {one.control} is for {short(one.artifact)}, which is not pinned any more: remove it"


def basis(facts: ServingFacts) -> tuple[str, ...]:
    """What of the controls a model's part of a plan depends on. No clock: a window moves no digest."""
    policy = facts.environment.policy
    pin = facts.model.artifact if facts.model else None
    deployed = facts.head.state.artifact if facts.head else None
    rejected = dict.fromkeys(one for one in (pin, deployed) if policy.rejection_of(one) is not None)
    return (
        *(f"rejected {one}" for one in rejected),
        *(["held"] if policy.hold_of(facts.name) is not None else []),
        *([f"kept from {facts.kept.pin}"] if facts.kept is not None else []),
        *map(str, facts.loosened),
        *(f"override {one.control}" for one in policy.overrides if (one.model, one.artifact) == (facts.name, pin)),
    )
