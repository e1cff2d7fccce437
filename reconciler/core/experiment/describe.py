"""Say in words what a recipe has otherwise than another one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.past_space import in_words
from reconciler.core.experiment.trial import ExperimentIdentity
from reconciler.core.number_text import declared
from reconciler.core.spec.decisions.declared import Calibrate, Decide
from reconciler.core.spec.recipe import Blend, Estimator, Param, Recipe
from reconciler.core.spec.runtime import OF_ESTIMATORS

_WITH_NOTES = 3  # the first format of automatic experiments that leaves libraries out, or guesses


def changes_of(recipe: Recipe, base: Recipe) -> tuple[str, ...]:
    """Return what `recipe` has otherwise than `base`, in words; nothing where they are equal."""
    return tuple(_changes(recipe, base))


def notes_of(inputs: ExperimentIdentity, base: Recipe) -> tuple[str, ...]:
    """Return what an automatic experiment guessed, and what it left out and why."""
    return tuple(_notes(inputs, base)) if inputs.format >= _WITH_NOTES else ()


def _notes(inputs: ExperimentIdentity, base: Recipe) -> Iterator[str]:
    past = inputs.space.past
    if past is not None and past.guessed:
        yield f"that earlier rows with the same {past.past.by} tell something is a guess: the model declares no `past`"
    if past is not None and not past.outcomes:
        why = f"`known: {past.past.known}` is no day of its own" if not past.guessed else "the outcome has no `matured`"
        yield f"earlier outcomes were not tried: when they became known is not declared ({why})"
    tried = {each.uses for each in inputs.space.estimators}
    constrained = base.estimator.constraints != (None, None)
    missing = [name for name in OF_ESTIMATORS if name not in tried]
    if missing and not constrained:
        extras = f"pip install 'model-reconciler[{','.join(missing)}]'"
        yield f"{' and '.join(missing)} not tried: the runtime's lock does not pin {_it(missing)} (`{extras}`)"


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _changes(recipe: Recipe, base: Recipe) -> Iterator[str]:
    if text := _estimator(recipe.estimator, base.estimator):
        yield text
    before, after = base.features.all, recipe.features.all
    yield from (f"without {name}" for name in before if name not in after)
    yield from (f"with {_feature(name, recipe, base)}" for name in after if name not in before)
    past = recipe.data.past
    if past is not None and base.data.past is None:
        yield f"earlier rows of the same {past.by}, at {past.at}, known from {past.known}: a guess"
    if recipe.data.where != base.data.where:
        yield f"where {recipe.data.where}" if recipe.data.where is not None else "all rows"
    since, since_before = (each.data.train.since if each.data.train else None for each in (recipe, base))
    if since != since_before:
        yield f"rows since {since}"
    if recipe.class_names != base.class_names:
        yield f"classes {', '.join(recipe.class_names)}"
    if recipe.calibrate != base.calibrate:
        yield _calibrate(recipe.calibrate)
    if recipe.decide != base.decide and (text := _decide(recipe.decide, base.decide)):
        yield text


def _feature(name: str, recipe: Recipe, base: Recipe) -> str:
    """Return a feature's name; of one from earlier rows that the base does not declare also how it is computed."""
    declared = {each.name for each in base.data.past.features} if base.data.past is not None else set()
    own = recipe.data.past.features if recipe.data.past is not None else ()
    feature = next((each for each in own if each.name == name and name not in declared), None)
    return f"{name} ({in_words(feature)})" if feature is not None else name


def _calibrate(calibrate: Calibrate | None) -> str:
    return f"calibrate {calibrate.uses.value}, {calibrate.folds} folds" if calibrate is not None else "no calibration"


def _decide(decide: Decide | None, base: Decide | None) -> str:
    if decide is None:
        return "decide the most likely class"
    if decide.maximise is not None:
        return f"decide {decide.maximise.value}, {decide.folds} folds"
    if base is not None and base.costs == decide.costs and None in (base.folds, decide.folds):
        return ""  # whether anything is fitted follows from the calibration
    return "decide by costs"


def _estimator(estimator: Estimator, base: Estimator) -> str:
    if estimator.blend is not None:
        return _blend(estimator.blend, base)
    same = estimator.class_name == base.class_name
    before = dict(base.params) if same else {}
    params = [f"{name} {_text(value)}" for name, value in estimator.params if before.get(name, _ABSENT) != value]
    params += [f"{name} as by default" for name in before if name not in dict(estimator.params)]
    weights = dict(estimator.class_weights or ())
    if weights and estimator.class_weights != base.class_weights:
        params.append(f"class_weight {', '.join(f'{name}: {_text(weight)}' for name, weight in weights.items())}")
    elif same and base.class_weights and not weights and "class_weight" not in dict(estimator.params):
        params.append("class_weight as by default")
    return " ".join(part for part in ("" if same else estimator.class_name, ", ".join(params)) if part)


def _blend(blend: Blend, base: Estimator) -> str:
    """Return what a blend has otherwise; of one that has no member of the base, all of its own."""
    before = dict(base.blend.members) if base.blend is not None else {}
    if not any(name in before for name, _ in blend.members):
        return f"blend of {', '.join(f'{name}: {_estimator(member, _NOTHING)}' for name, member in blend.members)}"
    told = [
        f"{name}: {text}" for name, member in blend.members if (text := _estimator(member, before.get(name, _NOTHING)))
    ]
    told += [f"without {name}" for name in before if name not in dict(blend.members)]
    if base.blend is not None and base.blend.folds != blend.folds:
        told.append(f"{blend.folds} folds")
    return f"blend with {', '.join(told)}" if told else ""


_NOTHING = Estimator(uses="", class_name="")
_ABSENT = object()


def _text(value: Param) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return declared(value) if isinstance(value, float) else str(value)
