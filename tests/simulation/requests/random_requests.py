"""Generate random requests: changes of controls, pins, sandboxes, places, names and rows, in one to four commits.

A request is merged as a merge commit, by a squash, by a rebase or by fast-forward: the branch gets its last state as
one commit, or each of its commits. It is approved by an owner, an approver, its author, a stranger, or nobody.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.core.forge.pull_request import PullRequestDraft
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit
from reconciler.testing.memory_forge import MemoryForge
from reconciler.testing.memory_git import MemorySource
from tests.simulation.requests.request_edits import (
    APPROVERS,
    AUTHOR,
    EDITS,
    OWNERS,
    PEOPLE,
    STRANGER,
    WEIGHTS,
    first,
    loadable,
)
from tests.simulation.requests.request_project import Declared, files_of

METHODS = ("merge commit", "squash", "rebase", "fast-forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit of the protected branch. `request`: that brought it, None where it was pushed."""

    name: str
    declared: Declared
    request: int | None


class RequestHistory:
    """The protected branch, and the forge's requests. `given`, `author`: of each request who approved it, and whose it
    is."""

    def __init__(
        self, source: MemorySource, chance: random.Random, report: Callable[[str], None], often: Sequence[str] = ()
    ) -> None:
        self.source = source
        self.chance = chance
        self.report = report
        self.forge = MemoryForge()
        self.commits: list[Commit] = []
        self.given: dict[int, set[str]] = {}
        self.author: dict[int, str] = {}
        drawn = chance.sample(tuple(EDITS), 4)  # what this seed's requests change most
        self._weights = [
            (40 if kind in often else 1) if often else WEIGHTS[at] * (6 if kind in drawn else 1)
            for at, kind in enumerate(EDITS)
        ]
        name = self._commit(first(chance), 1)
        self._request(1, [name], "squash")
        for person in (*OWNERS, *APPROVERS):
            self.approve(1, person)

    @property
    def newest(self) -> Declared:
        return self.commits[-1].declared

    def _commit(self, declared: Declared, request: int | None) -> str:
        name = f"c{len(self.commits)}"
        self.source.line.append(name)
        self.source.trees[name] = files_of(declared)
        self.commits.append(Commit(name=name, declared=declared, request=request))
        return name

    def merge_request(self) -> None:
        """Merge one random request."""
        chance, declared = self.chance, self.newest
        states, words = [], []
        for _ in range(chance.choice((1, 1, 2, 2, 3, 4))):
            kind = chance.choices(tuple(EDITS), self._weights)[0]
            changed = loadable(EDITS[kind](chance, declared))
            if changed != declared:
                declared = changed
                states.append(declared)
                words.append(kind)
        if not states:
            return
        method = chance.choice(METHODS)
        on_line = states if method in ("rebase", "fast-forward") else states[-1:]
        number = None if chance.random() < 0.07 else len(self.forge.pulls) + 1
        names = [self._commit(state, number) for state in on_line]
        approved: set[str] = set()
        if number is not None:
            approved = self._request(number, names, method)
        self.report(f"{method} {', '.join(names)}: {', '.join(words)}; approved by {sorted(approved) or 'nobody'}")

    def _request(self, number: int, names: list[str], method: str) -> set[str]:
        forge, chance = self.forge, self.chance
        author = chance.choice((AUTHOR, AUTHOR, AUTHOR, STRANGER, *OWNERS[:1], *APPROVERS[:1]))
        head = names[-1] if method == "fast-forward" else f"head of {names[-1]}"
        forge.tips[f"topic-{number}"] = head
        draft = PullRequestDraft(head=f"topic-{number}", base="main", title="A change", body="Why.")
        assert forge.open(draft).number == number
        forge.pulls[number] = replace(forge.pulls[number], author=author)
        if method in ("fast-forward", "rebase"):
            ids = names if method == "fast-forward" else [*names, head]
            commits = tuple(RequestCommit(id=name, parents=()) for name in ids)
            push = Push(by=Account(login=author), before=None, after=head)
            pushes = (push, *(Push(by=Account(login=author), before=None, after=name) for name in names))
            forge.work[number] = Contributions(commits=commits, pushes=pushes)
        if method == "fast-forward":
            forge.parents |= {names[at]: (names[at - 1],) for at in range(1, len(names))}
        self.author[number], self.given[number] = author, set()
        for _ in range(chance.choice((0, 1, 1, 2))):
            self.approve(number, chance.choice((*OWNERS, *APPROVERS, *APPROVERS, author, STRANGER)))
        forge.merge(number, names[-1])
        return self.given[number]

    def approve(self, number: int, name: str) -> None:
        self.forge.approve(number, name)
        self.given[number].add(name)

    def approve_late(self) -> None:
        """Let somebody approve a merged request afterwards."""
        if self.given:
            number, name = self.chance.choice(sorted(self.given)), self.chance.choice(PEOPLE)
            self.approve(number, name)
            self.report(f"{name} approves request {number}")
