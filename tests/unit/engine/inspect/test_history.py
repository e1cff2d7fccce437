"""`history --at`: what served when, around restores and retirements, however long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.spec.environment import PrunePolicy
from reconciler.engine.inspect.status import history
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario

HOUR = timedelta(hours=1)


def at(scenario: Scenario, when: datetime) -> HistoryEvent | None:
    events = history(scenario.deps(), scenario.desired, ("production",), (MODEL,), when).events
    assert len(events) <= 1, "one model serves one thing at a time"
    return events[0] if events else None


def test_what_served_is_told_to_the_second_around_deploy_restore_retire_and_return(scenario: Scenario) -> None:
    assert PRODUCTION.policy.prune is PrunePolicy.AUTO
    clock = scenario.project.clock
    told: list[tuple[datetime, Action, Digest | None]] = []

    def note(action: Action, artifact: Digest | None) -> None:
        told.append((clock.now, action, artifact))
        clock.pass_time(hours=2)

    clock.pass_time(hours=1)
    first = scenario.deployed(10)
    note(Action.DEPLOY, first)
    scenario.project.target.releases[MODEL][first.removeprefix("sha256:")]["model.skops"] += b"!"
    scenario.apply("production")
    note(Action.RESTORE, first)
    second = scenario.deployed(20)
    note(Action.DEPLOY, second)
    scenario.commit(seed=20, others=True)
    scenario.apply("production")
    note(Action.RETIRE, None)
    assert scenario.serves is None
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("production")
    note(Action.DEPLOY, first)

    assert at(scenario, told[0][0] - timedelta(seconds=1)) is None
    for position, (when, action, artifact) in enumerate(told):
        for moment in (when, when + HOUR, when + 2 * HOUR - timedelta(seconds=1)):
            event = at(scenario, moment)
            assert event is not None
            assert (event.n, event.action, event.artifact) == (position, action, artifact)
    assert at(scenario, clock.now + timedelta(days=3650)) == at(scenario, told[-1][0])


def test_nothing_is_ever_forgotten(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    second = scenario.deployed(20)
    changes = 60
    for number in range(changes):
        scenario.project.clock.pass_time(days=30)
        pin, seed = (first, 10) if number % 2 == 0 else (second, 20)
        scenario.commit(seed=20, pin=pin, pinned_seed=seed)
        scenario.apply("production")
    events = history(scenario.deps(), scenario.desired, ("production",), (), None).events
    assert [one.n for one in events] == list(range(changes + 2))[::-1]
    for number in range(changes):
        event = at(scenario, scenario.project.clock.now - timedelta(days=30 * number))
        assert event is not None
        assert event.n == changes + 1 - number
        assert event.artifact == (second if number % 2 == 0 else first)


def test_in_one_second_the_deployment_comes_after_what_it_deploys(scenario: Scenario) -> None:
    """Times are whole seconds, and a small model is trained, promoted and deployed within one."""
    scenario.deployed(10)
    events = history(scenario.deps(), scenario.desired).events
    assert len({event.when for event in events}) == 1
    assert (events[0].environment, events[0].action) == ("production", Action.DEPLOY)
    assert {event.environment for event in events[1:]} == {"sandbox"}
