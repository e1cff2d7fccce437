"""From the environment to a forge's adapter; one that is not installed is told with the command that installs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reconciler.adapters.forges.github import ACTIONS, GitHubForge
from reconciler.adapters.forges.gitlab import GitLabForge
from reconciler.app import forge_connection
from reconciler.core.forge.detection import ForgeChoice, ForgeKind, Token
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import ForgeError, SourceError
from tests.contract.git_repository import Repository, repository_in

TOKEN = Token(name="GITHUB_TOKEN", secret="tok")
ENVIRON = {"PATH": os.environ["PATH"]}


def choice(kind: ForgeKind) -> ForgeChoice:
    api = "https://api.example.org/api/v4"
    return ForgeChoice(kind=kind, because="a test", project="town/models", api=api, site="https://example.org")


def route(clone: Repository, environ: dict[str, str], protect: str | None = None) -> PullRequestRoute:
    return forge_connection.route(clone.project, environ, environment="production", protect=protect)


@pytest.fixture
def clone(tmp_path: Path) -> Repository:
    one = repository_in(tmp_path / "clone")
    one.commit({"a": b"1"})
    return one


def test_each_kind_has_its_adapter() -> None:
    assert isinstance(forge_connection.forge(choice(ForgeKind.GITHUB), TOKEN, {"GITHUB_ACTIONS": "true"}), GitHubForge)
    assert isinstance(forge_connection.forge(choice(ForgeKind.GITLAB), TOKEN, {}), GitLabForge)
    assert ACTIONS == "github-actions[bot]"


@pytest.mark.parametrize("kind", [ForgeKind.GITHUB, ForgeKind.GITLAB])
def test_a_library_that_is_not_installed_is_told_with_what_installs_it(
    kind: ForgeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, kind.value, None)  # as if it were not there
    for name in ("github", "gitlab", "gitlab_client"):
        monkeypatch.delitem(sys.modules, f"reconciler.adapters.forges.{name}", raising=False)
    with pytest.raises(ForgeError) as caught:
        forge_connection.forge(choice(kind), TOKEN, {})
    assert caught.value.code == "E906"
    assert f"pip install 'model-reconciler[{kind.value}]'" in (caught.value.hint or "")


@pytest.mark.needs("git")
def test_what_is_merged_into_is_what_is_protected_else_what_people_work_on(clone: Repository) -> None:
    found = route(clone, ENVIRON, "next")
    assert (found.base, found.remote, found.forge, found.because) == ("next", None, None, "there is no remote")
    assert route(clone, ENVIRON).base == "main"
    clone.git("switch", "-q", "--detach")
    with pytest.raises(SourceError, match="no file says which branch production is merged into"):
        route(clone, ENVIRON)


@pytest.mark.needs("git")
def test_a_forge_without_a_token_is_refused_before_anything_is_written(clone: Repository) -> None:
    clone.git("remote", "add", "origin", "git@github.com:town/models.git")
    with pytest.raises(ForgeError) as caught:
        route(clone, ENVIRON)
    assert caught.value.code == "E902"
    found = route(clone, {**ENVIRON, "GH_TOKEN": "tok"})
    assert found.remote is not None
    assert (found.because, found.forge and found.forge.name) == ("the remote is at github.com", "GitHub")
    assert route(clone, {**ENVIRON, "RECONCILER_FORGE": "none"}).forge is None
