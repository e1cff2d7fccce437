"""One request asks for the retrain of what is degraded: however often it is asked, and whatever breaks on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import cast

import pytest

from reconciler.core.forge.pull_request import PullState
from reconciler.core.monitoring.record import MonitoringRecord
from reconciler.core.monitoring.results import MonitoredModel, Monitoring, RetrainProposal
from reconciler.core.notices.notice import degradations
from reconciler.core.promotion.proposal import OpenedState
from reconciler.core.spec.notify import NoticeChannel
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout
from reconciler.engine.monitoring import monitoring_log
from reconciler.engine.monitoring.request_retrain import nobody_trains, request_retrain, sandbox_of
from reconciler.engine.notices.tell import tell
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import ReconcilerError
from reconciler.ports import Store
from reconciler.testing.fake_compute import Ids, Silent
from reconciler.testing.fault_injection import Counter, Crash, Fault, FaultyProposer, FaultyStore, Script, at
from reconciler.testing.memory import MemoryStore
from reconciler.testing.memory_forge import MemoryForge, MemoryRemote
from reconciler.testing.memory_git import MemoryProposer, MemorySource
from reconciler.testing.memory_notifier import MemoryNotifier
from tests.simulation.sample_project import PRODUCTION, PROJECT, desired
from tests.support.effort import count
from tests.unit.engine.monitoring.test_monitoring_log import RECORD

FAULTS = [one for one in Fault if one is not Fault.NONE]

TEXT = """\
apiVersion: reconciler/v1
kind: Model
metadata: {{name: {0}}}
spec:
  recipe: {{seed: 1}}
  retrain: {{because: [recipe]}}  # why
"""


class Manifests:
    """A checkout whose sandbox declares these models; it takes every file for valid."""

    def __init__(self, names: Iterable[str]) -> None:
        self.revision = "c0"
        base = desired("c0", seed=10)
        [model] = base.models_of("sandbox")
        self.desired = replace(
            base, models=tuple(replace(model, name=name, file=f"manifests/sandbox/{name}.yaml") for name in names)
        )
        self.texts = {f"manifests/sandbox/{name}.yaml": TEXT.format(name) for name in names}

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def with_files(self, texts: Mapping[str, str]) -> None:
        assert all("requested:" in text for text in texts.values())


class Monitored:
    """A production with degraded models, and a forge. `script` chooses the fault of each effect of a run."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.names = names
        self.manifests = Manifests(names)
        self.store = MemoryStore(folder)
        self.source = MemorySource()
        self.source.line.append("c0")
        self.source.trees["c0"] = {path: text.encode() for path, text in self.manifests.texts.items()}
        self.proposer = MemoryProposer(self.source)
        self.forge = MemoryForge()
        self.notifier = MemoryNotifier()
        for name in names:
            monitoring_log.append(self.store, replace(RECORD, model=name))  # found degraded

    def degrade(self, name: str) -> None:
        self.names = (*self.names, name)
        self.manifests = Manifests(self.names)
        self.source.trees["c0"] = {path: text.encode() for path, text in self.manifests.texts.items()}
        monitoring_log.append(self.store, replace(RECORD, model=name))

    def record(self, name: str) -> MonitoringRecord:
        found = monitoring_log.last(self.store, "production", name)
        assert found is not None
        return found[1]

    def found(self) -> Monitoring:
        return Monitoring(
            environment="production",
            role="production",
            revision="c0",
            models=tuple(
                MonitoredModel(
                    model=name,
                    artifact=record.artifact,
                    verdict=record.verdict,
                    figure=record.promise.figure,
                    promised=record.promise.value,
                    promised_rows=record.promise.rows,
                    known=record.known,
                    recent=record.recent,
                    found=record.found,
                    asked=record.asked,
                    status=ResultStatus.PENDING,
                )
                for name in self.names
                for record in (self.record(name),)
            ),
        )

    def run(self, script: Script | None = None, *, forge: bool = True) -> RetrainProposal:
        follow: Script = script or (lambda _: Fault.NONE)
        self.forge.script = follow
        store: Store = FaultyStore(self.store, follow)
        deps = cast(Dependencies, Ports(stores={"production": store}, notifier=self.notifier))
        notified = replace(PRODUCTION, notify=(NoticeChannel(to="env:CHAT"),))
        tell(deps, PROJECT, notified, degradations(self.found()))  # as `monitor` does
        return request_retrain(
            deps,
            cast(Checkout, self.manifests),
            FaultyProposer(self.proposer, follow),
            self.found(),
            environment=PRODUCTION,
            sandbox="sandbox",
            route=PullRequestRoute(
                remote=MemoryRemote(self.forge, self.proposer.branches) if forge else None,
                forge=self.forge if forge else None,
                because="a test says so",
                base="main",
                body=lambda _: "",
            ),
            body=lambda environment, models: f"{environment}: {', '.join(each.model for each in models)}",
        )

    def open(self) -> list[int]:
        return [number for number, pull in self.forge.pulls.items() if pull.state is PullState.OPEN]


class Ports:
    def __init__(self, stores: Mapping[str, Store], notifier: MemoryNotifier) -> None:
        self.stores = stores
        self.notifier = notifier
        self.new_id = Ids("attempt")
        self.progress = Silent()

    def secret(self, reference: str) -> str:
        return f"memory:{reference}"

    def clock(self) -> object:
        return RECORD.when

    def actor(self) -> str:
        return "ada"


def test_it_is_asked_for_once(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay", "churn")
    assert sandbox_of(here.manifests.desired, PRODUCTION, here.found()) == "sandbox"
    first = here.run()
    assert first.opening is not None
    assert (first.opening.state, first.models) == (OpenedState.OPENED, ("churn", "pay"))
    again = here.run()
    assert again.opening is not None
    assert (again.opening.state, again.opening.number, again.branch) == (OpenedState.UNCHANGED, 1, None)
    assert list(here.forge.pulls) == [1]
    assert [title for _, title, _ in here.notifier.messages] == [f"{PROJECT}/production: 2 models degraded"]
    assert here.record("pay").asked == here.record("churn").asked


def test_one_more_degraded_model_makes_one_request_of_all_and_the_older_is_closed_with_a_word(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    here.run()
    here.degrade("churn")
    second = here.run()
    assert second.models == ("churn", "pay")
    assert here.open() == [2]
    assert [number for number, _, _ in here.forge.comments] == [1]


def test_what_somebody_closed_without_merging_is_not_asked_again_even_with_others(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    here.run()
    here.forge.close(1)
    refused = here.run()
    assert (refused.branch, refused.opening, here.open()) == (None, None, [])
    here.degrade("churn")
    assert here.run().models == ("churn",)


def test_what_git_asks_for_already_is_not_asked(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    path = "manifests/sandbox/pay.yaml"
    here.manifests.texts[path] = TEXT.format("pay").replace("[recipe]", "[recipe], requested: 2026-01-31")
    found = here.run()
    assert (found.models, found.branch) == ((), None)


def test_where_nothing_trains_it_is_told(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    declared = replace(
        here.manifests.desired,
        environments=tuple(each for each in here.manifests.desired.environments if not each.trains),
    )
    assert sandbox_of(declared, replace(PRODUCTION, promotes_from=()), here.found()) is None
    assert nobody_trains(here.found()).left == (("pay", "no environment that production promotes from trains"),)


def test_a_model_that_the_sandbox_does_not_declare_is_told(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    here.manifests = Manifests([])
    assert here.run().left == (("pay", "sandbox does not declare it"),)


def test_without_a_forge_it_is_committed_once_and_the_text_is_given(tmp_path: Path) -> None:
    here = Monitored(tmp_path, "pay")
    first = here.run(forge=False)
    assert first.opening is not None
    assert (first.opening.state, first.opening.body) == (OpenedState.BY_HAND, "production: pay")
    assert here.run(forge=False).branch is None


@pytest.mark.soak
def test_killed_at_every_effect_in_every_way_there_is_one_request_and_no_word_twice(tmp_path: Path) -> None:
    counter = Counter()
    before = Monitored(tmp_path / "count", "pay", "churn")
    before.run()
    before.degrade("late")
    before.run(counter)
    assert len(counter.effects) > 6
    effects, kills, random = len(counter.effects), 0, Random(50)
    for index, fault, again in product(range(effects), FAULTS, range(count("RETRAIN_KILLS"))):
        here = Monitored(tmp_path / f"{index}-{fault.value}-{again}", "pay", "churn")
        here.run()
        here.degrade("late")
        # Killed there, then somewhere else in the run that would finish it, as often as chance has it.
        for script in (at(index, fault), *(at(random.randrange(effects), random.choice(FAULTS)) for _ in range(again))):
            with contextlib.suppress(Crash, ReconcilerError):
                here.run(script)
            kills += 1
        here.run()
        assert here.open() == [2], (index, fault)
        assert len(here.forge.pulls) == 2
        assert len(here.forge.comments) == 1
        lines = [line for _, _, body in here.notifier.messages for line in body.splitlines()]
        assert len(set(lines)) == len(lines), "nobody is told twice"
        assert all(here.record(name).asked is not None for name in here.names)
        assert here.run().branch is None
    assert kills >= effects * len(FAULTS)
