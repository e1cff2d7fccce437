"""A sample project whose environments, places and artifacts requests can change: what one commit says, and the stores.

Artifacts were all trained and verified once (`began`), so that a seed of the simulation trains nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.spec.data import DataBinding, Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy, PrunePolicy
from reconciler.core.spec.gates import NoWorseThanIncumbent, Threshold
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Recipe
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.apply import apply
from reconciler.engine.plan import make_plan
from reconciler.engine.storage import journal
from reconciler.ports import Store
from reconciler.testing.fake_compute import score_of
from reconciler.testing.memory import MemoryStore, MemoryTarget
from tests.simulation import sample_manifests, sample_project

NAMES = ("payments", "receipts", "invoices")
FLOORS = (0.45, 0.55, 0.65)  # thresholds of F1 macro that an environment or a model may demand
TOLERANCE = 0.05
SEEDS = (4, 12, 22, 32, 42)  # of the honest artifacts: F1 macro 0.44, 0.52, 0.62, 0.72, 0.82
EASY = (47, 46)  # judged on rows that their recipe chooses: 0.87 and 0.86
PLANTED = 48  # made of rows that a sandbox of the request's own chose: 0.88
PLACES = {"sandbox": "s", "production": "p", "lab": "l", "target": "t"}
EVIL, MOVED, MOVED_TARGET = "e", "p2", "t2"  # where a request moves the sandbox, production and its target to
COMPARES = NoWorseThanIncumbent(metric="f1_macro", tolerance=TOLERANCE)


def _files(root: str) -> StorageLocation:
    return StorageLocation(uses="files", root=root)


SANDBOX = replace(sample_project.SANDBOX, data=DataBinding(copy_from="production"))
LAB = replace(
    SANDBOX,
    name="lab",
    store=_files(PLACES["lab"]),
    data=DataBinding(tables=(("invoices", Table(uses="csv", path="lab.csv")),), as_of="2026-01-01"),
)
PRODUCTION = replace(
    sample_project.PRODUCTION, policy=Policy(gates=(Threshold(metric="f1_macro", at_least=0.65),), max_retire=9)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArtifact:
    """An artifact that was trained before the seed began. `kind`: honest, easy or planted."""

    seed: int
    kind: str
    taken: datetime

    @property
    def score(self) -> float:
        return score_of(self.seed)

    @property
    def recipe(self) -> Recipe:
        return recipe_of(self.seed, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A model of production as one commit declares it. `floor`: its own threshold, 0 where it has none."""

    name: str
    artifact: Digest
    proposed: int = 0
    floor: float = 0.0
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one commit says. `rows`: the committed data; `comment`: a line that says nothing."""

    production: Environment = PRODUCTION
    sandbox: Environment = SANDBOX
    lab: bool = False
    models: tuple[Declaration, ...] = ()
    rows: str = "first rows"
    comment: int = 0
    trains: int = 32

    def model(self, name: str) -> Declaration | None:
        return next((model for model in self.models if model.name == name), None)

    def with_policy(self, **parts: Any) -> Declared:
        policy = replace(self.production.policy, **parts)
        return replace(self, production=replace(self.production, policy=policy))


@cache
def recipe_of(seed: int, kind: str) -> Recipe:
    recipe = sample_project.recipe(seed)
    return replace(recipe, data=replace(recipe.data, where="x > 1")) if kind == "easy" else recipe


@cache
def _digest(recipe: Recipe) -> Digest:
    return codec.digest_of(recipe)


def desired_of(declared: Declared, revision: str | None) -> DesiredState:
    """Return what a commit says as the loader would."""
    trained, known = recipe_of(declared.trains, "honest"), artifacts()
    names = [model.name for model in declared.models] or [NAMES[0]]
    models = [_model(name, "sandbox", trained) for name in names]
    for model in declared.models:
        pinned = _model(model.name, "production", known[model.artifact].recipe)
        gates = (Threshold(metric="f1_macro", at_least=model.floor),) if model.floor else ()
        models.append(
            replace(
                pinned,
                artifact=model.artifact,
                proposed=model.proposed,
                gates=gates,
                renamed_from=model.renamed_from,
            )
        )
    environments = (declared.production, declared.sandbox, *([LAB] if declared.lab else []))
    return DesiredState(
        project=sample_project.PROJECT, revision=revision, environments=environments, models=tuple(models)
    )


def _model(name: str, environment: str, recipe: Recipe) -> Model:
    return Model(
        name=name,
        environment=environment,
        recipe=recipe,
        recipe_digest=_digest(recipe),
        gates=(),
        file=f"manifests/{environment}/{name}.yaml",
    )


def files_of(declared: Declared) -> Mapping[str, bytes]:
    """Return the files of a commit, as far as anything of git is read again."""
    comment = f"\n# {declared.comment}\n" if declared.comment else "\n"
    files = {"i.csv": declared.rows.encode(), "lab.csv": b"rows of our own"}
    for environment in (declared.production, declared.sandbox, *([LAB] if declared.lab else [])):
        files[f"environments/{environment.name}.yaml"] = (
            sample_manifests.environment_file(environment) + comment.encode()
        )
    for model in declared.models:
        spec: dict[str, Any] = {"artifact": model.artifact}
        if model.proposed:
            spec["proposed"] = model.proposed
        if model.floor:
            spec["gates"] = [codec.to_json(Threshold(metric="f1_macro", at_least=model.floor))]
        metadata = {"name": model.name} | ({"renamedFrom": model.renamed_from} if model.renamed_from else {})
        document = {"metadata": metadata, "spec": spec}
        files[f"manifests/production/{model.name}.yaml"] = (json.dumps(document) + comment).encode()
    return files


# --- the beginning ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The stores of every place with all artifacts trained and verified, and the artifacts."""

    objects: Mapping[str, Mapping[str, bytes]]
    artifacts: Mapping[Digest, KnownArtifact]


def artifacts() -> Mapping[Digest, KnownArtifact]:
    """Return every artifact that a request may pin."""
    return began().artifacts


@cache
def began() -> Began:
    """Train every artifact under every name, and verify it by every gate that may be demanded."""
    gates = (*(Threshold(metric="f1_macro", at_least=floor) for floor in FLOORS), COMPARES)
    policy = Policy(gates=gates, prune=PrunePolicy.AUTO)
    objects: dict[str, dict[str, bytes]] = {}
    known: dict[Digest, KnownArtifact] = {}
    with tempfile.TemporaryDirectory(prefix="requests-") as folder:
        project = sample_project.found(Path(folder))
        for place, environment, recipes, day in (
            (PLACES["sandbox"], SANDBOX, [*((s, "honest") for s in SEEDS), *((s, "easy") for s in EASY)], 0),
            (PLACES["lab"], LAB, [(PLANTED, "planted")], 7),
            (EVIL, replace(SANDBOX, store=_files(EVIL)), [(PLANTED, "planted")], 7),
        ):
            project.data.day = day
            production = replace(PRODUCTION, policy=policy, promotes_from=(environment.name,))
            store = MemoryStore(_folder(Path(folder) / f"began-{place}"))
            for seed, kind in recipes:
                name = f"{place}-{seed}"
                project.source.line.append(name)
                recipe = recipe_of(seed, kind)
                others = (environment,) if environment.name == "sandbox" else (environment, SANDBOX)
                desired = DesiredState(
                    project=sample_project.PROJECT,
                    revision=name,
                    environments=(production, *others),
                    models=tuple(_model(each, environment.name, recipe) for each in NAMES),
                )
                stores: dict[str, Store] = {
                    "sandbox": store,
                    "production": project.stores["production"],
                    environment.name: store,
                }
                deps = project.deps(actor="founder", stores=stores)
                plan = make_plan.make_plan(deps, desired, environment)
                done = apply.apply(deps, desired, environment, plan, confirmed=True)
                failed = [result.problem for result in done.results if result.artifact is None]
                assert not failed, failed
                known[_last_artifact(store, environment.name)] = KnownArtifact(
                    seed=seed, kind=kind, taken=project.clock()
                )
            objects[place] = dict(store.objects)
    return Began(objects=objects, artifacts=known)


def _last_artifact(store: MemoryStore, environment: str) -> Digest:
    head = journal.head(store, project=sample_project.PROJECT, environment=environment, model=NAMES[0])
    assert head is not None
    assert head.state.artifact is not None
    return head.state.artifact


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


class Places:
    """The stores and targets of one seed, by their roots. `created`, `served` are told of every write of production."""

    def __init__(self, folder: Path, created: Callable[[str, str, bytes], None]) -> None:
        def reported(root: str) -> Callable[[str, bytes], None]:
            return lambda key, body: created(root, key, body)

        self.stores: dict[str, MemoryStore] = {}
        for root in (PLACES["production"], MOVED):
            self.stores[root] = MemoryStore(_folder(folder / root), reported(root))
        for root, objects in began().objects.items():
            self.stores[root] = MemoryStore(_folder(folder / root))
            self.stores[root].objects.update(objects)
        self.targets = {root: MemoryTarget(_folder(folder / root)) for root in (PLACES["target"], MOVED_TARGET)}

    def of(self, declared: Declared) -> dict[str, MemoryStore]:
        """Return the stores by environment, as a commit places them."""
        roots = {each.name: each.store.root or "" for each in (declared.production, declared.sandbox)}
        if declared.lab:
            roots["lab"] = PLACES["lab"]
        return {name: self.stores[root] for name, root in roots.items()}

    def target(self, declared: Declared) -> MemoryTarget:
        place = declared.production.target
        return self.targets[place.root if place is not None and place.root is not None else PLACES["target"]]
