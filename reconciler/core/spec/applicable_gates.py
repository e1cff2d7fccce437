"""Say which gates of a model and of an environment apply to that model: the only place that does. Pure.

A gate applies unless its own `for:` names another task, or a label that the model does not have. A gate on a metric
that the model's task does not have applies, and so refuses the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSubject:
    """The parts of a model that decide which gates apply to it. `task` is None where it is not known: then it is taken
    to be any task."""

    task: Task | None
    labels: tuple[tuple[str, str], ...] = ()


ANY = GateSubject(task=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicableGates:
    """The gates that a model must pass, and those that its task or labels exempt it from; each in declared order."""

    applying: tuple[Gate, ...]
    others: tuple[Gate, ...] = ()


def applies(gate: Gate, subject: GateSubject) -> bool:
    """Tell whether a gate applies to such a model."""
    scope = gate.for_
    return scope is None or scope.covers(subject.task if subject.task is not None else scope.task, subject.labels)


def subject_of(model: Model) -> GateSubject:
    """Return the parts of a model that decide which gates apply to it."""
    return GateSubject(task=model.recipe.task, labels=model.labels)


def gates_of(model: Model, environment: Environment) -> ApplicableGates:
    """Return the model's own gates and the environment's, which the model's author cannot weaken."""
    return sorted_out((*model.gates, *environment.policy.gates), subject_of(model))


def sorted_out(gates: tuple[Gate, ...], subject: GateSubject) -> ApplicableGates:
    """Sort gates into those that apply to such a model and the others."""
    return ApplicableGates(
        applying=tuple(gate for gate in gates if applies(gate, subject)),
        others=tuple(gate for gate in gates if not applies(gate, subject)),
    )


def exemption(gate: Gate) -> str:
    """Say in one line which demand does not apply, and why."""
    demand = " and ".join(dict.fromkeys(f"{part.subject} {part.bound}" for part in gate.demands))
    return f"{demand.removeprefix(f'{gate.uses} ')} does not apply: for {gate.for_}"
