"""Suggest a first model for an unknown table: outcome, features, holdout and estimator, each with its reason.

Pure: from a `TableProfile` to a `RecipeSuggestion`. The reasons are written beside the choices in the manifest. Names
and types decide, as a person would guess at first sight; where they say nothing, the simplest choice is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.core.onboarding.column_roles import features_of, free_name, key_of
from reconciler.core.onboarding.estimator_choice import EstimatorChoice
from reconciler.core.onboarding.estimator_options import EstimatorOption, default_for
from reconciler.core.onboarding.held_out_rows import holdout_of, judged_rows, too_few
from reconciler.core.onboarding.outcome_choice import are_classes, classes_of, few_of_a_class, outcome_of
from reconciler.core.onboarding.receivables import ReceivablesRecipe, recognise_receivables
from reconciler.core.onboarding.row_moment import moment_of
from reconciler.core.onboarding.table_profile import CellNote, ColumnProfile, TableProfile
from reconciler.core.quality.checks import CONSTANT
from reconciler.core.quality.findings import Finding
from reconciler.core.spec.data import Mask, Table
from reconciler.core.spec.recipe import (
    Features,
    NamedExpression,
    Outcome,
    Past,
    Recipe,
    Selection,
    Task,
    is_taken_as_feature,
)
from reconciler.errors import UsageError

_ONE_VALUE = "has the same value in every training row"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionReasons:
    """The reason for each choice, one sentence each."""

    key: str
    outcome: str
    holdout: str
    estimator: str
    predict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSuggestion:
    """A suggested recipe. `left_out`: (column, reason). `as_of`: the day of the data (ISO), where it must be stated.
    `judged`: about how many rows the holdout has, of the `known` ones with an outcome. `notes`: how columns are read,
    where that is a guess. `choice`: of the estimator, where several were tried. `masks`: of columns that look personal,
    and what each looks like. `checks`: what the checks find in the rows, where these were selected."""

    table: Table
    recipe: Recipe
    reasons: SuggestionReasons
    left_out: tuple[tuple[str, str], ...]
    judged: int
    known: int
    as_of: str | None = None
    notes: tuple[CellNote, ...] = ()
    choice: EstimatorChoice | None = None
    masks: tuple[tuple[Mask, str], ...] = ()
    checks: tuple[Finding, ...] | None = None

    @property
    def why_holdout(self) -> str:
        """Return the reason for the holdout, with a warning where it has few rows."""
        return f"{self.reasons.holdout}{too_few(self.judged, self.known)}"

    def with_checks(self, findings: tuple[Finding, ...] | None) -> RecipeSuggestion:
        """Return the suggestion with what the checks find in its rows, and without the features that never differ."""
        constant = {each.subject for each in findings or () if each.check == CONSTANT}
        features = self.recipe.features
        if not constant or constant.issuperset(features.all):
            return replace(self, checks=findings)
        numeric, categorical, boolean = (
            tuple(name for name in names if name not in constant)
            for names in (features.numeric, features.categorical, features.boolean)
        )
        kept = Features(numeric=numeric, categorical=categorical, boolean=boolean)
        left_out = tuple((name, _ONE_VALUE) for name in features.all if name in constant)
        return replace(
            self,
            recipe=replace(self.recipe, features=kept),
            left_out=(*self.left_out, *left_out),
            checks=tuple(each for each in findings or () if each.check != CONSTANT),
        )

    def with_choice(self, choice: EstimatorChoice) -> RecipeSuggestion:
        """Return the suggestion with the estimator that was chosen."""
        recipe = replace(self.recipe, estimator=choice.taken.estimator)
        return replace(self, recipe=recipe, reasons=replace(self.reasons, estimator=choice.why), choice=choice)

    def with_named(self, option: EstimatorOption) -> RecipeSuggestion:
        """Return the suggestion with the estimator that the author named."""
        why = f"{option.name} was chosen with --estimator"
        return replace(
            self,
            recipe=replace(self.recipe, estimator=option.estimator),
            reasons=replace(self.reasons, estimator=why),
        )

    def with_default(self, why_not: str) -> RecipeSuggestion:
        """Return the suggestion with its estimator as it is, and the reason why no other was tried."""
        return replace(self, reasons=replace(self.reasons, estimator=f"{self.reasons.estimator}; {why_not}"))


def suggest(profile: TableProfile, *, name: str, today: str, outcome: str | None = None) -> RecipeSuggestion:
    """Suggest a model over the table `name`. `outcome`: the column to predict, None to guess; `today` is an ISO date.

    Raises UsageError E410 when no column can be predicted, or none is left to predict it from, and E420 when a column
    that decides can be read in two ways.
    """
    key, why_key = key_of(profile)
    table = profile.table if profile.has(key) else replace(profile.table, row_number=key)
    books = recognise_receivables(profile, key=key, today=today) if outcome is None else None
    if books is not None:
        suggestion = _from_receivables(profile, books, table, key, why_key, name)
    else:
        chosen, why = outcome_of(profile, key, outcome)
        suggestion = _from_single_column(profile, chosen, why, table, key, why_key, name, today)
    if not suggestion.recipe.features.all:
        left = "; ".join(f"{column} {why}" for column, why in suggestion.left_out[:10]) or "it has no other column"
        raise UsageError(
            f"no column to predict {suggestion.recipe.outcome.column or 'it'} from: {left}",
            hint="choose a table with a column that varies and repeats",
            code="E410",
        )
    _ask(profile, suggestion.recipe)
    return replace(suggestion, recipe=_with_free_names(profile, suggestion.recipe))


def _with_free_names(profile: TableProfile, recipe: Recipe) -> Recipe:
    """Return the recipe with a derived column for each feature whose own name no feature can have."""
    taken = [name for name in recipe.features.all if is_taken_as_feature(name)]
    if not taken:
        return recipe
    names = {name: free_name(profile, f"value_of_{name}") for name in taken}
    derived = tuple(NamedExpression(name=new, expression=f'"{name}"') for name, new in names.items())
    features = recipe.features
    return replace(
        recipe,
        data=replace(recipe.data, derive=(*recipe.data.derive, *derived)),
        features=Features(
            numeric=tuple(names.get(name, name) for name in features.numeric),
            categorical=tuple(names.get(name, name) for name in features.categorical),
            boolean=tuple(names.get(name, name) for name in features.boolean),
        ),
    )


def _ask(profile: TableProfile, recipe: Recipe) -> None:
    """Ask how a column is read, where a wrong guess would make a wrong model. Raises UsageError E420."""
    used = _words_of(recipe)
    for note in profile.notes:
        flags = note.flags if note.column in used else ()
        flags = flags or (note.outcome_flags if note.column == recipe.outcome.column else ())
        if flags:
            raise UsageError(
                f"column {note.column} can be read in two ways: {note.note}",
                hint=f"say which: {' or '.join(flags)}",
                code="E420",
            )


def _words_of(recipe: Recipe) -> set[str]:
    """Return the names that a recipe mentions, in its fields and expressions."""
    return set(re.findall(r"\w+", repr(recipe)))


# --- the two kinds of suggestion -----------------------------------------------------------------------------------


def _from_receivables(
    profile: TableProfile, books: ReceivablesRecipe, table: Table, key: str, why_key: str, name: str
) -> RecipeSuggestion:
    left = dict(books.left_out)
    features, more = features_of(profile, key, set(left), None)
    left |= more
    numeric = (*features.numeric, *books.derived_features, *(feature.name for feature in books.past_features))
    categorical = tuple(name for name in features.categorical if name != books.by)
    known = profile.column(books.settled).filled
    holdout, why_holdout = holdout_of(profile, books.at)
    option, why_estimator = default_for(Task.CLASSIFICATION, profile.rows, len(features.all))
    past = None
    if books.by is not None:
        left[books.by] = "its value is a customer: the features from their past below also hold for new customers"
        past = Past(by=books.by, at=books.at, known=books.settled, features=books.past_features)
    if key in {column.name for column in profile.columns}:
        left.pop(key, None)
    recipe = Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table=name, key=key, derive=books.derive, past=past, predict=books.predict),
        outcome=books.outcome,
        features=Features(numeric=numeric, categorical=categorical, boolean=features.boolean),
        estimator=option.estimator,
        holdout=holdout,
        seed=1,
    )
    reasons = SuggestionReasons(
        key=why_key, outcome=books.why, holdout=why_holdout, estimator=why_estimator, predict=books.why_predict
    )
    return RecipeSuggestion(
        table=table,
        recipe=recipe,
        reasons=reasons,
        left_out=tuple(left.items()),
        judged=judged_rows(known),
        known=known,
        as_of=books.as_of,
        notes=profile.notes,
    )


def _from_single_column(
    profile: TableProfile, outcome: ColumnProfile, why: str, table: Table, key: str, why_key: str, name: str, today: str
) -> RecipeSuggestion:
    left = {
        other: f"tells {outcome.name} exactly"
        for pair in profile.twins
        if outcome.name in pair
        for other in pair
        if other != outcome.name
    }
    ends = {days.end for days in profile.days if days.column == outcome.name}
    left |= {
        days.column: f"is the days to {days.end}, as {outcome.name} is"
        for days in profile.days
        if days.end in ends and days.column != outcome.name
    }
    at, passed_over = moment_of(profile, key, today)
    features, more = features_of(profile, key, {outcome.name, *left}, at)
    left |= more
    derive = tuple(_of_the_moment(profile, at)) if at is not None else ()
    features = replace(features, numeric=(*features.numeric, *(expression.name for expression in derive)))
    classes = are_classes(outcome)
    task = Task.CLASSIFICATION if classes else Task.REGRESSION
    holdout, why_holdout = holdout_of(profile, at.name if at is not None else None, passed_over)
    option, why_estimator = default_for(task, profile.rows, len(features.all))
    is_open = outcome.filled < profile.rows
    declared, window, spelt = (
        classes_of(outcome, is_open=is_open) if classes else (Outcome(column=outcome.name), None, "")
    )
    of = "" if declared.column is not None else f"{outcome.name}: "
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
        estimator=option.estimator,
        holdout=holdout,
        seed=1,
    )
    reasons = SuggestionReasons(
        key=why_key,
        outcome="".join((of, why, spelt, few_of_a_class(outcome) if classes else "")),
        holdout=why_holdout,
        estimator=why_estimator,
        predict=f"the rows without {outcome.name}"
        if is_open
        else f"every row has {outcome.name}, so all rows are predicted, as an example:"
        " narrow it to the rows of interest",
    )
    return RecipeSuggestion(
        table=table,
        recipe=recipe,
        reasons=reasons,
        left_out=tuple(left.items()),
        judged=judged_rows(outcome.filled),
        known=outcome.filled,
        notes=profile.notes,
    )


def _of_the_moment(profile: TableProfile, at: ColumnProfile) -> Iterator[NamedExpression]:
    """Yield what of a row's moment comes again: its month, and of a time its hour and weekday."""
    parts = {"month": "month", "hour": "hour", "weekday": "isodow"} if at.type == "TIMESTAMP" else {"month": "month"}
    for part, function in parts.items():
        yield NamedExpression(name=free_name(profile, f"{at.name}_{part}"), expression=f'{function}("{at.name}")')
