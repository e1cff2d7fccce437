"""Read the number of a pull request from the message of the commit that merged it. The forge is not asked."""

from __future__ import annotations

import re

# GitHub: `Merge pull request #12 from team/branch`, or `Title (#12)` where it squashes; GitLab: a line of its own.
_TITLES = (re.compile(r"Merge pull request (#[0-9]{1,9}) from "), re.compile(r".* \((#[0-9]{1,9})\)$"))
_GITLAB = re.compile(r"(?m)^See merge request [^\s!]{0,300}(![0-9]{1,9})$")


def request_of(message: str) -> str | None:
    """Return `#12` (GitHub) or `!12` (GitLab) of a commit's message; None where it names no request."""
    title = message.partition("\n")[0]
    found = next((match for pattern in _TITLES if (match := pattern.match(title))), None) or _GITLAB.search(message)
    return found[1] if found is not None else None
