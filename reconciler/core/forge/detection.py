"""Detect a repository's forge, the address of its API and the token, from environment variables and the remote.

`RECONCILER_FORGE` decides; else the variables that GitHub Actions and GitLab CI set; else the remote's host. Tokens and
API addresses come from the environment only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.forge.remote_url import RemoteURL, address, is_loopback
from reconciler.errors import ForgeError, SourceError, UsageError


class ForgeKind(StrEnum):
    """The forges that are supported."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


TOKENS = {
    ForgeKind.GITHUB: ("GITHUB_TOKEN", "GH_TOKEN"),
    ForgeKind.GITLAB: ("GITLAB_TOKEN", "CI_JOB_TOKEN"),
    ForgeKind.NONE: (),
}
VARIABLE = "RECONCILER_FORGE"
_HOSTS = {"github.com": ForgeKind.GITHUB, "gitlab.com": ForgeKind.GITLAB}
_PROJECT = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeChoice:
    """The detected forge. `project`: owner/repository, on GitLab with all groups. `api`: the address of its API.
    `site`: scheme, host and port of its web server, the only one to which the token is sent. All are empty without a
    forge."""

    kind: ForgeKind
    because: str
    project: str = ""
    api: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A forge's token. `name`: the environment variable that it came from."""

    name: str
    secret: str = field(repr=False)


def choose(environ: Mapping[str, str], remote: RemoteURL | None) -> ForgeChoice:
    """Return the forge of a repository.

    Raises UsageError E801 for an unknown forge, SourceError E305 for an API address that is not safe to send a token
    to, ForgeError E905 where nothing says which repository of the forge it is.
    """
    kind, because = _kind(environ, remote)
    match kind:
        case ForgeKind.NONE:
            return ForgeChoice(kind=kind, because=because)
        case ForgeKind.GITHUB:
            api = _api(environ, "GITHUB_API_URL") or _github_api(remote)
            server = _api(environ, "GITHUB_SERVER_URL")
            public = "https://github.com" if api == "https://api.github.com" else address(api).origin
            project, site = environ.get("GITHUB_REPOSITORY"), address(server + "/x").origin if server else public
            return ForgeChoice(
                kind=kind, because=because, project=_project(kind, project, remote, ""), api=api, site=site
            )
        case ForgeKind.GITLAB:
            api = _api(environ, "CI_API_V4_URL") or _gitlab_api(remote)
            root = address(api).path.removesuffix("api/v4")
            project = _project(kind, environ.get("CI_PROJECT_PATH"), remote, root)
            return ForgeChoice(kind=kind, because=because, project=project, api=api, site=address(api).origin)


def token_of(environ: Mapping[str, str], kind: ForgeKind) -> Token:
    """Return the token of a forge; ForgeError E902 where it is missing or malformed."""
    names = TOKENS[kind]
    for name in names:
        if secret := environ.get(name, "").strip():
            if not _TOKEN.fullmatch(secret):
                raise ForgeError(
                    f"{name} holds characters that a token cannot have", hint="set it to the token alone", code="E902"
                )
            return Token(name=name, secret=secret)
    raise ForgeError(
        f"no token for {kind.value}: {' or '.join(names)} is not set",
        hint=f"set {names[0]} to a token that may write to this repository; it is read from the environment only",
        code="E902",
    )


def _kind(environ: Mapping[str, str], remote: RemoteURL | None) -> tuple[ForgeKind, str]:
    forced = environ.get(VARIABLE, "").strip().lower()
    if forced:
        if forced not in list(ForgeKind):
            raise UsageError(
                f"{VARIABLE} is {forced[:40]!r}: expected github, gitlab or none",
                hint=f"set {VARIABLE} to one of these, or unset it",
                code="E801",
            )
        return ForgeKind(forced), f"{VARIABLE} is set to it"
    if environ.get("GITHUB_ACTIONS") == "true" and environ.get("GITHUB_REPOSITORY"):
        return ForgeKind.GITHUB, "this is GitHub Actions"
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_PROJECT_PATH"):
        return ForgeKind.GITLAB, "this is GitLab CI"
    if remote is None:
        return ForgeKind.NONE, "there is no remote"
    if remote.host in _HOSTS:
        return _HOSTS[remote.host], f"the remote is at {remote.host}"
    if remote.host:
        return ForgeKind.NONE, f"{remote.host} is not known as a forge: set {VARIABLE} to github or gitlab"
    return ForgeKind.NONE, "the remote is a folder"


def _api(environ: Mapping[str, str], name: str) -> str:
    """Return the API address that the operator set, without a slash at its end; empty where it is not set."""
    text = environ.get(name, "").strip().rstrip("/")
    if not text:
        return ""
    hint = f"set {name} to an address such as https://host or https://host/path, without a user or a password"
    try:
        parsed = address(text if text.count("/") > 2 else text + "/x")
    except SourceError as error:
        raise SourceError(f"{name} is not a safe API address", hint=hint, code="E305") from error
    if "@" in text or parsed.scheme not in ("https", "http"):
        raise SourceError(f"{name} is not a safe API address", hint=hint, code="E305")
    return _trusted(text, parsed, name)


def _trusted(text: str, parsed: RemoteURL, name: str) -> str:
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise SourceError(f"{name} would send the token to {parsed.host} unencrypted", hint="use https://", code="E305")
    return text


def _github_api(remote: RemoteURL | None) -> str:
    if remote is None or not remote.host or remote.host == "github.com":
        return "https://api.github.com"
    return _of(remote) + "/api/v3"


def _gitlab_api(remote: RemoteURL | None) -> str:
    if remote is None or not remote.host:
        return "https://gitlab.com/api/v4"
    return _of(remote) + "/api/v4"


def _of(remote: RemoteURL) -> str:
    """Return the web server of a remote: https, unless it is this machine; ssh's port is not the web server's."""
    if remote.scheme == "ssh":
        return f"https://{remote.host}"
    return _trusted(remote.origin, remote, "the remote")


def _project(kind: ForgeKind, explicit: str | None, remote: RemoteURL | None, root: str) -> str:
    path = explicit or (remote.path.removeprefix(root) if remote is not None and remote.host else "")
    parts = path.split("/")
    if _PROJECT.fullmatch(path) is None or ".." in parts or (kind is ForgeKind.GITHUB and len(parts) != 2):
        raise ForgeError(
            f"cannot tell which {kind.value} repository this is",
            hint="name the remote that it was cloned from `origin`, or set "
            + ("GITHUB_REPOSITORY=owner/repository" if kind is ForgeKind.GITHUB else "CI_PROJECT_PATH=group/project"),
            code="E905",
        )
    return path
