"""The real adapters, with the double for a forge."""

from __future__ import annotations

from reconciler.adapters.forges.github import GitHubForge
from reconciler.adapters.forges.gitlab import GitLabForge
from reconciler.core.forge.detection import ForgeChoice, ForgeKind, Token
from tests.forge.fake.repository import PROJECT
from tests.forge.fake.server import SERVES, Server

WRITES = "tok-ada-write"


def choice(server: Server, kind: ForgeKind) -> ForgeChoice:
    api = server.root + SERVES[kind.name]
    return ForgeChoice(kind=kind, because="a test says so", project=PROJECT, api=api, site=server.root)


def github(
    server: Server, token: str = WRITES, *, name: str = "GITHUB_TOKEN", bot: str | None = None,
    timeout: int = 20,
) -> GitHubForge:  # fmt: skip
    return GitHubForge(choice(server, ForgeKind.GITHUB), Token(name=name, secret=token), bot=bot, timeout=timeout)


def gitlab(server: Server, token: str = WRITES, *, name: str = "GITLAB_TOKEN", timeout: int = 20) -> GitLabForge:
    return GitLabForge(choice(server, ForgeKind.GITLAB), Token(name=name, secret=token), timeout=timeout)
