"""An experiment as git declares it: of which model, what is tried, by how many trials, and what they are judged by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.spec.decisions.declared import Calibrate, Decide
from reconciler.core.spec.recipe import Blend, Features, NamedExpression, Param, Past

SEARCH_FORMAT = 1
"""Version of how an experiment becomes trials: part of its identity."""
AUTOMATIC = "improve-"
"""Beginning of the names of experiments that nobody wrote: `improve MODEL` names them."""
MOST_TRIALS, MOST_ARMS = 2000, 16

# Metric -> whether more of it is better.
CLASS_METRICS = {"log_loss": False, "f1_macro": True, "balanced_accuracy": True, "accuracy": True}
NUMBER_METRICS = {"mae": False, "rmse": False, "r2": True, "pinball": False}
METRICS = {**CLASS_METRICS, **NUMBER_METRICS}
# Metric -> the least and the most that it can be.
BOUNDS = {
    **dict.fromkeys(("f1_macro", "balanced_accuracy", "accuracy"), (0.0, 1.0)),
    **dict.fromkeys(("log_loss", "mae", "rmse", "pinball"), (0.0, math.inf)),
    "r2": (-math.inf, 1.0),
}


class Sampler(StrEnum):
    """How the next points are chosen."""

    RANDOM = "random"
    GRID = "grid"
    TPE = "tpe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How trials are chosen. `prune`: after each fold but the last, only the better half of a batch goes on."""

    sampler: Sampler = Sampler.RANDOM
    batch: int = 8
    seed: int = 1
    prune: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamAxis:
    """A parameter of an estimator that is tried: `choices`, or the numbers from `low` to `high`."""

    name: str
    choices: tuple[Param, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorSpace:
    """An estimator that is tried: its parameters that stay, and those that are tried. `blend`: of a blend, whose
    members are tried as they are written."""

    uses: str
    class_name: str
    params: tuple[tuple[str, Param], ...] = ()
    tried: tuple[ParamAxis, ...] = ()
    keeps_rows_accepted: bool = False
    blend: Blend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSpace:
    """Further features from earlier rows. `past`: with all of them, behind those that the model declares; `groups`:
    the names of those that are tried together; `derive`: columns that they need; `guessed`: nobody declared whom rows
    are of, or when; `outcomes`: earlier outcomes are among them, since it is known when each became known."""

    past: Past
    groups: tuple[tuple[str, ...], ...]
    derive: tuple[NamedExpression, ...]
    guessed: bool
    outcomes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpace:
    """What is tried of a model. Empty: it stays as it is.

    `drop`: features of which one at a time is left out. `add`: features of which each is in or out. `where`, `since`:
    the further conditions and first days of the rows; None: as declared. `collapse`: classes that become one.
    `calibrate`, `decide`: those that are tried, None among them being none; None (not empty) where they stay.
    `past`: features from earlier rows that nobody declared, which are among those of `add`.
    """

    estimators: tuple[EstimatorSpace, ...] = ()
    drop: tuple[str, ...] = ()
    add: Features = field(default_factory=Features)
    where: tuple[str | None, ...] = ()
    since: tuple[str | None, ...] = ()
    collapse: tuple[str, ...] = ()
    calibrate: tuple[Calibrate | None, ...] | None = None
    decide: tuple[Decide | None, ...] | None = None
    past: PastSpace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One experiment. `space`: None where it is automatic. `file`: of its manifest; empty where nobody wrote it.

    `drop_each`: `space.drop` are all features of the model.
    """

    name: str
    model: str
    environment: str
    metric: str
    folds: int
    trials: int
    search: Search
    space: ModelSpace | None
    drop_each: bool = False
    file: str = ""
    owner: str = ""
    description: str = ""
