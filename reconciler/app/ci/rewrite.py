"""Write a project's files for CI again, or compare them: `ci`. A file that a person edited is replaced only on request.

The branch, the lock and Python's version come from the environments on disk; the place is that of the project.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from reconciler.adapters.filesystem import project_files
from reconciler.adapters.filesystem.durable_files import read_regular
from reconciler.adapters.git import repository_around
from reconciler.app.ci import program, setup
from reconciler.app.ci.environments import declared_at
from reconciler.app.ci.program import Program
from reconciler.core.forge.ci_workflows import CIFile, CIFileState, CIResult
from reconciler.core.forge.detection import ForgeKind
from reconciler.core.size_limits import LOCK_BYTES, MANIFEST_BYTES
from reconciler.errors import UsageError
from reconciler.manifest.scaffold import ci_files, ci_templates, program_source
from reconciler.manifest.scaffold.ci_templates import CIPlacement
from reconciler.manifest.unchecked.declared_environments import DeclaredEnvironment

_MOST_LINES = 400  # of a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class CIRequest:
    """What the command line says: None where it says nothing."""

    forge: ForgeKind | None = None
    branch: str | None = None
    install: str | None = None
    check: bool = False
    overwrite: bool = False
    pages: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A file as it is to be: its text, or the file that is copied there."""

    path: Path
    state: CIFileState
    text: str = ""
    copied: Path | None = None
    diff: tuple[str, ...] = ()


def run(root: Path, request: CIRequest) -> CIResult:
    """Compare the files for CI with those that this version writes, and write them unless only asked to check.

    Raises UsageError E801, with nothing written, where a person edited one and nobody asked to overwrite it.
    """
    top, folder = setup.place_in_repository(root)
    placement = _placement(declared_at(root, None), folder, request.branch, root)
    if not ci_templates.possible(placement):
        raise UsageError(
            "the files for CI cannot hold the name of the branch, the folder or the lock",
            hint="letters, digits, dots, underscores, hyphens and slashes can be written; --branch names another",
            code="E801",
        )
    host = request.forge or _written_for(top, placement) or setup.forge_of(repository_around.remote_of(root))[0]
    if host is ForgeKind.NONE:
        raise UsageError(
            "neither a workflow that is there nor the git remote tells the forge",
            hint="name it: --forge github, or --forge gitlab",
            code="E801",
        )
    workflow, todo = _workflow(top, host, placement, request.pages)
    old_lock = _read(root / placement.lock, LOCK_BYTES)
    chosen = program.choose(request.install) if request.install or program_source.line_of(old_lock) is None else None
    lock, left = _lock(root / placement.lock, old_lock, host, chosen)
    wheel = [_Wanted(path=root / name, state=CIFileState.CREATED, copied=path) for name, path in _copies(chosen, root)]
    wanted = (workflow, *_once(top, host), *lock, *wheel)
    edited = [setup.path_from(root, each.path) for each in wanted if each.state is CIFileState.EDITED]
    if edited and not (request.check or request.overwrite):
        raise UsageError(
            f"{', '.join(edited)}: edited since `ci` wrote it, or not written by it",
            hint="`reconciler ci --check` shows what would change; --overwrite replaces it",
            code="E801",
        )
    if not request.check:
        for each in wanted:
            if each.state.is_change:
                body = each.text if each.copied is None else each.copied
                project_files.overwrite(top, each.path, body, hint="running ci again goes on")
    return CIResult(
        forge=host,
        branch=placement.branch,
        installs=program_source.line_of(lock[0].text if lock else old_lock),
        files=tuple(CIFile(path=setup.path_from(root, each.path), state=each.state, diff=each.diff) for each in wanted),
        written=not request.check,
        todo=(*todo, *left),
    )


def _placement(
    environments: tuple[DeclaredEnvironment, ...], folder: str, branch: str | None, root: Path
) -> CIPlacement:
    branches = sorted({each.branch for each in environments if each.branch})
    if branch is None and len(branches) > 1:
        raise UsageError(
            f"environments are protected by {len(branches)} branches: {', '.join(branches)}",
            hint=f"name the one that requests are merged into: --branch {branches[0]}",
            code="E801",
        )
    versions = [each.python for each in environments if each.python]
    locks = {each.lock for each in environments if each.lock} or {ci_templates.LOCK}
    return CIPlacement(
        branch=branch or (branches[0] if branches else repository_around.branch_of(root) or repository_around.BRANCH),
        folder=folder,
        python=versions[0] if versions else ".".join(map(str, sys.version_info[:2])),
        lock=ci_templates.LOCK if ci_templates.LOCK in locks else min(locks),
    )


def _written_for(top: Path, placement: CIPlacement) -> ForgeKind | None:
    """Return the forge whose workflow of this project is there."""
    for host in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        if any(os.path.lexists(top / name) for name in ci_templates.files(host, placement)):
            return host
    return None


def _workflow(
    top: Path, host: ForgeKind, placement: CIPlacement, pages: bool | None
) -> tuple[_Wanted, tuple[str, ...]]:
    """Return the workflow as it is to be, and what is left to do. `pages` None: it publishes sites if it did so."""
    ((name, text),) = ci_templates.files(host, placement).items()
    old = _read(top / name, MANIFEST_BYTES)
    todo: tuple[str, ...] = ()
    if host is ForgeKind.GITLAB and placement.place and old and f"plan@{placement.place}:" not in old:
        own = ci_templates.included(placement)  # the first is another project's, which includes ours
        todo = () if own in old else (setup.INCLUDE.format(own),)
        name, old = own, _read(top / own, MANIFEST_BYTES)
    if pages or (pages is None and ci_templates.has_pages(old)):
        (text,) = ci_templates.files(host, replace(placement, pages=True)).values()
    text = ci_files.with_newer_pins(text, old)
    if not old:
        state = CIFileState.CREATED
    elif old == text:
        state = CIFileState.SAME
    else:
        state = CIFileState.UPDATED if ci_files.is_ours(old) else CIFileState.EDITED
    return _Wanted(path=top / name, state=state, text=text, diff=_diff(old, text)), todo


def _once(top: Path, host: ForgeKind) -> Iterator[_Wanted]:
    missing = setup.missing_once(top, host)
    for name, text in ci_templates.once(host).items():
        state = CIFileState.CREATED if name in missing else CIFileState.LEFT
        yield _Wanted(path=top / name, state=state, text=text)


def _lock(path: Path, old: str, host: ForgeKind, chosen: Program | None) -> tuple[tuple[_Wanted, ...], tuple[str, ...]]:
    """Return the lock with the line that installs this program, and what is left to do."""
    line = program_source.line_of(old)
    extras = tuple(sorted({*(program_source.extras_of(line) if line else ()), host.value}))
    due = chosen.source.requirement(extras) if chosen else program_source.with_extras(line or "", extras)
    if due == line:
        return (_Wanted(path=path, state=CIFileState.SAME, text=old),), ()
    if program_source.has_hashes(old):
        return (), (f"{path.name} has hashes: add `{due}` to what it is compiled from, and compile it again",)
    text = program_source.with_line(old, due)
    state = CIFileState.UPDATED if old else CIFileState.CREATED
    return (_Wanted(path=path, state=state, text=text, diff=_diff(old, text)),), ()


def _copies(chosen: Program | None, root: Path) -> tuple[tuple[str, Path], ...]:
    return tuple(chosen.copies(root).items()) if chosen is not None else ()


def _diff(old: str, new: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "there", "new", n=2, lineterm="") if old else ()
    return tuple(islice(lines, _MOST_LINES))


def _read(path: Path, largest: int) -> str:
    """Return the text of a file, empty where there is none. Raises UsageError E801 where it is not a plain text."""
    if not os.path.lexists(path):
        return ""
    try:
        return read_regular(path, largest).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} is no text file of at most {largest:,} bytes", hint="move it away", code="E801"
        ) from error
