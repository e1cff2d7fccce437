"""The environment of git: nothing that leads it elsewhere, everything that the user's identity needs."""

from __future__ import annotations

import pytest

from reconciler.adapters.git.plumbing import user_environment


@pytest.mark.parametrize(
    "name",
    [
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
        *(
            "GIT_COMMON_DIR",
            "GIT_NAMESPACE",
            "GIT_CONFIG_PARAMETERS",
            "GIT_EXTERNAL_DIFF",
            "GIT_TRACE",
            "GIT_TRACE_CURL",
        ),
    ],
)
def test_a_variable_that_leads_git_elsewhere_is_not_passed_on(name: str) -> None:
    assert name not in user_environment({name: "x", "PATH": "/bin"})


@pytest.mark.parametrize(
    "name",
    [
        *(
            "PATH",
            "HOME",
            "GIT_AUTHOR_NAME",
            "GIT_COMMITTER_EMAIL",
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_COUNT",
            "GIT_ASKPASS",
        ),
        *("GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "GNUPGHOME", "GPG_TTY", "HTTPS_PROXY"),
    ],
)
def test_identity_signing_and_credentials_of_the_user_are_passed_on(name: str) -> None:
    assert user_environment({name: "x"})[name] == "x"


def test_own_variables_win_and_nothing_is_asked_or_translated() -> None:
    environment = user_environment({"GIT_INDEX_FILE": "theirs", "LC_ALL": "de_DE"}, GIT_INDEX_FILE="ours")
    assert environment == {"GIT_INDEX_FILE": "ours", "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0"}
