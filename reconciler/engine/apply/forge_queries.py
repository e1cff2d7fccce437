"""Ask the forge about a change, once per apply: its merged requests, their reviews, and whose work they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.forge.review import Account, Contributions, Review
from reconciler.core.spec.policy import is_team, team_of
from reconciler.errors import ForgeError, ReconcilerError
from reconciler.ports import Forge

T = TypeVar("T")
Q = TypeVar("Q")


class ForgeQueries:
    """Queries of one apply to the forge: each is sent once, and its answer or failure is kept."""

    def __init__(self, forge: Forge | None) -> None:
        self.forge = forge
        self._requests: dict[str, tuple[PullRequest, ...] | ReconcilerError] = {}
        self._reviews: dict[int, tuple[Review, ...] | ReconcilerError] = {}
        self._contributions: dict[int, Contributions | ReconcilerError] = {}
        self._members: dict[str, tuple[str, ...] | ReconcilerError] = {}
        self._me: dict[None, Account | ReconcilerError | None] = {}
        self._asking = threading.RLock()  # models are worked on side by side

    def requests(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the requests whose merge brought `commit`, whatever they were merged into; none without a forge."""
        forge = self.forge
        return self._once(self._requests, commit, forge.merged_by) if forge is not None else ()

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return the last word of each reviewer of a request; none without a forge."""
        forge = self.forge
        return self._once(self._reviews, number, forge.reviews) if forge is not None else ()

    def contributions(self, number: int) -> Contributions | None:
        """Return whose work a request is; None without a forge."""
        forge = self.forge
        return self._once(self._contributions, number, forge.contributions) if forge is not None else None

    def people(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the logins of these names, with the members of each team."""
        people: set[str] = set()
        for name in names:
            if is_team(name) and self.forge is not None:
                members: tuple[str, ...] = self._once(self._members, team_of(name), self.forge.members)
                people.update(members)
            else:
                people.add(name)
        return frozenset(people)

    def me(self) -> Account | None:
        """Return the account of the token; None where the forge does not tell, as for an app, which is a program."""
        return self._once(self._me, None, lambda _: self._whoami())

    def _whoami(self) -> Account | None:
        if self.forge is None:
            return None
        try:
            return Account(login=self.forge.whoami())
        except ForgeError as error:
            if error.code == "E902":
                return None
            raise

    def _once(self, answers: dict[Q, T | ReconcilerError], about: Q, ask: Callable[[Q], T]) -> T:
        with self._asking:
            if about not in answers:
                try:
                    answers[about] = ask(about)
                except ReconcilerError as error:
                    answers[about] = error
            answer = answers[about]
            if isinstance(answer, ReconcilerError):
                raise answer
            return answer
