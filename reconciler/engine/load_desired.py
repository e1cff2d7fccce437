"""Load the desired state from the manifests at a commit. The only place where the engine uses `manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.model import Model
from reconciler.errors import FilePosition, Problem, SourceError, UsageError
from reconciler.manifest.loading import expression_checks, wanted_files
from reconciler.manifest.loading import load as manifest
from reconciler.ports import Expressions, Source, TableLookup, TreeFile

FOLDERS = ("manifests", "environments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The configuration of a project at one commit: its files and the desired state (`revision` None: a work tree)."""

    revision: str | None
    tree: tuple[TreeFile, ...]
    files: Mapping[str, bytes]
    desired: DesiredState
    expressions: Expressions

    def text(self, path: str) -> str | None:
        """Return the text of a configuration file, or None where there is none."""
        body = self.files.get(path)
        return None if body is None else body.decode()

    def position(self, path: str, field: tuple[str | int, ...]) -> FilePosition:
        """Return the place of a field in a configuration file that was read, or of the nearest one around it."""
        return manifest.position(self.files, path, field)

    def with_model(self, environment: str, model: str, text: str) -> Model:
        """Return the model as this manifest text would declare it; InvalidManifestsError when it is not valid."""
        path = manifest_path(environment, model)
        declared = self.with_file(path, text).model(environment, model)
        if declared is None:
            raise UsageError(f"{path} does not declare {environment}/{model}")
        return declared

    def with_file(self, path: str, text: str) -> DesiredState:
        """Return the desired state as it would be with this file; InvalidManifestsError when it is not valid."""
        return self.with_files({path: text})

    def with_files(self, texts: Mapping[str, str]) -> DesiredState:
        """Return the desired state as it would be with these files; InvalidManifestsError when it is not valid."""
        bodies = {path: text.encode() for path, text in texts.items()}
        others = tuple(file for file in self.tree if file.path not in bodies)
        added = (
            TreeFile(path=path, mode="100644", id="proposed", size=len(body)) for path, body in sorted(bodies.items())
        )
        return manifest.load(
            {**self.files, **bodies}, (*others, *added), revision=self.revision, expressions=self.expressions
        )


def load(
    source: Source,
    expressions: Expressions,
    *,
    revision: str | None,
    known: frozenset[str] = frozenset(),
    tables: TableLookup | None = None,
    masks: bool = True,
) -> Checkout:
    """Read the configuration at `revision` (a full commit id; None for a work tree).

    `known`: manifests and cards that are known to be valid and are not needed; their models are left out. `tables`:
    where the columns that models name are looked up. `masks`: whether it matters what they leave to trainings. Raises
    InvalidManifestsError with every problem of every file, SourceError E306 when there is no project at that commit.
    """
    commit = revision or ""
    tree = source.tree(commit, ())
    if not any(file.path == wanted_files.PROJECT_FILE for file in tree):
        raise SourceError(
            f"no {wanted_files.PROJECT_FILE} {'at commit ' + commit[:12] if commit else 'in this folder'}",
            code="E306",
            hint="run the command in a project's folder, or name the folder with -C DIR",
        )
    documents = tuple(file for file in wanted_files.documents_and_cards(tree) if file.path not in known)
    tree, files = _read(source, tree, documents)
    tree, locks = _read(source, tree, wanted_files.locks(tree, files))
    files |= locks
    desired = manifest.load(
        files, tree, revision=revision, expressions=expressions, tables=tables, masks=masks, cards=True
    )
    return Checkout(revision=revision, tree=tree, files=files, desired=desired, expressions=expressions)


def read_ahead(source: Source, revision: str) -> None:
    """Read the manifests and cards at a commit, which the source keeps for `load`. Raises SourceError."""
    _read(source, (), wanted_files.documents_and_cards(source.tree(revision, ())))


def _read(
    source: Source, tree: tuple[TreeFile, ...], wanted: tuple[TreeFile, ...]
) -> tuple[tuple[TreeFile, ...], dict[str, bytes]]:
    """Return the tree with the size of each file that is too large, and the bytes of the others by path."""
    sized = with_sizes(source, wanted)
    readable = wanted_files.of_readable_size(sized)
    large = {file.path: file for file in sized if wanted_files.is_too_large(file)}
    bodies = source.read(file.id for file in readable)
    whole = tuple(large.get(file.path, file) for file in tree) if large else tree
    return whole, {file.path: bodies[file.id] for file in readable}


def bodies_at(source: Source, commit: str, paths: tuple[str, ...]) -> dict[str, bytes]:
    """Return the bytes of manifests and cards at another commit, of those of `paths` that it has.

    Raises SourceError E311, before any is read, where one is too large to be one.
    """
    files = with_sizes(source, tuple(file for file in source.tree(commit, paths) if file.path in paths))
    for file in files:
        if wanted_files.is_too_large(file):
            raise SourceError(
                f"{file.path} at commit {commit[:12]} has {file.size:,} bytes; the limit is {MANIFEST_BYTES:,}",
                code="E311",
                hint="take another commit: a manifest or a card is never so large",
            )
    bodies = source.read(file.id for file in files)
    return {file.path: bodies[file.id] for file in files}


def with_sizes(source: Source, files: tuple[TreeFile, ...]) -> tuple[TreeFile, ...]:
    """Return the files with their sizes, asked of the source where its listing has none."""
    unknown = [file.id for file in files if file.size is None]
    sizes = source.sizes(unknown) if unknown else {}
    return tuple(file if file.size is not None else replace(file, size=sizes[file.id]) for file in files)


def column_problems(
    source: Source,
    expressions: Expressions,
    model: Model,
    tables: Mapping[str, tuple[str, ...]],
    *,
    revision: str | None,
) -> tuple[Problem, ...]:
    """Return each name in a model's recipe that is no column of its tables, at its place in the manifest.

    `tables`: the columns of those that are known.
    """
    return expression_checks.column_problems(
        lambda: bodies_at(source, revision or "", (model.file,)), expressions, model, tables
    )


def environment_path(environment: str) -> str:
    return f"environments/{environment}.yaml"


def manifest_path(environment: str, model: str) -> str:
    """Return the path of a model's manifest, relative to the project."""
    return f"manifests/{environment}/{model}.yaml"
