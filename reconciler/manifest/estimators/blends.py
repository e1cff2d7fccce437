"""Check a blend: how many members it has, of which library, and that they predict the same, by the same constraints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.spec.recipe import FEWEST_MEMBERS, MOST_MEMBERS, Estimator, Recipe, Task
from reconciler.manifest.estimators.constraints import Found

# Families of the other libraries' classes, and what of scikit-learn is alike.
_INSTEAD = {Task.CLASSIFICATION: "HistGradientBoostingClassifier", Task.REGRESSION: "HistGradientBoostingRegressor"}


def problems(recipe: Recipe) -> Iterator[Found]:
    """Yield what is wrong with a recipe's blend besides the problems that a member would have alone."""
    members = recipe.estimator.members
    if not FEWEST_MEMBERS <= len(members) <= MOST_MEMBERS:
        message = f"a blend has {FEWEST_MEMBERS} to {MOST_MEMBERS} members, and this one {len(members) or 'none'}"
        few = "add another estimator; of one alone write `uses` and `class` in place of `members`"
        yield ("members",), "E205", message, few if len(members) < FEWEST_MEMBERS else "leave out some"
    for name, member in members:
        if member.uses != "sklearn":
            message = f"members of a blend are of sklearn, and {member.uses} has a file of its own"
            hint = f"write `uses: sklearn, class: {_INSTEAD[recipe.task]}`, or declare it alone"
            yield ("members", name, "uses"), "E213", message, hint
    seen: dict[Estimator, str] = {}
    for name, member in members:
        if (other := seen.setdefault(member, name)) != name:
            message = f"the same estimator as {other}: with the recipe's one seed it says the same"
            yield ("members", name), "E207", message, "remove it, or give it other `params`"
    yield from _quantiles(members)
    yield from _constraints(members)


def _quantiles(members: tuple[tuple[str, Estimator], ...]) -> Iterator[Found]:
    """Yield the first member that predicts something else than the ones before it."""
    for (_, before), (name, member) in pairwise(members):
        first, other = (quantile_of(each) for each in (before, member))
        if first != other and "sklearn" == member.uses == before.uses:
            said = " and ".join("the mean" if each is None else f"the quantile {each:g}" for each in (first, other))
            message = f"members predict {said}: their average would be neither"
            yield ("members", name), "E205", message, "set the loss and the quantile of all members alike"
            return


def _constraints(members: tuple[tuple[str, Estimator], ...]) -> Iterator[Found]:
    """Yield constraints that not every member has: the blend would not keep to them."""
    for field in ("monotonic", "interactions"):
        having = [(name, member) for name, member in members if getattr(member, field) is not None]
        if not having:
            continue
        (first, of_first), *others = having
        if without := [name for name, member in members if getattr(member, field) is None]:
            message = f"the blend would not keep to it, since {' and '.join(without)} would not"
            yield ("members", first, field), "E205", message, f"write the same `{field}` in all members, or in none"
        for name, member in others:
            if getattr(member, field) != getattr(of_first, field):
                message = f"not as in {first}, so the blend would keep to neither"
                yield ("members", name, field), "E205", message, f"write the same `{field}` in all members"
