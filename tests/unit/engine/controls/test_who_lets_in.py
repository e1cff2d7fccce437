"""A loosening counts only where those in force let it in: of people, a model's gates and rows, names, work trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reconciler import codec
from reconciler.core.controls.controls import ControlsEntry
from reconciler.core.spec.environment import Environment, Role
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Hold
from reconciler.core.status_codes import ResultStatus
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.find_environment import environment_of
from tests.simulation.sample_manifests import environment_file
from tests.simulation.sample_project import MODEL, PRODUCTION, PROJECT
from tests.simulation.scenario import Scenario


def with_policy(**policy: Any) -> Environment:
    return replace(PRODUCTION, policy=replace(PRODUCTION.policy, **policy))


def gate(floor: float) -> Threshold:
    return Threshold(metric="f1_macro", at_least=floor)


def last_entry(scenario: Scenario) -> ControlsEntry:
    store = scenario.project.stores["production"]
    head = ControlsLog(store=store, project=PROJECT, environment="production").head()
    assert head is not None
    return head.entry


def edited(scenario: Scenario, edit: Callable[[Model], Model], **says: Any) -> None:
    """Commit with production's model edited."""
    desired = scenario.commit(**says)
    scenario.project.source.line.pop()
    models = (edit(model) if model.environment == "production" else model for model in desired.models)
    edited_state = scenario.merge(replace(desired, models=tuple(models)))
    trees, commit = scenario.project.source.trees, scenario.project.source.line[-1]
    recipes = {model.file: f"\n# recipe {model.recipe_digest}".encode() for model in edited_state.models}
    trees[commit] = {path: body + recipes.get(path, b"") for path, body in trees[commit].items()}


def test_owners_that_a_request_drops_unasked_still_decide(scenario: Scenario) -> None:
    first = scenario.deployed(10, production=with_policy(owners=("olga",)))
    scenario.commit(seed=10, pin=first, production=with_policy(owners=()))
    scenario.requested("sam")
    scenario.apply("production")
    assert any(line.startswith("owners: olga -> nothing") for line in last_entry(scenario).held_back)
    scenario.commit(seed=10, pin=first, production=with_policy(owners=(), gates=(gate(0.1),)))
    scenario.requested("sam")
    scenario.apply("production")
    assert any(line.startswith("f1_macro at least: 0.45 -> 0.1") for line in last_entry(scenario).held_back)


def test_a_models_own_gate_is_not_dropped_in_the_shadow_of_its_environments(scenario: Scenario) -> None:
    """An owner agreed to loosen the environment's gate; nobody was asked about the model's."""
    owned = {"owners": ("olga",)}
    first = scenario.deployed(40, production=with_policy(gates=(gate(0.5),), **owned))
    own = with_policy(gates=(gate(0.5),), **owned)
    edited(scenario, lambda model: replace(model, gates=(gate(0.7),)), seed=40, pin=first, production=own)
    scenario.apply("production")
    loose = with_policy(gates=(gate(0.3),), **owned)
    edited(scenario, lambda model: replace(model, gates=(gate(0.7),)), seed=40, pin=first, production=loose)
    scenario.requested("olga")
    scenario.commit(seed=40, pin=first, production=loose)
    scenario.requested("sam")
    scenario.apply("production")
    entry = last_entry(scenario)
    assert any(line.startswith("f1_macro at least: 0.5 -> 0.3") for line in entry.let_in)
    assert any(line.startswith(f"{MODEL}: f1_macro at least: 0.7 -> 0.3") for line in entry.held_back)


def test_other_rows_to_judge_on_are_let_in_by_those_who_decide_only(scenario: Scenario) -> None:
    def on_other_rows(model: Model) -> Model:
        recipe = replace(model.recipe, data=replace(model.recipe.data, where="x > 1"))
        return replace(model, recipe=recipe, recipe_digest=codec.digest_of(recipe))

    owned = with_policy(owners=("olga",))
    first = scenario.deployed(10, production=owned)
    edited(scenario, on_other_rows, seed=10, pin=first, production=owned)
    request = scenario.requested("sam")
    scenario.apply("production")
    assert any(line.startswith(f"{MODEL}: recipe where") for line in last_entry(scenario).held_back)
    scenario.forge.approve(request.number, "olga")
    scenario.apply("production")
    assert last_entry(scenario).held_back == ()
    assert any(line.startswith(f"{MODEL}: recipe where") for line in last_entry(scenario).let_in)


def test_a_rename_ends_no_hold(scenario: Scenario) -> None:
    held = with_policy(holds=(Hold(model=MODEL, reason="the quarter is being closed"),))
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=held)
    scenario.apply("sandbox")
    scenario.apply("production")
    pin = scenario.candidate
    edited(
        scenario,
        lambda model: replace(model, name="late", renamed_from=MODEL, file="manifests/production/late.yaml"),
        seed=20,
        pin=pin,
        production=held,
    )
    told = {result.model: result for result in scenario.apply("production").results}
    assert told["late"].status is ResultStatus.DENIED
    assert "the quarter is being closed" in (told["late"].problem or "")
    assert "late" not in scenario.project.target.current


def test_a_hold_of_a_former_name_holds_though_no_apply_saw_the_model_under_it(scenario: Scenario) -> None:
    held = with_policy(holds=(Hold(model="early", reason="the quarter is being closed"),))
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=held)
    scenario.apply("sandbox")
    scenario.apply("production")
    served = scenario.project.target.current[MODEL]
    pin = scenario.candidate
    edited(scenario, lambda model: replace(model, renamed_from="early"), seed=20, pin=pin, production=held)
    (told,) = scenario.apply("production").results
    assert told.status is ResultStatus.DENIED
    assert "the quarter is being closed" in (told.problem or "")
    assert scenario.project.target.current[MODEL] == served


def test_a_hold_of_a_former_name_that_no_apply_saw_holds_after_the_next_rename_too(scenario: Scenario) -> None:
    """Entry by entry: the name that a model declares as its former one is kept, though no entry knew it."""
    first = scenario.deployed(10)
    edited(scenario, lambda model: replace(model, renamed_from="early"), seed=10, pin=first)
    scenario.apply("production")
    held = with_policy(holds=(Hold(model="early", reason="the quarter is being closed"),))
    edited(
        scenario,
        lambda model: replace(model, name="late", renamed_from=MODEL, file="manifests/production/late.yaml"),
        seed=10,
        pin=first,
        production=held,
    )
    told = {result.model: result for result in scenario.apply("production").results}
    assert told["late"].status is ResultStatus.DENIED
    assert "the quarter is being closed" in (told["late"].problem or "")
    assert "late" not in scenario.project.target.current


def test_a_name_in_between_that_was_never_deployed_loses_no_incumbent(scenario: Scenario) -> None:
    """Renamed twice, and refused under the name in between: what serves under the first is still compared with."""

    scenario.deployed(40, compares=True)
    scenario.commit(seed=30, compares=True)
    scenario.apply("sandbox")
    worse = scenario.candidate
    for name, before in (("late", MODEL), ("later", "late")):
        desired = scenario.commit(seed=30, pin=worse, compares=True)
        scenario.project.source.line.pop()
        models = (
            replace(model, name=name, renamed_from=before, file=f"manifests/{model.environment}/{name}.yaml")
            for model in desired.models
        )
        scenario.merge(replace(desired, models=tuple(models)))
        scenario.apply("sandbox")
        told = {result.model: result for result in scenario.apply("production").results}
        assert told[name].status is not ResultStatus.CLEAN, name
        assert name not in scenario.project.target.current


def test_a_name_that_was_left_keeps_its_gates_for_what_comes_under_it_next(scenario: Scenario) -> None:
    """Whoever calls the old name gets the new model: a rename and an addition, in two requests, loosen nothing."""

    def late(model: Model) -> Model:
        file = f"manifests/{model.environment}/late.yaml"
        return replace(model, name="late", renamed_from=MODEL, file=file, gates=(gate(0.7),))

    def merged(*models: Model) -> None:
        scenario.project.source.line.pop()
        scenario.merge(replace(scenario.desired, models=models))
        scenario.apply("sandbox")

    first = scenario.deployed(40)
    edited(scenario, lambda model: replace(model, gates=(gate(0.7),)), seed=40, pin=first)
    scenario.apply("sandbox")
    scenario.apply("production")
    held = with_policy(holds=(Hold(model="late", reason="only its name is at stake"),))
    renamed = tuple(late(model) for model in scenario.commit(seed=40, pin=first, production=held).models)
    merged(*renamed)
    scenario.apply("production")
    merged(*scenario.commit(seed=20, pin=first, pinned_seed=40, production=held).models, *renamed)
    pin = scenario.candidate
    merged(*scenario.commit(seed=20, pin=pin, production=held).models, *renamed)
    told = {result.model: result for result in scenario.apply("production").results}
    assert told[MODEL].status is not ResultStatus.CLEAN
    assert "GATE WEAKENED f1_macro at least: 0.7 -> 0.45" in (told[MODEL].problem or "")
    assert scenario.serves != pin


def test_a_work_tree_puts_nothing_in_force_for_the_commits_after_it(scenario: Scenario) -> None:
    """A first entry that a work tree wrote is no reason to ask nobody where git's history was stricter."""
    scenario.commit(seed=10)
    names = {"role": Role.STAGING, "protect": None}
    files = dict(scenario.project.source.trees[scenario.project.source.line[-1]])
    files["environments/production.yaml"] = environment_file(PRODUCTION)
    scenario.project.source.trees[scenario.project.source.line[-1]] = files
    open_tree = scenario.commit(seed=10, production=replace(PRODUCTION, **names))
    scenario.apply("production", replace(open_tree, revision=None))
    assert last_entry(scenario).commit is None
    store, source = scenario.project.stores["production"], scenario.project.source
    where = environment_of(open_tree, "production")
    observed = observe_controls(open_tree, where, store=store, source=source)
    assert observed.not_in_force is not None
    assert "stricter: role" in observed.not_in_force[0]
    moved = replace(where, store=StorageLocation(uses="files", root="q"))
    assert observe_controls(open_tree, moved, store=store, source=source).unaccepted is not None
    scenario.apply("production")
    assert last_entry(scenario).commit is None, "a commit's entry waits for a person, too"
