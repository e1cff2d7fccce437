"""A model as git declares it for one environment: recipe, gates, pin, and when to train it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.core.digest import DefaultsLeftOut, Digest
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.recipe import NamedExpression, Recipe


class RetrainReason(StrEnum):
    """A change that makes a model train again."""

    RECIPE = "recipe"
    DATA = "data"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """When a sandbox trains a model again: on these changes, once its data is `every` seconds old, and where that is
    older than the day `requested` (ISO), once it has come."""

    because: tuple[RetrainReason, ...] = (RetrainReason.RECIPE,)
    every: int | None = None  # seconds
    requested: str | None = None


MOST_DECLARED = 20
"""Slices that a model declares at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSlice:
    """Rows are told apart by the value of `expression`; of a column alone, it is the column's name."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCosts:
    """What a record of the class `actual` costs, by the class that is predicted for it: (class, cost) in declared
    order; 0 for the right class where nothing else is said. A gain is a negative cost."""

    actual: str
    costs: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEvaluation(DefaultsLeftOut):
    """How a model is judged besides what holds for all. `order`: its classes from worst to best; empty where they are
    in none. `costs`: of every class, in the order of the classes; empty where none are declared."""

    slices: tuple[DeclaredSlice, ...] = ()
    order: tuple[str, ...] = ()
    costs: tuple[ClassCosts, ...] = ()

    @property
    def declares(self) -> bool:
        """Tell whether anything is declared."""
        return bool(self.slices or self.order or self.costs)

    def cost_matrix(self, names: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """Return the costs for classes in this order: rows actual, columns predicted; empty without costs, or where
        they are of other classes."""
        known = {each.actual: dict(each.costs) for each in self.costs}
        if not known or set(known) != set(names) or any(set(row) != set(names) for row in known.values()):
            return ()
        return tuple(tuple(known[actual][predicted] for predicted in names) for actual in names)

    def places(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Return the place of each class in the order; empty without one, or where it is of other classes."""
        if not self.order or set(self.order) != set(names):
            return ()
        return tuple(self.order.index(name) for name in names)


NO_DECLARATION = DeclaredEvaluation()

_PREFIX = "also_slice_"


def slice_column(index: int) -> str:
    """Return the name of the column that a declared slice is computed as."""
    return f"{_PREFIX}{index}"


def is_slice_column(name: str) -> bool:
    """Tell whether a name is that of a column that a declared slice is computed as."""
    return name.startswith(_PREFIX)


def with_slices(recipe: Recipe, declared: DeclaredEvaluation) -> Recipe:
    """Return the recipe with the declared slices as derived columns, after its own: what they name it names."""
    if not declared.slices:
        return recipe
    derived = (
        NamedExpression(name=slice_column(index), expression=each.expression)
        for index, each in enumerate(declared.slices)
    )
    return replace(recipe, data=replace(recipe.data, derive=(*recipe.data.derive, *derived)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model in one environment. `recipe_digest` is `codec.digest_of(recipe)`; `file` is its manifest. `artifact` is
    the pin: set where the environment only promotes, None in a sandbox. `labels`: sorted by name; no part of the
    recipe. `proposed`: how often the pin was proposed again. `checks_off`: the checks that it switches off, by name.
    `evaluation`: how it is judged besides what holds for all, no part of the recipe either."""

    name: str
    environment: str
    recipe: Recipe
    recipe_digest: Digest
    gates: tuple[Gate, ...]
    file: str
    owner: str = ""
    description: str = ""
    artifact: Digest | None = None
    retrain: Retrain = Retrain()
    renamed_from: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    proposed: int = 0
    checks_off: tuple[CheckOff, ...] = ()
    evaluation: DeclaredEvaluation = NO_DECLARATION
