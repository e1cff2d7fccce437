"""A project whose sandbox was applied here, and what `ports.Compute` is asked for from its store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import open_project
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.digest import digest_of_bytes
from reconciler.core.spec.model import Model
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.compute.request import part_of
from reconciler.engine.storage import blobs, builds, data_snapshots
from reconciler.ports import (
    ArmTrialRequest,
    ArtifactEvaluationRequest,
    BuildRequest,
    BuiltModel,
    ClusterStore,
    SelectResult,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """The model of a sandbox, its build, and its store."""

    root: Path
    store: FilesStore
    model: Model
    build: Build
    request: BuildRequest
    trial: ArmTrialRequest
    evaluation: ArtifactEvaluationRequest
    place: ClusterStore

    def built(self, selected: SelectResult) -> BuiltModel:
        """Return what a build of it has to give, but for what is told of the selected rows."""
        artifact = blobs.artifact(self.store, self.build.artifact)
        return BuiltModel(
            selected=selected,
            files=tuple(sorted((file.path, file.digest) for file in artifact.files)),
            evaluation_rows=self.build.evaluation_rows,
            training_keys=self.build.training_keys,
        )


def stored_model(root: Path) -> StoredModel:
    """Return the model of a project whose sandbox was applied."""
    folder = root / ".reconciler/sandbox"
    store = FilesStore(folder)
    with open_project(ProjectOptions(root=root)) as project:
        environment = project.environment("sandbox")
        (model,) = project.desired.models_of("sandbox")
    snapshot = data_snapshots.newest(store)
    mark = store.read(store_layout.MARK)
    assert snapshot is not None
    assert mark is not None
    runtime = builds.runtime_of(environment, model.recipe)
    build = next(builds.of_recipe(store, model.recipe_digest))
    part = part_of(snapshot, model.recipe)
    limits = environment.limits
    return StoredModel(
        root=root,
        store=store,
        model=model,
        build=build,
        request=BuildRequest(model=model.name, recipe=model.recipe, snapshot=part, runtime=runtime, limits=limits),
        trial=ArmTrialRequest(
            experiment="search",
            recipe=model.recipe,
            arm=model.recipe,
            snapshot=part,
            folds=3,
            judged=(0, 1, 2),
            runtime=runtime,
            limits=limits,
        ),
        evaluation=ArtifactEvaluationRequest(
            artifact=build.artifact, evaluation_rows=build.evaluation_rows, runtime=runtime, limits=limits
        ),
        place=ClusterStore(
            environment="sandbox",
            project="books",
            location=StorageLocation(uses="files", root=str(folder)),
            mark=digest_of_bytes(mark),
        ),
    )
