"""List the environments of a project as CI needs them, from a commit or from the work tree."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.core.forge.ci_workflows import CIEnvironments
from reconciler.core.size_limits import CONFIGURATION_BYTES, MANIFEST_BYTES
from reconciler.engine.load_desired import with_sizes
from reconciler.manifest.unchecked.declared_environments import DeclaredEnvironment, declared, path_name

_FOLDER = "environments"


def declared_at(root: Path, revision: str | None) -> tuple[DeclaredEnvironment, ...]:
    """Return the environments at a revision (None: those on disk) as far as their files can be read."""
    source = WorkTree(root) if revision is None else GitSource(root)
    commit = "" if revision is None else source.resolve(revision)
    files = [file for file in source.tree(commit, (_FOLDER,)) if path_name(file.path) and file.mode.startswith("100")]
    bodies = dict.fromkeys((file.path for file in files), b"")
    left, readable = CONFIGURATION_BYTES, []
    for file in with_sizes(source, tuple(files)):
        if (file.size or 0) <= min(MANIFEST_BYTES, left):
            readable.append(file)
            left -= file.size or 0
    read = source.read(file.id for file in readable)
    return declared(bodies | {file.path: read[file.id] for file in readable})


def listed(root: Path, revision: str | None) -> CIEnvironments:
    """Return the environments at a revision by what CI does with them."""
    found = declared_at(root, revision)
    return CIEnvironments(
        all=tuple(environment.name for environment in found),
        apply=tuple(each.name for each in found if each.role and not each.deploys_on_merge),
        on_merge=tuple(each.name for each in found if each.deploys_on_merge),
    )
