"""Find out who runs this command, as the journal records it: a label, which authorises nothing."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, user_environment
from reconciler.errors import SourceError
from reconciler.report.layout.escaping import plain

_CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
LONGEST = 200


def who(root: Path, environ: Mapping[str, str]) -> str:
    """Return the CI actor, else the user as git knows them, else the login name."""
    return plain(_actor(environ) or git_user(root, environ) or _login() or "")[:LONGEST] or "unknown"


def _actor(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in _CI_ACTORS if environ.get(name)), None)


def git_user(root: Path, environ: Mapping[str, str]) -> str | None:
    """Return `Name <email>`, or as much of it as git knows."""
    settings = _settings(root)
    name = environ.get("GIT_AUTHOR_NAME") or settings.get("user.name")
    email = environ.get("GIT_AUTHOR_EMAIL") or settings.get("user.email")
    if name and email:
        return f"{name} <{email}>"
    return name or email


def _settings(root: Path) -> dict[str, str]:
    """Return the user's name and email as git is configured. Where one is set twice, the last one counts."""
    git = Git(root, environment=user_environment(os.environ))
    try:
        _, out, _ = git.call("config", "--null", "--get-regexp", r"^user\.(name|email)$")
    except SourceError:  # no git, or no such folder
        return {}
    pairs = (entry.partition("\n") for entry in out.decode("utf-8", "replace").split("\0") if entry)
    return {name: value.strip() for name, _, value in pairs}


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None
