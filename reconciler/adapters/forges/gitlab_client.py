"""python-gitlab's client, asked once per question, and what it was refused with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from gitlab import Gitlab
from gitlab.exceptions import GitlabError


class BoundedGitlab(Gitlab):
    """Asks once: neither a fault nor a limit is waited for, and no token follows a redirection."""

    def __init__(self, **settings: Any) -> None:
        session = requests.Session()
        session.max_redirects = 0
        session.hooks["response"].append(self._note)
        self.headers_of_last: Mapping[str, str] = {}
        super().__init__(session=session, **settings)

    def _note(self, response: requests.Response, **_: Any) -> None:
        self.headers_of_last = response.headers

    def http_request(self, *arguments: Any, **settings: Any) -> requests.Response:
        settings |= {"obey_rate_limit": False, "retry_transient_errors": False, "max_retries": 0}
        return super().http_request(*arguments, **settings)


def words(error: GitlabError) -> str:
    """A refusal in GitLab's words, which are a text, a list, or texts by field."""
    said: Any = error.error_message
    if isinstance(said, dict):
        said = "; ".join(f"{name} {_joined(one)}" for name, one in said.items())
    return _joined(said)


def _joined(said: Any) -> str:
    return ", ".join(str(one) for one in said) if isinstance(said, list) else str(said)
