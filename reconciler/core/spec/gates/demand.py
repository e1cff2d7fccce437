"""What every gate has: whom it is for, and what of it a change of manifests can weaken.

`demands` (one gate per bound), the `subject` and the `amount` in words, and `as_strict_as`, which compares two gates of
one class and subject. `for_` narrows a gate to some models: to narrow a gate is to weaken it
(`core.judging.applicable_gates` says which gates apply to a model).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from reconciler.core.spec.recipe import Task


class Against(StrEnum):
    """What `no-worse-than-incumbent` compares a candidate with, besides the incumbent."""

    BEST = "best"


class Rule(StrEnum):
    """How `no-worse-than-incumbent` reads the paired difference (candidate - incumbent, higher is better)."""

    EVIDENCE = "evidence"  # fails when the upper bound is below -tolerance
    POINT = "point"  # fails when the difference is below -tolerance
    STRICT = "strict"  # fails unless the lower bound is above -tolerance

    @property
    def strictness(self) -> int:
        """Return the rank of this rule: the higher, the more a candidate must show."""
        return list(Rule).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateScope:
    """The models that a gate is for: those of this task (None: of any) that have all these labels, sorted by name."""

    task: Task | None = None
    labels: tuple[tuple[str, str], ...] = ()

    def covers(self, task: Task | None, labels: tuple[tuple[str, str], ...]) -> bool:
        """Tell whether it reaches every model of this task (None: of all tasks) that has these labels."""
        return self.task in (None, task) and set(self.labels) <= set(labels)

    def __str__(self) -> str:
        words = [f"task {self.task}"] if self.task is not None else []
        return " and ".join([*words, *(f"label {name}: {value}" for name, value in self.labels)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(ABC):
    """The demand of a gate, which a change of manifests can weaken; most have one bound, named by the gate. `for_`: the
    models that the gate is for; None: all."""

    for_: GateScope | None = None
    uses: str = ""

    @property
    def demands(self) -> tuple[Self, ...]:
        """Return one gate per bound."""
        return (self,)

    @property
    def subject(self) -> str:
        """Return what is demanded, without how much of it."""
        return self.uses

    @property
    @abstractmethod
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""

    @property
    def amount(self) -> str:
        """Return how much is demanded, and of which models, in words."""
        return f"{self.bound} for {self.for_}" if self.for_ is not None else self.bound

    def reaches(self, other: Demand) -> bool:
        """Tell whether this gate is for every model that `other` is for."""
        mine = self.for_ or GateScope()
        theirs = other.for_ or GateScope()
        return mine.covers(theirs.task, theirs.labels)
