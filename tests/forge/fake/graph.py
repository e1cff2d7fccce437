"""A forge's repository without git: commits are facts in memory, for tests of very many requests."""

from __future__ import annotations

from pathlib import Path

from tests.forge.fake.repository import DOMAIN, Facts, Place


class GraphPlace(Place):
    """As `Place`, of commits that hold nothing."""

    def __init__(self) -> None:
        self.known: dict[str, Facts] = {}
        self.tips: dict[str, str] = {}
        super().__init__(Path())

    def _begin(self) -> None:
        self.point("main", self._new((), "Begin", "ada", "ada"))

    def _new(self, parents: tuple[str, ...], text: str, author: str, committer: str) -> str:
        commit = f"c{len(self.known) + 1:039x}"  # the double takes digits alone for a number
        self.known[commit] = Facts(
            parents=parents, author=f"{author}@{DOMAIN}", committer=f"{committer}@{DOMAIN}", message=text
        )
        return commit

    def tip(self, branch: str) -> str | None:
        return self.tips.get(branch)

    def point(self, branch: str, commit: str) -> None:
        self.tips[branch] = commit

    def knows(self, commit: str) -> bool:
        return commit in self.known

    def facts(self, commit: str) -> Facts:
        return self.known[commit]

    def between(self, base: str, head: str) -> list[str]:
        return sorted(self._behind(head) - self._behind(base), reverse=True)  # a commit is younger than its parents

    def _behind(self, commit: str) -> set[str]:
        reached, waiting = set[str](), [commit]
        while waiting:
            one = waiting.pop()
            if one in self.known and one not in reached:
                reached.add(one)
                waiting += self.known[one].parents
        return reached

    def shared(self, a: str, b: str) -> str | None:
        return max(self._behind(a) & self._behind(b), default=None)

    def _commit(self, tree: str, message: str, *parents: str, author: str = "ada", committer: str = "ada") -> str:
        del tree
        return self._new(parents, message, author, committer)

    def work(
        self, on: str, *, author: str = "ada", committer: str | None = None, co_authors: tuple[str, ...] = ()
    ) -> str:
        names = "".join(f"\nCo-authored-by: {name} <{name}@{DOMAIN}>" for name in co_authors)
        return self._new((on,), f"Work\n{names}", author, committer or author)

    def joined(self, base: str, other: str, text: str) -> str:
        return self._new((base, other), text, "ada", "ada")

    def copied(self, commit: str, base: str) -> str:
        return self._new((base,), f"Copy of {commit}", "ada", "ada")
