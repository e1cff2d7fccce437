"""Where pull requests live."""

from __future__ import annotations

from typing import Protocol

from reconciler.core.forge.pull_request import Approval, CommitStatus, PullRequest, PullRequestDraft


class Forge(Protocol):
    """Where pull requests live. ForgeError when it cannot be reached (E901), refuses this token (E902), asks to wait
    (E903, ConflictError: run again) or refuses what was asked (E904). Every call is idempotent: after an error, or none
    at all, the same call again finishes the job."""

    name: str
    """What people call it: GitHub, GitLab."""

    def whoami(self) -> str:
        """Whose token this is."""

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """The one open request from `head` into `base`: opened, or its title, body and labels brought up to date.
        Labels that people added stay."""

    def pull(self, number: int) -> PullRequest: ...

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        """Open requests whose head branch starts so, oldest first."""

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        """Merged requests that brought `commit`, which is on their base branch, oldest first."""

    def close(self, number: int) -> None:
        """Close without merging. One that is not open is left as it is."""

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Who approves it now, sorted by name: the last word of each person counts, and one that was dismissed or
        withdrawn is no approval. Where strangers may review, only of those who may write to the repository."""

    def members(self, team: str) -> tuple[str, ...]:
        """Who belongs to a team (GitHub: org/team; GitLab: a group's path), sorted."""

    def comment(self, number: int, key: str, body: str) -> str:
        """The one comment of ours with this key on a request, written or updated in place; its address. A comment of
        somebody else with the same mark is not ours."""

    def commented(self, number: int, key: str) -> str | None:
        """The body of that comment; None where there is none of ours."""

    def set_status(self, commit: str, status: CommitStatus) -> None: ...

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        """The last of each name, sorted by name, of those that this token's owner set."""

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        """The one issue of ours with this key: opened, updated or reopened with `body`; closed when it is None. Its
        address, or None where nothing was or is open."""

    def issue_body(self, key: str) -> str | None:
        """The body of that issue while it is open."""
