"""Every command is told its environment and its models in the same ways, and says which it takes where that is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.selection import looked_at, one_model, selected
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
    assert selected(tree, ("removed", "lateness"), None) == ("production", ("removed", "lateness"))


@pytest.mark.usefixtures("books")
def test_what_is_looked_at_is_an_environment_or_models_wherever_they_are() -> None:
    assert looked_at(()) == ((), ())
    assert looked_at(("production", "lateness", "x")) == (("production",), ("lateness", "x"))
    assert looked_at(("lateness",)) == ((), ("lateness",))
    assert looked_at(("sandbox",)) == (("sandbox",), ())
    assert looked_at(("removed",)) == (("removed",), ()), "an environment may be gone from disk and have a store"


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
