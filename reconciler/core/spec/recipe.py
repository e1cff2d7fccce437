"""The part of a model's spec that decides its bytes: data selection, outcome, features, estimator, holdout, seed.

A recipe's digest is taken over its canonical JSON (`codec`), so a name, an owner, a gate or a comment never makes a
new artifact. Expressions are SQL scalars, kept as the author wrote them but for surrounding white space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.core.spec.decisions.declared import Calibrate, Decide, RowWeights
from reconciler.core.spec.inputs.features import Features as Features  # noqa: PLC0414  (found here, as the other parts)
from reconciler.core.spec.inputs.features import FieldPath

RECIPE_FORMAT = 1
TRAINING_FORMAT = 2
"""Version of how a recipe becomes bytes (preprocessing, canonical form, files): part of every runtime. 2: an artifact
says how its training rows were distributed (`reference.json`)."""


class Task(StrEnum):
    """The kind of prediction: a class or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A left join of `table` on its column `key`, which is unique there and has the same name on the left."""

    table: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedExpression:
    """`name: expression`, in the order of the manifest."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFeature:
    """One aggregate over the earlier rows that count. `within`: only those known in so many seconds before the row's
    moment; `last`: only so many, those known last. None: all of them."""

    name: str
    expression: str
    within: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Point-in-time features: aggregates over earlier rows of the same `by` whose `known` lies strictly before `at`.

    `known` counts as greatest(known, at) of the earlier row, so that a prepaid row never sees itself. Each feature is
    one aggregate over row-local scalars. All rows of the joined, derived table count, unless `where` narrows them.
    `also_by`: further columns that must be the same; None (not empty) where there are none.
    """

    by: str
    at: str
    known: str
    features: tuple[PastFeature, ...]
    where: str | None = None
    also_by: tuple[str, ...] | None = None

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the columns that rows must have in common."""
        return (self.by, *(self.also_by or ()))

    def columns(self) -> Iterator[tuple[FieldPath, str]]:
        """Yield (path in the recipe, column) of `by`, `at` and `known`."""
        for index, column in enumerate(self.owners):
            yield ("data", "past", "by", *((index,) if self.also_by else ())), column
        yield ("data", "past", "at"), self.at
        yield ("data", "past", "known"), self.known

    def aggregates(self) -> Iterator[tuple[FieldPath, str]]:
        """Yield (path in the recipe, aggregate) of each feature."""
        for each in self.features:
            alone = each.within is None and each.last is None
            yield ("data", "past", "features", each.name, *(() if alone else ("aggregate",))), each.expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows may train: `since` <= `by` < `until` (ISO dates), and `where`."""

    by: str | None = None
    since: str | None = None
    until: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows and columns that a recipe reads: one table by its unique `key`, joins, derived columns and filters."""

    table: str
    key: str
    joins: tuple[Join, ...] = ()
    derive: tuple[NamedExpression, ...] = ()
    past: Past | None = None
    where: str | None = None
    train: Window | None = None
    predict: str | None = None
    """Rows to predict (an expression); None where the model has none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeClass:
    """One class. `when` is its condition (first true wins); None when classes are the values of a column.
    `possible`: where it is not true, the class gets probability 0 and the rest is renormalised."""

    name: str
    when: str | None = None
    possible: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The predicted column. Classification: `classes` in order, by condition or as values of `column`.
    Regression: the numeric `column`, no classes. `matured` is a date expression: only rows with
    matured <= as_of train or evaluate."""

    column: str | None = None
    classes: tuple[OutcomeClass, ...] = ()
    matured: str | None = None


def is_taken_as_feature(name: str) -> bool:
    """Tell whether the rows of a model have a column of their own of this name, so that no feature can be named so."""
    return name.lower() in ("key", "outcome") or name.lower().startswith(("possible_", "also_"))


Scalar = bool | int | float | str | None
Param = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """A class of the closed table (`manifest/schema/estimators.json`) by name, and its parameters as given, in order of
    their names. `keeps_rows_accepted`: the author accepted that this estimator keeps training rows in the artifact.
    `monotonic`: features with which the prediction only rises or falls (of two classes, the second one's probability),
    by name. `interactions`: groups of features that may act together; what is in none acts alone."""

    uses: str
    class_name: str
    params: tuple[tuple[str, Param], ...] = ()
    keeps_rows_accepted: bool = False
    monotonic: tuple[tuple[str, str], ...] | None = None
    interactions: tuple[tuple[str, ...], ...] | None = None
    class_weights: tuple[tuple[str, float], ...] | None = None
    """`class_weight` by class name, sorted; a class that is not named weighs 1. None: as `params` say."""
    blend: Blend | None = None
    """Of a blend (`uses: blend`, class BLENDED) its members; all else is theirs then."""

    @property
    def members(self) -> tuple[tuple[str, Estimator], ...]:
        """Return the estimators that are fitted, by name: itself alone, without a name, where it is no blend."""
        return self.blend.members if self.blend is not None else (("", self),)

    @property
    def constraints(self) -> tuple[tuple[tuple[str, str], ...] | None, tuple[tuple[str, ...], ...] | None]:
        """Return `monotonic` and `interactions`; of a blend those that all of its members have."""
        found = {(member.monotonic, member.interactions) for _, member in self.members}
        return found.pop() if len(found) == 1 else (None, None)

    def with_each(self, change: Callable[[Estimator], Estimator]) -> Estimator:
        """Return the estimator changed; of a blend, with each of its members changed."""
        if self.blend is None:
            return change(self)
        members = tuple((name, change(member)) for name, member in self.blend.members)
        return replace(self, blend=replace(self.blend, members=members))


BLEND, BLENDED = "blend", "Blend"
FEWEST_MEMBERS, MOST_MEMBERS = 2, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """Estimators whose predictions are averaged, sorted by name. Their weights are fitted out of `folds` folds of the
    training rows."""

    members: tuple[tuple[str, Estimator], ...]
    folds: int


def blend_of(members: tuple[tuple[str, Estimator], ...], folds: int) -> Estimator:
    """Return a blend of estimators. Neither their order nor that of their names in a file makes another one."""
    return Estimator(
        uses=BLEND,
        class_name=BLENDED,
        blend=Blend(members=tuple(sorted(members, key=lambda member: member[0])), folds=folds),
    )


FEWEST_TRAINED = 20
FEWEST_HELD_OUT = 5
"""Rows below which nothing is trained, or evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """`last` share of rows by the date column `by` (cut between two distinct dates), or a `random` share by a keyed
    hash of the row's key, independent of seed and recipe. Exactly one of the two is set."""

    last: float | None = None
    by: str | None = None
    random: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All of a model's spec that decides its bytes; see the module."""

    task: Task
    data: Selection
    outcome: Outcome
    features: Features
    estimator: Estimator
    holdout: Holdout
    seed: int
    format: int = RECIPE_FORMAT
    weights: RowWeights | None = None
    calibrate: Calibrate | None = None
    decide: Decide | None = None

    @property
    def weighed_by(self) -> str | None:
        """Return the date column that training rows are weighed by; None where all weigh alike."""
        return self.weights.recency.by if self.weights is not None else None

    @property
    def fits_out_of_fold(self) -> bool:
        """Tell whether anything is fitted on folds of the training rows."""
        decides = self.decide is not None and self.decide.folds is not None
        return self.calibrate is not None or decides or self.estimator.blend is not None

    @property
    def reads_moments(self) -> bool:
        """Tell whether training needs to know when each row happened."""
        of_folds = self.fits_out_of_fold or bool(self.features.target_encoded)
        return self.weights is not None or (of_folds and self.holdout.by is not None)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the classes in declared order; class i is the integer i in the data. Empty for regression."""
        return tuple(outcome_class.name for outcome_class in self.outcome.classes)

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the tables that the recipe reads, its own first."""
        return (self.data.table, *(join.table for join in self.data.joins))

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Yield (path in the manifest, expression) for every scalar expression, without the aggregates of `past`."""
        data, outcome = self.data, self.outcome
        for named in data.derive:
            yield f"data.derive.{named.name}", named.expression
        if data.past is not None and data.past.where is not None:
            yield "data.past.where", data.past.where
        if data.where is not None:
            yield "data.where", data.where
        if data.train is not None and data.train.where is not None:
            yield "data.train.where", data.train.where
        if data.predict is not None:
            yield "data.predict.where", data.predict
        if outcome.matured is not None:
            yield "outcome.matured", outcome.matured
        for outcome_class in outcome.classes:
            if outcome_class.when is not None:
                yield f"outcome.classes.{outcome_class.name}", outcome_class.when
            if outcome_class.possible is not None:
                yield f"outcome.possible.{outcome_class.name}", outcome_class.possible


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How features are transformed before the estimator, which depends on its family; for people to read.

    `rare`: categories with fewer training rows share one bucket; `most`: the maximum number of separate categories.
    """

    numeric: str
    categorical: str
    boolean: str
    rare: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRecipe:
    """The recipe as an artifact keeps it, with the preprocessing chosen for it."""

    recipe: Recipe
    preprocessing: Preprocessing
    format: int = TRAINING_FORMAT
