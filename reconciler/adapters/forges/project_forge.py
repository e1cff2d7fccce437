"""A forge as one of several projects of a repository sees it: comments, statuses and issues of its own."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.forge.project_place import at_place
from reconciler.core.forge.pull_request import CommitStatus, PullRequest, PullRequestDraft
from reconciler.core.forge.review import Contributions, Review
from reconciler.ports import Forge


class ProjectForge:
    """Implements ports.Forge. `place`: the project's place in its repository; branches carry it already."""

    def __init__(self, forge: Forge, place: str) -> None:
        self.name = forge.name
        self._forge = forge
        self._place = place

    def whoami(self) -> str:
        return self._forge.whoami()

    def open(self, draft: PullRequestDraft) -> PullRequest:
        return self._forge.open(draft)

    def pull(self, number: int) -> PullRequest:
        return self._forge.pull(number)

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        return self._forge.opened(head_prefix)

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        return self._forge.merged_by(commit)

    def close(self, number: int) -> None:
        self._forge.close(number)

    def reviews(self, number: int) -> tuple[Review, ...]:
        return self._forge.reviews(number)

    def contributions(self, number: int) -> Contributions:
        return self._forge.contributions(number)

    def members(self, team: str) -> tuple[str, ...]:
        return self._forge.members(team)

    def comment(self, number: int, key: str, body: str) -> str:
        return self._forge.comment(number, at_place(key, self._place), body)

    def comment_body(self, number: int, key: str) -> str | None:
        return self._forge.comment_body(number, at_place(key, self._place))

    def set_status(self, commit: str, status: CommitStatus) -> None:
        self._forge.set_status(commit, replace(status, name=at_place(status.name, self._place)))

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        end = at_place("", self._place)
        ours = (status for status in self._forge.statuses(commit) if status.name.endswith(end))
        return tuple(replace(status, name=status.name.removesuffix(end)) for status in ours)

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        return self._forge.issue(at_place(key, self._place), title=f"{title} ({self._place})", body=body)

    def issue_body(self, key: str) -> str | None:
        return self._forge.issue_body(at_place(key, self._place))
