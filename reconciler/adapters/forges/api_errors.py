"""What a forge's refusals mean, the same for every forge: from a status, its words and its headers to an error of ours.

A forge's words are shown, because nobody else knows better; but cut, on one line, without invisible characters, and
without what looks like a token or stands before the host of an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.core.names import visible
from reconciler.errors import ConflictError, ForgeError, ReconcilerError

TIMEOUT = 20  # seconds to connect, and between two pieces of an answer
LONGEST = 200  # characters of a forge's words
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")  # ECMA-48
_USER = re.compile(r"(?<=://)[^/\s@]+@")
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_RIGHTS = "a token's rights are set where it was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiErrors:
    """`forge` as people call it; `host` is its API's; `source`: the variable that the token came from."""

    forge: str
    host: str
    source: str
    secret: str = field(repr=False)

    def refusal(
        self, status: int, words: str, headers: Mapping[str, str], *, what: str, right: str | None
    ) -> ReconcilerError:
        """The error for an answer that is none. `what` was asked, such as "opening a pull request"; `right` is what a
        token needs for it, None where a 404 says nothing about rights."""
        known = {name.lower(): value for name, value in headers.items()}
        said = self.clean(words)
        if status == 429 or (status == 403 and _asks_to_wait(known, said)):
            return ConflictError(
                f"{self.forge} asks to wait before {what}: too many requests",
                hint=f"run the same command again {_when(known)}",
                code="E903",
            )
        if status >= 500 or status == 408:
            return ForgeError(
                f"{self.forge} failed at {what}, with status {status}",
                hint="run the same command again: what was done is found",
                code="E901",
            )
        if status == 401:
            return ForgeError(
                f"{self.forge} does not know the token of {self.source}",
                hint=f"is it expired, or of another server than {self.host}? Set {self.source} anew",
                code="E902",
            )
        if status == 403 or (status == 404 and right is not None):
            return ForgeError(
                f"{self.forge} refuses {what}{f': {said}' if said else ''}",
                hint=f"the token of {self.source} needs {right or 'access to this repository'}; {_RIGHTS}",
                code="E902",
            )
        if 300 <= status < 400:
            return ForgeError(
                f"{self.forge} sends {what} to another address",
                hint="was the repository renamed? Correct the remote: git remote set-url origin ADDRESS",
                code="E904",
            )
        return ForgeError(f"{self.forge} refuses {what}: {said or f'status {status}'}", code="E904")

    def silence(self, error: Exception, *, what: str) -> ForgeError:
        """No answer, or one that is not of the forge's API. Whether it was done is not known."""
        name = type(error).__name__
        late = "timeout" in name.lower() or "timed out" in str(error).lower()
        return ForgeError(
            f"{self.forge} at {self.host} did not answer in time at {what}"
            if late
            else f"{self.forge} at {self.host} cannot be reached for {what} ({name})",
            hint="run the same command again: what was done is found, and nothing is done twice",
            code="E901",
        )

    def nonsense(self, *, what: str) -> ForgeError:
        return ForgeError(
            f"what answers at {self.host} does not speak {self.forge}'s API ({what})",
            hint="is a proxy, or a login page, between? Check the API's address",
            code="E901",
        )

    def clean(self, words: str) -> str:
        text = words.replace(self.secret, "***") if self.secret else words
        text = _USER.sub("", visible(" ".join(_ESCAPES.sub("", text).split())))
        return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _asks_to_wait(headers: Mapping[str, str], said: str) -> bool:
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said.lower()


def _when(headers: Mapping[str, str]) -> str:
    """A time, or how long to wait."""
    seconds = headers.get("retry-after", "")
    if seconds.isdecimal() and int(seconds) < 10**6:
        return f"in {int(seconds)} seconds"
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        text = headers.get(name, "")
        if text.isdecimal() and int(text) < _LATEST:
            return f"after {datetime.fromtimestamp(int(text), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    return "in a few minutes"
