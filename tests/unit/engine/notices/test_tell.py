"""People are told of each event once, through each channel that wants it, and nothing stops for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.digest import Digest
from reconciler.core.notices.notice import Notice
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.notify import NoticeChannel, NoticeEvent
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.find_environment import environment_of
from reconciler.engine.notices.tell import TRIES, tell
from reconciler.engine.plan import make_plan
from reconciler.testing.contracts.notices import NotifierContract
from reconciler.testing.fault_injection import Counter, Crash, Fault, Script, at
from reconciler.testing.memory_notifier import MemoryNotifier
from tests.simulation.sample_project import MODEL, PRODUCTION, PROJECT
from tests.simulation.scenario import Scenario

ADDRESSES = {"env:CHAT": "memory:chat", "env:MAIL": "memory:mail"}
ALL = NoticeChannel(to="env:CHAT")
NOTICES = tuple(
    Notice(environment="production", event=event, model=model, about="entry 3", text="a figure: 0.412")
    for event, model in (
        (NoticeEvent.PROMOTED, "churn"),
        (NoticeEvent.PROMOTED, "orders"),
        (NoticeEvent.REFUSED, "churn"),
    )
)


def told(
    scenario: Scenario,
    notifier: MemoryNotifier,
    *channels: NoticeChannel,
    notices: tuple[Notice, ...] = NOTICES,
    script: Script | None = None,
    addresses: dict[str, str] = ADDRESSES,
) -> None:
    deps = replace(scenario.deps(script), notifier=notifier, secret=addresses.get)
    tell(deps, PROJECT, replace(PRODUCTION, notify=channels or (ALL,)), notices)


def test_one_message_tells_all_events_of_a_kind_and_each_event_is_told_once(scenario: Scenario) -> None:
    notifier = MemoryNotifier()
    told(scenario, notifier)
    titles = [title for _, title, _ in notifier.messages]
    assert titles == [f"{PROJECT}/production: 2 models promoted", f"{PROJECT}/production: churn refused"]
    assert notifier.messages[0][2] == "churn: a figure: 0.412\norders: a figure: 0.412"
    told(scenario, notifier)
    assert len(notifier.messages) == 2
    other = replace(NOTICES[0], about="entry 4")
    told(scenario, notifier, notices=(*NOTICES, other))
    assert [title for _, title, _ in notifier.messages][2:] == [f"{PROJECT}/production: churn promoted"]


def test_a_channel_is_told_what_it_wants_and_channels_do_not_count_for_each_other(scenario: Scenario) -> None:
    notifier = MemoryNotifier()
    refused = NoticeChannel(to="env:MAIL", on=(NoticeEvent.REFUSED,))
    told(scenario, notifier, refused)
    assert [(where, "refused" in title) for where, title, _ in notifier.messages] == [("memory:mail", True)]
    told(scenario, notifier, refused, ALL)
    assert [where for where, _, _ in notifier.messages] == ["memory:mail", "memory:chat", "memory:chat"]


def test_a_dead_channel_is_tried_again_by_later_runs_and_not_for_ever(scenario: Scenario) -> None:
    notifier = MemoryNotifier()
    notifier.dead.add("memory:chat")
    told(scenario, notifier)
    notifier.dead.clear()
    told(scenario, notifier)
    assert len(notifier.messages) == 2
    told(scenario, notifier)
    assert len(notifier.messages) == 2

    late = tuple(replace(notice, about="later") for notice in NOTICES)
    notifier.dead.add("memory:chat")
    for _ in range(TRIES):
        told(scenario, notifier, notices=late)
    notifier.dead.clear()
    told(scenario, notifier, notices=late)
    assert len(notifier.messages) == 2


def test_an_address_that_is_not_set_claims_nothing(scenario: Scenario) -> None:
    notifier = MemoryNotifier()
    told(scenario, notifier, addresses={})
    assert notifier.messages == []
    told(scenario, notifier)
    assert len(notifier.messages) == 2


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_a_write_does_nothing_is_told_twice_and_nothing_is_raised(scenario: Scenario, fault: Fault) -> None:
    """A run that is killed after it claimed an event leaves it untold: at most once, never twice."""
    counter = Counter()
    told(scenario, MemoryNotifier(), script=counter)
    assert len(counter.effects) == len(NOTICES)
    for index in range(len(counter.effects)):
        fresh = tuple(replace(notice, about=f"{fault} {index}") for notice in NOTICES)
        notifier = MemoryNotifier()
        try:
            told(scenario, notifier, notices=fresh, script=at(index, fault))
        except Crash:
            assert fault in (Fault.BEFORE, Fault.AFTER, Fault.TORN)
        told(scenario, notifier, notices=fresh)
        lines = [(title, line) for _, title, body in notifier.messages for line in body.splitlines()]
        kinds = {(title.rsplit(" ", 1)[1], line) for title, line in lines}
        assert len(lines) == len(kinds), lines
        if fault not in (Fault.BEFORE, Fault.AFTER, Fault.TORN):
            assert len(lines) == len(NOTICES), "one that cannot be recorded holds back no other"


class TestMemoryNotifier(NotifierContract):
    def make(self) -> MemoryNotifier:
        self.notifier = MemoryNotifier()
        self.notifier.dead.add(self.dead())
        return self.notifier

    def address(self) -> str:
        return "memory:chat"

    def dead(self) -> str:
        return "memory:dead"

    def arrived(self) -> list[tuple[str, str]]:
        return [(title, body) for _, title, body in self.notifier.messages]


def applied(scenario: Scenario, notifier: MemoryNotifier, **says: Any) -> Any:
    production: Environment = replace(says.pop("production", PRODUCTION), notify=(ALL,))
    wanted = scenario.commit(production=production, **says)
    deps = replace(scenario.deps(), notifier=notifier, secret=ADDRESSES.get)
    where = environment_of(wanted, "production")
    return apply.apply(deps, wanted, where, make_plan.make_plan(deps, wanted, where), confirmed=True)


def trained(scenario: Scenario, seed: int) -> Digest:
    scenario.commit(seed=seed)
    artifact = scenario.apply("sandbox").results[0].artifact
    assert artifact is not None
    return artifact


def test_an_apply_tells_what_it_deployed_what_came_back_and_what_it_refused(scenario: Scenario) -> None:
    notifier = MemoryNotifier()
    first, second = trained(scenario, 10), trained(scenario, 20)
    applied(scenario, notifier, seed=20, pin=first, pinned_seed=10)
    applied(scenario, notifier, seed=20, pin=first, pinned_seed=10)
    applied(scenario, notifier, seed=20, pin=second)
    applied(scenario, notifier, seed=20, pin=first, pinned_seed=10)
    strict = replace(PRODUCTION.policy, gates=(Threshold(metric="accuracy", at_least=0.9999),))
    third = trained(scenario, 30)
    result = applied(scenario, notifier, seed=30, pin=third, production=replace(PRODUCTION, policy=strict))
    assert result.status is not ResultStatus.CLEAN
    titles = [title.removeprefix(f"{PROJECT}/production: {MODEL} ") for _, title, _ in notifier.messages]
    assert titles[:3] == ["promoted", "promoted", "rolled back"]
    bodies = [body for _, _, body in notifier.messages]
    assert "(journal entry 0)" in bodies[0]
    assert "(journal entry 2)" in bodies[2]
    assert titles[3:] == (["refused"] if result.status is ResultStatus.DENIED else [])
