"""Which forge, which repository, which API, which token: from the operator's environment and the remote alone."""

from __future__ import annotations

import pytest

from reconciler.core.forge.detection import ForgeKind, Token, choose, token_of
from reconciler.core.forge.remote_url import address
from reconciler.errors import ForgeError, ReconcilerError, SourceError, UsageError

ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "town/models",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "group/sub/models",
    "CI_API_V4_URL": "https://git.example.org/gitlab/api/v4",
}
CHOSEN = [
    # environment, remote; then what is found of kind, project, api and site
    ({}, None, "none", "", "", ""),
    ({}, "/srv/models.git", "none", "", "", ""),
    ({}, "git@git.example.org:town/models", "none", "", "", ""),
    ({}, "git@github.com:town/models.git", "github", "town/models", "https://api.github.com", "https://github.com"),
    ({}, "https://gitlab.com/a/b/c.git", "gitlab", "a/b/c", "https://gitlab.com/api/v4", "https://gitlab.com"),
    (ACTIONS, "/anywhere", "github", "town/models", "https://api.github.com", "https://github.com"),
    (GITLAB, None, "gitlab", "group/sub/models", "https://git.example.org/gitlab/api/v4", "https://git.example.org"),
    ({**ACTIONS, "RECONCILER_FORGE": "none"}, "git@github.com:town/models", "none", "", "", ""),
    (
        {"RECONCILER_FORGE": "GitHub"},
        "ssh://git@git.example.org:2222/town/models",
        *("github", "town/models", "https://git.example.org/api/v3", "https://git.example.org"),
    ),
    (
        {"RECONCILER_FORGE": "gitlab", "CI_API_V4_URL": "https://git.example.org/gitlab/api/v4/"},
        "https://git.example.org/gitlab/town/models.git",
        *("gitlab", "town/models", "https://git.example.org/gitlab/api/v4", "https://git.example.org"),
    ),
    (
        {"RECONCILER_FORGE": "github"},
        "http://127.0.0.1:8080/town/models.git",
        *("github", "town/models", "http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080"),
    ),
    ({"GITHUB_ACTIONS": "true"}, None, "none", "", "", ""),
]


@pytest.mark.parametrize("case", CHOSEN, ids=str)
def test_the_forge_is_the_operators_then_the_ci_then_the_remotes(case: tuple[dict[str, str], str | None, str]) -> None:
    environ, remote, *expected = case
    found = choose(environ, None if remote is None else address(remote))
    assert [found.kind.value, found.project, found.api, found.site] == expected
    assert found.because


REFUSED = [
    ({"RECONCILER_FORGE": "gitea"}, None, UsageError, "E801"),
    ({"RECONCILER_FORGE": "github"}, None, ForgeError, "E905"),
    ({"RECONCILER_FORGE": "github"}, "/srv/models.git", ForgeError, "E905"),
    ({"RECONCILER_FORGE": "github"}, "https://git.example.org/a/b/c", ForgeError, "E905"),
    ({"RECONCILER_FORGE": "github"}, "http://git.example.org/a/b", SourceError, "E305"),
    ({**ACTIONS, "GITHUB_REPOSITORY": "town/../x"}, None, ForgeError, "E905"),
    ({**ACTIONS, "GITHUB_REPOSITORY": "town/models?x"}, None, ForgeError, "E905"),
    ({**ACTIONS, "GITHUB_API_URL": "http://api.example.org"}, None, SourceError, "E305"),
    ({**ACTIONS, "GITHUB_API_URL": "https://ada:s3cret@api.example.org"}, None, SourceError, "E305"),
    ({**ACTIONS, "GITHUB_API_URL": "file:///etc/passwd"}, None, SourceError, "E305"),
    ({**ACTIONS, "GITHUB_API_URL": "https://api.example.org/../x"}, None, SourceError, "E305"),
    ({**ACTIONS, "GITHUB_SERVER_URL": "ext::sh"}, None, SourceError, "E305"),
    ({**GITLAB, "CI_API_V4_URL": "http://10.0.0.1/api/v4"}, None, SourceError, "E305"),
]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_cannot_be_trusted_with_a_token_is_refused(
    case: tuple[dict[str, str], str | None, type[ReconcilerError], str],
) -> None:
    environ, remote, kind, code = case
    with pytest.raises(kind) as caught:
        choose(environ, None if remote is None else address(remote))
    assert caught.value.code == code
    assert caught.value.hint
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_a_token_comes_from_its_own_variables_in_order_and_is_shown_by_none() -> None:
    both = {"GITHUB_TOKEN": " one\n", "GH_TOKEN": "two", "GITLAB_TOKEN": "", "CI_JOB_TOKEN": "three"}
    assert token_of(both, ForgeKind.GITHUB) == Token(name="GITHUB_TOKEN", secret="one")
    assert token_of({"GH_TOKEN": "two"}, ForgeKind.GITHUB).secret == "two"
    assert token_of(both, ForgeKind.GITLAB).name == "CI_JOB_TOKEN"
    assert "one" not in repr(token_of(both, ForgeKind.GITHUB))
    for environ in ({}, {"GITHUB_TOKEN": "a b"}, {"GITHUB_TOKEN": "s3cret\r\nX-Evil: 1"}, {"GITLAB_TOKEN": "x"}):
        with pytest.raises(ForgeError) as caught:
            token_of(environ, ForgeKind.GITHUB)
        assert caught.value.code == "E902"
        assert "s3cret" not in f"{caught.value} {caught.value.hint}"
