"""Which forge a repository has, whose API it is asked by, and with what token: from the environment and the remote.

The environment is the operator's: `RECONCILER_FORGE` says it outright, else the variables that GitHub Actions and
GitLab CI set, else the remote's host. Tokens and addresses come from nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.forge.remote_url import RemoteURL, address, is_loopback
from reconciler.errors import ForgeError, SourceError, UsageError


class ForgeKind(StrEnum):
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
    """`project`: owner/repository, on GitLab with all groups. `api`: the address of its API. `site`: scheme, host and
    port of its web server, the only one that is pushed to with the token. Empty, each, where there is no forge."""

    kind: ForgeKind
    because: str
    project: str = ""
    api: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`name`: the variable that it came from."""

    name: str
    secret: str = field(repr=False)


def choose(environ: Mapping[str, str], remote: RemoteURL | None) -> ForgeChoice:
    """UsageError E801 for a forge that there is not, SourceError E305 for an API that is not to be trusted with a
    token, ForgeError E905 where nothing says which repository it is."""
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
    """The token of a forge; ForgeError E902 where there is none, or none that could be one."""
    names = TOKENS[kind]
    for name in names:
        if secret := environ.get(name, "").strip():
            if not _TOKEN.fullmatch(secret):
                raise ForgeError(
                    f"{name} holds characters that no token has", hint="set it to the token alone", code="E902"
                )
            return Token(name=name, secret=secret)
    raise ForgeError(
        f"there is no token for {kind.value}: {' or '.join(names)} is not set",
        hint=f"set {names[0]} to a token that may write to this repository; it is read from the environment only",
        code="E902",
    )


def _kind(environ: Mapping[str, str], remote: RemoteURL | None) -> tuple[ForgeKind, str]:
    said = environ.get(VARIABLE, "").strip().lower()
    if said:
        if said not in list(ForgeKind):
            raise UsageError(
                f"{VARIABLE} is {said[:40]!r}: expected github, gitlab or none", hint="correct it", code="E801"
            )
        return ForgeKind(said), f"{VARIABLE} says so"
    if environ.get("GITHUB_ACTIONS") == "true" and environ.get("GITHUB_REPOSITORY"):
        return ForgeKind.GITHUB, "this is GitHub Actions"
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_PROJECT_PATH"):
        return ForgeKind.GITLAB, "this is GitLab CI"
    if remote is None:
        return ForgeKind.NONE, "there is no remote"
    if remote.host in _HOSTS:
        return _HOSTS[remote.host], f"the remote is at {remote.host}"
    if remote.host:
        return ForgeKind.NONE, f"nothing says what is at {remote.host}: {VARIABLE}=github or gitlab does"
    return ForgeKind.NONE, "the remote is a folder"


def _api(environ: Mapping[str, str], name: str) -> str:
    """A web address as the operator gave it, without a slash at its end; empty where there is none."""
    text = environ.get(name, "").strip().rstrip("/")
    if not text:
        return ""
    hint = f"{name} is an address such as https://host or https://host/path, without a user or a password"
    try:
        found = address(text if text.count("/") > 2 else text + "/x")
    except SourceError as error:
        raise SourceError(f"{name} is refused", hint=hint, code="E305") from error
    if "@" in text or found.scheme not in ("https", "http"):
        raise SourceError(f"{name} is refused", hint=hint, code="E305")
    return _trusted(text, found, name)


def _trusted(text: str, found: RemoteURL, name: str) -> str:
    if found.scheme == "http" and not is_loopback(found.host):
        raise SourceError(f"{name} would send the token to {found.host} in the clear", hint="use https://", code="E305")
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
    """The web server of a remote: https, unless it is this machine; the port of ssh is not its port."""
    if remote.scheme == "ssh":
        return f"https://{remote.host}"
    return _trusted(remote.origin, remote, "the remote")


def _project(kind: ForgeKind, said: str | None, remote: RemoteURL | None, root: str) -> str:
    path = said or (remote.path.removeprefix(root) if remote is not None and remote.host else "")
    parts = path.split("/")
    if _PROJECT.fullmatch(path) is None or ".." in parts or (kind is ForgeKind.GITHUB and len(parts) != 2):
        raise ForgeError(
            f"nothing says which repository of {kind.value} this is",
            hint="name the remote that it was cloned from `origin`, or set "
            + ("GITHUB_REPOSITORY=owner/repository" if kind is ForgeKind.GITHUB else "CI_PROJECT_PATH=group/project"),
            code="E905",
        )
    return path
