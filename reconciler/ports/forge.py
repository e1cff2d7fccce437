"""The port of a forge (GitHub, GitLab): pull requests, approvals, comments, commit statuses, issues."""

from __future__ import annotations

from typing import Protocol

from reconciler.core.forge.pull_request import CommitStatus, PullRequest, PullRequestDraft
from reconciler.core.forge.review import Contributions, Review


class Forge(Protocol):
    """A repository's pull requests on a forge, with the rights of one token.

    Every method is idempotent: after an error, the same call again finishes the work. Every method raises ForgeError
    when the forge cannot be reached (E901), rejects the token (E902) or rejects the request (E904), and ConflictError
    when it limits the rate (E903: run again later).
    """

    name: str
    """The forge's name in messages: GitHub, GitLab."""

    def whoami(self) -> str:
        """Return the login of the account that the token belongs to."""

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """Open the request from `head` into `base`, or update title, body and labels of the open one.

        Labels that people added are kept.
        """

    def pull(self, number: int) -> PullRequest:
        """Return a pull request; ForgeError E904 where it does not exist."""

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        """Return the open requests whose head branch starts with `head_prefix`, oldest first."""

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the merged requests whose merge brought `commit` to their base branch, oldest first.

        A request that merely holds the commit, or whose head lies below it, brought nothing: see
        `approval_count.brought_by`. Requests into every base are returned: one commit may come to several branches.
        """

    def close(self, number: int) -> None:
        """Close a request without merging; no effect on one that is not open."""

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return the last word of each reviewer of a request, sorted by login.

        A comment is no word. Which reviews count is decided by `approval_count`, and not here.
        """

    def contributions(self, number: int) -> Contributions:
        """Return the commits of a request, and who wrote and who pushed them.

        What the forge does not keep or tell, or has more of than is read, is a gap and never left out.
        """

    def members(self, team: str) -> tuple[str, ...]:
        """Return the members of a team (GitHub: org/team; GitLab: a group's path), sorted."""

    def comment(self, number: int, key: str, body: str) -> str:
        """Write or update in place this token's comment with `key` on a request; return its address.

        A comment of another user with the same key is not touched.
        """

    def comment_body(self, number: int, key: str) -> str | None:
        """Return the body of this token's comment with `key`, or None where there is none."""

    def set_status(self, commit: str, status: CommitStatus) -> None:
        """Set a status on a commit; the last one of a name counts. `description` is cut to the forge's limit."""

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        """Return the last status of each name that this token's user set, sorted by name."""

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        """Open, update or reopen this token's issue with `key`; close it where `body` is None.

        Return its address, or None where there is no open issue, before and after.
        """

    def issue_body(self, key: str) -> str | None:
        """Return the body of this token's issue with `key` while it is open, else None."""
