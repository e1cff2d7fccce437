"""A first model for a table that nobody has described: what to predict, from what, judged on what, and why.

Pure: from a `TableProfile` to a `RecipeSuggestion`. Every choice carries its reason, which is written beside it in the
manifest. Nothing here is clever: names and types say what a person would guess at first sight, and where they say
nothing the plainest choice is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.core.onboarding.column_roles import are_classes, features_of, free_name, key_of, outcome_of
from reconciler.core.onboarding.receivables import ReceivablesRecipe, ledger
from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.environment import Table
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Past,
    Recipe,
    Selection,
    Task,
    Window,
)
from reconciler.errors import UsageError

SMALL = 5000  # rows below which a forest is the steadier choice: boosting overfits few rows
FEWEST_DAYS = 20  # distinct days from which rows are held out by date


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionReasons:
    """One sentence per choice."""

    key: str
    outcome: str
    holdout: str
    estimator: str
    predict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSuggestion:
    """`left_out`: (column, why). `as_of`: the day of the books (ISO), where it must be stated."""

    table: Table
    recipe: Recipe
    reasons: SuggestionReasons
    left_out: tuple[tuple[str, str], ...]
    as_of: str | None = None


def suggest(look: TableProfile, *, name: str, today: str, outcome: str | None = None) -> RecipeSuggestion:
    """A model over the table `name`. `outcome`: the column to predict, if the author says; UsageError when there is
    nothing to predict, or nothing to predict it from."""
    key, why_key = key_of(look)
    table = look.table if look.has(key) else replace(look.table, row_number=key)
    books = ledger(look, key=key, today=today) if outcome is None else None
    if books is not None:
        found = _receivables(look, books, table, key, why_key, name)
    else:
        chosen, why = outcome_of(look, key, outcome)
        found = _plain(look, chosen, why, table, key, why_key, name, today)
    if not found.recipe.features.all:
        left = "; ".join(f"{column} {why}" for column, why in found.left_out[:10]) or "it has no other column"
        raise UsageError(
            f"nothing to predict {found.recipe.outcome.column or 'it'} from: {left}",
            hint="is this the right table? a feature varies",
            code="E410",
        )
    return found


# --- the two kinds of suggestion -----------------------------------------------------------------------------------


def _receivables(
    look: TableProfile, books: ReceivablesRecipe, table: Table, key: str, why_key: str, name: str
) -> RecipeSuggestion:
    left = dict(books.left_out)
    features, more = features_of(look, key, set(left), None)
    left |= more
    numeric = (*features.numeric, *books.derived_features, *(one.name for one in books.past_features))
    categorical = tuple(one for one in features.categorical if one != books.by)
    holdout, why_holdout = _holdout(look, books.at)
    estimator, why_estimator = _estimator(Task.CLASSIFICATION, look.rows)
    past = None
    if books.by is not None:
        left[books.by] = "says who, not what: their past below says more, and holds for new ones, too"
        past = Past(by=books.by, at=books.at, known=books.settled, features=books.past_features)
    if key in {one.name for one in look.columns}:
        left.pop(key, None)
    recipe = Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table=name, key=key, derive=books.derive, past=past, predict=books.predict),
        outcome=books.outcome,
        features=Features(numeric=numeric, categorical=categorical, boolean=features.boolean),
        estimator=estimator,
        holdout=holdout,
        seed=1,
    )
    reasons = SuggestionReasons(
        key=why_key, outcome=books.why, holdout=why_holdout, estimator=why_estimator, predict=books.why_predict
    )
    return RecipeSuggestion(
        table=table, recipe=recipe, reasons=reasons, left_out=tuple(left.items()), as_of=books.as_of
    )


def _plain(
    look: TableProfile, outcome: ColumnProfile, why: str, table: Table, key: str, why_key: str, name: str, today: str
) -> RecipeSuggestion:
    left = {
        other: f"tells {outcome.name} exactly"
        for pair in look.twins
        if outcome.name in pair
        for other in pair
        if other != outcome.name
    }
    ends = {one.end for one in look.days if one.column == outcome.name}
    left |= {
        one.column: f"is the days to {one.end}, as {outcome.name} is"
        for one in look.days
        if one.end in ends and one.column != outcome.name
    }
    at = next((one for one in look.columns if one.dated and one.filled == look.rows and _past_only(one, today)), None)
    features, more = features_of(look, key, {outcome.name, *left}, at)
    left |= more
    derive: tuple[NamedExpression, ...] = ()
    if at is not None:
        month = free_name(look, f"{at.name}_month")
        derive = (NamedExpression(name=month, expression=f'month("{at.name}")'),)
        features = replace(features, numeric=(*features.numeric, month))
    classes = are_classes(outcome)
    task = Task.CLASSIFICATION if classes else Task.REGRESSION
    holdout, why_holdout = _holdout(look, at.name if at is not None else None)
    estimator, why_estimator = _estimator(task, look.rows)
    is_open = outcome.filled < look.rows
    declared, window = _classes(outcome, is_open=is_open) if classes else (Outcome(column=outcome.name), None)
    recipe = Recipe(
        task=task,
        data=Selection(
            table=name,
            key=key,
            derive=derive,
            train=window,
            predict=f'"{outcome.name}" is null' if is_open else "true",
        ),
        outcome=declared,
        features=features,
        estimator=estimator,
        holdout=holdout,
        seed=1,
    )
    reasons = SuggestionReasons(
        key=why_key,
        outcome=why,
        holdout=why_holdout,
        estimator=why_estimator,
        predict=f"the rows without {outcome.name}"
        if is_open
        else f"every row has {outcome.name}, so all are scored, to show how it looks:"
        " narrow it to those that you ask about",
    )
    return RecipeSuggestion(table=table, recipe=recipe, reasons=reasons, left_out=tuple(left.items()))


def _classes(one: ColumnProfile, *, is_open: bool) -> tuple[Outcome, Window | None]:
    """By value where that says it; by condition for decimals and for texts that are no names. A condition that is not
    true for open rows is no class, so they are kept from training."""
    values = sorted(one.values, key=float) if one.numeric else sorted(one.values)
    fit = all(is_label(value) for value in values)
    if fit and one.type in ("BIGINT", "INTEGER", "BOOLEAN", "VARCHAR"):
        return Outcome(column=one.name, classes=tuple(OutcomeClass(name=value) for value in values)), None
    classes = []
    for number, value in enumerate(values, start=1):
        literal = value if one.numeric else "'" + value.replace("'", "''") + "'"
        label = str(int(float(value))) if one.numeric else value if is_label(value) else f"class_{number}"
        classes.append(OutcomeClass(name=label, when=f'"{one.name}" = {literal}'))
    window = Window(where=f'"{one.name}" is not null') if is_open else None
    return Outcome(classes=tuple(classes)), window


def is_label(text: str) -> bool:
    return 1 <= len(text) <= 63 and text == text.strip() and text.isprintable()


# --- what both have ------------------------------------------------------------------------------------------------


def _past_only(one: ColumnProfile, today: str) -> bool:
    return one.latest is not None and one.latest <= today and one.distinct >= FEWEST_DAYS


def _holdout(look: TableProfile, at: str | None) -> tuple[Holdout, str]:
    if at is not None and look.column(at).distinct >= FEWEST_DAYS:
        return Holdout(
            last=0.2, by=at
        ), "judged on the latest rows, which were not known in training: as it will be used"
    return Holdout(random=0.2), "no date orders the rows, so a random fifth judges: always the same rows, by key"


def _estimator(task: Task, rows: int) -> tuple[Estimator, str]:
    kind = "Classifier" if task is Task.CLASSIFICATION else "Regressor"
    if rows < SMALL:
        forest = Estimator(
            uses="sklearn", class_name=f"RandomForest{kind}", params=(("min_samples_leaf", 3), ("n_estimators", 200))
        )
        return forest, f"a forest is steady on few rows ({rows:,})"
    boosting = Estimator(
        uses="sklearn", class_name=f"HistGradientBoosting{kind}", params=(("learning_rate", 0.05), ("max_iter", 150))
    )
    return boosting, f"boosting takes {rows:,} rows, missing values and categories as they are"
