"""Errors of a forge's API as ours, the same for every forge: from status, message and headers.

The forge's message is shown, since it knows the reason; but cut, on one line, without invisible characters, and without
a token or a user in an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.core.names import visible
from reconciler.errors import ConflictError, ForgeError, ReconcilerError

TIMEOUT = 20  # seconds to connect, and between two pieces of an answer
LONGEST = 200  # characters of a forge's message
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")  # ECMA-48
_USER = re.compile(r"(?<=://)[^/\s@]+@")
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_RIGHTS = "a token's rights are set where it was created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiErrors:
    """`forge`: its name; `host`: of its API; `source`: the variable that the token came from."""

    forge: str
    host: str
    source: str
    secret: str = field(repr=False)

    def refusal(
        self, status: int, words: str, headers: Mapping[str, str], *, call: str, right: str | None
    ) -> ReconcilerError:
        """Return the error for a refused call.

        `call`: the call, such as "opening a pull request"; `right`: the right that a token needs for it, None where a
        404 says nothing about rights.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        message = self.clean(words)
        if status == 429 or (status == 403 and _asks_to_wait(lower, message)):
            return ConflictError(
                f"{self.forge} asks to wait before {call}: too many requests",
                hint=f"run the same command again {_when(lower)}",
                code="E903",
            )
        if status >= 500 or status == 408:
            return ForgeError(
                f"{self.forge} failed at {call}, with status {status}",
                hint="run the same command again: it continues from what was done",
                code="E901",
            )
        if status == 401:
            return ForgeError(
                f"{self.forge} does not know the token of {self.source}",
                hint=f"is it expired, or of another server than {self.host}? Set {self.source} again",
                code="E902",
            )
        if status == 403 or (status == 404 and right is not None):
            return ForgeError(
                f"{self.forge} refuses {call}{f': {message}' if message else ''}",
                hint=f"the token of {self.source} needs {right or 'access to this repository'}; {_RIGHTS}",
                code="E902",
            )
        if 300 <= status < 400:
            return ForgeError(
                f"{self.forge} sends {call} to another address",
                hint="was the repository renamed? Correct the remote: git remote set-url origin ADDRESS",
                code="E904",
            )
        return ForgeError(f"{self.forge} refuses {call}: {message or f'status {status}'}", code="E904")

    def lost_answer(self, error: Exception, *, call: str) -> ForgeError:
        """Return the error for a lost answer: whether the call was carried out is not known."""
        name = type(error).__name__
        late = "timeout" in name.lower() or "timed out" in str(error).lower()
        return ForgeError(
            f"{self.forge} at {self.host} did not answer in time at {call}"
            if late
            else f"{self.forge} at {self.host} cannot be reached for {call} ({name})",
            hint="run the same command again: it continues from what was done, and nothing is done twice",
            code="E901",
        )

    def unexpected_answer(self, *, call: str) -> ForgeError:
        """Return the error for an answer that is not of the forge's API."""
        return ForgeError(
            f"the server at {self.host} does not answer with {self.forge}'s API ({call})",
            hint="is it a proxy, or a login page? Check the API's address",
            code="E901",
        )

    def clean(self, words: str) -> str:
        text = words.replace(self.secret, "***") if self.secret else words
        text = _USER.sub("", visible(" ".join(_ESCAPES.sub("", text).split())))
        return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _asks_to_wait(headers: Mapping[str, str], message: str) -> bool:
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in message.lower()


def _when(headers: Mapping[str, str]) -> str:
    """Return the time to wait for, or how long to wait."""
    seconds = headers.get("retry-after", "")
    if seconds.isdecimal() and int(seconds) < 10**6:
        return f"in {int(seconds)} seconds"
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        text = headers.get(name, "")
        if text.isdecimal() and int(text) < _LATEST:
            return f"after {datetime.fromtimestamp(int(text), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    return "in a few minutes"
