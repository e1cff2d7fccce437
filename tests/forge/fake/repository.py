"""What a forge knows of one repository, and what people do there; the repository itself is a bare one of real git."""

from __future__ import annotations

import itertools
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

OWNER, NAME = "town", "models"
PROJECT = f"{OWNER}/{NAME}"
DAY = "2026-01-{day:02d}T{hour:02d}:00:00Z"
IDENTITY = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": "2026-01-01T00:00:00Z"}


@dataclass(slots=True, kw_only=True)
class Word:
    """One review: `word` is APPROVED, CHANGES_REQUESTED, DISMISSED or COMMENTED."""

    by: str | None
    word: str
    commit: str
    when: str


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
    fork: bool = False


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
        self.numbers = itertools.count(1)
        self.ids = itertools.count(1000)
        self._hours = itertools.count()
        self._files = itertools.count()
        self.repository.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main", ".")
        self.git("config", "http.receivepack", "true")
        self.git("update-ref", "refs/heads/main", self._commit(self.git("mktree", text=""), "Begin"))

    # --- git -------------------------------------------------------------------------------------------------------

    def git(self, *arguments: str, text: str | None = None, ok: bool = True) -> str:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for name, value in IDENTITY.items():
            environment |= {f"GIT_AUTHOR_{name}": value, f"GIT_COMMITTER_{name}": value}
        ran = subprocess.run(
            ["git", *arguments], cwd=self.repository, input=text, capture_output=True, text=True, env=environment,
            check=ok,
        )  # fmt: skip
        return ran.stdout.strip()

    def tip(self, branch: str) -> str | None:
        return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", ok=False) or None

    def knows(self, commit: str) -> bool:
        return self.git("cat-file", "-t", commit, ok=False) == "commit"

    def _commit(self, tree: str, message: str, *parents: str) -> str:
        flags = [one for parent in parents for one in ("-p", parent)]
        return self.git("commit-tree", *flags, "-m", message, tree)

    def push(self, branch: str) -> str:
        """A new commit on a branch, by somebody at another machine."""
        before = self.tip(branch) or self.tip("main") or ""
        blob = self.git("hash-object", "-w", "--stdin", text=f"{next(self._files)}\n")
        listed = self.git("ls-tree", before)
        tree = self.git("mktree", text=f"{listed}\n100644 blob {blob}\tfile-{blob[:8]}\n".lstrip("\n"))
        made = self._commit(tree, "Work", before)
        self.git("update-ref", f"refs/heads/{branch}", made)
        return made

    # --- people ----------------------------------------------------------------------------------------------------

    def now(self) -> str:
        hour = next(self._hours)
        return DAY.format(day=1 + hour // 24, hour=hour % 24)

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

    def word(self, number: int, by: str | None, word: str) -> None:
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

    def merge(self, number: int) -> str:
        pull = self.seen(self.pulls[number])
        base = self.tip(pull.base) or ""
        tree = self.git("merge-tree", "--write-tree", base, pull.commit).splitlines()[0]
        made = self._commit(tree, f"Merge pull request #{number}", base, pull.commit)
        self.git("update-ref", f"refs/heads/{pull.base}", made, base)
        pull.state, pull.merged_as, pull.merged_at = "merged", made, self.now()
        return made

    def brought(self, commit: str) -> list[Pull]:
        """Requests that a commit belongs to: their merge, or a commit that came with them."""
        found = []
        for pull in self.pulls.values():
            inside = pull.merged_as and self.git("rev-list", f"{pull.merged_as}^1..{pull.merged_as}").split()
            if commit in (inside or [self.seen(pull).commit]):
                found.append(pull)
        return found
