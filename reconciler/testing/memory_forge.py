"""A forge in memory, over the branches of a `MemoryRemote`. Methods for the actions of people (approve, merge) are
beside those of the port; a `Script` chooses the fault of each call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.core.forge.approval_count import Ancestry, brought_by
from reconciler.core.forge.pull_request import (
    LONGEST_STATUS,
    CommitStatus,
    PullRequest,
    PullRequestDraft,
    PullState,
    key_of,
    mark,
)
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit, Review, Verdict
from reconciler.errors import ConflictError, ForgeError, SourceError
from reconciler.testing.fault_injection import Crash, Fault, Script

ME = "reconciler-bot"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def _sound(_: str) -> Fault:
    return Fault.NONE


class MemoryForge:
    """A forge in memory. Implements ports.Forge."""

    name = "Forge"

    def __init__(self, script: Script = _sound) -> None:
        self.script = script
        self.pulls: dict[int, PullRequest] = {}
        self.labels: dict[int, tuple[str, ...]] = {}
        self.tips: dict[str, str] = {}
        """branch -> commit, as the forge sees its repository."""
        self.parents: dict[str, tuple[str, ...]] = {}
        """commit -> those before it, of those that a test tells apart."""
        self.teams: dict[str, tuple[str, ...]] = {}
        self.comments: list[tuple[int, str, str]] = []
        """(request, author, body), oldest first."""
        self.told: list[tuple[str, CommitStatus]] = []
        self.issues: dict[int, tuple[str, str, bool]] = {}
        """number -> (title, body, open)"""
        self.work: dict[int, Contributions] = {}
        """request -> whose work it is; without one its author pushed its head."""
        self.said: dict[int, dict[str, Review]] = {}
        """request -> login -> last word"""

    # --- what people do there --------------------------------------------------------------------------------------

    def approve(self, number: int, by: str) -> None:
        commit = self._tip(self.pulls[number])
        self.review(number, Review(by=Account(login=by), verdict=Verdict.APPROVED, commit=commit, when=WHEN))

    def review(self, number: int, review: Review) -> None:
        """Say a word as somebody, in place of what they said before."""
        key = f"deleted: {len(self.said.get(number, ()))}" if review.by is None else review.by.id or review.by.login
        self.said.setdefault(number, {})[key] = review

    def withdraw(self, number: int, by: str) -> None:
        self.said.get(number, {}).pop(by, None)

    def merge(self, number: int, commit: str) -> None:
        """`commit` is what the merge put on the base branch."""
        self.pulls[number] = replace(self.pull(number), state=PullState.MERGED, merged_as=commit)

    # --- the port --------------------------------------------------------------------------------------------------

    def whoami(self) -> str:
        return ME

    def open(self, draft: PullRequestDraft) -> PullRequest:
        done = self._effect(f"open {draft.head}")
        open_pulls = [pull for pull in self.pulls.values() if pull.state is PullState.OPEN and pull.head == draft.head]
        number = open_pulls[0].number if open_pulls else len(self.pulls) + len(self.issues) + 1
        if draft.head not in self.tips:
            raise ForgeError(f"there is no branch {draft.head}", code="E904")
        existing = open_pulls[0] if open_pulls else None
        self.pulls[number] = PullRequest(
            number=number,
            url=f"https://forge.example/{number}",
            title=draft.title,
            body=draft.body,
            head=draft.head,
            base=draft.base,
            commit=self.tips[draft.head],
            state=PullState.OPEN,
            author=existing.author if existing else ME,
        )
        self.labels[number] = tuple(dict.fromkeys((*self.labels.get(number, ()), *draft.labels)))
        self._after(done)
        return self.pulls[number]

    def pull(self, number: int) -> PullRequest:
        if number not in self.pulls:
            raise ForgeError(f"there is no pull request {number}", code="E904")
        pull = self.pulls[number]
        return replace(pull, commit=self._tip(pull))

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        open_pulls = (self.pull(pull.number) for pull in self.pulls.values() if pull.state is PullState.OPEN)
        return tuple(pull for pull in open_pulls if pull.head.startswith(head_prefix))

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        merged = (pull for pull in self.pulls.values() if pull.state is PullState.MERGED)
        listed = tuple(
            pull
            for pull in merged
            if commit in (pull.merged_as, pull.squashed_as, *(held.id for held in self._work(pull).commits))
        )
        return brought_by(commit, self.parents.get(commit, ()), listed, lambda pull: self._ancestry(commit, pull))

    def _ancestry(self, commit: str, pull: PullRequest) -> Ancestry:
        if self.follows(pull.commit, commit):
            return Ancestry.INSIDE
        return Ancestry.ABOVE if self.follows(commit, pull.commit) else Ancestry.APART

    def follows(self, newer: str, older: str) -> bool:
        """Return whether `older` is `newer`, or lies behind it."""
        waiting, seen = [newer], set[str]()
        while waiting and older not in seen:
            commit = waiting.pop()
            if commit not in seen:
                seen.add(commit)
                waiting += self.parents.get(commit, ())
        return older in seen

    def close(self, number: int) -> None:
        done = self._effect(f"close {number}")
        if self.pull(number).state is PullState.OPEN:
            self.pulls[number] = replace(self.pulls[number], state=PullState.CLOSED)
        self._after(done)

    def reviews(self, number: int) -> tuple[Review, ...]:
        self.pull(number)
        return tuple(review for _, review in sorted(self.said.get(number, {}).items()))

    def contributions(self, number: int) -> Contributions:
        return self._work(self.pull(number))

    def _work(self, pull: PullRequest) -> Contributions:
        head = RequestCommit(id=pull.commit, parents=())
        push = Push(by=Account(login=pull.author, id=pull.author_id), before=None, after=pull.commit)
        return self.work.get(pull.number, Contributions(commits=(head,), pushes=(push,)))

    def members(self, team: str) -> tuple[str, ...]:
        if team not in self.teams:
            raise ForgeError(f"there is no team {team}, or this token may not see it", code="E902")
        return tuple(sorted(self.teams[team]))

    def comment(self, number: int, key: str, body: str) -> str:
        done = self._effect(f"comment {number} {key}")
        self.pull(number)
        text = f"{mark(key)}\n{body}"
        at = self._commented(number, key)
        if at is None:
            self.comments.append((number, ME, text))
            at = len(self.comments) - 1
        else:
            self.comments[at] = (number, ME, text)
        self._after(done)
        return f"https://forge.example/{number}#{at}"

    def comment_body(self, number: int, key: str) -> str | None:
        at = self._commented(number, key)
        return None if at is None else self.comments[at][2].partition("\n")[2]

    def set_status(self, commit: str, status: CommitStatus) -> None:
        done = self._effect(f"status {commit} {status.name}")
        self.told.append((commit, replace(status, description=status.description[:LONGEST_STATUS])))
        self._after(done)

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        last = {status.name: status for posted_on, status in self.told if posted_on == commit}
        return tuple(last[name] for name in sorted(last))

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        done = self._effect(f"issue {key}")
        number = self._issue(key)
        if body is None and (number is None or not self.issues[number][2]):
            return None
        if body is None:
            title, text, _ = self.issues[number or 0]
            self.issues[number or 0] = (title, text, False)
        else:
            number = number or len(self.pulls) + len(self.issues) + 1
            self.issues[number] = (title, f"{mark(key)}\n{body}", True)
        self._after(done)
        return f"https://forge.example/issues/{number}"

    def issue_body(self, key: str) -> str | None:
        number = self._issue(key)
        if number is None or not self.issues[number][2]:
            return None
        return self.issues[number][1].partition("\n")[2]

    def _issue(self, key: str) -> int | None:
        return next((number for number, (_, body, _) in self.issues.items() if key_of(body) == key), None)

    def _commented(self, number: int, key: str) -> int | None:
        for at, (pull, author, body) in enumerate(self.comments):
            if (pull, author, key_of(body)) == (number, ME, key):
                return at
        return None

    def _tip(self, pull: PullRequest) -> str:
        return self.tips.get(pull.head, pull.commit) if pull.state is PullState.OPEN else pull.commit

    def _effect(self, what: str) -> Fault:
        fault = self.script(f"forge: {what}")
        if fault in (Fault.BEFORE, Fault.TORN):
            raise Crash(what)
        if fault in (Fault.ERROR, Fault.UNANSWERED):
            raise ForgeError("the forge did not answer", code="E901")
        return fault

    def _after(self, fault: Fault) -> None:
        if fault is Fault.AFTER:
            raise Crash("after")
        if fault is Fault.DONE_UNANSWERED:
            raise ForgeError("the forge did not answer", code="E901")


class MemoryRemote:
    """A remote whose branches a `MemoryForge` sees. `branches`: the local branches, which can be pushed."""

    def __init__(self, forge: MemoryForge, branches: dict[str, str]) -> None:
        self.forge = forge
        self.branches = branches
        self.tags: list[str] = []

    def url(self) -> str | None:
        return "https://forge.example/town/models"

    def base(self) -> str | None:
        return "main"

    def fetch(self, branch: str) -> str | None:
        tip, ours = self.forge.tips.get(branch), self.branches.get(branch)
        if tip is not None and (ours is None or self.forge.follows(tip, ours)):
            self.branches[branch] = tip
        return tip

    def push(self, branch: str) -> None:
        tip, ours = self.forge.tips.get(branch), self.branches.get(branch)
        if ours is None:
            raise SourceError(f"there is no branch {branch}", code="E306")
        if tip is not None and ours in self.forge.parents and not self.forge.follows(ours, tip):
            raise ConflictError(f"{branch} is at the remote already, with other contents", code="E904")
        self.forge.tips[branch] = ours

    def push_tag(self, tag: str) -> None:
        self.tags.append(tag)
