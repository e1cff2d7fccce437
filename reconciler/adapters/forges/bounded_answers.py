"""Limits of a forge's answers: bytes of one, and pages of a list. Anybody can comment on a public request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from reconciler.core.size_limits import FORGE_ANSWER_BYTES, FORGE_PAGES
from reconciler.errors import ForgeError

if TYPE_CHECKING:
    from github import Github


class AnswerLimits:
    """A response hook of a requests session: it runs before the body is read. Raises ForgeError E907.

    `forge`: its name in messages.
    """

    def __init__(self, forge: str, *, largest: int = FORGE_ANSWER_BYTES, pages: int = FORGE_PAGES) -> None:
        self._forge = forge
        self._largest = largest
        self._pages = pages

    def __call__(self, response: requests.Response, **_: Any) -> None:
        page = parse_qs(urlsplit(response.url).query).get("page", ["1"])[0]
        declared = response.headers.get("Content-Length", "")
        error = None
        if page.isdecimal() and int(page) > self._pages:
            error = self._too_much(f"a list of more than {self._pages:,} pages")
        elif declared.isdecimal() and int(declared) > self._largest:
            error = self._too_much(f"{int(declared):,} bytes")
        if error is not None:
            response.close()  # else the server goes on sending
            raise error
        response.raw = _Counted(response.raw, self)

    def check(self, size: int) -> None:
        """Check how many bytes came, unpacked."""
        if size > self._largest:
            raise self._too_much(f"more than {self._largest:,} bytes")

    def _too_much(self, what: str) -> ForgeError:
        return ForgeError(
            f"{self._forge} answers with {what}; no more are read",
            hint="close or delete what nobody needs there, such as thousands of comments or open requests",
            code="E907",
        )


class _Counted:
    """A body that counts what is read of it; all else is the body's own."""

    def __init__(self, body: Any, limits: AnswerLimits) -> None:
        self._body = body
        self._limits = limits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, *arguments: Any, **settings: Any) -> Iterator[bytes]:
        size = 0
        for part in self._body.stream(*arguments, **settings):
            size += len(part)
            try:
                self._limits.check(size)
            except ForgeError:
                self._body.close()
                raise
            yield part


def bounded(github: Github) -> Github:
    """Limit the answers of PyGithub's connection, which it makes at its first request and does not show."""
    connection: Any = getattr(github.requester, "_Requester__createConnection")()  # noqa: B009  (not of this class)
    connection.session.hooks["response"].append(AnswerLimits("GitHub"))
    return github
