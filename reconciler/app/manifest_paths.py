"""Resolve every path of the manifests, and refuse those that a commit could lead astray.

Paths of a manifest are texts that a request may change, and so are the links and submodules on the way. A link that git
does not track is the operator's own: it is followed, and what lies behind it is judged by its real path.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from reconciler.adapters.filesystem.resolved_path import ResolvedPath, resolve
from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.tracked_paths import TrackedPaths, TrackedPlace
from reconciler.app import locations
from reconciler.app.project_options import ProjectOptions
from reconciler.core.names import folded
from reconciler.core.spec.environment import Environment
from reconciler.engine.load_desired import Checkout
from reconciler.errors import FilePosition, IntegrityError, ReconcilerError, StoreError, UsageError
from reconciler.ports import ReadObserver, Source

STORE, TARGET, MIRROR, TABLE = "store", "target", "mirror", "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPath:
    """A path as an environment declares it. `holds`: STORE, TARGET or TABLE; `field`: its place in the document."""

    environment: str
    holds: str
    text: str
    field: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'.'.join(self.field[1:])} {self.text!r} of {self.environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFolders:
    """The real folders of stores, targets and mirrors on this disk, by environment, and the one that table paths start
    from."""

    stores: dict[str, Path]
    targets: dict[str, Path]
    data_root: Path
    mirrors: dict[str, Path] = field(default_factory=dict)


def check_paths(
    checkout: Checkout,
    options: ProjectOptions,
    git: GitSource | None,
    *,
    staged: bool = False,
    fingerprints: ReadObserver | None = None,
) -> ResolvedFolders:
    """Resolve every path of the manifests, as git has them at `checkout` and at HEAD; `git` is None outside of git.

    With `staged`, the whole index counts as well, else only where a link or a repository lies on disk. `fingerprints`
    is told of the links that were followed. Raises IntegrityError E302 where git tracks a link or a submodule on the
    way, or files below a store or a target; E609 where two of these are one folder or one in the other; StoreError E607
    where one is no folder of its own.
    """
    root = options.root
    tracked = TrackedPaths(git, root, revision=checkout.revision, staged=staged)
    places = _Places(checkout=checkout, tracked=tracked, root=root)
    data_root = locations.data_root(options.data_root, root)
    if options.data_root is not None:
        places.check_data_root(options.data_root)
    resolved = {STORE: dict[str, Path](), TARGET: dict[str, Path](), MIRROR: dict[str, Path]()}
    owners: list[tuple[DeclaredPath, ResolvedPath]] = []
    links: list[str] = []
    for declared in _declared(checkout.desired.environments):
        is_table = declared.holds == TABLE
        found = places.resolved(declared, data_root if is_table else root)
        places.check_way(declared, found)
        if is_table:
            continue
        places.check_alone(declared, found)
        for other, others in owners:
            if _overlap(others.path, found.path):
                raise places.overlapping(declared, other, found, others)
        owners.append((declared, found))
        links.extend(link for link, _ in found.links)
        # What is a link itself is refused where it is opened.
        final = declared.holds in (STORE, MIRROR)
        folder = resolve(str(root), declared.text, last=False).path if final else found.path
        resolved[declared.holds][declared.environment] = Path(folder)
    if fingerprints is not None:
        for link in links:
            fingerprints.saw(link)
    return ResolvedFolders(
        stores=resolved[STORE], targets=resolved[TARGET], mirrors=resolved[MIRROR], data_root=data_root
    )


def check_paths_of(
    checkout: Checkout,
    options: ProjectOptions,
    git: GitSource | None,
    source: Source,
    removed: Collection[str] | None,
    *,
    staged: bool = False,
    fingerprints: ReadObserver | None = None,
) -> tuple[Checkout, ResolvedFolders]:
    """Return the checkout with the environments `removed` from git (None: with all such), and the folders of all.

    Raises as `check_paths`; where all such are wanted, those whose paths are refused are left out.
    """
    check = partial(check_paths, options=options, git=git, staged=staged, fingerprints=fingerprints)
    if removed is not None and all(checkout.desired.environment(name) is not None for name in removed):
        return checkout, check(checkout)
    from reconciler.engine.removed_environments import with_removed

    whole = replace(checkout, desired=with_removed(source, checkout.desired, removed))
    try:
        return whole, check(whole)
    except ReconcilerError:
        if removed is not None:
            raise
    good = checkout
    for environment in whole.desired.environments:
        if environment.removed is not None:
            environments = (*good.desired.environments, environment)
            more = replace(good, desired=replace(good.desired, environments=environments))
            with suppress(ReconcilerError):
                check(more)
                good = more
    return good, check(good)


def _declared(environments: tuple[Environment, ...]) -> Iterator[DeclaredPath]:
    for environment in environments:
        name, target = environment.name, environment.target
        for holds, location in ((STORE, environment.store), (TARGET, target)):
            if location is not None and location.root is not None:
                yield DeclaredPath(environment=name, holds=holds, text=location.root, field=("spec", holds, "root"))
        if environment.mirror is not None and environment.mirror.root is not None:
            where = ("spec", "store", "mirror", "root")
            yield DeclaredPath(environment=name, holds=MIRROR, text=environment.mirror.root, field=where)
        for table, declared in environment.data.tables:
            if not declared.is_here:
                continue
            field = ("spec", "data", "tables", table, "path")
            yield DeclaredPath(environment=name, holds=TABLE, text=declared.folder, field=field)


def _overlap(a: str, b: str) -> bool:
    """Tell whether one real folder is or lies in the other, also on a disk that ignores case and Unicode forms."""
    first, second = (f"{'/'.join(map(folded, path.split('/')))}/" for path in (a, b))
    if first.startswith(second) or second.startswith(first):
        return True
    try:
        return os.path.samefile(a, b)  # one folder that is mounted twice  # noqa: PTH121
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """The checks of one project's paths."""

    checkout: Checkout
    tracked: TrackedPaths
    root: Path

    def resolved(self, declared: DeclaredPath, start: Path) -> ResolvedPath:
        try:
            return resolve(str(start), declared.text)
        except OSError as error:
            raise StoreError(
                f"{declared} cannot be resolved: {error.strerror}",
                code="E602",
                where=self._where(declared),
                hint="give this user the right to search the folders on the way, and let no link lead to itself",
            ) from error

    def check_data_root(self, given: str) -> None:
        """Raise IntegrityError E302 where git tracks a link or a submodule on the way to the data root."""
        try:
            found = resolve(str(Path.cwd()), given)
        except OSError as error:
            raise UsageError(f"--data-root {given!r} cannot be resolved: {error.strerror}", code="E801") from error
        for place in found.places:
            entry = self.tracked.at(place, link=found.link_at(place) is not None)
            if entry is not None and entry.leads_elsewhere:
                raise self._led_astray(f"--data-root {given!r}", None, place, found, entry)

    def check_way(self, declared: DeclaredPath, found: ResolvedPath) -> None:
        """Raise IntegrityError E302 for what git tracks on the way; of a store or a target also for what is in it."""
        for place in dict.fromkeys((*found.places, found.path)):
            entry = self.tracked.at(place, link=found.link_at(place) is not None)
            if entry is None:
                continue
            if entry.leads_elsewhere:
                raise self._led_astray(str(declared), self._where(declared), place, found, entry)
            if declared.holds != TABLE and (place == found.path or entry.mode is not None):
                raise self._tracked(declared, place, entry)

    def check_alone(self, declared: DeclaredPath, found: ResolvedPath) -> None:
        """Raise StoreError E607 for a folder that holds more than a store or a target ever should."""
        holds, path = declared.holds, found.path
        reason = None
        if path == "/" or path == os.path.realpath(os.path.expanduser("~")):  # noqa: PTH111
            reason = f"is {path}, which holds more than a {holds}"
        elif f"{self.root}/".startswith(f"{path}/"):
            reason = "is a folder that the project lies in"
        elif self.tracked.is_private_to_git(path):
            reason = "lies in a folder where git keeps a repository"
        if reason is not None:
            raise StoreError(
                f"{declared} {reason}" + (f" (it leads to {path})" if found.links else ""),
                code="E607",
                where=self._where(declared),
                hint=f"give the {holds} a folder of its own, such as .reconciler/{declared.environment}",
            )

    def overlapping(
        self, declared: DeclaredPath, other: DeclaredPath, found: ResolvedPath, others: ResolvedPath
    ) -> IntegrityError:
        """Return the error for a store or target that lies in another one, at the line of the one behind a link."""
        if not found.links:
            declared, other, found, others = other, declared, others, found
        return IntegrityError(
            f"{declared} leads to {found.path}, but {other} is at {others.path}",
            code="E609",
            where=self._where(declared),
            hint="give each environment's store and target a folder of its own",
        )

    def _where(self, declared: DeclaredPath) -> FilePosition:
        return self.checkout.position(f"environments/{declared.environment}.yaml", declared.field)

    def _led_astray(
        self, path: str, where: FilePosition | None, place: str, found: ResolvedPath, entry: TrackedPlace
    ) -> IntegrityError:
        target = found.link_at(place)
        leads = f" to {target!r}" if target is not None else ""
        return IntegrityError(
            f"{path} leads through {self._short(place)}, {entry.leads_elsewhere} that git tracks{leads}: "
            "a commit decides what lies there",
            code="E302",
            where=where,
            hint=f"name the folder itself, or take it out of git: git rm --cached {shlex.quote(entry.path)} and add it "
            "to .gitignore; a link that git does not track may stand there",
        )

    def _tracked(self, declared: DeclaredPath, place: str, entry: TrackedPlace) -> IntegrityError:
        """Return the error for a store or a target of which git tracks something."""
        what = f"{self._short(place)} is" if entry.mode is not None else f"{entry.first} is"
        return IntegrityError(
            f"a {declared.holds} is never part of a commit, but {what} tracked by git, and {declared} leads there",
            code="E302",
            where=self._where(declared),
            hint=f"git rm --cached -r {shlex.quote(entry.path)} and add it to .gitignore",
        )

    def _short(self, place: str) -> str:
        """Return a place as people write it: below the project without the project's path."""
        return place.removeprefix(f"{self.root}/")
