"""The sample project of the simulation with its stores and its target in folders, and what each reader says of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from reconciler import codec
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.cli import plan_file
from reconciler.codec.exit_codes import EXIT_CODES
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.inspect.health_check import HealthReport
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.apply import apply
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit, detect_drift, health_check, status
from reconciler.engine.inspect.explain_status import why
from reconciler.engine.plan import make_plan
from reconciler.engine.prediction import prediction_input
from reconciler.engine.storage import blobs, data_snapshots, journal
from reconciler.errors import ReconcilerError, UsageError
from reconciler.testing.memory_git import MemoryProposer, MemoryTags
from tests.simulation import sample_manifests, sample_project
from tests.simulation.sample_project import MODEL, PROJECT, SampleProject

ENVIRONMENTS = ("sandbox", "production")
FOLDERS = {"sandbox": "stores/sandbox", "production": "stores/production", "target": "serving"}


class ProjectOnDisk:
    """A project whose stores and target are folders below `root`; everything else is in memory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project: SampleProject = sample_project.found(root / "scratch")
        self.tags = MemoryTags()
        self.proposer = MemoryProposer(self.project.source)
        self.desired = DesiredState(project=PROJECT, revision=None, environments=(), models=())

    def at(self, root: Path) -> ProjectOnDisk:
        """Return the same project with its stores and its target below another folder."""
        other = ProjectOnDisk.__new__(ProjectOnDisk)
        other.__dict__.update(self.__dict__)
        other.root = root
        other.tags = MemoryTags()
        other.tags.tags.update(self.tags.tags)
        return other

    def deps(self) -> Dependencies:
        """Return the ports of one process."""
        target = DirectoryTarget(self.root / FOLDERS["target"], project=PROJECT, environment="production")
        stores = {name: FilesStore(self.root / FOLDERS[name]) for name in ENVIRONMENTS}
        deps = self.project.deps(stores=dict(stores), target=target)
        return replace(deps, tags=self.tags, witness=lambda: FilesStore(self.root / "clone/seen"))

    def commit(self, *, card: bool = True, **says: object) -> None:
        """Commit what `sample_project.desired` says; with `card`, each pin has its card."""
        desired = sample_project.desired(None, **says)
        name = f"c{len(self.project.source.line)}"
        self.project.source.line.append(name)
        cards = {model.file.replace(".yaml", ".md"): b"A card.\n" for model in desired.models if model.artifact}
        self.project.source.trees[name] = {**sample_manifests.files(desired), **(cards if card else {})}
        self.desired = replace(desired, revision=name)

    def apply(self, environment: str) -> None:
        """Plan and apply."""
        deps, where = self.deps(), environment_of(self.desired, environment)
        apply.apply(deps, self.desired, where, make_plan.make_plan(deps, self.desired, where), confirmed=True)

    def candidate(self) -> Digest:
        """Return what the sandbox built last."""
        (model,) = status.status(self.deps(), self.desired, ("sandbox",)).environments[0].models
        if model.artifact is None:
            raise AssertionError("the sandbox has made nothing")
        return model.artifact

    def deploy(self, seed: int) -> None:
        """Train a recipe, promote it and deploy it, a day after whatever was before."""
        self.project.clock.now += timedelta(days=2)
        pins = {model.name: model.artifact for model in self.desired.models_of("production")}
        self.commit(seed=seed, pin=pins.get(MODEL), pinned_seed=seed - 1, compares=True)
        self.apply("sandbox")
        self.commit(seed=seed, pin=self.candidate(), compares=True)
        self.apply("production")

    def predict(self) -> None:
        """Log a prediction of production."""
        store = self.deps().stores["production"]
        log = PredictionLog(
            environment="production",
            model=MODEL,
            artifact=self.candidate(),
            as_of="2026-01-01",
            when=self.project.clock(),
            who="somebody",
            rows=blobs.put(store, b"id,y\n"),
            count=0,
        )
        store.create(store_layout.member(store_layout.predictions("production", MODEL), 0), codec.encode(log))


def deployed_twice(root: Path) -> ProjectOnDisk:
    """Return a project that deployed two artifacts, one after the other, and predicted with them."""
    project = ProjectOnDisk(root)
    project.deploy(10)
    project.deploy(11)
    project.predict()
    project.apply("sandbox")
    project.apply("production")
    return project


Reader = Callable[[Dependencies, DesiredState, str], ResultStatus]


def _status(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    return status.status(deps, desired, (environment,)).status


def _plan(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    return plan_file.pending(make_plan.make_plan(deps, desired, environment_of(desired, environment)))


def _audit(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    return audit.audit(deps, desired, (environment,)).status


def _doctor(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    where = environment_of(desired, environment)
    checks = health_check.environment_checks(deps, desired, where, sample_project.SANDBOX.runtime)
    told = [check for check in checks if check.name not in ("tables", "runtime")]  # this sample has neither
    return HealthReport(checks=tuple(told)).status


def _drift(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    return detect_drift.drift(deps, desired, (environment,)).status


def _why(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    return why(deps, desired, environment_of(desired, environment), MODEL).status


def _predict(deps: Dependencies, desired: DesiredState, environment: str) -> ResultStatus:
    with suppress(UsageError):  # the recipe of this sample selects no open records
        prediction_input.deployed_model(deps, desired, environment_of(desired, environment), MODEL)
    return ResultStatus.CLEAN


READERS: dict[str, Reader] = {
    "status": _status,
    "plan": _plan,
    "audit": _audit,
    "doctor": _doctor,
    "drift": _drift,
    "why": _why,
    "predict": _predict,
}


def said(project: ProjectOnDisk, environment: str) -> dict[str, int]:
    """Return the exit code that each reader means for an environment."""
    return {name: _code(project, reader, environment) for name, reader in READERS.items()}


def _code(project: ProjectOnDisk, reader: Reader, environment: str) -> int:
    try:
        return EXIT_CODES[reader(project.deps(), project.desired, environment)]
    except ReconcilerError as error:
        return EXIT_CODES[status_of(error)]


def stored(root: Path) -> Iterator[Path]:
    """Yield every file and every folder of the stores and the target."""
    for folder in FOLDERS.values():
        yield root / folder
        yield from sorted((root / folder).rglob("*"))


class Roles:
    """Names for stored paths by what they are for: digests are not the same in every run."""

    def __init__(self, project: ProjectOnDisk) -> None:
        self._names: dict[str, str] = {}
        store = project.deps().stores["sandbox"]
        for snapshot in (0, 1):
            for table in data_snapshots.numbered(store, snapshot).tables:
                self._names[hex_of(table.digest)] = f"<table of snapshot {snapshot}>"
        heads = list(journal.entries(store, project=PROJECT, environment="sandbox", model=MODEL))
        built = list(dict.fromkeys(head.state.build for head in heads if head.state.build is not None))
        for age, build in zip(("old", "deployed"), built, strict=True):
            package = blobs.artifact(store, build.artifact)
            for file in (package.config, *package.files):
                name = getattr(file, "path", None) or "config.json"
                self._names.setdefault(hex_of(file.digest), f"<{name} of the {age} artifact>")
            digests = {
                build.artifact: "artifact",
                build.fingerprint: "build",
                build.recipe: "recipe",
                build.evaluation_rows: "holdout",
                build.training_keys: "training keys",
                build.provenance: "provenance",
            }
            for digest, what in digests.items():
                self._names.setdefault(hex_of(digest), f"<{age} {what}>")
        log = ControlsLog(store=project.deps().stores["production"], project=PROJECT, environment="production")
        for head in log.entries():
            for digest in (head.entry.declared, *head.entry.in_force):
                self._names.setdefault(hex_of(digest), f"<controls of entry {head.entry.n}>")
            for _, digest in head.entry.parts:
                self._names.setdefault(hex_of(digest), f"<models of controls entry {head.entry.n}>")
        self._names[hex_of(digest_of_bytes(b"id,y\n"))] = "<predicted rows>"

    def name(self, path: str) -> str:
        """Return a stored path with what its digests are for."""
        return "/".join(self._part(part) for part in path.split("/"))

    def _part(self, part: str) -> str:
        stem, dot, ending = part.partition(".")
        if len(stem) != 64:
            return part
        return self._names.get(stem, "<gate set>") + dot + ending


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
