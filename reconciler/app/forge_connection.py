"""Find the forge of a repository from process environment and remote. Its adapter is imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.forges.project_forge import ProjectForge
from reconciler.adapters.git.plumbing import prefix_of
from reconciler.adapters.git.remote import GitRemote
from reconciler.core.forge.detection import ForgeChoice, ForgeKind, Token, choose, token_of
from reconciler.core.forge.project_place import place_of
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import ForgeError, SourceError
from reconciler.ports import Forge
from reconciler.report.promotion import pull_request_body


def route(root: Path, environ: Mapping[str, str], *, environment: str, protect: str | None) -> PullRequestRoute:
    """Return the route of pull requests for `environment`: the forge, the token and the branch to merge into.

    `protect`: the environment's protected branch. Raises SourceError E306 where no branch is known.
    """
    remote = GitRemote(root, environ=environ)
    address = remote.address()
    choice = choose(environ, address)
    token = token_of(environ, choice.kind) if choice.kind is not ForgeKind.NONE else None
    if token is not None:
        remote = GitRemote(root, environ=environ, token=token, site=choice.site)
    base = protect or remote.base()
    if base is None:
        raise SourceError(
            f"no file says which branch {environment} is merged into",
            hint=f"name it in environments/{environment}.yaml: protect: {{branch: main}}",
            code="E306",
        )
    return PullRequestRoute(
        remote=remote if address is not None else None,
        forge=_of_project(root, forge(choice, token, environ)) if token is not None else None,
        because=choice.because,
        base=base,
        body=pull_request_body.markdown,
    )


def choice_here(root: Path, environ: Mapping[str, str]) -> ForgeChoice:
    """Return which forge this repository has."""
    return choose(environ, GitRemote(root, environ=environ).address())


def forge_here(root: Path, environ: Mapping[str, str]) -> Forge | None:
    """Return the forge of this repository; None where it has none."""
    choice = choice_here(root, environ)
    if choice.kind is ForgeKind.NONE:
        return None
    return _of_project(root, forge(choice, token_of(environ, choice.kind), environ))


def _of_project(root: Path, forge: Forge) -> Forge:
    """Return the forge as this project sees it: one of several in a repository shares no comment with the others."""
    place = place_of(prefix_of(root))
    return ProjectForge(forge, place) if place else forge


def forge(choice: ForgeChoice, token: Token, environ: Mapping[str, str]) -> Forge:
    """Return the client of a forge. Raises ForgeError E906 where its library is not installed."""
    try:
        if choice.kind is ForgeKind.GITHUB:
            from reconciler.adapters.forges.github import ACTIONS, GitHubForge

            return GitHubForge(choice, token, bot=ACTIONS if environ.get("GITHUB_ACTIONS") == "true" else None)
        from reconciler.adapters.forges.gitlab import GitLabForge

        return GitLabForge(choice, token)
    except ModuleNotFoundError as error:
        name = choice.kind.value
        raise ForgeError(
            f"the client library of {name} is not installed ({error.name})",
            hint=f"pip install 'model-reconciler[{name}]', or set RECONCILER_FORGE=none",
            code="E906",
        ) from error
