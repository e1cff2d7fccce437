"""A model as git declares it for one environment: recipe, gates, pin, and when to train it again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.recipe import Recipe


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model in one environment. `recipe_digest` is `codec.digest_of(recipe)`; `file` is its manifest. `artifact` is
    the pin: set where the environment only promotes, None in a sandbox. `labels`: sorted by name; no part of the
    recipe. `proposed`: how often the pin was proposed again. `checks_off`: the checks that it switches off, by name."""

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
