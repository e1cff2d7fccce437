"""Compare two configurations, model by model, for people before a promotion or after a merge."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.duration import in_words
from reconciler.core.evaluation.brief import JudgedInBrief
from reconciler.core.evaluation.question import figures_apart
from reconciler.core.evaluation.units import unit_of_figures
from reconciler.core.field_diff import FieldChange, changes
from reconciler.core.plan.plan import MetricChange
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.model import Model

_OUTCOME = ("outcome.", "task")
_NAMING = ("uses", "metric")  # what a gate is called by


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSide:
    """One side of a comparison: an environment at a commit (`revision` None: a work tree)."""

    environment: str
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDifference:
    """`only`: "old" or "new" where the other side has no such model. `outcome`: whether what is predicted has another
    meaning, so that metrics of the two sides do not say the same thing. `old`, `new`: the artifacts of the sides."""

    model: str
    environment: str
    only: str | None = None
    outcome: bool = False
    changes: tuple[FieldChange, ...] = ()
    gates: tuple[FieldChange, ...] = ()
    evaluation: tuple[FieldChange, ...] | None = None
    """What differs of how the model is judged; None for nothing."""
    old: Digest | None = None
    new: Digest | None = None
    metrics: tuple[MetricChange, ...] = ()
    old_judged: JudgedInBrief | None = None
    new_judged: JudgedInBrief | None = None
    apart: str | None = None
    """Why figures of the two sides do not stand beside each other; None where they may."""
    unit: str | None = None
    """In what `metrics` are, where that is a transform of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDiff:
    """`alike`: models that do not differ."""

    old: tuple[DiffSide, ...]
    new: tuple[DiffSide, ...]
    models: tuple[ModelDifference, ...]
    alike: int
    format: int = 1


def _gate_changes(old: tuple[Gate, ...], new: tuple[Gate, ...]) -> tuple[FieldChange, ...]:
    """Return what differs of the gates, each called by what it demands, and its fields as the manifest calls them."""
    before, after = _named(old), _named(new)
    if old != new and before == after:
        return (FieldChange(path="order", old=", ".join(before), new=", ".join(after)),)
    return tuple(
        _as_declared(name, change)
        for name in dict.fromkeys((*before, *after))
        for change in changes(before.get(name), after.get(name))
        if change.path not in _NAMING
    )


def _as_declared(gate: str, change: FieldChange) -> FieldChange:
    """Return the change of a gate's field in the words of the manifest."""
    field, dot, label = change.path.partition(".")
    first, *others = field.rstrip("_").split("_")
    values = (change.old, change.new)
    old, new = (in_words(int(text)) if field == "within" and text is not None else text for text in values)
    return FieldChange(path=f"{gate} {first}{''.join(map(str.title, others))}{dot}{label}", old=old, new=new)


def _named(gates: tuple[Gate, ...]) -> dict[str, Gate]:
    """Return the gates by kind and metric; the second of one kind and metric has a number, too."""
    named: dict[str, Gate] = {}
    for gate in gates:
        name = " ".join(filter(None, (gate.uses, getattr(gate, "metric", None))))
        count = sum(key == name or key.startswith(f"{name} #") for key in named)
        named[f"{name} #{count + 1}" if count else name] = gate
    return named


def difference(old: Model | None, new: Model | None, *, environment: str) -> ModelDifference | None:
    """Compare two declarations of a model; None when no field, gate or pin differs that matters."""
    model = new or old
    if model is None:
        return None
    if old is None or new is None:
        return ModelDifference(model=model.name, environment=environment, only="new" if old is None else "old")
    apart = figures_apart(new.recipe, old.recipe)
    recipe, gates = changes(old.recipe, new.recipe), _gate_changes(old.gates, new.gates)
    judged = changes(old.evaluation, new.evaluation)
    same_place = old.environment == new.environment  # elsewhere it is the journals that say which artifact is there
    if not recipe and not gates and not judged and not (same_place and old.artifact != new.artifact):
        return None
    return ModelDifference(
        model=new.name,
        environment=environment,
        outcome=apart is not None or any(change.path.startswith(_OUTCOME) for change in recipe),
        apart=apart,
        unit=unit_of_figures(new.recipe) if apart is None else None,
        changes=recipe,
        gates=gates,
        evaluation=judged or None,
        old=old.artifact if same_place else None,
        new=new.artifact if same_place else None,
    )
