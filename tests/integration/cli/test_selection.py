"""Every command is told its environment and its models in the same ways, and says which it takes where that is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.selection import looked_at, looked_at_one, one_model, planned, selected, whole_environment
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError
from tests.support.project import Project, configured


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on disk with the model `lateness` and one that is called as an environment is."""
    project = configured(tmp_path / "books")
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    project.write("manifests/sandbox/sandbox.yaml", text.replace("name: lateness", "name: sandbox"))
    monkeypatch.chdir(project.root)
    return project


@pytest.mark.usefixtures("books")
def test_models_are_named_behind_their_environment_or_before_in() -> None:
    tree = Invocation(working_tree=True)
    for names, environment in (
        (("production", "lateness"), None),
        (("lateness",), "production"),
        (("lateness", "lateness"), None),
    ):
        assert selected(tree, names, environment) == ("production", ("lateness",))
    assert selected(tree, ("production",), None) == ("production", ())
    assert selected(tree, ("sandbox",), None) == ("production", ("sandbox",)), "alone it is the model"
    assert selected(tree, ("sandbox", "lateness"), None) == ("sandbox", ("lateness",))
    assert selected(tree, ("sandbox", "lateness"), "production") == ("production", ("sandbox", "lateness"))
    with pytest.raises(UsageError, match="no environment 'removed' is declared"):
        selected(tree, ("removed", "lateness"), None)


@pytest.mark.usefixtures("books")
def test_what_is_looked_at_is_an_environment_or_models_wherever_they_are() -> None:
    tree = Invocation(working_tree=True)
    assert looked_at(tree, ()) == ((), ())
    assert looked_at(tree, ("production", "lateness", "x")) == (("production",), ("lateness", "x"))
    assert looked_at(tree, ("lateness",)) == ((), ("lateness",))
    assert looked_at(tree, ("sandbox",)) == (("sandbox",), ())
    assert looked_at(tree, ("removed",)) == (("removed",), ()), "an environment may be gone from disk and have a store"
    assert looked_at(tree, ("lateness",), "production") == (("production",), ("lateness",))


@pytest.mark.usefixtures("books")
def test_what_is_planned_names_its_environment_unless_only_one_has_the_model() -> None:
    tree = Invocation(working_tree=True)
    assert planned(tree, ("production", "lateness"), None, "plan") == ("production", ("lateness",))
    assert planned(tree, ("removed", "lateness"), None, "plan") == ("removed", ("lateness",))
    assert planned(tree, ("lateness",), "sandbox", "plan") == ("sandbox", ("lateness",))
    assert planned(tree, ("lateness",), None, "apply") == ("sandbox", ("lateness",)), "it is declared there alone"
    with pytest.raises(UsageError, match="missing argument 'ENV'") as refused:
        planned(tree, (), None, "plan")
    assert refused.value.hint == "reconciler plan production; reconciler plan sandbox"


def test_one_model_is_looked_at_where_it_is_deployed_else_where_it_is_trained(books: Project) -> None:
    tree = Invocation(working_tree=True)
    assert looked_at_one(tree, ("lateness",), None, "show") == ("sandbox", "lateness"), "it is nowhere else yet"
    assert looked_at_one(tree, ("production", "lateness"), None, "show") == ("production", "lateness")
    text = (books.root / "manifests/sandbox/lateness.yaml").read_text()
    pinned = text.replace("spec:\n", f"spec:\n  artifact: sha256:{'0' * 64}\n", 1)
    books.write("manifests/production/lateness.yaml", pinned)
    assert looked_at_one(tree, ("lateness",), None, "show") == ("production", "lateness")
    for names, problem in (
        ((), "missing argument 'MODEL'"),
        (("production",), "missing argument"),
        (("nosuch",), "no env"),
    ):
        with pytest.raises(UsageError, match=problem):
            looked_at_one(tree, names, None, "show")


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("names", [("prodution",), ("prod",), ("prodution", "lateness")])
def test_a_mistyped_environment_is_named_with_the_one_that_was_meant(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=f"no environment '{names[0]}' is declared") as refused:
        selected(Invocation(working_tree=True), names, None)
    assert refused.value.hint == "did you mean production? declared: production, sandbox"


@pytest.mark.usefixtures("books")
def test_a_mistyped_model_is_named_with_the_one_that_was_meant_and_is_no_environment() -> None:
    tree = Invocation(working_tree=True)
    for refuse in (lambda: looked_at(tree, ("latenes",)), lambda: planned(tree, ("latenes",), None, "plan")):
        with pytest.raises(UsageError, match="no model 'latenes' is declared") as refused:
            refuse()
        assert refused.value.hint == "did you mean lateness?"
    assert selected(tree, ("latenes",), None) == ("production", ("latenes",)), "its command says where it is not"
    with pytest.raises(UsageError, match="lateness is no environment"):
        whole_environment(tree, ("lateness",), None, "controls show")


def test_where_several_environments_promote_each_is_told(books: Project) -> None:
    text = (books.root / "environments/production.yaml").read_text().replace("production", "staging")
    books.write("environments/staging.yaml", text.replace("root: serving", "root: staging"))
    with pytest.raises(UsageError, match="missing option '--in'") as refused:
        selected(Invocation(working_tree=True), ("lateness",), None)
    assert "production, staging" in (refused.value.hint or "")


def test_one_model_at_a_time_is_told_with_the_commands() -> None:
    with pytest.raises(UsageError) as several:
        one_model(("a", "b"), "production", "why")
    assert several.value.hint == "reconciler why a --in production; reconciler why b --in production"
