"""Who runs this, as the journal records it: a label, never an authority."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.report.safe import plain

_CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
LONGEST = 200


def who(root: Path, environ: Mapping[str, str]) -> str:
    """The CI's actor, else the user as git knows them, else the login name."""
    return plain(_actor(environ) or git_user(root, environ) or _login() or "")[:LONGEST] or "unknown"


def _actor(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in _CI_ACTORS if environ.get(name)), None)


def git_user(root: Path, environ: Mapping[str, str]) -> str | None:
    """`Name <email>`, or as much of it as git knows."""
    name = environ.get("GIT_AUTHOR_NAME") or _setting(root, "user.name")
    email = environ.get("GIT_AUTHOR_EMAIL") or _setting(root, "user.email")
    if name and email:
        return f"{name} <{email}>"
    return name or email


def _setting(root: Path, key: str) -> str | None:
    """Reading a setting runs nothing."""
    try:
        ran = subprocess.run(
            ["git", "config", "--get", key], cwd=root, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError:
        return None
    return ran.stdout.strip() or None


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None
