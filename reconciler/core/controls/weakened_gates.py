"""Find the gates and controls of one model that a change weakened in one environment. Pure.

An old gate counts as kept while some new gate demands at least as much, of as many models; so moving one from the
model's file to the environment's, or replacing it by a stricter one, weakens nothing. To narrow a gate by `for:`
weakens it, and so does a change of the model's task or labels that exempts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.core.duration import in_words
from reconciler.core.judging.applicable_gates import ANY, GateSubject, sorted_out, subject_of
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.gates import Gate, SlicedDemand
from reconciler.core.spec.model import Model

NOTHING = "nothing"
CHECK_ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakenedGate:
    """`what` demanded `old`, and demands `new` now."""

    what: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"GATE WEAKENED {self.what}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequirements:
    """All that stands before a deploy of one model: its own gates, and the policy of its environment. `subject` decides
    which of the gates apply to the model; `off`: the checks that the model switches off."""

    gates: tuple[Gate, ...]
    policy: Policy
    subject: GateSubject = ANY
    off: tuple[CheckOff, ...] = ()

    @property
    def applying(self) -> tuple[Gate, ...]:
        """Return the gates that apply to the model."""
        return sorted_out((*self.gates, *self.policy.gates), self.subject).applying


def weakenings(old: DeployRequirements, new: DeployRequirements, *, model: str) -> tuple[WeakenedGate, ...]:
    """List what `new` requires less than `old`, in a fixed order, each once."""
    weakened = chain(
        gates_weakened(old.applying, new.applying),
        policy_weakened(old.policy, new.policy, model),
        _switched_off(old.off, new.off),
    )
    return tuple(dict.fromkeys(weakened))


def weakened_by(proposed: Model, today: Model | None, policy: Policy) -> tuple[WeakenedGate, ...]:
    """List the gates that a proposed declaration of a model weakens, under one policy; none where it is a new model."""
    if today is None:
        return ()
    old, new = (
        DeployRequirements(gates=model.gates, policy=policy, subject=subject_of(model), off=model.checks_off)
        for model in (today, proposed)
    )
    return weakenings(old, new, model=today.name)


def check_subject(check: str) -> str:
    """Return how a weakened check is named."""
    return f"check {check}"


def _switched_off(old: tuple[CheckOff, ...], new: tuple[CheckOff, ...]) -> Iterator[WeakenedGate]:
    """Yield the checks that are switched off, of more than before."""
    for off in new:
        if not any(before.covers(off.check, off.subject) for before in old):
            of = f" of {off.subject}" if off.subject else ""
            yield WeakenedGate(what=check_subject(off.check), old=CHECK_ON, new=f"off{of}: {off.reason}")


# --- gates ----------------------------------------------------------------------------------------------------------


def gates_weakened(old: tuple[Gate, ...], new: tuple[Gate, ...]) -> Iterator[WeakenedGate]:
    """Yield the demands of `old` that no gate of `new` makes as strictly, of as many models."""
    after = tuple(demand for gate in new for demand in gate.demands)
    for before in (demand for gate in old for demand in gate.demands):
        same_subject = [gate for gate in after if gate.subject == before.subject]
        if any(gate.as_strict_as(before) for gate in same_subject):
            continue
        amount = same_subject[0].amount if same_subject else NOTHING
        if amount == before.amount and isinstance(same_subject[0], SlicedDemand):
            amount += ", of slices that are cut otherwise"
        yield WeakenedGate(what=before.subject, old=before.amount, new=amount)


# --- controls -------------------------------------------------------------------------------------------------------


def policy_weakened(old: Policy, new: Policy, model: str) -> Iterator[WeakenedGate]:
    """Yield what a policy demands less than before, besides its gates; of holds, those of this model."""
    if old.max_data_age is not None and (new.max_data_age is None or new.max_data_age > old.max_data_age):
        after = in_words(new.max_data_age) if new.max_data_age is not None else NOTHING
        yield WeakenedGate(what="maxDataAge", old=in_words(old.max_data_age), new=after)
    for check in new.checks:
        if check not in old.checks:
            yield WeakenedGate(what=check_subject(check), old=CHECK_ON, new="may be switched off")
    yield from _approvals(old, new)
    if added := sorted(set(new.owners) - set(old.owners)):
        yield WeakenedGate(what="owners", old=_names(old.owners), new=f"also {', '.join(added)}")
    elif old.owners and not new.owners:
        yield WeakenedGate(what="owners", old=_names(old.owners), new=NOTHING)
    held = old.hold_of(model)
    if held is not None and new.hold_of(model) is None:
        yield WeakenedGate(what="hold", old=held.reason, new=NOTHING)
    for rejected in old.rejected:
        if new.rejection_of(rejected.artifact) is None:
            yield WeakenedGate(what=f"rejected {rejected.artifact[:19]}", old=rejected.reason, new=NOTHING)
    for window in old.freeze:
        if window not in new.freeze:
            yield WeakenedGate(
                what="freeze", old=f"{window.cron} for {in_words(window.duration)}", new="another or none"
            )


def _approvals(old: Policy, new: Policy) -> Iterator[WeakenedGate]:
    before, after = old.approvals, new.approvals
    if before is None:
        return
    if after is None:
        yield WeakenedGate(what="approvals", old=f"{before.least} of {_names(before.people)}", new=NOTHING)
        return
    if after.least < before.least:
        yield WeakenedGate(what="approvals.min", old=str(before.least), new=str(after.least))
    if added := sorted(set(after.people) - set(before.people)):
        yield WeakenedGate(what="approvals.from", old=_names(before.people), new=f"also {', '.join(added)}")
    if before.not_author and not after.not_author:
        yield WeakenedGate(what="approvals.notAuthor", old="true", new="false")


def _names(people: tuple[str, ...]) -> str:
    return ", ".join(people) or "nobody"
