"""Find out who runs this command, as the journal records it: a label, which authorises nothing.

The label says where the name is from, so that no git configuration can write the name that a CI would: `ada (GitHub
Actions)`, `Ada <ada@example.org>`, `ada (this machine)`. Whoever runs the command chooses its environment, and so can
still choose the name.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.git.plumbing import Git, user_environment
from reconciler.errors import SourceError
from reconciler.report.layout.escaping import plain

_SERVICES = (
    ("GITHUB_ACTIONS", "GITHUB_ACTOR", "GitHub Actions"),
    ("GITLAB_CI", "GITLAB_USER_LOGIN", "GitLab CI"),
)
LONGEST = 160  # characters of a name


def who(root: Path, environ: Mapping[str, str]) -> str:
    """Return the actor of the CI job, else the user as git knows them, else the login name, each with its origin."""
    for running, variable, service in _SERVICES:
        if environ.get(running) == "true" and environ.get(variable):
            return f"{_name(environ[variable])} ({service})"
    name, email = _identity(root, environ)
    if name or email:
        return f"{_name(name or 'unnamed')} <{_name(email or 'no email')}>"
    login = _login()
    return f"{_name(login)} (this machine)" if login else "unknown"


def _name(text: str) -> str:
    """Return a name on one visible line, without the characters that tell names from origins."""
    return plain(re.sub(r"[()<>]", "", text))[:LONGEST].strip() or "unnamed"


def git_user(root: Path, environ: Mapping[str, str]) -> str | None:
    """Return `Name <email>`, or as much of it as git knows."""
    name, email = _identity(root, environ)
    if name and email:
        return f"{name} <{email}>"
    return name or email


def _identity(root: Path, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the name and email that git would commit with."""
    settings = _settings(root)
    name = environ.get("GIT_AUTHOR_NAME") or settings.get("user.name")
    email = environ.get("GIT_AUTHOR_EMAIL") or settings.get("user.email")
    return name, email


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
