"""Whose approvals of a change count, counted by brute force from the log of a history: the rules once more, plainly.

Nothing of the product is used. Every question walks the whole log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.forge.random_requests import (
    ME,
    PROGRAM,
    Committed,
    Directed,
    Event,
    MergedInto,
    Opened,
    PushedTo,
    Reviewed,
)


@dataclass(slots=True, kw_only=True)
class Model:
    """`binds_heads`: the forge tells which head was approved; `writers`: who may write, None where only they can
    approve at all."""

    log: list[Event]
    deleted: frozenset[str]
    writers: frozenset[str]
    binds_heads: bool = True
    _behind: dict[str, frozenset[str]] = field(default_factory=dict)

    # --- commits ---------------------------------------------------------------------------------------------------

    def commit(self, name: str) -> Committed:
        return next(event for event in self.log if isinstance(event, Committed) and event.commit == name)

    def behind(self, name: str | None) -> frozenset[str]:
        """A commit and all of its past that the log holds."""
        if name is None:
            return frozenset()
        if name not in self._behind:
            found = {name}
            for event in reversed(self.log):  # parents come before their children
                if isinstance(event, Committed) and event.commit in found:
                    found |= set(event.parents)
            self._behind[name] = frozenset(found)
        return self._behind[name]

    # --- requests --------------------------------------------------------------------------------------------------

    def opened(self, number: int) -> Opened:
        return next(event for event in self.log if isinstance(event, Opened) and event.number == number)

    def numbers(self) -> list[int]:
        return [event.number for event in self.log if isinstance(event, Opened)]

    def tip(self, branch: str, fork: bool, until: int) -> str | None:
        """Where a branch was at a moment: after so many events."""
        tips = [e.after for e in self.log[:until] if isinstance(e, PushedTo) and (e.branch, e.fork) == (branch, fork)]
        return tips[-1] if tips else None

    def base(self, number: int, until: int) -> str:
        bases = [
            event.base for event in self.log[:until] if isinstance(event, Opened | Directed) and event.number == number
        ]
        return bases[-1]

    def merges(self) -> dict[int, int]:
        """Request -> the event with which it was merged: its own merge, or another one's that took its head along."""
        merged: dict[int, int] = {}
        for at, event in enumerate(self.log):
            if isinstance(event, MergedInto):
                merged[event.number] = at
                for number in self.numbers():
                    opened = self.log.index(self.opened(number)) < at
                    if opened and number not in merged and self.base(number, at) == event.base:
                        head = self.tip(self.opened(number).branch, self.opened(number).fork, at)
                        if head in self.behind(event.after):
                            merged[number] = at
        return merged

    def head(self, number: int, until: int) -> str:
        """The head at a moment; that of its merge from then on."""
        at = self.merges().get(number, len(self.log))
        opened = self.opened(number)
        return self.tip(opened.branch, opened.fork, min(at, until)) or ""

    def own(self, number: int) -> frozenset[str]:
        """The commits of a merged request: those that its base did not have."""
        event = self.log[self.merges()[number]]
        assert isinstance(event, MergedInto)
        return self.behind(self.head(number, len(self.log))) - self.behind(event.before)

    def brought(self, commit: str, branch: str) -> set[int]:
        """The requests whose merge brought a commit to a branch: of the first merge that did."""
        merges = self.merges()
        for at, event in enumerate(self.log):
            if not isinstance(event, MergedInto) or event.base != branch:
                continue
            found = set()
            for number in (number for number, when in merges.items() if when == at):
                head = self.head(number, len(self.log))
                if (
                    commit in self.own(number)
                    or (number == event.number and commit in event.made)
                    or (event.how == "merge" and commit == event.after and self.commit(commit).parents[1] == head)
                ):
                    found.add(number)
            if found:
                return found
        return set()

    # --- people ----------------------------------------------------------------------------------------------------

    def pushers(self, number: int) -> tuple[set[str], bool]:
        """Who pushed commits of a request or what was replaced by them; and whether all of it is known."""
        own, opened = self.own(number), self.opened(number)
        told = [
            event
            for event in self.log
            if isinstance(event, PushedTo) and (event.branch, event.fork) == (opened.branch, opened.fork)
            if event.by != ""
        ]
        people: set[str | None] = set()
        covered: set[str] = set()
        complete = True
        for at, push in enumerate(told):
            if push.after not in own:
                continue
            people.add(push.by)
            if push.by is not None and push.by not in self.deleted:
                covered |= self.behind(push.after) - self.behind(push.before)
            before, earlier = push.before, at
            if before is not None and before in self.behind(push.after):
                continue  # not by force
            while before is not None and before not in own:
                earlier = max((i for i in range(earlier) if told[i].after == before), default=-1)
                if earlier < 0:
                    complete = False
                    break
                people.add(told[earlier].by)
                covered |= self.behind(told[earlier].after) - self.behind(told[earlier].before)
                complete = complete and told[earlier].by is not None and told[earlier].by not in self.deleted
                before = told[earlier].before
        return {by for by in people if by is not None} - self.deleted, complete and own <= covered

    def really_pushed(self, number: int) -> set[str]:
        """Who brought a commit of the request to its branch until it was merged, whatever the forge keeps."""
        opened, own = self.opened(number), self.own(number)
        pushes = [event for event in self.log[: self.merges()[number]] if isinstance(event, PushedTo) and event.by]
        return {
            push.by or ""
            for push in pushes
            if (push.branch, push.fork) == (opened.branch, opened.fork)
            and (self.behind(push.after) - self.behind(push.before)) & own
        }

    def authors(self, number: int) -> set[str]:
        return set().union(*(self.commit(name).people for name in self.own(number))) - self.deleted

    def approvers(self, number: int, people: frozenset[str], *, not_author: bool) -> set[str]:
        """Whose approval of a merged request counts."""
        last: dict[str, int] = {}
        for at, event in enumerate(self.log):
            if isinstance(event, Reviewed) and event.number == number and event.by and event.word != "COMMENTED":
                last[event.by] = at
        counted = set()
        directed = [at for at, e in enumerate(self.log) if isinstance(e, Directed) and e.number == number]
        for person, at in last.items():
            review = self.log[at]
            assert isinstance(review, Reviewed)
            if (
                review.word == "APPROVED"
                and person in people
                and person not in (ME, PROGRAM)
                and person not in self.deleted
                and person in self.writers
                and self.binds_heads
                and self.head(number, at) == self.head(number, len(self.log))
                and all(moved < at for moved in directed)
            ):
                counted.add(person)
        if not_author:
            pushed, known = self.pushers(number)
            counted -= {self.opened(number).by, *pushed, *self.authors(number)}
            if not known:
                return set()
        return counted

    def decide(
        self, commit: str, branch: str, people: frozenset[str], *, least: int, not_author: bool
    ) -> dict[int, set[str]]:
        """Request -> its approvers, of those that have enough; nothing is deployed where there are none."""
        counts = {
            number: self.approvers(number, people, not_author=not_author) for number in self.brought(commit, branch)
        }
        return {number: approvers for number, approvers in counts.items() if len(approvers) >= least}
