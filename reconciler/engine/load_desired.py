"""Load the desired state from the manifests at a commit. The only place where the engine uses `manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.model import Model
from reconciler.errors import FilePosition, InvalidManifestsError, Problem, SourceError, UsageError
from reconciler.manifest.loading import load as manifest
from reconciler.ports import Expressions, Source, TreeFile

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

    def with_model(self, environment: str, model: str, text: str) -> Model:
        """Return the model as this manifest text would declare it; InvalidManifestsError when it is not valid."""
        path = manifest_path(environment, model)
        declared = self.with_file(path, text).model(environment, model)
        if declared is None:
            raise UsageError(f"{path} does not declare {environment}/{model}")
        return declared

    def with_file(self, path: str, text: str) -> DesiredState:
        """Return the desired state as it would be with this file; InvalidManifestsError when it is not valid."""
        body = text.encode()
        others = tuple(file for file in self.tree if file.path != path)
        added = TreeFile(path=path, mode="100644", id="proposed", size=len(body))
        return manifest.load(
            {**self.files, path: body}, (*others, added), revision=self.revision, expressions=self.expressions
        )


def load(
    source: Source, expressions: Expressions, *, revision: str | None, known: frozenset[str] = frozenset()
) -> Checkout:
    """Read the configuration at `revision` (a full commit id; None for a work tree).

    `known`: manifests and cards that are known to be valid and are not needed; their models are left out. Raises
    InvalidManifestsError with every problem of every file, SourceError E306 when there is no project at that commit.
    """
    commit = revision or ""
    tree = source.tree(commit, ())
    if not any(file.path == manifest.PROJECT_FILE for file in tree):
        raise SourceError(
            f"no {manifest.PROJECT_FILE} {'at commit ' + commit[:12] if commit else 'in this folder'}",
            code="E306",
            hint="run the command in a project's folder, or name the folder with -C DIR",
        )
    wanted = tuple(file for file in manifest.wanted(tree) if file.path not in known)
    bodies = source.read(file.id for file in wanted)
    files = {file.path: bodies[file.id] for file in wanted}
    desired = manifest.load(files, tree, revision=revision, expressions=expressions)
    _cards_agree(desired, files)
    return Checkout(revision=revision, tree=tree, files=files, desired=desired, expressions=expressions)


def card_path(environment: str, model: str) -> str:
    """Return the path of a model's card, relative to the project."""
    return f"manifests/{environment}/{model}.md"


def manifest_path(environment: str, model: str) -> str:
    """Return the path of a model's manifest, relative to the project."""
    return f"manifests/{environment}/{model}.yaml"


def _cards_agree(desired: DesiredState, files: Mapping[str, bytes]) -> None:
    """Raise E221 for a card that belongs to another artifact: a reviewer would read another model's numbers."""
    problems = []
    for model in desired.models:
        path = card_path(model.environment, model.name)
        body = files.get(path)
        if body is None or model.artifact is None or model.artifact.encode() in body:
            continue
        problems.append(
            Problem(
                code="E221",
                message=f"this card does not belong to the pinned artifact {model.artifact}",
                where=FilePosition(file=path, line=1, column=1),
                hint="let `reconciler promote` write pin and card together",
            )
        )
    if problems:
        raise InvalidManifestsError(tuple(problems))
