"""The composition root: from a project's folder to the engine's dependencies. The only code that names adapters.

Everything is opened here and closed here: worker processes are ended and scratch is removed however the command ends.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.caches.expression_cache import CachedExpressions
from reconciler.adapters.caches.header_cache import CachedHeaders
from reconciler.adapters.executors.compute import DataWorker, HeaderWorker, ScoringWorker, TrainingWorker
from reconciler.adapters.executors.model_threads import ModelThreads
from reconciler.adapters.executors.thread_map import parallel_map
from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.tags import GitTags
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.adapters.notices.apprise_notifier import AppriseNotifier
from reconciler.adapters.system import host
from reconciler.adapters.system.secret import read_secret
from reconciler.app import actor, locations, uncommitted_changes
from reconciler.app.forge_asked import asks_people, forge_if_asked
from reconciler.app.git_folder import git_folder, witness
from reconciler.app.inspect import plug_ins
from reconciler.app.manifest_paths import ResolvedFolders, check_paths, check_paths_of
from reconciler.app.planning import git_state
from reconciler.app.project_options import ProjectOptions
from reconciler.app.signing import signer
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Limits, Runtime
from reconciler.engine.dependencies import Dependencies, sequential_map
from reconciler.errors import SourceError
from reconciler.ports import Proposer, ReadObserver, Source, StorageAccess, TableHeaders, TableLookup

if TYPE_CHECKING:
    from reconciler.app.planning.git_state import GitState
    from reconciler.core.promotion.model_card import ModelCard
    from reconciler.engine.load_desired import Checkout

AT_ONCE = 32  # models whose facts are read side by side where a store is far away
_PROTECT = b"protect"
_SANDBOX = re.compile(rb"""(?m)^ *role: *["']?sandbox\b""")
_CLUSTER = re.compile(rb"""\buses: *["']?dask\b""")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProject:
    """A project at a commit, and the ports that its environments name."""

    root: Path
    checkout: Checkout
    deps: Dependencies
    halt: threading.Event
    """Set to end what runs in other threads."""
    folders: ResolvedFolders
    limit_workers: tuple[Callable[[int], None], ...]
    """Set how many worker processes work here at once, however many models are worked on."""
    at_end: Callable[[Callable[[], None]], object]
    """Takes what closes something that was opened later."""
    warned: bool = False
    """Whether a warning said that something is not committed."""

    @property
    def desired(self) -> DesiredState:
        return self.checkout.desired

    def environment(self, name: str) -> Environment:
        """Return the declared environment of this name. Raises UsageError E801 where there is none."""
        from reconciler.engine.find_environment import environment_of

        return environment_of(self.desired, name)

    def storage_folders(self) -> list[str]:
        """Return the folders of stores and targets on this disk, as declared and, in the project, as resolved."""
        places = (place for environment in self.desired.environments for place in environment.places)
        real = (*self.folders.stores.values(), *self.folders.targets.values(), *self.folders.mirrors.values())
        inside = {path.relative_to(self.root).as_posix() for path in real if path.is_relative_to(self.root)}
        return sorted({place.root for place in places if place.root is not None} | inside)

    def training_only_in(self, environment: Environment, *, jobs: int | None = None) -> Dependencies:
        """Return the ports as this environment may use them: only a sandbox has a trainer.

        `jobs` models at once; by default as many as processors, and memory by its limit, allow; on a cluster AT_ONCE.
        """
        count = max(1, min(host.cores(), host.memory() // environment.limits.memory))
        if environment.compute is not None and environment.trains:
            from reconciler.app.cluster.connect import on_cluster

            return on_cluster(self, environment, environment.compute, at_once=jobs or AT_ONCE, here=count)
        concurrency = ModelThreads(jobs or count, self.halt)
        return replace(self.deps, concurrency=concurrency, trainer=self.deps.trainer if environment.trains else None)


@contextmanager
def read_manifests(options: ProjectOptions, *, tables: TableLookup | None = None) -> Iterator[Checkout]:
    """Read the manifests alone: no store, no target and no data is opened, unless columns are looked up in `tables`."""
    source = WorkTree(options.root) if options.working_tree else GitSource(options.root)
    with ExitStack() as stack:
        data = DataWorker()
        stack.callback(data.close)
        revision, _ = _revision(options, source)
        checkout = _load(options, source, data, revision, tables=tables)
        git = None if isinstance(source, WorkTree) and git_folder(options.root) is None else GitSource(options.root)
        check_paths(checkout, options, git)
        yield checkout


@contextmanager
def open_project(
    options: ProjectOptions,
    *,
    trains: bool = False,
    changes: str | None = None,
    fingerprints: ReadObserver | None = None,
    known: frozenset[str] = frozenset(),
    committed: bool = False,
    uncached: bool = False,
    ask_forge: bool = False,
    head: GitState | None = None,
    removed: Collection[str] | None = (),
) -> Iterator[OpenProject]:
    """Open a project: read its manifests, and make the ports that its environments name; all are closed at the end.

    `trains`: training is allowed (in a sandbox). `changes`: the environment that is going to be changed; where it is
    protected, no cache is believed, which anybody may have written. `fingerprints` is told of every file that is read.
    `known` manifests are valid, and left out. `committed`: it is known that the work tree has no changes. `uncached`:
    every stored byte is read from its store, not from a copy of it here. `ask_forge`: the forge is asked whatever it is
    about, else only where approvals count. `head`: what git was asked already. `removed`: environments that are opened
    although git does not declare them any more; None: all such. Raises InvalidManifestsError;
    IntegrityError E302 where git tracks files of a store or target, or a link or submodule on the way to any path of
    the manifests.
    """
    root = options.root
    head = git_state.read(root, changes or "") if head is None and options.at_head else head
    git = GitSource(root) if head is None else head.source()
    source = WorkTree(root) if options.working_tree else git
    with ExitStack() as stack:
        halt = threading.Event()
        data, scorer, headers = DataWorker(halt=halt), ScoringWorker(halt=halt), HeaderWorker(halt=halt)
        trainer = TrainingWorker(halt=halt) if trains else None
        for worker in (data, scorer, trainer, headers):
            if worker is not None:
                stack.callback(worker.close)
        revision, warned = _revision(options, source, committed=committed, head=head)
        document = _document(source, revision, changes) if changes is not None else b""
        if changes is not None:  # most likely there is work, and workers start while the manifests are read
            data.warm()
            signer.begin_ahead(document, os.environ)
            if trainer is not None and _SANDBOX.search(document) and not _CLUSTER.search(document):
                trainer.warm(Limits())
        checkout = _load(options, source, data, revision, known, head, cached=_PROTECT not in document)
        if any(e.name == changes and e.protect is not None for e in checkout.desired.environments):
            uncached = True
            if _PROTECT not in document:  # it is written with escapes
                checkout = _load(options, source, data, revision, cached=False)
        checkout, folders = check_paths_of(
            checkout, options, git, source, removed, staged=changes is not None, fingerprints=fingerprints
        )
        desired = checkout.desired
        scratch = stack.enter_context(locations.scratch())
        opening = partial(
            StorageAccess,
            root=root,
            project=desired.project,
            scratch=scratch,
            cache=locations.stores_cache() if not uncached else None,
            read_observer=fingerprints,
        )
        stores, targets, mirrors = plug_ins.opened_on_use(checkout, opening, folders)
        deps = Dependencies(
            source=source,
            stores=stores,
            targets=targets,
            mirrors=mirrors,
            data=data,
            trainer=trainer,
            scorer=scorer,
            clock=host.now,
            new_id=host.new_id,
            progress=options.progress,
            actor=cache(partial(actor.who, root, os.environ)),  # a question to git, for who writes something
            scratch=scratch,
            data_root=folders.data_root,
            parallel_map=partial(parallel_map, at_once=AT_ONCE) if desired.is_remote else sequential_map,
            render_card=_render_card,
            tags=GitTags(root),
            history=git,
            erasure=data,
            outcomes=data,
            notifier=AppriseNotifier(),
            secret=partial(read_secret, root, os.environ),
            witness=cache(lambda: witness(root, fingerprints, folder=head.git_folder if head is not None else None)),
            headers=headers if uncached else cached_headers(options, headers, head),
            expressions=checkout.expressions,
            machine=_machine,
            gate_plug_in=partial(plug_ins.gate, checkout),
            signer=cache(partial(signer.signer_here, root, os.environ)),
            verifier=signer.VERIFIER,
        )
        people = changes is not None and asks_people(deps, desired, changes)
        deps = replace(deps, forge=forge_if_asked(root, desired, asks=ask_forge or people, decides=changes is not None))
        yield OpenProject(
            root=root,
            checkout=checkout,
            deps=deps,
            halt=halt,
            folders=folders,
            limit_workers=(data.at_most, scorer.at_most),
            at_end=stack.callback,
            warned=warned,
        )


def _render_card(card: ModelCard) -> str:
    """Return the card's file. What renders it is imported when a card is looked at."""
    from reconciler.report.promotion import model_card

    return model_card.markdown(card)


def _machine() -> Runtime:
    """Return this machine's runtime. What reads it is imported where something is to be trained."""
    from reconciler.adapters.system import machine

    return machine.runtime()


def proposer(root: Path, head: GitState | None = None) -> Proposer:
    """Return the proposer of commits. `head`: what git was asked already."""
    from reconciler.adapters.git.proposal_branch import GitProposer

    return GitProposer(root, top=head.top if head is not None else None)


def _revision(
    options: ProjectOptions,
    source: Source,
    *,
    committed: bool = False,
    head: GitState | None = None,
) -> tuple[str | None, bool]:
    """Return the commit that is meant, None for the work tree; and whether a warning was said of uncommitted files."""
    if options.working_tree:
        return None, False
    asked = options.revision
    if asked is not None:
        return source.resolve(asked), False
    revision = head.revision if head is not None else source.resolve("HEAD")
    warnings = () if committed else tuple(uncommitted_changes.notes(source, options.root, revision))
    for line in warnings:
        options.say(line)
    return revision, bool(warnings)


def _document(source: Source, revision: str | None, environment: str) -> bytes:
    """Return the environment's file before it is read properly, to guess from what is worth starting already."""
    files = source.tree(revision or "", tuple(f"environments/{environment}.{ending}" for ending in ("yaml", "yml")))
    try:
        if revision is not None:  # git is asked once for all that the reading proper wants
            from reconciler.engine.load_desired import read_ahead

            read_ahead(source, revision)
        return b"\n".join(source.read(file.id for file in files).values())
    except SourceError:  # too large: the reading proper reports it
        return b""


def _load(
    options: ProjectOptions,
    source: Source,
    data: DataWorker,
    revision: str | None,
    known: frozenset[str] = frozenset(),
    head: GitState | None = None,
    *,
    cached: bool = True,
    tables: TableLookup | None = None,
) -> Checkout:
    """Load the manifests; with `cached`, expressions that were checked before are not checked again."""
    from reconciler.engine.load_desired import load

    if options.verbose:
        options.say(f"project {options.root}, {f'commit {revision}' if revision else 'the working tree'}")
    if not cached:
        return load(source, data, revision=revision, tables=tables, masks=not options.predicts)
    expressions = CachedExpressions(data, _cache_folder(options, head), grammar=grammar_version)
    return load(source, expressions, revision=revision, known=known, tables=tables, masks=not options.predicts)


def cached_headers(options: ProjectOptions, headers: TableHeaders, head: GitState | None = None) -> TableHeaders:
    """Return a reader of headers that asks `headers` once for each file as it is."""
    return CachedHeaders(headers, lambda: _cache_folder(options, head) / f"headers-{grammar_version()}.json")


def _cache_folder(options: ProjectOptions, head: GitState | None) -> Path:
    return locations.cache(git_folder(options.root)) if head is None else head.cache_file.parent


@cache
def grammar_version() -> int:
    """Return a number that changes with the rules of reading data, so that results by other rules are not reused."""
    from importlib.metadata import version

    rules = hashlib.sha256(version("duckdb").encode())
    for file in sorted((Path(__file__).parents[1] / "data").rglob("*.py")):
        rules.update(file.read_bytes())
    return int(rules.hexdigest()[:12], 16)
