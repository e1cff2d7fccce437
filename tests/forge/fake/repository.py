"""What a forge knows of one repository, and what people do there; the repository itself is a bare one of real git."""

from __future__ import annotations

import itertools
import os
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

OWNER, NAME = "town", "models"
PROJECT = f"{OWNER}/{NAME}"
BEGIN = datetime(2026, 1, 1)
DOMAIN = "example.org"
DATE = "2026-01-01T00:00:00Z"


@dataclass(slots=True, kw_only=True)
class Word:
    """One review: `word` is APPROVED, CHANGES_REQUESTED, DISMISSED or COMMENTED."""

    by: str | None
    word: str
    commit: str
    when: str


@dataclass(slots=True, kw_only=True)
class Facts:
    """What a commit says of itself. `author`, `committer`: their e-mail addresses."""

    parents: tuple[str, ...]
    author: str
    committer: str
    message: str


@dataclass(slots=True, kw_only=True)
class Pushed:
    """One push to a branch: `before` is None where it created the branch."""

    by: str | None
    branch: str
    before: str | None
    after: str
    when: str
    fork: bool = False
    forced: bool = False


@dataclass(slots=True, kw_only=True)
class Pull:
    number: int
    head: str
    base: str
    title: str
    body: str
    author: str
    commit: str
    state: str = "open"  # open, closed, merged
    merged_as: str | None = None
    merged_at: str | None = None
    labels: list[str] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    heads: list[tuple[str, str]] = field(default_factory=list)
    """(since when, commit)"""
    directed: list[str] = field(default_factory=list)
    """When it got another base."""
    fork: bool = False
    begin: str | None = None
    """Where its base was when it was merged."""
    squashed_as: str | None = None
    line: list[str] = field(default_factory=list)
    """The commits that its merge put on the first-parent line of its base."""


@dataclass(slots=True, kw_only=True)
class Remark:
    id: int
    number: int
    by: str | None
    body: str
    system: bool = False


@dataclass(slots=True, kw_only=True)
class Issue:
    number: int
    by: str
    title: str
    body: str
    state: str = "open"


@dataclass(slots=True, kw_only=True)
class Line:
    """A commit status."""

    id: int
    commit: str
    by: str | None
    name: str
    state: str
    description: str
    url: str | None


@dataclass(slots=True, kw_only=True)
class Owner:
    """Whose a token is. `rights`: write, read; `kind`: person, app (of Actions), job (of GitLab's CI)."""

    login: str
    rights: str = "write"
    kind: str = "person"


class Place:
    """`folder` gets the bare repository, whose main has one commit."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / OWNER / f"{NAME}.git"
        self.tokens: dict[str, Owner] = {}
        self.writers: set[str] = {"ada", "zoe"}
        self.pulls: dict[int, Pull] = {}
        self.remarks: list[Remark] = []
        self.issues: dict[int, Issue] = {}
        self.lines: list[Line] = []
        self.teams: dict[str, tuple[str, ...]] = {}
        self.accounts: dict[str, int] = {}
        """login -> number"""
        self.bots: set[str] = set()
        self.deleted: set[str] = set()
        self.pushes: list[Pushed] = []
        self.numbers = itertools.count(1)
        self.ids = itertools.count(1000)
        self._hours = itertools.count()
        self._files = itertools.count()
        for login in ("ada", "zoe"):
            self.number(login)
        self._begin()

    def _begin(self) -> None:
        self.repository.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main", ".")
        self.git("config", "http.receivepack", "true")
        self.point("main", self._commit(self.git("mktree", text=""), "Begin"))

    def number(self, login: str) -> int:
        """The number of an account, which is made where there is none."""
        return self.accounts.setdefault(login, len(self.accounts) + 1)

    def owner_of(self, email: str) -> str | None:
        """Whose e-mail address it is, as far as the forge knows."""
        login = email.removesuffix(f"@{DOMAIN}")
        return login if login in self.accounts and login not in self.deleted else None

    # --- git -------------------------------------------------------------------------------------------------------

    def git(self, *arguments: str, text: str | None = None, ok: bool = True, **who: str) -> str:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            login = who.get(role.lower(), "ada")
            environment |= {
                f"GIT_{role}_NAME": login.title(),
                f"GIT_{role}_EMAIL": f"{login}@{DOMAIN}",
                f"GIT_{role}_DATE": DATE,
            }
        ran = subprocess.run(
            ["git", *arguments], cwd=self.repository, input=text, capture_output=True, text=True, env=environment,
            check=ok,
        )  # fmt: skip
        return ran.stdout.strip()

    def tip(self, branch: str) -> str | None:
        return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", ok=False) or None

    def point(self, branch: str, commit: str) -> None:
        self.git("update-ref", f"refs/heads/{branch}", commit)

    def branches(self) -> dict[str, str]:
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
        return {branch: commit for commit, _, branch in (line.partition(" ") for line in listed)}

    def knows(self, commit: str) -> bool:
        return self.git("cat-file", "-t", commit, ok=False) == "commit"

    def facts(self, commit: str) -> Facts:
        parents, author, committer, message = self.git("log", "-1", "--format=%P%x00%ae%x00%ce%x00%B", commit).split(
            "\0"
        )
        return Facts(parents=tuple(parents.split()), author=author, committer=committer, message=message)

    def between(self, base: str, head: str) -> list[str]:
        """The commits of `head` that `base` does not have, newest first."""
        return self.git("rev-list", "--topo-order", f"{base}..{head}").split()

    def shared(self, a: str, b: str) -> str | None:
        return self.git("merge-base", a, b, ok=False) or None

    def _commit(self, tree: str, message: str, *parents: str, author: str = "ada", committer: str = "ada") -> str:
        flags = [one for parent in parents for one in ("-p", parent)]
        return self.git("commit-tree", *flags, "-m", message, tree, author=author, committer=committer)

    def work(
        self, on: str, *, author: str = "ada", committer: str | None = None, co_authors: tuple[str, ...] = ()
    ) -> str:
        """A new commit on another one."""
        blob = self.git("hash-object", "-w", "--stdin", text=f"{next(self._files)}\n")
        listed = self.git("ls-tree", on)
        tree = self.git("mktree", text=f"{listed}\n100644 blob {blob}\tfile-{blob[:8]}\n".lstrip("\n"))
        return self._commit(tree, message(co_authors), on, author=author, committer=committer or author)

    def joined(self, base: str, other: str, text: str) -> str:
        """A merge commit of two."""
        tree = self.git("merge-tree", "--write-tree", base, other).splitlines()[0]
        return self._commit(tree, text, base, other)

    def copied(self, commit: str, base: str) -> str:
        """The changes of a commit as a new one on `base`, as a squash or a rebase makes it."""
        tree = self.git("merge-tree", "--write-tree", base, commit).splitlines()[0]
        return self._commit(tree, f"Copy of {commit}", base)

    def push(self, branch: str, *, by: str | None = "ada", author: str = "ada", **more: Any) -> str:
        """A new commit on a branch, by somebody at another machine."""
        before = self.tip(branch)
        made = self.work(before or self.tip("main") or "", author=author, **more)
        self.pushed(branch, made, by=by)
        return made

    def pushed(self, branch: str, commit: str, *, by: str | None, fork: bool = False) -> None:
        """Somebody pushes a commit: the forge keeps who did."""
        before = self.tip(branch)
        self.point(branch, commit)
        self.keep(branch, before, commit, by=by, fork=fork)

    def keep(self, branch: str, before: str | None, after: str, *, by: str | None, fork: bool = False) -> None:
        forced = before is not None and self.shared(before, after) != before
        self.pushes.append(
            Pushed(by=by, branch=branch, before=before, after=after, when=self.now(), fork=fork, forced=forced)
        )

    # --- people ----------------------------------------------------------------------------------------------------

    def now(self) -> str:
        return f"{BEGIN + timedelta(hours=next(self._hours)):%Y-%m-%dT%H:%M:%SZ}"

    def open(self, head: str, base: str, title: str, body: str, author: str, *, fork: bool = False) -> Pull:
        commit = self.tip(head) or self.tip("main") or ""
        pull = Pull(
            number=next(self.numbers), head=head, base=base, title=title, body=body, author=author, commit=commit,
            fork=fork,
        )  # fmt: skip
        self.pulls[pull.number] = pull
        self.seen(pull)
        return pull

    def seen(self, pull: Pull) -> Pull:
        """What a forge does on every push: its open requests follow their branches."""
        if pull.state == "open" and not pull.fork:
            pull.commit = self.tip(pull.head) or pull.commit
        if not pull.heads or pull.heads[-1][1] != pull.commit:
            pull.heads.append((self.now(), pull.commit))
        return pull

    def direct(self, number: int, base: str) -> None:
        """Another base for an open request: its difference is another one, and its head the same."""
        pull = self.seen(self.pulls[number])
        pull.base = base
        pull.directed.append(self.now())
        pull.heads.append((pull.directed[-1], pull.commit))

    def word(self, number: int, by: str | None, word: str) -> None:
        if by is not None:
            self.number(by)
        pull = self.seen(self.pulls[number])
        pull.words.append(Word(by=by, word=word, commit=pull.commit, when=self.now()))

    def approve(self, number: int, by: str) -> None:
        self.writers.add(by)
        self.word(number, by, "APPROVED")

    def withdraw(self, number: int, by: str) -> None:
        self.word(number, by, "DISMISSED")

    def remark(self, number: int, by: str | None, body: str, *, system: bool = False) -> Remark:
        one = Remark(id=next(self.ids), number=number, by=by, body=body, system=system)
        self.remarks.append(one)
        return one

    def merge(self, number: int, how: str = "merge") -> str:
        """`how`: merge, forward (a fast-forward), squash, rebase, or squash-merge (GitLab's: a merge of the squash)."""
        pull = self.seen(self.pulls[number])
        pull.begin = base = self.tip(pull.base) or ""
        held = self.between(base, pull.commit)
        match how:
            case "forward":
                made, pull.line = pull.commit, self._first_parents(pull.commit, held)
            case "squash":
                made = self.copied(pull.commit, base)
                pull.squashed_as = made
            case "squash-merge":
                pull.squashed_as = self.copied(pull.commit, base)
                made = self.joined(base, pull.squashed_as, f"Merge pull request #{number}")
            case "rebase":
                made = base
                for commit in reversed(held):
                    made = self.copied(commit, made)
                    pull.line.append(made)
            case _:
                made = self.joined(base, pull.commit, f"Merge pull request #{number}")
        self.point(pull.base, made)
        pull.line = pull.line or [made]
        pull.state, pull.merged_as, pull.merged_at = "merged", made, self.now()
        self._merged_along(pull)
        return made

    def _first_parents(self, commit: str, held: list[str]) -> list[str]:
        line = []
        while commit in held:
            line.append(commit)
            commit = next(iter(self.facts(commit).parents), "")
        return line

    def _merged_along(self, pull: Pull) -> None:
        """Forges take a request for merged whose head came to its base with another one's, with what brought it."""
        waiting = [other for other in self.pulls.values() if other.state == "open" and other.base == pull.base]
        for other in waiting:
            if self.shared(self.seen(other).commit, pull.merged_as or "") == other.commit:
                other.state, other.merged_as, other.merged_at = "merged", pull.merged_as, pull.merged_at
                other.begin = pull.begin

    def held(self, pull: Pull) -> list[str]:
        """The commits of a request, newest first."""
        return self.between(pull.begin or self.tip(pull.base) or "", self.seen(pull).commit)

    def brought(self, commit: str) -> list[Pull]:
        """Requests that a commit belongs to: what their merge made, or a commit that came with them."""
        return [
            pull
            for pull in self.pulls.values()
            if commit in (pull.merged_as, pull.squashed_as, *pull.line) or commit in self.held(pull)
        ]


def message(co_authors: tuple[str, ...]) -> str:
    return "\n".join(("Work", "", *(f"Co-authored-by: {one.title()} <{one}@{DOMAIN}>" for one in co_authors)))
