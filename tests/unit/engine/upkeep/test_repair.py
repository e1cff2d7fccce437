"""A store that is lost comes back from what remains; what nobody has is said, and what is served stays."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.core.artifact.journal import Entry
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.core.inspect.audit import Audit
from reconciler.core.status_codes import ResultStatus, SyncStatus
from reconciler.core.upkeep.repair import RepairResult
from reconciler.engine.apply.accept_controls import accept_controls
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect.audit import audit
from reconciler.engine.inspect.history import history
from reconciler.engine.plan.observe_loss import EVERYTHING
from reconciler.engine.upkeep import repair as repairing
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource, TargetSource
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.testing.fault_injection import Counter, Crash, Fault, Script, at
from reconciler.testing.memory import MemoryStore
from tests.simulation.sample_project import MODEL, NOBODYS
from tests.simulation.scenario import Scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A scenario whose oracle is not asked: it does not watch the disk that takes the place of a lost one."""
    return Scenario(tmp_path)


REASON = "the disk is gone"


def sources(scenario: Scenario, environment: str, *more: RepairSource) -> tuple[RepairSource, ...]:
    found: list[RepairSource] = [*more]
    if environment == "production":
        target = scenario.project.target
        found.append(TargetSource(target=target, environment=environment, pointers=dict(target.current)))
    others = (name for name in scenario.project.stores if name != environment)
    return (*found, *(StoreSource(name=name, store=scenario.project.stores[name]) for name in others))


def shown(scenario: Scenario, environment: str, *more: RepairSource) -> RepairResult:
    where = environment_of(scenario.desired, environment)
    given = sources(scenario, environment, *more)
    return repairing.observe_repair(scenario.deps(), scenario.desired, where, given).result


def repaired(scenario: Scenario, environment: str, *more: RepairSource, script: Script | None = None) -> RepairResult:
    where, given = environment_of(scenario.desired, environment), sources(scenario, environment, *more)
    deps = scenario.deps(script)
    plan = repairing.observe_repair(deps, scenario.desired, where, given)
    return repairing.repair(deps, scenario.desired, where, given, shown=plan.result.id, reason=REASON)


def audited(scenario: Scenario, environment: str) -> Audit:
    return audit(scenario.deps(), scenario.desired, (environment,))


def lose(scenario: Scenario, environment: str) -> dict[str, bytes]:
    """Put a new, empty disk in the place of a store, and return what it held."""
    folder = scenario.project.folder / f"another disk {len(scenario.project.stores)}"
    folder.mkdir(exist_ok=True)
    held = scenario.project.stores[environment].objects
    scenario.project.stores[environment] = MemoryStore(folder)
    return held


def copy_of(held: dict[str, bytes], folder: Path, *, whole: bool = True) -> StoreSource:
    """Return a backup, with these objects."""
    folder.mkdir()
    store = MemoryStore(folder)
    store.objects.update(held)
    return StoreSource(name="backup", store=store, copies=True, whole=whole)


def journal_of(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in objects.items() if key.startswith("journal/")}


def again(entry_body: bytes, **changed: Any) -> bytes:
    """Return an entry with other words, and a right checksum."""
    return codec.encode(replace(codec.decode(Entry, entry_body, what="entry"), **changed))


def twice_deployed(scenario: Scenario) -> None:
    scenario.deployed(10)
    scenario.deployed(20)


def test_production_comes_back_from_its_target_and_the_sandbox(scenario: Scenario) -> None:
    twice_deployed(scenario)
    served, current = scenario.serves, dict(scenario.project.target.current)
    held = lose(scenario, "production")
    result = repaired(scenario, "production")
    now = scenario.project.stores["production"].objects
    assert journal_of(now) == journal_of(held)
    (log,) = result.logs
    assert (log.first, log.last, log.lost, log.proof) == (0, 1, 0, "what the target serves names entry 1")
    assert (scenario.serves, scenario.project.target.current) == (served, current)
    assert result.following == ("reconciler controls accept production --reason TEXT",)
    assert held.keys() - now.keys() <= {key for key in held if not key.startswith(("journal/", "verifications/"))}
    assert audited(scenario, "production").findings == ()
    assert scenario.part("production").sync is SyncStatus.IN_SYNC
    assert not shown(scenario, "production").changes
    assert scenario.rollback_now() is not None


def test_a_sandbox_begins_anew_with_what_is_deployed_and_that_is_told(scenario: Scenario) -> None:
    twice_deployed(scenario)
    lose(scenario, "sandbox")
    seen = shown(scenario, "sandbox")
    assert (seen.loses, seen.given_up) == (True, (EVERYTHING, MODEL))
    repaired(scenario, "sandbox")
    assert not shown(scenario, "sandbox").changes
    found = audited(scenario, "sandbox")
    assert found.findings == ()
    assert any("began anew" in note.problem and REASON in note.problem for note in found.notes)
    told = history(scenario.deps(), scenario.desired, ("sandbox",))
    assert [(one.model, one.first, one.reason) for one in told.begins or ()] == [(MODEL, 0, REASON)]
    assert told.lost == ()
    scenario.apply("sandbox")
    assert audited(scenario, "sandbox").findings == ()
    assert scenario.plan("production").empty


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_a_backup_brings_everything_back_as_it_was(scenario: Scenario, tmp_path: Path, environment: str) -> None:
    twice_deployed(scenario)
    held = lose(scenario, environment)
    result = repaired(scenario, environment, copy_of(held, tmp_path / "backup"))
    assert (result.gone, result.given_up, result.problems, result.following) == ((), (), (), ())
    now = scenario.project.stores[environment].objects
    assert {key: now.get(key) for key in held if not key.startswith("register/")} == {
        key: body for key, body in held.items() if not key.startswith("register/")
    }
    assert audited(scenario, environment).findings == ()
    assert not shown(scenario, environment, copy_of(held, tmp_path / "another")).changes


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_any_single_object_comes_back(tmp_path: Path, environment: str) -> None:
    first = Scenario(tmp_path / "first")
    twice_deployed(first)
    held = dict(first.project.stores[environment].objects)
    for number, key in enumerate(sorted(held)):
        if key.startswith(("register/", "controls/production/1")):
            continue  # the next apply writes the register; nothing names the last entry of unsigned controls
        scenario = first.copied(tmp_path / str(number))
        store = scenario.project.stores[environment]
        store._created = None
        del store.objects[key]
        backup = copy_of(held, tmp_path / f"backup {number}")
        assert repaired(scenario, environment, backup).problems == (), key
        assert store.objects[key] == held[key], key
        if key.startswith("blobs/"):
            store.objects[key] = b"other bytes"
            repaired(scenario, environment, backup)
            assert store.objects[key] == held[key], f"damaged {key}"


def test_a_target_of_an_older_program_is_continued_by_an_entry_of_its_own(scenario: Scenario) -> None:
    twice_deployed(scenario)
    scenario.project.target.entries.clear()
    before = scenario.project.target.current[MODEL]
    lose(scenario, "production")
    result = repaired(scenario, "production")
    (log,) = result.logs
    assert (log.continues, log.first, log.lost) == (True, 2, 2)
    head = scenario.head("production")
    assert head is not None
    assert (head.entry.n, head.entry.previous, head.entry.artifact) == (2, before.entry, before.artifact)
    assert REASON in head.entry.reason
    found = audited(scenario, "production")
    assert found.findings == ()
    assert [note.where for note in found.notes] == [f"journal/production/{MODEL}"]
    told = history(scenario.deps(), scenario.desired, ("production",))
    assert [(one.model, one.first) for one in told.begins or ()] == [(MODEL, 2)]
    assert scenario.part("production").sync is SyncStatus.IN_SYNC
    assert not shown(scenario, "production").changes


def test_entries_that_nobody_has_are_lost_and_the_journal_goes_on(scenario: Scenario) -> None:
    twice_deployed(scenario)
    del scenario.project.target.entries[MODEL, 0]
    lose(scenario, "production")
    assert shown(scenario, "production").loses
    (log,) = repaired(scenario, "production").logs
    assert (log.first, log.last, log.lost) == (1, 1, 1)
    found = audited(scenario, "production")
    assert found.findings == ()
    assert "entry 0 is lost" in found.notes[0].problem
    assert not shown(scenario, "production").changes
    accept_controls(scenario.deps(), scenario.desired, environment_of(scenario.desired, "production"), REASON)
    scenario.deployed(30)
    head = scenario.head("production")
    assert head is not None
    assert head.entry.n == 2
    assert audited(scenario, "production").findings == ()


FORGERIES = ("an older head", "an edited entry", "an edited entry with its checksum", "an entry after the last")


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_source_gets_nothing_in(scenario: Scenario, tmp_path: Path, forgery: str) -> None:
    twice_deployed(scenario)
    held = lose(scenario, "production")
    scenario.project.target.entries.clear()
    last, key = held[f"journal/production/{MODEL}/1.json"], f"journal/production/{MODEL}/1.json"
    match forgery:
        case "an older head":
            del held[key]
        case "an edited entry":
            held[key] = last.replace(b"somebody", b"some0ody")
        case "an edited entry with its checksum":
            held[key] = again(last, reason="another")
        case _:
            other = codec.decode(Entry, last, what="entry")
            state = replace(other.state, artifact=NOBODYS)
            held[f"journal/production/{MODEL}/2.json"] = again(
                last, n=2, previous=digest_of_bytes(last), artifact=NOBODYS, state=state
            )
    backup = copy_of(held, tmp_path / "backup")
    result = repaired(scenario, "production", backup)
    now = journal_of(scenario.project.stores["production"].objects)
    if forgery == "an entry after the last":
        assert now == {k: body for k, body in journal_of(held).items() if not k.endswith("/2.json")}
        assert "nothing names this entry" in result.problems[0].problem
        return
    assert result.status is ResultStatus.DAMAGED
    assert any("backup" in f"{each.where} {each.problem}" for each in result.problems)
    assert now == {}


def test_a_forged_artifact_does_not_come_back(scenario: Scenario, tmp_path: Path) -> None:
    twice_deployed(scenario)
    held = lose(scenario, "production")
    forged = {key: body + b"!" if key.startswith("blobs/") else body for key, body in held.items()}
    for release in scenario.project.target.releases[MODEL].values():
        for name in release:
            release[name] += b"!"
    lose(scenario, "sandbox")
    result = repaired(scenario, "production", copy_of(forged, tmp_path / "backup"))
    assert result.gone
    now = scenario.project.stores["production"].objects
    for key, body in now.items():
        if key.startswith("blobs/"):
            assert hex_of(digest_of_bytes(body)) == key.rpartition("/")[2]


@pytest.mark.parametrize(("environment", "kept"), [("production", True), ("production", False), ("sandbox", True)])
def test_a_repair_that_is_stopped_at_any_effect_is_finished_by_the_next(
    tmp_path: Path, environment: str, kept: bool
) -> None:
    first = Scenario(tmp_path / "first")
    twice_deployed(first)
    if not kept:
        first.project.target.entries.clear()
    lose(first, environment)
    counter = Counter()
    repaired(first.copied(tmp_path / "count"), environment, script=counter)
    serves = first.serves
    for index in range(len(counter.effects)):
        for fault in (Fault.BEFORE, Fault.AFTER, Fault.ERROR, Fault.DONE_UNANSWERED):
            scenario = first.copied(tmp_path / f"{index}-{fault}")
            with contextlib.suppress(Crash, ReconcilerError):
                repaired(scenario, environment, script=at(index, fault))
            assert scenario.serves == serves
            repaired(scenario, environment)
            if environment == "production" and scenario.part("production").sync is not SyncStatus.IN_SYNC:
                scenario.apply("production")  # committed, and not put in place
            assert not shown(scenario, environment).changes, counter.effects[index]
            assert audited(scenario, environment).findings == (), counter.effects[index]
            assert scenario.serves == serves


def test_two_at_once_write_the_same(scenario: Scenario) -> None:
    twice_deployed(scenario)
    held = lose(scenario, "production")
    first = shown(scenario, "production")
    repaired(scenario, "production")
    where = environment_of(scenario.desired, "production")
    with pytest.raises(ConflictError):  # the late one sees that there is nothing left of what it showed
        repairing.repair(
            scenario.deps(), scenario.desired, where, sources(scenario, "production"), shown=first.id, reason=REASON
        )
    assert journal_of(scenario.project.stores["production"].objects) == journal_of(held)
