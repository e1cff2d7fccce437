"""The composition root: from a command line to the engine's world. The only code that names adapters.

Everything is opened here and closed here: children are ended and scratch is removed however the command ends.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters import clock
from reconciler.adapters.data_child import DataChild
from reconciler.adapters.expression_cache import CachedExpressions
from reconciler.adapters.git_plumbing import Git
from reconciler.adapters.scoring_child import ScoringChild
from reconciler.adapters.source_git import GitSource
from reconciler.adapters.source_worktree import WorkTree
from reconciler.adapters.store_files import FilesStore
from reconciler.adapters.tags_git import GitTags
from reconciler.adapters.target_directory import DirectoryTarget
from reconciler.adapters.training_child import TrainingChild
from reconciler.adapters.witness import Witness
from reconciler.cli import places, progress, terminal, uncommitted, who
from reconciler.cli.options import Invocation
from reconciler.core.environment import Desired, Environment, Limits
from reconciler.engine.world import World
from reconciler.errors import IntegrityError
from reconciler.ports import Proposer, Source

if TYPE_CHECKING:
    from reconciler.engine.desired import Checkout

_SANDBOX = re.compile(rb"""(?m)^ *role: *["']?sandbox\b""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A project at a commit, and the world around it."""

    root: Path
    checkout: Checkout
    world: World
    noted: bool = False
    """Whether it was said that something is not committed."""

    @property
    def desired(self) -> Desired:
        return self.checkout.desired

    def environment(self, name: str) -> Environment:
        from reconciler.engine.planning import environment_of

        return environment_of(self.desired, name)

    def training_only_in(self, environment: Environment) -> World:
        """The world as this environment may use it: only a sandbox has a trainer."""
        return self.world if environment.trains else replace(self.world, trainer=None)


@contextmanager
def configuration(invocation: Invocation) -> Iterator[Checkout]:
    """Only what the manifests say: no store, no target, no data."""
    root = places.project()
    source = WorkTree(root) if invocation.working_tree else GitSource(root)
    with ExitStack() as stack:
        data = DataChild()
        stack.callback(data.close)
        yield _load(invocation, root, source, data, _revision(invocation, root, source)[0])


@contextmanager
def opened(
    invocation: Invocation,
    *,
    trains: bool = False,
    changes: str | None = None,
    witness: Witness | None = None,
    known: frozenset[str] = frozenset(),
    committed: bool = False,
) -> Iterator[Opened]:
    """The project that the command line names. `trains`: whether this command may train (in a sandbox). `changes`: the
    environment that it will change; for a protected one the cache, which anybody may have written, is not believed.
    `witness` is told of everything that is read; `known` manifests are left out; `committed`: it is known that nothing
    is left to commit."""
    root = places.project()
    git = GitSource(root)
    source = WorkTree(root) if invocation.working_tree else git
    with ExitStack() as stack:
        data, scorer = DataChild(), ScoringChild()
        trainer = TrainingChild() if trains else None
        shown = progress.for_streams(verbose=invocation.verbose)
        for one in (data, scorer, trainer, shown):
            if one is not None:
                stack.callback(one.close)
        revision, noted = _revision(invocation, root, source, committed=committed)
        if changes is not None:  # most likely there is work, and children start while the manifests are read
            data.warm()
            if trainer is not None and _looks_like_a_sandbox(source, revision, changes):
                trainer.warm(Limits())
        checkout = _load(invocation, root, source, data, revision, known)
        if any(one.name == changes and one.protect is not None for one in checkout.desired.environments):
            from reconciler.engine.desired import load

            checkout = load(source, data, revision=checkout.revision)
        desired = checkout.desired
        _refuse_tracked(git, desired)
        world = World(
            source=source,
            stores={one.name: FilesStore(root / one.store, witness) for one in desired.environments},
            targets={
                one.name: DirectoryTarget(
                    root / one.target, project=desired.project, environment=one.name, witness=witness
                )
                for one in desired.environments
                if one.target is not None
            },
            data=data,
            trainer=trainer,
            scorer=scorer,
            clock=clock.now,
            new_id=clock.new_id,
            progress=shown,
            who=who.who(root, os.environ),
            scratch=stack.enter_context(places.scratch()),
            data_root=places.data_root(invocation.data_root, root),
            tags=GitTags(root),
        )
        yield Opened(root=root, checkout=checkout, world=world, noted=noted)


def proposer(root: Path) -> Proposer:
    """GitPython is imported by the one command that writes commits."""
    from reconciler.adapters.proposer_git import GitProposer

    return GitProposer(root)


def _revision(
    invocation: Invocation, root: Path, source: Source, *, committed: bool = False
) -> tuple[str | None, bool]:
    """The commit that is meant, None for the work tree; and whether something is not committed, and so not meant: that
    is said."""
    if invocation.working_tree:
        return None, False
    revision = source.resolve("HEAD" if invocation.revision is None else invocation.revision)
    notes = tuple(uncommitted.notes(source, root, revision)) if invocation.revision is None and not committed else ()
    for line in notes:
        terminal.say(line)
    return revision, bool(notes)


def _looks_like_a_sandbox(source: Source, revision: str | None, environment: str) -> bool:
    """A glance at the environment's file, long before it is read properly. Nothing is decided by it but whether the
    trainer starts already."""
    files = source.tree(revision or "", tuple(f"environments/{environment}.{ending}" for ending in ("yaml", "yml")))
    return any(_SANDBOX.search(body) for body in source.read(file.id for file in files).values())


def _load(
    invocation: Invocation,
    root: Path,
    source: Source,
    data: DataChild,
    revision: str | None,
    known: frozenset[str] = frozenset(),
) -> Checkout:
    from reconciler.engine.desired import load

    expressions = CachedExpressions(data, places.cache(git_folder(root)), grammar=_grammar())
    if invocation.verbose:
        terminal.say(f"project {root}, {f'commit {revision}' if revision else 'the working tree'}")
    return load(source, expressions, revision=revision, known=known)


def git_folder(root: Path) -> Path | None:
    code, out, _ = Git(root).call("rev-parse", "--git-common-dir")
    return (root / out.decode("utf-8", "surrogateescape").rstrip("\n")).resolve() if code == 0 else None


def _grammar() -> int:
    """A number that changes with the rules of expressions, so that results by other rules are not taken up."""
    rules = hashlib.sha256(version("duckdb").encode())
    for file in sorted((Path(__file__).parents[1] / "data").glob("*.py")):
        rules.update(file.read_bytes())
    return int(rules.hexdigest()[:12], 16)


def _refuse_tracked(git: GitSource, desired: Desired) -> None:
    """A store or target whose files git tracks could be planted by a commit: nothing is read from it."""
    roots = {one.store: "store" for one in desired.environments}
    roots |= {one.target: "target" for one in desired.environments if one.target is not None}
    found = git.tracked(tuple(sorted(roots)))
    if found:
        kind = next(kind for place, kind in sorted(roots.items()) if _below(found[0], place))
        raise IntegrityError(
            f"{found[0]} is tracked by git, but lies in a {kind}",
            code="E302",
            hint=f"git rm --cached -r the folder and add it to .gitignore: a {kind} is never part of a commit",
        )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
