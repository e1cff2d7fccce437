"""A project without git whose tables hold, or never held, an entity: real data, trainer and stores."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from reconciler import codec
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest
from reconciler.core.erasure.results import FinishResult, ForgetResult
from reconciler.core.spec.data import Contract, DataBinding, Mask, Reference, Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy, Role
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.model import Model, Retrain, RetrainReason
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Join,
    Outcome,
    OutcomeClass,
    Past,
    PastFeature,
    Recipe,
    Selection,
    Task,
)
from reconciler.core.storage.location import StorageLocation
from reconciler.data.in_process import LocalData
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.forget import end_erasure, forget
from reconciler.engine.erasure.remove_erased import remove_erased
from reconciler.engine.inspect.audit import audit
from reconciler.engine.plan import make_plan
from reconciler.engine.storage import data_snapshots, journal
from reconciler.ports import Store
from reconciler.testing.fake_compute import FakeClock, FakeScorer, Ids, Silent
from reconciler.testing.memory import MemoryTarget
from reconciler.testing.memory_git import MemorySource
from reconciler.training.in_process import LocalTrainer
from reconciler.training.runtime_check import runtime_here

CANARY = "QXcanary77Z"
KEY = "a-secret-key-of-erasures"
GRACE = 30 * 86_400
PLACES = ("sandbox", "origin")
_LATE = OutcomeClass(name="late", when="days > 20"), OutcomeClass(name="on_time", when="days <= 20")


def _recipe(seed: int, **data: object) -> Recipe:
    features = data.pop("features", Features(numeric=("amount",), categorical=("country",)))
    selection = Selection(table=str(data.pop("table", "invoices")), key=str(data.pop("key", "invoice_id")), **data)  # type: ignore[arg-type]
    return Recipe(
        task=Task.CLASSIFICATION,
        data=selection,
        outcome=Outcome(classes=_LATE),
        features=features,  # type: ignore[arg-type]
        estimator=Estimator(uses="sklearn", class_name="DecisionTreeClassifier", params=(("max_depth", 3),)),
        holdout=Holdout(random=0.25),
        seed=seed,
    )


def _past(by: str) -> Past:
    features = (PastFeature(name="before", expression="count(*)"),)
    return Past(by=by, at="issued", known="issued", features=features)


RECIPES: tuple[tuple[str, Recipe], ...] = (
    ("its own rows", _recipe(1)),
    (
        "joined to its row",
        _recipe(
            2,
            joins=(Join(table="customers", key="customer_id"),),
            features=Features(numeric=("amount",), categorical=("segment",)),
        ),
    ),
    ("rows of others only", _recipe(3, where="country = 'SE'")),
    (
        "its past in rows of others",
        _recipe(
            4,
            where="country = 'NO'",
            past=_past("agent"),
            features=Features(numeric=("amount", "before")),
        ),
    ),
    ("another table", _recipe(5, table="orders", key="order_id", features=Features(numeric=("amount",)))),
)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What is written: with the entity or as if it had never been; `shuffled`: the rows in another order."""

    entity: bool = True
    shuffled: bool = False
    rows: int = 420

    def write(self, folder: Path) -> None:
        chance = random.Random(7)
        customers = [(f"C{n:03d}", chance.choice("ABC")) for n in range(30)] + [(CANARY, "only theirs")]
        invoices, orders, day = [], [], date(2025, 1, 1)
        for n in range(self.rows):
            # The entity's rows come last, so that a world without them draws the same of everything else.
            who = customers[chance.randrange(30)][0] if n < self.rows - 12 else CANARY
            country = "FI" if who == CANARY else chance.choice(["NO", "SE", "DK"])
            issued = day + timedelta(days=(n * 37) % 300)
            row = (
                f"I{n:05d}",
                who,
                chance.choice("xyz"),
                country,
                issued,
                chance.randrange(1, 900),
                chance.randrange(40),
            )
            invoices.append(row)
            orders.append((f"O{n:05d}", chance.randrange(1, 900), chance.randrange(40)))
        payments = [(f"P{n:05d}", row[0]) for n, row in enumerate(invoices)]
        if not self.entity:
            gone = {row[0] for row in invoices if row[1] == CANARY}
            customers = [row for row in customers if row[0] != CANARY]
            invoices = [row for row in invoices if row[0] not in gone]
            payments = [row for row in payments if row[1] not in gone]
        folder.mkdir(parents=True, exist_ok=True)
        self._table(folder / "customers.csv", ("customer_id", "segment"), customers)
        header = ("invoice_id", "customer_id", "agent", "country", "issued", "amount", "days")
        self._table(folder / "invoices.csv", header, invoices)
        self._table(folder / "payments.csv", ("payment_id", "invoice_id"), payments)
        self._table(folder / "orders.csv", ("order_id", "amount", "days"), orders)

    def _table(self, path: Path, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        ordered = reversed(rows) if self.shuffled else rows
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *ordered])


ORIGIN = Environment(
    name="origin",
    role=Role.STAGING,
    store=StorageLocation(uses="files", root="o"),
    target=StorageLocation(uses="directory", root="t"),
    data=DataBinding(
        tables=tuple(
            (name, Table(uses="csv", path=f"data/{name}.csv"))
            for name in ("customers", "invoices", "orders", "payments")
        ),
        contracts=(
            Contract(
                table="invoices", references=(Reference(column="customer_id", table="customers", key="customer_id"),)
            ),
            Contract(
                table="payments", references=(Reference(column="invoice_id", table="invoices", key="invoice_id"),)
            ),
        ),
        as_of="2026-01-01",
        erasure_key="env:KEY",
        erasure_grace=GRACE,
    ),
    promotes_from=("sandbox",),
    policy=Policy(gates=(Threshold(metric="f1_macro", at_least=0.01),)),
)


EXCUSED = (("customers.customer_id", "made up"), ("invoices.customer_id", "made up"))


class ErasureProject:
    """A sandbox that copies from `origin`, and so many models on the recipes above."""

    def __init__(
        self,
        folder: Path,
        *,
        models: int = len(RECIPES),
        tables: Tables = Tables(),
        masks: tuple[Mask, ...] = (),
    ) -> None:
        self.folder = folder
        key = "env:MASK" if masks else None
        self.origin = replace(ORIGIN, data=replace(ORIGIN.data, masks=masks, mask_key=key, not_personal=EXCUSED))
        self.write(tables)
        self.clock, self.processes, self.data = FakeClock(), 0, LocalData()
        self.key: str | None = KEY
        sandbox = Environment(
            name="sandbox",
            role=Role.SANDBOX,
            store=StorageLocation(uses="files", root="s"),
            target=None,
            data=DataBinding(copy_from="origin", max_age=400 * 86_400),
            runtime=runtime_here(),
        )
        retrain = Retrain(because=(RetrainReason.DATA, RetrainReason.RECIPE))
        self.desired = DesiredState(
            project="erasure",
            revision=None,
            environments=(self.origin, sandbox),
            models=tuple(
                Model(
                    name=f"m{n:03d}",
                    environment="sandbox",
                    recipe=recipe,
                    recipe_digest=codec.digest_of(recipe),
                    gates=(),
                    file=f"manifests/sandbox/m{n:03d}.yaml",
                    retrain=retrain,
                )
                for n, recipe in ((n, RECIPES[n % len(RECIPES)][1]) for n in range(models))
            ),
        )

    def write(self, tables: Tables) -> None:
        """Write the tables where the data live."""
        tables.write(self.folder / "data")

    @property
    def sandbox(self) -> Environment:
        return self.desired.environments[1]

    def store(self, name: str) -> FilesStore:
        return FilesStore(self.folder / "stores" / name)

    def deps(self, wrap: Callable[[str, Store], Store] | None = None) -> Dependencies:
        """Return the ports of one process, its stores wrapped."""
        self.processes += 1
        scratch = self.folder / f"scratch-{self.processes}"
        scratch.mkdir()
        stores = {name: self.store(name) if wrap is None else wrap(name, self.store(name)) for name in PLACES}
        return Dependencies(
            source=MemorySource(),
            stores=stores,
            targets={"origin": MemoryTarget(self.folder / "target")},
            data=self.data,
            erasure=self.data,
            trainer=LocalTrainer(),
            scorer=FakeScorer(),
            clock=self.clock,
            new_id=Ids(f"p{self.processes}"),
            progress=Silent(),
            actor=lambda: "somebody",
            scratch=scratch,
            data_root=self.folder,
            secret={"env:KEY": self.key, "env:MASK": "a-secret-key-of-masks"}.get,
        )

    def apply(self) -> list[str]:
        """Apply the sandbox, and return the models that were trained anew."""
        deps = self.deps()
        plan = make_plan.make_plan(deps, self.desired, self.sandbox)
        result = apply.apply(deps, self.desired, self.sandbox, plan, confirmed=True)
        return [model.model for model in result.results if any(line.startswith("trained") for line in model.done)]

    def only(self, *recipes: str) -> None:
        """Declare no models but those on these recipes."""
        models = tuple(model for model in self.desired.models if recipe_of(model.name) in recipes)
        self.desired = replace(self.desired, models=models)

    def refresh(self, desired: DesiredState | None = None) -> Snapshot:
        """Take a data snapshot."""
        wanted, deps = desired or self.desired, self.deps()
        apply.claim(deps, self.desired, self.sandbox)
        return data_snapshots.take(deps, wanted, wanted.environments[1])

    def forget(self, deps: Dependencies | None = None, value: str = CANARY) -> ForgetResult:
        return forget(
            deps or self.deps(),
            self.desired,
            self.origin,
            table="customers",
            column="customer_id",
            value=value,
            reason="asked",
        )

    def finish(self, deps: Dependencies | None = None) -> FinishResult:
        return remove_erased(deps or self.deps(), self.desired, self.origin)

    def returned(self) -> None:
        end_erasure(
            self.deps(),
            self.desired,
            self.origin,
            table="customers",
            column="customer_id",
            value=CANARY,
            reason="came back",
        )

    def audit(self) -> list[str]:
        """Return what an audit finds."""
        found = audit(self.deps(), self.desired, PLACES).findings
        return [f"{finding.environment}: {finding.where}: {finding.problem}" for finding in found]

    def artifacts(self) -> dict[str, Digest]:
        """Return the artifact of each model."""
        found = {}
        for model in self.desired.models:
            head = journal.head(self.store("sandbox"), project="erasure", environment="sandbox", model=model.name)
            assert head is not None
            assert head.state.artifact is not None
            found[model.name] = head.state.artifact
        return found

    def files(self) -> Iterable[Path]:
        """Return every file of the stores."""
        return (path for path in (self.folder / "stores").rglob("*") if path.is_file())

    def later(self, seconds: int = GRACE) -> None:
        self.clock.now = self.clock.now + timedelta(seconds=seconds)


def recipe_of(model: str) -> str:
    """Return what is told of a model's recipe."""
    return RECIPES[int(model[1:]) % len(RECIPES)][0]
