"""Accounts of a forge, their reviews of a pull request, and whose commits it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at a forge. `id`: its number there, which stays when it is renamed; `bot`: it is a program's."""

    login: str
    id: str | None = None
    bot: bool = False

    def is_same(self, other: Account) -> bool:
        """Return whether both are one account: by number where both have one, else by name."""
        if self.id is not None and other.id is not None:
            return self.id == other.id
        return is_same_login(self.login, other.login)


def is_same_login(first: str, second: str) -> bool:
    """Return whether two names are one login. Forges ignore case and know only ASCII: look-alikes are no match."""
    return first.isascii() and second.isascii() and first.lower() == second.lower()


class Verdict(StrEnum):
    """The last word of a reviewer."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes requested"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The last word of one reviewer. `by`: None for an account that was deleted; `commit`: the head that was reviewed,
    where the forge tells; `may_write`: the reviewer may write to the repository; `outdated`: the request has another
    base since, and so another difference to review."""

    by: Account | None
    verdict: Verdict
    commit: str | None = None
    when: datetime | None = None
    may_write: bool = True
    outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCommit:
    """One commit of a pull request. `people`: its authors, co-authors and committer, as far as the forge knows their
    accounts."""

    id: str
    parents: tuple[str, ...]
    people: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One push to a request's branch, from `before` (None: the branch was created) to `after`. `forced`: it replaced
    commits, so that `before` does not lie behind `after`."""

    by: Account | None
    before: str | None
    after: str
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """Whose work a pull request is: its commits, and the pushes to its branch that the forge keeps, oldest first.

    `gap`: why the lists may be incomplete, else None.
    """

    commits: tuple[RequestCommit, ...]
    pushes: tuple[Push, ...]
    gap: str | None = None

    def authors(self) -> tuple[Account, ...]:
        """Return the authors, co-authors and committers whose accounts the forge knows."""
        return tuple(person for commit in self.commits for person in commit.people)

    def pushers(self) -> tuple[Account, ...]:
        """Return the accounts that pushed at least one of the commits, or may have: what a forced push replaced can
        have held them too."""
        known = {commit.id for commit in self.commits}
        pushes: list[Push] = []
        for at, push in enumerate(self.pushes):
            if push.after in known:
                pushes += [push, *self._replaced(at)[0]]
        return tuple(push.by for push in pushes if push.by is not None)

    def _replaced(self, at: int) -> tuple[list[Push], str | None, str | None]:
        """Return the pushes that a forced push replaced; the commit of the request that they began at (None where the
        branch began with them); and the commit whose push is not told, where there is one."""
        known = {commit.id for commit in self.commits}
        replaced: list[Push] = []
        before = self.pushes[at].before
        if not self.pushes[at].forced:
            return replaced, before, None
        while before is not None and before not in known:
            earlier = next((place for place in range(at - 1, -1, -1) if self.pushes[place].after == before), None)
            if earlier is None or self.pushes[earlier].by is None:
                return replaced, before, before
            replaced.append(self.pushes[earlier])
            at, before = earlier, self.pushes[earlier].before
        return replaced, before, None

    def unexplained(self, head: str) -> str | None:
        """Return why it cannot be told who pushed all commits up to `head`, or None where every push is known."""
        if self.gap is not None:
            return self.gap
        parents = {commit.id: commit.parents for commit in self.commits}
        if head not in parents:
            return f"the commits of head {head[:12]} are not listed"
        pushed: set[str] = set()
        for at, push in enumerate(self.pushes):
            if push.after in parents:
                _, begin, unknown = self._replaced(at)
                if unknown is not None:
                    return f"it is not told who pushed commit {unknown[:12]}, which was replaced"
                if push.by is not None:
                    pushed |= _reachable(push.after, parents) - _reachable(begin or "", parents)
        missing = next((commit.id for commit in self.commits if commit.id not in pushed), None)
        return f"it is not told who pushed commit {missing[:12]}" if missing is not None else None


def _reachable(start: str, parents: dict[str, tuple[str, ...]]) -> set[str]:
    """Return `start` and what lies behind it, among the commits of `parents`."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        commit = waiting.pop()
        if commit in parents and commit not in reached:
            reached.add(commit)
            waiting += parents[commit]
    return reached


def one_of(person: Account, others: Iterable[Account]) -> bool:
    """Return whether `person` is one of `others`."""
    return any(person.is_same(other) for other in others)
