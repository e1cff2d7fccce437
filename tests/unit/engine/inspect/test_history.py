"""`history --at`: what served when, around restores and retirements, however long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.spec.environment import PrunePolicy
from reconciler.engine.inspect.status import history
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Story

HOUR = timedelta(hours=1)


def at(story: Story, when: datetime) -> HistoryEvent | None:
    events = history(story.deps(), story.desired, "production", MODEL, when).events
    assert len(events) <= 1, "one model serves one thing at a time"
    return events[0] if events else None


def test_what_served_is_told_to_the_second_around_deploy_restore_retire_and_return(story: Story) -> None:
    assert PRODUCTION.policy.prune is PrunePolicy.AUTO
    clock = story.town.clock
    told: list[tuple[datetime, Action, Digest | None]] = []

    def note(action: Action, artifact: Digest | None) -> None:
        told.append((clock.now, action, artifact))
        clock.pass_time(hours=2)

    clock.pass_time(hours=1)
    first = story.deployed(10)
    note(Action.DEPLOY, first)
    story.town.target.releases[MODEL][first.removeprefix("sha256:")]["model.skops"] += b"!"
    story.apply("production")
    note(Action.RESTORE, first)
    second = story.deployed(20)
    note(Action.DEPLOY, second)
    story.commit(seed=20, others=True)
    story.apply("production")
    note(Action.RETIRE, None)
    assert story.serves is None
    story.commit(seed=20, pin=first, pinned_seed=10)
    story.apply("production")
    note(Action.DEPLOY, first)

    assert at(story, told[0][0] - timedelta(seconds=1)) is None
    for position, (when, action, artifact) in enumerate(told):
        for moment in (when, when + HOUR, when + 2 * HOUR - timedelta(seconds=1)):
            event = at(story, moment)
            assert event is not None
            assert (event.n, event.action, event.artifact) == (position, action, artifact)
    assert at(story, clock.now + timedelta(days=3650)) == at(story, told[-1][0])


def test_nothing_is_ever_forgotten(story: Story) -> None:
    first = story.deployed(10)
    second = story.deployed(20)
    changes = 60
    for number in range(changes):
        story.town.clock.pass_time(days=30)
        pin, seed = (first, 10) if number % 2 == 0 else (second, 20)
        story.commit(seed=20, pin=pin, pinned_seed=seed)
        story.apply("production")
    events = history(story.deps(), story.desired, "production", None, None).events
    assert [one.n for one in events] == list(range(changes + 2))[::-1]
    for number in range(changes):
        event = at(story, story.town.clock.now - timedelta(days=30 * number))
        assert event is not None
        assert event.n == changes + 1 - number
        assert event.artifact == (second if number % 2 == 0 else first)
