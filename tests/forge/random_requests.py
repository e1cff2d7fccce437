"""Random people, branches, pushes, requests, reviews and merges on a forge, with a log of what happened.

`TRUTH` about a history is the log alone; what the forge makes of it is asked of the adapters.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.forge.fake.graph import GraphPlace
from tests.forge.fake.repository import Pull

ME = "ada"  # whose token asks
PEOPLE = (ME, "bob", "eve", "kim", "zoe")
PROGRAM = "builder[bot]"
STRANGER = "stranger"  # whose address no account has
BASES = ("main", "scratch")
BRANCHES = ("one", "two", "three")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    commit: str
    parents: tuple[str, ...]
    people: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedTo:
    branch: str
    fork: bool
    before: str | None
    after: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    number: int
    branch: str
    fork: bool
    base: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directed:
    number: int
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    number: int
    by: str | None
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedInto:
    """`made`: the commits that the merge itself wrote, the last of which is `after`."""

    number: int
    base: str
    how: str
    before: str
    after: str
    made: tuple[str, ...]


Event = Committed | PushedTo | Opened | Directed | Reviewed | MergedInto


class RandomHistory:
    """`ways`: how requests can be merged on this forge."""

    def __init__(self, seed: int, ways: tuple[str, ...]) -> None:
        self.chance = random.Random(seed)
        self.ways = ways
        self.log: list[Event] = []
        self.place = GraphPlace()
        for person in (*PEOPLE, PROGRAM):
            self.place.number(person)
        self.place.bots.add(PROGRAM)
        self.place.writers = set(PEOPLE) - set(self.chance.sample(PEOPLE[1:], self.chance.choice([0, 0, 1])))
        self.place.writers.add(PROGRAM)
        self.place.teams["town/team"] = tuple(self.chance.sample(PEOPLE, 2))
        self.place.point("scratch", self._tip("main"))
        for _ in range(self.chance.randint(8, 30)):
            self._happen()
        for pull in list(self.place.pulls.values()):
            self._merge(pull)
            self._review(pull)
        if self.chance.random() < 0.2:
            self.place.deleted.add(self.chance.choice(PEOPLE[1:]))

    def _tip(self, branch: str) -> str:
        return self.place.tip(branch) or ""

    def _somebody(self) -> str:
        return self.chance.choice((*PEOPLE, PROGRAM, PROGRAM))

    def _happen(self) -> None:
        pulls = list(self.place.pulls.values())
        match self.chance.choice("pppooorrrrmmdbf"):
            case "p":
                self._push()
            case "b":
                self._commit_to(self.chance.choice(BASES))
            case "f":
                self._fork()
            case "o":
                self._open()
            case "r" if pulls:
                self._review(self.chance.choice(pulls))
            case "m" if pulls:
                self._merge(self.chance.choice(pulls))
            case "d" if pulls:
                self._direct(self.chance.choice(pulls))

    # --- commits and pushes ----------------------------------------------------------------------------------

    def _commit(self, on: str) -> str:
        author = self.chance.choice((*PEOPLE, STRANGER, STRANGER, PROGRAM))
        committer = self.chance.choice((author, author, *PEOPLE))
        co_authors = tuple(self.chance.sample(PEOPLE, 1)) if self.chance.random() < 0.15 else ()
        commit = self.place.work(on, author=author, committer=committer, co_authors=co_authors)
        people = frozenset({author, committer, *co_authors} - {STRANGER})
        self.log.append(Committed(commit=commit, parents=(on,), people=people))
        return commit

    def _push(self) -> None:
        branch = self.chance.choice(BRANCHES)
        tip = self.place.tip(branch)
        others = [self.place.tip(other) for other in BRANCHES if other != branch]
        elsewhere = [self._tip("main"), self.chance.choice(list(self.place.known)), *(one for one in others if one)]
        begin = self.chance.choice([tip or self._tip("main")] * 4 + elsewhere)
        if self.chance.random() < 0.1 and begin != self._tip("main"):
            commit = self.place.joined(self._tip("main"), begin, "By hand")
            self.log.append(Committed(commit=commit, parents=(self._tip("main"), begin), people=frozenset({"ada"})))
        else:
            commit = self._commit(begin)
        for _ in range(self.chance.choice([0, 0, 1])):
            commit = self._commit(commit)
        by = None if self.chance.random() < 0.03 else self._somebody()
        if self.chance.random() < 0.03:  # the forge keeps nothing of it
            self.place.point(branch, commit)
            self.log.append(PushedTo(branch=branch, fork=False, before=tip, after=commit, by=""))
        else:
            self.place.pushed(branch, commit, by=by)
            self.log.append(PushedTo(branch=branch, fork=False, before=tip, after=commit, by=by))

    def _commit_to(self, base: str) -> None:
        before = self._tip(base)
        self.place.pushed(base, self._commit(before), by="ada")
        self.log.append(PushedTo(branch=base, fork=False, before=before, after=self._tip(base), by="ada"))

    # --- requests --------------------------------------------------------------------------------------------

    def _open(self) -> None:
        branch, base = self.chance.choice(BRANCHES), self.chance.choice(("main", "main", "scratch"))
        if self.place.tip(branch) is None or not self.place.between(self._tip(base), self._tip(branch)):
            return
        by = self._somebody()
        pull = self.place.open(branch, base, "", "", by)
        self.log.append(Opened(number=pull.number, branch=branch, fork=False, base=base, by=by))

    def _fork(self) -> None:
        """A request from a fork, whose branch nobody pushes to again."""
        commit, by = self._commit(self._tip("main")), self._somebody()
        branch = f"fork-{len(self.log)}"
        self.place.keep(branch, None, commit, by=by, fork=True)
        self.log.append(PushedTo(branch=branch, fork=True, before=None, after=commit, by=by))
        pull = self.place.open(branch, "main", "", "", by, fork=True)
        pull.commit, pull.heads = commit, [(pull.heads[0][0], commit)]
        self.log.append(Opened(number=pull.number, branch=branch, fork=True, base="main", by=by))

    def _direct(self, pull: Pull) -> None:
        if pull.state == "open":
            base = "main" if pull.base == "scratch" else "scratch"
            self.place.direct(pull.number, base)
            self.log.append(Directed(number=pull.number, base=base))

    def _review(self, pull: Pull) -> None:
        for _ in range(self.chance.randint(1, 3)):
            by = None if self.chance.random() < 0.03 else self._somebody()
            word = self.chance.choice(("APPROVED",) * 8 + ("CHANGES_REQUESTED", "DISMISSED", "COMMENTED", "COMMENTED"))
            self.place.word(pull.number, by, word)
            self.log.append(Reviewed(number=pull.number, by=by, word=word))

    def _merge(self, pull: Pull) -> None:
        before, head = self._tip(pull.base), self.place.seen(pull).commit
        if pull.state != "open" or not self.place.between(before, head):
            return
        how = self.chance.choice(self.ways)
        if how == "forward" and self.place.shared(before, head) != before:
            how = "merge"
        known = set(self.place.known)
        self.place.merge(pull.number, how)
        made = tuple(commit for commit in self.place.known if commit not in known)
        for commit in made:
            self.log.append(
                Committed(commit=commit, parents=self.place.facts(commit).parents, people=frozenset({"ada"}))
            )
        self.log.append(
            MergedInto(
                number=pull.number, base=pull.base, how=how, before=before, after=self._tip(pull.base), made=made
            )
        )
