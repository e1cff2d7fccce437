"""A sample project without YAML: a sandbox, a production, one model, and a line of commits with desired states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.spec.data import DataBinding, Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy, PrunePolicy, Role, Runtime
from reconciler.core.spec.gates import NoWorseThanIncumbent, Threshold
from reconciler.core.spec.model import Model, Retrain
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.dependencies import Dependencies
from reconciler.ports import Clock, Forge, Source, Store, Target
from reconciler.testing.fake_compute import FakeClock, FakeData, FakeScorer, FakeTrainer, Ids, Silent
from reconciler.testing.memory import MemoryStore, MemoryTarget
from reconciler.testing.memory_forge import MemoryForge
from reconciler.testing.memory_git import MemorySource

MODEL = "payments"
OTHER = "churn"  # declared in production with a pin that was never built, so that its folder is never empty
NOBODYS = Digest("sha256:" + "0" * 64)
LEAST = 0.45  # production's threshold: seeds 5 to 49 of every 50 pass
TOLERANCE = 0.05
PROJECT = "sample"

SANDBOX = Environment(
    name="sandbox",
    role=Role.SANDBOX,
    store=StorageLocation(uses="files", root="s"),
    target=None,
    data=DataBinding(copy_from="production", max_age=36 * 3600),
    runtime=Runtime(architecture="x86_64", versions=(("python", "3.11"),), training_format=1),
)
PRODUCTION = Environment(
    name="production",
    role=Role.PRODUCTION,
    store=StorageLocation(uses="files", root="p"),
    target=StorageLocation(uses="directory", root="t"),
    data=DataBinding(tables=(("invoices", Table(uses="csv", path="i.csv")),), as_of="2026-01-01"),
    promotes_from=("sandbox",),
    policy=Policy(gates=(Threshold(metric="f1_macro", at_least=LEAST),), prune=PrunePolicy.AUTO),
    protect="main",
)


def recipe(seed: int) -> Recipe:
    """Return a recipe. Another seed gives another recipe and another score (`fake_compute.score_of`)."""
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="invoices", key="id"),
        outcome=Outcome(column="y", classes=(OutcomeClass(name="a"), OutcomeClass(name="b"))),
        features=Features(numeric=("x",)),
        estimator=Estimator(uses="sklearn", class_name="LogisticRegression"),
        holdout=Holdout(random=0.2),
        seed=seed,
    )


def desired(
    revision: str | None,
    *,
    seed: int,
    pin: Digest | None = None,
    pinned_seed: int | None = None,
    production: Environment = PRODUCTION,
    sandbox: Environment = SANDBOX,
    compares: bool = False,
    retrain: Retrain = Retrain(),  # noqa: B008  (frozen)
    others: bool = False,
    proposed: int = 0,
) -> DesiredState:
    """Return the desired state of a commit: the sandbox's recipe by its seed, and production's pin with its recipe.

    `compares`: production also has the gate no-worse-than-incumbent. `others`: it declares another model, never built.
    """
    policy = production.policy
    if compares:
        policy = replace(policy, gates=(*policy.gates, NoWorseThanIncumbent(metric="f1_macro", tolerance=TOLERANCE)))
    trained_recipe = recipe(seed)
    models = [
        Model(
            name=MODEL,
            environment="sandbox",
            recipe=trained_recipe,
            recipe_digest=codec.digest_of(trained_recipe),
            gates=(),
            file="manifests/sandbox/payments.yaml",
            retrain=retrain,
        )
    ]
    if others:
        models.append(_pinned(OTHER, trained_recipe, NOBODYS))
    if pin is not None:
        built = recipe(seed if pinned_seed is None else pinned_seed)
        models.append(replace(_pinned(MODEL, built, pin), proposed=proposed))
    return DesiredState(
        project=PROJECT,
        revision=revision,
        environments=(replace(production, policy=policy), sandbox),
        models=tuple(models),
    )


def _pinned(name: str, built: Recipe, pin: Digest) -> Model:
    return Model(
        name=name,
        environment="production",
        recipe=built,
        recipe_digest=codec.digest_of(built),
        gates=(),
        file=f"manifests/production/{name}.yaml",
        artifact=pin,
    )


@dataclass(slots=True, kw_only=True)
class SampleProject:
    """All that outlives a process: stores, target, git, data, and the trainer's count."""

    folder: Path
    stores: dict[str, MemoryStore]
    target: MemoryTarget
    source: MemorySource = field(default_factory=MemorySource)
    data: FakeData = field(default_factory=FakeData)
    trainer: FakeTrainer = field(default_factory=FakeTrainer)
    clock: FakeClock = field(default_factory=FakeClock)
    forge: MemoryForge | None = None
    processes: int = 0

    def deps(
        self,
        *,
        actor: str = "somebody",
        stores: dict[str, Store] | None = None,
        target: Target | None = None,
        source: Source | None = None,
        clock: Clock | None = None,
        forge: Forge | None = None,
        trains: bool = True,
    ) -> Dependencies:
        """Return one process's ports, some of them wrapped."""
        self.processes += 1
        return Dependencies(
            source=source or self.source,
            stores=stores or dict(self.stores),
            targets={"production": target or self.target},
            data=self.data,
            trainer=self.trainer if trains else None,
            scorer=FakeScorer(),
            clock=clock or self.clock,
            new_id=Ids(f"{actor}-{self.processes}"),
            progress=Silent(),
            actor=lambda: actor,
            scratch=self.folder,  # ids keep processes apart
            data_root=self.folder,
            forge=forge or self.forge,
        )


def found(folder: Path) -> SampleProject:
    """Return an empty project in `folder`."""
    for name in ("sandbox", "production", "target"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    stores = {name: MemoryStore(folder / name) for name in ("sandbox", "production")}
    return SampleProject(folder=folder, stores=stores, target=MemoryTarget(folder / "target"))
