"""python-gitlab's client without retries, and the messages of its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from gitlab import Gitlab
from gitlab.exceptions import GitlabError

from reconciler.adapters.forges.bounded_answers import AnswerLimits


class BoundedGitlab(Gitlab):
    """Sends each request once: waits neither after an error nor for a rate limit; no token follows a redirection."""

    def __init__(self, **settings: Any) -> None:
        session = requests.Session()
        session.max_redirects = 0
        session.hooks["response"] += [self._note, AnswerLimits("GitLab")]
        self.headers_of_last: Mapping[str, str] = {}
        super().__init__(session=session, **settings)

    def _note(self, response: requests.Response, **_: Any) -> None:
        self.headers_of_last = response.headers

    def http_request(self, *arguments: Any, **settings: Any) -> requests.Response:
        settings |= {"obey_rate_limit": False, "retry_transient_errors": False, "max_retries": 0}
        return super().http_request(*arguments, **settings)


def words(error: GitlabError) -> str:
    """Return GitLab's error message, which is a text, a list, or texts by field."""
    message: Any = error.error_message
    if isinstance(message, dict):
        message = "; ".join(f"{name} {_joined(text)}" for name, text in message.items())
    return _joined(message)


def _joined(message: Any) -> str:
    return ", ".join(str(text) for text in message) if isinstance(message, list) else str(message)
