"""A plan says which models this machine's missing libraries stop, and only those that are to be changed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import digest_of_bytes
from reconciler.core.plan.plan import Step
from reconciler.core.spec.environment import Runtime
from reconciler.engine import machine_notes
from tests.simulation import sample_project

DEPLOY = (Step(action=Action.DEPLOY, reason="pinned"),)


def told(installed: tuple[tuple[str, str], ...], *changed: str) -> list[str]:
    """Return what is told of a production with five boosted models, of which these are to be deployed."""
    desired = sample_project.desired("c", seed=1, pin=digest_of_bytes(b"artifact"))
    (one,) = desired.models_of("production")
    recipe = replace(one.recipe, estimator=replace(one.recipe.estimator, uses="xgboost", class_name="XGBClassifier"))
    models = tuple(replace(one, name=f"m{number}", recipe=recipe) for number in range(5))
    desired = replace(desired, models=models)
    production = desired.environment("production")
    assert production is not None
    machine = Runtime(architecture="x86_64", versions=installed, training_format=1)
    deps: Any = SimpleNamespace(machine=lambda: machine)
    plans: Any = [SimpleNamespace(model=each.name, steps=DEPLOY if each.name in changed else ()) for each in models]
    return list(machine_notes.of_deployments(deps, desired, production, plans))


def test_a_missing_library_names_the_models_that_it_stops_and_how_to_install_it() -> None:
    assert told((), "m1") == [
        "this machine cannot load models that use xgboost, so an apply from here does not deploy m1: "
        "pip install 'model-reconciler[xgboost]'"
    ]
    assert "does not deploy m0, m1, m2 and 2 more: pip" in told((), "m0", "m1", "m2", "m3", "m4")[0]


def test_nothing_is_told_of_models_that_stay_as_they_are_or_where_it_is_installed() -> None:
    assert told(()) == []
    assert told((("xgboost-cpu", "3.1.2"),), "m1") == []
