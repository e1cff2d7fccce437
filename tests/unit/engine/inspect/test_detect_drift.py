"""`drift`: each kind from its facts, dated by when it was first seen, and one issue that is never told it twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import StoreMark
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.inspect.drift import (
    DriftFinding,
    DriftReport,
    EnvironmentDrift,
    IssueChange,
    Seen,
    first_seen_by_key,
    read_hidden_comment,
)
from reconciler.core.spec.environment import DriftPolicy
from reconciler.core.spec.gates import Threshold
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.inspect import detect_drift
from reconciler.engine.plan import observe_loss
from reconciler.errors import ForgeError, UsageError
from reconciler.report.inspect import drift
from reconciler.testing.fault_injection import Fault
from reconciler.testing.memory_forge import MemoryForge
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario

NOON = datetime(2026, 1, 1, tzinfo=UTC)


def look(
    scenario: Scenario, forge: MemoryForge | None = None, seen: Seen | None = None, *, loads: bool = True
) -> DriftReport:
    deps = replace(scenario.deps(trains=False), forge=forge)
    issue = drift.issue if forge is not None else None
    remembered = {"production": seen or {}}
    return detect_drift.drift(deps, scenario.desired, ("production",), loads=loads, remembered=remembered, issue=issue)


def production(scenario: Scenario, forge: MemoryForge | None = None, seen: Seen | None = None) -> EnvironmentDrift:
    return look(scenario, forge, seen).environments[0]


def found(scenario: Scenario) -> list[tuple[str | None, DriftType]]:
    return [(one.model, one.kind) for one in production(scenario).findings]


def release(scenario: Scenario) -> dict[str, bytes]:
    assert scenario.serves is not None
    return scenario.project.target.releases[MODEL][scenario.serves.removeprefix("sha256:")]


def flip(scenario: Scenario) -> None:
    release(scenario)["model.skops"] += b"!"


def add(scenario: Scenario) -> None:
    release(scenario)["notes.txt"] = b"added"


def vanish(scenario: Scenario) -> None:
    del scenario.project.target.current[MODEL]


def swap(scenario: Scenario) -> None:
    """Somebody points `current` at the artifact that was deployed before."""
    current = scenario.project.target.current[MODEL]
    older = next(one for one in scenario.project.target.releases[MODEL] if f"sha256:{one}" != current.artifact)
    scenario.project.target.current[MODEL] = replace(current, artifact="sha256:" + older)


def misname(scenario: Scenario) -> None:
    current = scenario.project.target.current[MODEL]
    scenario.project.target.current[MODEL] = replace(current, entry="sha256:" + "0" * 64)


def stray(scenario: Scenario) -> None:
    current = scenario.project.target.current[MODEL]
    scenario.project.target.current["stray"] = replace(current, model="stray")
    scenario.project.target.releases["stray"] = scenario.project.target.releases[MODEL]


def unmark(scenario: Scenario) -> None:
    del scenario.project.stores["production"].objects[store_layout.MARK]


def remark(scenario: Scenario) -> None:
    mark = codec.encode(StoreMark(project="elsewhere", environment="production"))
    scenario.project.stores["production"].objects[store_layout.MARK] = mark


def tail(scenario: Scenario) -> None:
    """The journal loses its newest entry."""
    objects = scenario.project.stores["production"].objects
    del objects[max(key for key in objects if key.startswith(f"journal/production/{MODEL}/"))]


@pytest.fixture
def twice(scenario: Scenario) -> Scenario:
    """Two artifacts were deployed, one after the other."""
    scenario.deployed(10)
    scenario.deployed(20)
    return scenario


def test_without_a_change_by_hand_there_is_no_drift(twice: Scenario) -> None:
    drifted = look(twice)
    assert drifted.status is ResultStatus.CLEAN
    assert (drifted.environments[0].models, drifted.environments[0].loaded) == (1, 1)
    assert drifted.environments[0].findings == ()


@pytest.mark.parametrize(
    ("change", "kind", "model"),
    [
        (flip, DriftType.TAMPERED, MODEL),
        (add, DriftType.CONFIG_CHANGED, MODEL),
        (vanish, DriftType.MISSING, MODEL),
        (swap, DriftType.WRONG_DIGEST, MODEL),
        (misname, DriftType.CONFIG_CHANGED, MODEL),
        (stray, DriftType.UNMANAGED, "stray"),
    ],
)
def test_each_change_by_hand_is_of_its_kind(
    twice: Scenario, change: Callable[[Scenario], None], kind: DriftType, model: str | None
) -> None:
    change(twice)
    assert found(twice) == [(model, kind)]
    assert look(twice).status is ResultStatus.PENDING


def test_a_journal_without_its_tail_is_unreadable_and_an_integrity_error(twice: Scenario) -> None:
    tail(twice)
    assert found(twice) == [(MODEL, DriftType.UNREADABLE)]
    assert look(twice).status is ResultStatus.DAMAGED


def test_an_entry_that_was_never_put_in_place_is_missing(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    before = scenario.project.target.current[MODEL]
    scenario.deployed(20)
    scenario.project.target.current[MODEL] = before
    (one,) = production(scenario).findings
    assert one.kind is DriftType.MISSING
    assert "recorded but not deployed" in one.what
    assert first[7:19] in one.what


def test_what_git_says_and_nobody_applied_is_pending_and_no_drift(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=scenario.candidate)
    here = production(scenario)
    assert (here.findings, here.pending, here.status) == ((), 1, ResultStatus.CLEAN)


def test_a_model_that_does_not_load_is_unhealthy_though_every_byte_is_right(twice: Scenario) -> None:
    def check(artifact: object, limits: object) -> None:
        raise ForgeError("stands for any failure of the child", code="E511")

    deps = twice.deps(trains=False)
    scorer = type("Failing", (), {"check": staticmethod(check)})()
    drifted = detect_drift.drift(replace(deps, scorer=scorer), twice.desired, ("production",))
    assert [one.kind for one in drifted.environments[0].findings] == [DriftType.UNHEALTHY]
    calm = detect_drift.drift(replace(deps, scorer=scorer), twice.desired, ("production",), loads=False)
    assert calm.status is ResultStatus.CLEAN


@pytest.mark.parametrize("change", [flip, add, vanish, swap])
def test_only_what_was_applied_and_is_whole_is_loaded(twice: Scenario, change: Callable[[Scenario], None]) -> None:
    change(twice)
    assert production(twice).loaded == 0


def test_a_pointer_that_is_wrong_about_its_entry_does_not_keep_the_model_from_being_loaded(twice: Scenario) -> None:
    misname(twice)
    assert production(twice).loaded == 1


@pytest.mark.parametrize(("change", "code"), [(unmark, "E603"), (remark, "E609")])
def test_a_store_without_our_mark_is_damage_of_the_environment(
    twice: Scenario, change: Callable[[Scenario], None], code: str
) -> None:
    change(twice)
    here = production(twice)
    assert here.status is ResultStatus.DAMAGED
    assert code in (here.problem or "")


def test_what_did_not_load_stays_told_when_it_is_not_its_turn(twice: Scenario) -> None:
    deps, desired = twice.deps(), twice.desired
    journals = observe_loss.journals_of(deps, desired)
    check = detect_drift._EnvironmentCheck(deps, desired, desired.environments[0], journals)
    intact = {f"m{n:03}": twice.candidate for n in range(130)}
    days = []
    for _ in range(3):
        days.append(set(check._to_load_today(intact, ["m077"])))
        twice.project.clock.pass_time(days=1)
    assert all("m077" in day for day in days)
    assert all(len(day) == 51 for day in days)
    assert set.union(*days) == set(intact), "each has its turn within three days"


def test_a_store_that_is_not_here_is_never_taken_for_a_calm_environment(twice: Scenario) -> None:
    """A check that runs on another machine than it should must not close the issue."""
    forge = MemoryForge()
    flip(twice)
    production(twice, forge)
    twice.project.stores["production"].objects.clear()
    for target in (twice.project.target.current, {}):
        twice.project.target.current = target
        here = production(twice, forge)
        assert here.status is ResultStatus.DAMAGED
        assert "is empty or missing" in (here.problem or "")
        assert "No drift in" not in body(forge)


def test_an_environment_that_declares_and_serves_nothing_is_calm(scenario: Scenario) -> None:
    scenario.commit()
    assert look(scenario).status is ResultStatus.CLEAN


def test_what_todays_policy_would_deny_is_unhealthy(twice: Scenario) -> None:
    policy = replace(PRODUCTION.policy, gates=(Threshold(metric="f1_macro", at_least=0.99),))
    twice.commit(seed=20, pin=twice.serves, production=replace(PRODUCTION, policy=policy))
    (one,) = production(twice).findings
    assert one.kind is DriftType.UNHEALTHY
    assert "today's policy would deny it" in one.what


def test_an_apply_that_finishes_meanwhile_is_no_drift(twice: Scenario) -> None:
    deps = twice.deps(trains=False)
    current = twice.project.target.current.pop(MODEL)

    class Finishing:
        """The swap comes between the first look and the second."""

        def observe(self, models, *, others=True):
            seen = twice.project.target.observe(models, others=others)
            twice.project.target.current[MODEL] = current
            return seen

        def release(self, model):
            return twice.project.target.release(model)

    drifted = detect_drift.drift(replace(deps, targets={"production": Finishing()}), twice.desired, ("production",))
    assert drifted.status is ResultStatus.CLEAN


def test_remedies_are_commands_that_fit(twice: Scenario) -> None:
    swap(twice)
    (one,) = production(twice).findings
    commands = [each.command for each in one.remedies]
    assert commands == [f"reconciler apply production {MODEL}", f"reconciler adopt {MODEL} --in production"]
    twice.commit(seed=20, pin=twice.candidate, production=replace(PRODUCTION, drift=DriftPolicy.REPORT))
    (one,) = production(twice).findings
    assert "drift: correct" in one.remedies[0].reason


def test_an_environment_that_cannot_be_read_does_not_hide_the_others(twice: Scenario) -> None:
    deps = twice.deps(trains=False)

    class Broken:
        def observe(self, models, *, others=True):
            raise ForgeError("stands for a target that cannot be read", code="E602")

    drifted = detect_drift.drift(replace(deps, targets={"production": Broken()}), twice.desired, ())
    assert [one.environment for one in drifted.environments] == ["production", "sandbox"]
    assert "cannot be read" in (drifted.environments[0].problem or "")
    assert drifted.status is ResultStatus.FAILED


def test_first_seen_is_kept_while_it_lasts_and_forgotten_with_it(twice: Scenario) -> None:
    flip(twice)
    first = production(twice)
    seen = first_seen_by_key(first.findings)
    assert seen == {(MODEL, "tampered"): NOON}
    twice.project.clock.pass_time(days=2)
    assert production(twice, seen=seen).findings[0].since == NOON
    assert production(twice).findings[0].since == twice.project.clock.now, "nobody remembers it"


# --- the issue -----------------------------------------------------------------------------------------------------


def body(forge: MemoryForge) -> str:
    found = forge.issue_body("drift/production")
    assert found is not None
    return found


def test_an_issue_is_opened_once_updated_on_change_and_closed_with_a_last_word(twice: Scenario) -> None:
    sent: list[str] = []

    def script(what: str) -> Fault:
        sent.append(what)
        return Fault.NONE

    forge = MemoryForge(script)
    assert production(twice, forge).news is None
    assert sent == []

    flip(twice)
    assert production(twice, forge).news is IssueChange.OPENED
    assert "`payments`" in body(forge)
    assert "reconciler apply production payments" in body(forge)

    twice.project.clock.pass_time(hours=5)
    assert production(twice, forge).news is IssueChange.UNCHANGED
    assert len(sent) == 1, "nothing changed, nothing is sent"

    stray(twice)
    assert production(twice, forge).news is IssueChange.UPDATED
    assert read_hidden_comment(body(forge)) == {
        (MODEL, "tampered"): NOON,
        ("stray", "unmanaged"): twice.project.clock.now,
    }
    assert len(forge.issues) == 1

    twice.apply("production")
    del twice.project.target.current["stray"]
    here = production(twice, forge)
    assert (here.news, here.status) == (IssueChange.CLOSED, ResultStatus.CLEAN)
    ((_, last, is_open),) = forge.issues.values()
    assert not is_open
    assert "No drift in `production` any more" in last
    assert "tampered, first seen 2026-01-01" in last

    vanish(twice)
    assert production(twice, forge).news is IssueChange.OPENED
    assert len(forge.issues) == 1


def test_the_issue_knows_better_than_this_machine_since_when(twice: Scenario) -> None:
    forge = MemoryForge()
    flip(twice)
    production(twice, forge)
    twice.project.clock.pass_time(days=1)
    later = {(MODEL, "tampered"): twice.project.clock.now}
    assert production(twice, forge, later).findings[0].since == NOON


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.DONE_UNANSWERED])
def test_a_forge_that_does_not_answer_loses_nothing_and_the_next_run_finishes(twice: Scenario, fault: Fault) -> None:
    faults = iter([fault])
    forge = MemoryForge(lambda _: next(faults, Fault.NONE))
    flip(twice)
    here = production(twice, forge)
    assert [one.kind for one in here.findings] == [DriftType.TAMPERED]
    assert here.status is ResultStatus.FAILED
    assert "could not be updated" in here.notes[-1]
    assert production(twice, forge).news is (IssueChange.OPENED if fault is Fault.ERROR else IssueChange.UNCHANGED)
    assert len(forge.issues) == 1


def test_a_last_word_that_was_said_is_not_said_again_when_only_the_closing_failed(twice: Scenario) -> None:
    flip(twice)
    faults = iter([Fault.NONE, Fault.NONE, Fault.ERROR])
    forge = MemoryForge(lambda _: next(faults, Fault.NONE))
    production(twice, forge)
    twice.apply("production")
    assert production(twice, forge).status is ResultStatus.FAILED
    said = body(forge)
    twice.project.clock.pass_time(hours=1)
    assert production(twice, forge).news is IssueChange.CLOSED
    ((_, last, is_open),) = forge.issues.values()
    assert said in last
    assert not is_open


def test_an_issue_without_a_forge_is_refused_before_any_work(twice: Scenario) -> None:
    with pytest.raises(ForgeError) as refused:
        detect_drift.drift(twice.deps(), twice.desired, (), issue=drift.issue)
    assert refused.value.code == "E905"
    assert "--issue" in (refused.value.hint or "")
    with pytest.raises(UsageError, match="models that do not load"):
        detect_drift.drift(
            replace(twice.deps(), forge=MemoryForge()), twice.desired, (), loads=False, issue=drift.issue
        )


def test_a_forge_that_cannot_be_read_is_not_written_to(twice: Scenario) -> None:
    class Silent(MemoryForge):
        def issue_body(self, key: str) -> str | None:
            raise ForgeError("the forge did not answer", code="E901")

    flip(twice)
    forge = Silent()
    here = production(twice, forge)
    assert [one.kind for one in here.findings] == [DriftType.TAMPERED]
    assert (here.status, forge.issues) == (ResultStatus.FAILED, {})


def test_an_unreadable_environment_leaves_its_issue_alone(twice: Scenario) -> None:
    forge = MemoryForge()
    flip(twice)
    production(twice, forge)
    before = body(forge)

    class Broken:
        def observe(self, models, *, others=True):
            raise ForgeError("stands for a target that cannot be read", code="E602")

    deps = replace(twice.deps(), forge=forge, targets={"production": Broken()})
    detect_drift.drift(deps, twice.desired, ("production",), issue=drift.issue)
    assert body(forge) == before


def test_ten_thousand_findings_fit_into_one_issue_and_it_says_how_many_are_left_out() -> None:
    findings = tuple(
        DriftFinding(model=f"m{n:05}{'x' * 57}", kind=DriftType.TAMPERED, what="y|" * 80, since=NOON)
        for n in range(10_000)
    )
    here = EnvironmentDrift(environment="production", role="production", findings=findings)
    text = drift.issue(here, {}, NOON)
    assert len(text) < 65_536
    assert "more: `reconciler drift production` lists all" in text
    assert read_hidden_comment(text)


def test_what_somebody_wrote_into_the_issue_is_no_memory() -> None:
    for spoilt in ("", "{}", '{"a":1}', "{[}", '{"2026-01-01":{"tampered":7}}'):
        assert read_hidden_comment(f"<!-- reconciler-seen {spoilt} -->") == {}
