"""Pull requests, approvals and commit statuses of a forge (GitHub, GitLab).

GitLab's merge requests are pull requests here, numbered within their project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST_BODY = 65_536  # characters: GitHub's limit for bodies and comments, the smaller of the two
LONGEST_STATUS = 140  # characters of a commit status's description, GitHub's limit

_MARK = re.compile(r"<!-- reconciler:([a-z0-9./@_-]{1,200}) -->")


class PullState(StrEnum):
    """The state of a pull request."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestDraft:
    """A pull request to open or update: from branch `head`, which was pushed, into branch `base`."""

    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as the forge knows it: `commit` is the tip of `head`, `merged_as` the merge's commit on `base`.

    `squashed_as`: the one commit that its commits were squashed to, where a merge commit then merged that. `author_id`:
    the author's number at the forge.
    """

    number: int
    url: str
    title: str
    body: str
    head: str
    base: str
    commit: str
    state: PullState
    author: str
    merged_as: str | None = None
    squashed_as: str | None = None
    merged_at: datetime | None = None
    author_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval that counted. `commit`: the head that `by` approved; `account`: their number at the forge, which
    stays when `by` is renamed."""

    by: str
    commit: str | None = None
    when: datetime | None = None
    account: str | None = None


class StatusState(StrEnum):
    """The state of a commit status."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStatus:
    """A commit status. `name` can be required by branch protection rules, such as `reconciler/plan/production`; a forge
    cuts `description` at 140 characters."""

    name: str
    state: StatusState
    description: str
    url: str | None = None


def mark(key: str) -> str:
    """Return the invisible first line by which a comment or issue with this key is found again."""
    return f"<!-- reconciler:{key} -->"


def key_of(body: str) -> str | None:
    """Return the key of a body that starts with such a line, or None."""
    match = _MARK.match(body)
    return match[1] if match else None
