"""Say which gates of a model and of an environment apply to that model: the only place that does. Pure.

A gate applies unless its own `for:` names another task, or a label that the model does not have, or it is on a figure
that models of this task do not have (ADR 52). A class that the outcome does not have is no such figure: a misspelt
name would else let every model pass, so such a gate applies, and refuses.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.core.digest import Digest
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.judging.slice_definitions import definitions_of
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate, SlicedDemand, figure_of
from reconciler.core.spec.gates.known_figures import is_of_task, known_figure
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSubject:
    """The parts of a model that decide which gates apply to it. `task` is None where it is not known: then it is taken
    to be any task. `slices`: what a gate can be judged per, by name: a column or an expression; None: nothing.
    `made_of`: a digest of the definitions that a slice names, by its name; None: no slice names any, or unknown."""

    task: Task | None
    labels: tuple[tuple[str, str], ...] = ()
    slices: tuple[tuple[str, str], ...] | None = None
    made_of: tuple[tuple[str, Digest], ...] | None = None


ANY = GateSubject(task=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicableGates:
    """The gates that a model must pass, and those that its task or labels exempt it from; each in declared order."""

    applying: tuple[Gate, ...]
    others: tuple[Gate, ...] = ()


def applies(gate: Gate, subject: GateSubject) -> bool:
    """Tell whether a gate applies to such a model."""
    scope, figure = gate.for_, figure_of(gate)
    if figure is not None and not is_of_task(figure, subject.task):
        return False
    return scope is None or scope.covers(subject.task if subject.task is not None else scope.task, subject.labels)


def subject_of(model: Model) -> GateSubject:
    """Return the parts of a model that decide which gates apply to it."""
    slices = tuple((each.name, each.expression) for each in model.evaluation.slices)
    made_of = definitions_of(model) or None
    return GateSubject(task=model.recipe.task, labels=model.labels, slices=slices or None, made_of=made_of)


def gates_of(model: Model, environment: Environment) -> ApplicableGates:
    """Return the model's own gates and the environment's, which the model's author cannot weaken."""
    found = sorted_out((*model.gates, *environment.policy.gates), subject_of(model))
    if quantile_of(model.recipe.estimator) is not None:
        return found
    of_quantiles = tuple(gate for gate in found.applying if is_of_quantiles(gate))
    if not of_quantiles:
        return found
    return ApplicableGates(
        applying=tuple(gate for gate in found.applying if gate not in of_quantiles),
        others=(*found.others, *of_quantiles),
    )


def is_of_quantiles(gate: Gate) -> bool:
    """Tell whether only models that predict a quantile have the figure that a gate is on."""
    known = known_figure(figure_of(gate) or "")
    return known is not None and known.quantile


def undeclared(gate: Gate, slices: Collection[str]) -> str | None:
    """Return the slice that a gate is judged per and that is none of these; None where there is no such slice."""
    per = gate.per if isinstance(gate, SlicedDemand) else None
    return per if per is not None and per not in slices else None


def sorted_out(gates: tuple[Gate, ...], subject: GateSubject) -> ApplicableGates:
    """Sort gates into those that apply to such a model, each with the slices that it declares, and the others."""
    applying, others = list[Gate](), list[Gate]()
    for gate in gates:
        if applies(gate, subject):
            applying.append(bound_to(gate, subject))
        else:
            others.append(gate)
    return ApplicableGates(applying=tuple(applying), others=tuple(others))


def bound_to(gate: Gate, *subjects: GateSubject) -> Gate:
    """Return a gate bound to what its slice is cut by, as the first of these declares it; else to nothing."""
    if not isinstance(gate, SlicedDemand) or gate.per is None:
        return gate
    for subject in subjects:
        if (text := dict(subject.slices or ()).get(gate.per)) is not None:
            return replace(gate, sliced_by=text, sliced_from=dict(subject.made_of or ()).get(gate.per))
    return replace(gate, sliced_by=None, sliced_from=None)


def exemption(gate: Gate) -> str:
    """Say in one line which demand does not apply, and why."""
    demand = " and ".join(dict.fromkeys(f"{part.subject} {part.bound}" for part in gate.demands))
    told, known = demand.removeprefix(f"{gate.uses} "), known_figure(figure_of(gate) or "")
    why = [f"for {gate.for_}"] if gate.for_ is not None else []
    if known is not None and (gate.for_ is None or gate.for_.task is None):
        of = "a model that predicts a quantile" if known.quantile else f"a {known.task}"
        why.append(f"{figure_of(gate)} is a figure of {of}")
    return f"{told} does not apply: {', and '.join(why)}"
