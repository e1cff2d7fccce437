"""`history`: what served when, around restores and retirements, however long ago, with what each entry brought."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.inspect.history import History, HistoryEvent, HistoryFilter
from reconciler.core.spec.environment import PrunePolicy
from reconciler.engine.inspect.history import history
from reconciler.engine.plan.verification import evaluation_of
from reconciler.errors import UsageError
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario

HOUR = timedelta(hours=1)


def at(scenario: Scenario, when: datetime) -> HistoryEvent | None:
    events = history(scenario.deps(), scenario.desired, ("production",), (MODEL,), HistoryFilter(at=when)).events
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
    events = history(scenario.deps(), scenario.desired, ("production",), ()).events
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


def asked(scenario: Scenario, **wanted: object) -> History:
    return history(scenario.deps(), scenario.desired, ("production",), (MODEL,), HistoryFilter(**wanted))  # type: ignore[arg-type]


def test_an_entry_tells_how_good_what_it_brought_is_on_what_data_and_by_which_request(scenario: Scenario) -> None:
    artifact = scenario.deployed(10)
    commit = scenario.project.source.line[-1]
    scenario.project.source.said[commit] = "Merge pull request #12 from acme/promote\n"
    (event,) = asked(scenario).events
    evaluation = evaluation_of(scenario.deps().stores["production"], artifact)
    assert event.evaluation is not None
    assert (event.evaluation.grade, event.evaluation.value) == (evaluation.grade, evaluation.headline[1])
    assert event.data is not None
    assert event.request == "#12"
    verified = [one for one in history(scenario.deps(), scenario.desired).events if one.action is Action.VERIFY]
    assert verified
    assert all(one.evaluation is None for one in verified), "only what brings an artifact tells of it"


def test_a_lost_artifact_leaves_its_entry_without_figures(scenario: Scenario) -> None:
    artifact = scenario.deployed(10)
    scenario.project.stores["production"].objects.pop(store_layout.blob(artifact))
    (event,) = asked(scenario).events
    assert event.artifact == artifact
    assert event.evaluation is None


def test_since_limit_and_entry_choose(scenario: Scenario) -> None:
    scenario.deployed(10)
    scenario.project.clock.pass_time(days=10)
    then = scenario.project.clock.now
    scenario.deployed(20)
    assert [one.n for one in asked(scenario).events] == [1, 0]
    assert [one.n for one in asked(scenario, since=then).events] == [1]
    assert asked(scenario, since=then + timedelta(seconds=1)).events == ()
    limited = asked(scenario, limit=1)
    assert ([one.n for one in limited.events], limited.older) == ([1], 1)
    assert asked(scenario, limit=2).older is None
    assert [one.n for one in asked(scenario, entry=0).events] == [0]
    with pytest.raises(UsageError, match="no journal has an entry 2; the longest has 2"):
        asked(scenario, entry=2)
