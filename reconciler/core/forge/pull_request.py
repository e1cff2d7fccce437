"""What a forge (GitHub, GitLab) knows of a repository: pull requests, approvals, commit statuses. GitLab's merge
requests are pull requests here, and its numbers are those within the project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST_BODY = 65_536  # characters: GitHub's limit for bodies and comments, the smaller of the two
LONGEST_STATUS = 140  # characters of a commit status's description, GitHub's limit

_MARK = re.compile(r"<!-- reconciler:([a-z0-9./-]{1,200}) -->")


class PullState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestDraft:
    """A pull request to open, or to bring up to date: from branch `head`, which was pushed, into branch `base`."""

    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """`commit` is the tip of `head` that the forge knows; `merged_as` the commit that the merge put on `base`."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """`by` approved the request, as the forge says now. `commit`: what its head was then, where the forge tells."""

    by: str
    commit: str | None = None
    when: datetime | None = None


class StatusState(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStatus:
    """A line of ours under a commit. `name` is what rules of a forge can require, such as `reconciler/plan/production`;
    a forge cuts `description` at 140 characters."""

    name: str
    state: StatusState
    description: str
    url: str | None = None


def mark(key: str) -> str:
    """The invisible first line by which a comment or an issue of ours is found again."""
    return f"<!-- reconciler:{key} -->"


def key_of(body: str) -> str | None:
    """The key of a body that starts with our mark."""
    found = _MARK.match(body)
    return found[1] if found else None
