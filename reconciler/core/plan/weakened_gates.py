"""What a change made weaker: the gates and controls of one model in one environment, before and after. Pure.

A gate of before counts as kept while some gate of after demands at least as much; so moving one from the model's file
to the environment's, or replacing it by a stricter one, weakens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.core.duration import in_words
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.gates import BeatsNaiveGuess, Gate, NoWorseThanIncumbent, PerformanceGrade, Rule, Threshold

_STRICTER = [Rule.EVIDENCE, Rule.POINT, Rule.STRICT]
NOTHING = "nothing"


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
    """All that stands before a deploy of one model: its own gates, and the policy of its environment."""

    gates: tuple[Gate, ...]
    policy: Policy


def weakenings(old: DeployRequirements, new: DeployRequirements, *, model: str) -> tuple[WeakenedGate, ...]:
    """In a fixed order, each once."""
    found = chain(
        _gates((*old.gates, *old.policy.gates), (*new.gates, *new.policy.gates)), _policy(old.policy, new.policy, model)
    )
    return tuple(dict.fromkeys(found))


# --- gates ----------------------------------------------------------------------------------------------------------


def _gates(old: tuple[Gate, ...], new: tuple[Gate, ...]) -> Iterator[WeakenedGate]:
    after = tuple(half for gate in new for half in _halves(gate))
    for gate in (half for one in old for half in _halves(one)):
        if any(_demands_as_much(one, gate) for one in after):
            continue
        alike = next((one for one in after if _subject(one) == _subject(gate)), None)
        yield WeakenedGate(what=_subject(gate), old=_words(gate), new=_words(alike) if alike is not None else NOTHING)


def _halves(gate: Gate) -> tuple[Gate, ...]:
    """A threshold with two bounds is two demands."""
    if isinstance(gate, Threshold) and gate.at_least is not None and gate.at_most is not None:
        return (
            Threshold(metric=gate.metric, at_least=gate.at_least),
            Threshold(metric=gate.metric, at_most=gate.at_most),
        )
    return (gate,)


def _demands_as_much(new: Gate, old: Gate) -> bool:
    if _subject(new) != _subject(old):
        return False
    match new, old:
        case Threshold(), Threshold():
            if old.at_least is not None:
                return new.at_least is not None and new.at_least >= old.at_least
            return new.at_most is not None and old.at_most is not None and new.at_most <= old.at_most
        case PerformanceGrade(), PerformanceGrade():
            return new.at_least.rank >= old.at_least.rank
        case BeatsNaiveGuess(), BeatsNaiveGuess():
            return new.by_share_of_errors >= old.by_share_of_errors
        case NoWorseThanIncumbent(), NoWorseThanIncumbent():
            stricter = _STRICTER.index(new.rule) >= _STRICTER.index(old.rule)
            return stricter and new.tolerance <= old.tolerance and new.min_rows >= old.min_rows
    return False


def _subject(gate: Gate) -> str:
    match gate:
        case Threshold():
            return f"{gate.metric} {'at least' if gate.at_least is not None else 'at most'}"
        case NoWorseThanIncumbent():
            return f"{gate.uses} by {gate.metric}"
    return gate.uses


def _words(gate: Gate) -> str:
    match gate:
        case Threshold():
            return f"{gate.at_least if gate.at_least is not None else gate.at_most:g}"
        case PerformanceGrade():
            return f"grade {gate.at_least}"
        case BeatsNaiveGuess():
            return f"{gate.by_share_of_errors:g} of the errors"
        case NoWorseThanIncumbent():
            return f"{gate.rule} rule, tolerance {gate.tolerance:g}, {gate.min_rows} rows"


# --- controls -------------------------------------------------------------------------------------------------------


def _policy(old: Policy, new: Policy, model: str) -> Iterator[WeakenedGate]:
    if old.max_data_age is not None and (new.max_data_age is None or new.max_data_age > old.max_data_age):
        after = in_words(new.max_data_age) if new.max_data_age is not None else NOTHING
        yield WeakenedGate(what="maxDataAge", old=in_words(old.max_data_age), new=after)
    yield from _approvals(old, new)
    if added := sorted(set(new.owners) - set(old.owners)):
        yield WeakenedGate(what="owners", old=_names(old.owners), new=f"also {', '.join(added)}")
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
