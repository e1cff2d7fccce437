"""Make the status of many models, each as JSON text or a line of a table, from what the last one printed of those that
are unchanged."""

# What only changes need is imported where they are: a status of many models is waited for.
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reconciler import codec
from reconciler.adapters.caches.model_texts import ModelText
from reconciler.adapters.filesystem import folder_rights
from reconciler.adapters.system import host
from reconciler.app.planning import git_state
from reconciler.app.planning.described_models import DescribedModels, Description, described_models
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.plan_changes import say
from reconciler.core.artifact import store_layout
from reconciler.core.inspect.status import (
    EnvironmentFacts,
    EnvironmentStatus,
    ModelStatus,
    Status,
    environment_status,
    with_live_outcomes,
)
from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.errors import ReconcilerError
from reconciler.report.layout import json_output

if TYPE_CHECKING:
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.core.monitoring.record import MonitoringRecord
    from reconciler.core.plan.plan import ModelPlan, Plan
    from reconciler.engine.storage.journal import Journals
    from reconciler.ports import OpenFolder, Store

Degraded: TypeAlias = "dict[str, MonitoringRecord | str]"
"""By model what monitoring found of it; a text where that cannot be read."""
DEPTH = 4  # lists and objects that the status of a model lies in


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDocument:
    """A status: of each environment all but its models, those, and what monitoring found of them, which is no part of
    what is remembered of a model."""

    project: str
    environments: tuple[tuple[EnvironmentStatus, DescribedModels, Degraded], ...]

    def status(self) -> Status:
        """Return the status without any model."""
        return Status(project=self.project, environments=tuple(status for status, _, _ in self.environments))

    def texts(self) -> list[Iterator[str]]:
        """Return of each environment the texts of its models, as JSON."""
        return [_texts(models, degraded) for _, models, degraded in self.environments]

    def in_table(self) -> tuple[Status, list[Sequence[str]]]:
        """Return the status with the models that are not in order, and of each environment the lines of the others."""
        environments: list[EnvironmentStatus] = []
        lines: list[Sequence[str]] = []
        for status, models, degraded in self.environments:
            facts = {name: models.facts(name) for name in models.names()}
            names = [name for name, (line,) in facts.items() if not line or name in degraded]
            told = [
                with_live_outcomes(codec.from_json(ModelStatus, json.loads(text)), degraded.get(name))
                for name, (text, _) in zip(names, models.texts(names), strict=True)
            ]
            environments.append(replace(status, models=tuple(told)))
            lines.append([line for name, (line,) in facts.items() if line and name not in degraded])
        return Status(project=self.project, environments=tuple(environments)), lines


def _texts(models: DescribedModels, degraded: Degraded) -> Iterator[str]:
    """Yield the text of each model, with what monitoring found of it; the others are not looked into."""
    if not degraded:
        yield from (text for text, _ in models.texts())
        return
    for name, (text, _) in zip(models.names(), models.texts(), strict=True):
        found = degraded.get(name)
        if found is not None:
            status = with_live_outcomes(codec.from_json(ModelStatus, json.loads(text)), found)
            text = json_output.item(status, depth=DEPTH)  # noqa: PLW2901
        yield text


@contextmanager
def status_document(
    options: ProjectOptions, here: GitState | None, environment: str | None
) -> Iterator[StatusDocument | None]:
    """Look at an environment, or at all that git declares; `here` is what git has at HEAD. None where something is to
    be said that is only found by looking at all of them together, or where there are so few models that nothing is
    gained."""
    said: list[str] = []  # once, though of several environments, and not here where all are looked at together
    with ExitStack() as opened:
        try:
            document = _document(replace(options, say=said.append), here, environment, opened)
        except ReconcilerError:  # whoever looks at all together tells what can be told in spite of it
            document = None
        if document is not None:
            say(options, list(dict.fromkeys(said)))
        yield document


def _document(
    options: ProjectOptions, here: GitState | None, environment: str | None, opened: ExitStack
) -> StatusDocument | None:
    heads = _heads(here, environment)
    if not heads:
        return None
    project, shown = "", []
    for head in heads:
        models = described_models(options, head, DESCRIPTION, opened)
        if environment is None and models.changes is not None and models.changes.leftovers:
            return None
        folders = _open_folders(models.shared["ways"])
        if any(folder.by_everybody for folder in folders):
            return None
        facts, now, rights = _facts(models.shared), host.now(), [folder.problem for folder in folders]
        if facts.mirrored:  # what it lacks is only found by looking at it
            return None
        project, plan = _plan(head, models)
        status = environment_status(
            plan,
            facts,
            now,
            models=(),
            rights=rights,
            frozen=_frozen(head.environment, facts, now) if facts.freeze else None,
            drifted=_drifted(models.shared["drift"], project, head.environment),
        )
        degraded = _degraded(models.shared["drift"], models.shared["degraded"], head.environment)
        shown.append((status, models, degraded))
    return StatusDocument(project=project, environments=tuple(shown))


def _heads(here: GitState | None, environment: str | None) -> list[GitState]:
    """Return what git has of the environments, where together they have many models."""
    if here is None or (environment is not None and not here.is_declared):
        return []
    heads = [here] if environment is not None else here.of_each()
    return heads if git_state.are_many(heads) else []


def _open_folders(ways: list[list[str]]) -> list[OpenFolder]:
    """Return the folders on these ways that others may write by now, each once."""
    found: dict[str, OpenFolder] = {}
    for root, declared in ways:
        for folder in folder_rights.open_levels(Path(root), Path(declared)):
            found.setdefault(folder.path, folder)
    return list(found.values())


def _plan(head: GitState, models: DescribedModels) -> tuple[str, Plan | UnchangedPlan]:
    """Return the project, and the plan of the environment, without the models that stay as they are."""
    if models.changes is not None:
        plan = models.changes.planned.plan
        return plan.project, plan
    assert models.cached is not None  # noqa: S101  (where nothing was planned, all is cached)
    basis = models.cached.basis
    unchanged = UnchangedPlan(
        environment=head.environment, role=basis["role"], revision=head.revision, models=len(models.cached.settled)
    )
    return basis["project"], unchanged


def _facts(shared: dict[str, Any]) -> EnvironmentFacts:
    facts: EnvironmentFacts = codec.from_json(EnvironmentFacts, shared["facts"])
    return facts


def _frozen(environment: str, facts: EnvironmentFacts, now: datetime) -> str | None:
    from reconciler.engine.inspect import status as inspect

    return inspect.frozen(environment, facts.freeze, now)


def _describe(project: OpenProject, head: GitState, journals: Journals) -> Callable[[ModelPlan], ModelText]:
    """Return what makes the text of a model's status, and beside it its line in the table, where it is in order."""
    from reconciler.engine.inspect import status as inspect
    from reconciler.report.inspect.status import line_in_order

    environment = project.environment(head.environment)

    def describe(model: ModelPlan) -> ModelText:
        status = inspect.model_status(project.deps, journals, environment, model)
        return ModelText(json_output.item(status, depth=DEPTH), [line_in_order(status)])

    return describe


def _share(project: OpenProject, head: GitState) -> dict[str, Any]:
    """Return the facts of an environment, and the ways to its store and target, whose rights are looked at anew."""
    from reconciler.adapters.filesystem.store import FilesStore
    from reconciler.adapters.filesystem.target import DirectoryTarget
    from reconciler.engine.inspect import status as inspect

    environment = project.environment(head.environment)
    places = (project.deps.stores.get(environment.name), project.deps.targets.get(environment.name))
    ways = [[str(each.root), str(each.declared)] for each in places if isinstance(each, (FilesStore, DirectoryTarget))]
    store = places[0]
    return {
        "facts": codec.to_json(inspect.environment_facts(project.deps, environment)),
        "ways": ways,
        # A prediction changes no plan, so its log is looked at anew; in a bucket, with the next change.
        "drift": ways[0] if isinstance(store, FilesStore) else _notes(store, project, environment.name),
        "degraded": {} if isinstance(store, FilesStore) else _to_remember(store, environment.name),
    }


def _notes(store: Store | None, project: OpenProject, environment: str) -> str:
    from reconciler.engine.quality.last_drift import drift_notes

    return "\n".join(drift_notes(store, project.desired.project, environment)) if store is not None else ""


def _drifted(remembered: list[str] | str, project: str, environment: str) -> tuple[str, ...]:
    """Return the notes on drift: from the store's folder, or as they are remembered."""
    if isinstance(remembered, str):
        return tuple(remembered.splitlines())
    root, declared = map(Path, remembered)
    if not os.path.lexists(root / store_layout.predictions(environment, "")):
        return ()
    from reconciler.adapters.filesystem.store import FilesStore
    from reconciler.engine.quality.last_drift import drift_notes

    return drift_notes(FilesStore(root, declared=declared), project, environment)


def _degraded(place: list[str] | str, remembered: dict[str, Any], environment: str) -> Degraded:
    """Return what monitoring found of degraded models: from the store's folder, or as it is remembered."""
    if isinstance(place, str):
        from reconciler.core.monitoring.record import MonitoringRecord

        records = remembered.items()
        return {
            name: each if isinstance(each, str) else codec.from_json(MonitoringRecord, each) for name, each in records
        }
    root, declared = map(Path, place)
    if not os.path.lexists(root / store_layout.monitoring(environment, "")):
        return {}
    from reconciler.adapters.filesystem.store import FilesStore
    from reconciler.engine.monitoring import monitoring_log

    return monitoring_log.degraded(FilesStore(root, declared=declared), environment)


def _to_remember(store: Store | None, environment: str) -> dict[str, Any]:
    """Return what monitoring found of degraded models as plain JSON."""
    from reconciler.engine.monitoring import monitoring_log

    found = monitoring_log.degraded(store, environment) if store is not None else {}
    return {name: each if isinstance(each, str) else codec.to_json(each) for name, each in found.items()}


def _holds(facts: list[Any], head: GitState) -> bool:
    """Tell that the status of a model holds as long as its plan."""
    del facts, head
    return True


DESCRIPTION = Description(name="status", describe=_describe, holds=_holds, share=_share)
