"""The record that the beginning of a log is lost is signed as its entries are: it decides where the history begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact.loss import LostHistory
from reconciler.core.trust.keys import NO_TRUST, Trust
from reconciler.engine.attesting.attest_environment import attest
from reconciler.engine.find_environment import environment_of
from reconciler.engine.trust.entries import signed_loss
from reconciler.engine.upkeep.repair import observe_repair, repair
from reconciler.errors import IntegrityError
from reconciler.testing.memory_keys import MemorySigner
from tests.simulation.sample_project import MODEL
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario, trusted

JOURNAL = f"journal/production/{MODEL}"
RECORD = f"losses/{JOURNAL}/0.json"


@pytest.fixture
def scenario(tmp_path: Path) -> SignedScenario:
    made = SignedScenario(tmp_path)
    made.deployed(10)
    made.deployed(20)
    made.deployed(30)
    return made


def lost(scenario: SignedScenario, signer: str | None, **said: object) -> LostHistory:
    """Take the first entry of the journal away, and say that it is lost; signed by a key, or by nobody."""
    objects = scenario.project.stores["production"].objects
    objects.pop(f"{JOURNAL}/0.json", None)
    record = LostHistory(
        environment="production",
        log=JOURNAL,
        first=1,
        previous=None,
        proof=None,
        sources=(),
        who="a person",
        when=datetime(2024, 3, 10, tzinfo=UTC),
        reason="the disk is gone",
    )
    made = signed_loss(replace(record, **said), MemorySigner(signer) if signer is not None else None)
    objects[RECORD] = codec.encode(made)
    return made


def problem(scenario: SignedScenario) -> str | None:
    """Return why production is blocked, the same at a plan as at an apply; None where it is not."""
    part = scenario.part("production")
    (result,) = scenario.apply_as("production", PROMOTER).results
    assert (part.blocked is None) == (result.problem is None), (part.blocked, result)
    return None if part.blocked is None else " ".join(part.blocked.reasons)


def test_a_loss_that_a_promoter_signed_is_one(scenario: SignedScenario) -> None:
    lost(scenario, PROMOTER)
    assert problem(scenario) is None


@pytest.mark.parametrize(
    ("signer", "why"),
    [
        (None, "it is not signed"),
        ("stranger", "it is signed by no promoter key that is trusted here"),
        (TRAINER, "is a trainer key, and signs nothing as promoter"),
    ],
)
def test_nobody_else_shortens_a_history(scenario: SignedScenario, signer: str | None, why: str) -> None:
    lost(scenario, signer)
    served = scenario.serves
    told = problem(scenario)
    assert told is not None
    assert f"the record that {JOURNAL} lost its entries before 1" in told
    assert why in told
    assert scenario.serves == served


@pytest.mark.parametrize("said", [{"first": 2}, {"log": JOURNAL, "reason": "another"}, {"who": "another"}])
def test_a_record_that_was_changed_after_it_was_signed_is_refused(
    scenario: SignedScenario, said: dict[str, object]
) -> None:
    right = lost(scenario, PROMOTER)
    changed = replace(right, **said)
    objects = scenario.project.stores["production"].objects
    objects[RECORD] = codec.encode(changed)
    for n in range(changed.first):
        objects.pop(f"{JOURNAL}/{n}.json", None)
    told = problem(scenario)
    assert told is not None
    assert "is not one of these bytes" in told


def test_a_signed_record_of_before_does_not_cover_a_later_one(scenario: SignedScenario) -> None:
    lost(scenario, PROMOTER)
    objects = scenario.project.stores["production"].objects
    later = codec.decode(LostHistory, objects[RECORD], what=RECORD)
    objects[RECORD.replace("0.json", "1.json")] = codec.encode(replace(later, first=2, signatures=()))
    objects.pop(f"{JOURNAL}/1.json")
    told = problem(scenario)
    assert told is not None
    assert "it is not signed" in told


def test_a_revoked_promoters_loss_counts_no_more(scenario: SignedScenario) -> None:
    lost(scenario, PROMOTER)
    revoked = trusted(PROMOTER, revoked="2024-01-01")
    scenario.trust(replace(REQUIRED, promoter=(revoked, trusted("another"))))
    scenario.commit(seed=30, pin=scenario.serves)
    part = scenario.part("production")
    assert part.blocked is not None
    assert "was revoked" in " ".join(part.blocked.reasons)


@pytest.mark.parametrize("trust", [NO_TRUST, replace(REQUIRED, required=False)])
def test_an_unsigned_loss_stops_nothing_where_signatures_are_not_asked_for(tmp_path: Path, trust: Trust) -> None:
    scenario = SignedScenario(tmp_path, trust)
    scenario.deployed(10)
    scenario.deployed(20)
    lost(scenario, None)
    assert problem(scenario) is None


def test_attest_signs_what_was_written_unsigned(scenario: SignedScenario) -> None:
    lost(scenario, None)
    assert problem(scenario) is not None
    with scenario.signed(PROMOTER):
        attest(scenario.deps(), scenario.desired, environment_of(scenario.desired, "production"))
    assert problem(scenario) is None
    before = dict(scenario.project.stores["production"].objects)
    with scenario.signed(PROMOTER):
        attest(scenario.deps(), scenario.desired, environment_of(scenario.desired, "production"))
    assert scenario.project.stores["production"].objects == before


@pytest.mark.parametrize(("key", "takes"), [(PROMOTER, True), (TRAINER, False), (None, False)])
def test_a_repair_that_loses_entries_signs_that_or_writes_nothing(
    scenario: SignedScenario, key: str | None, *, takes: bool
) -> None:
    objects = scenario.project.stores["production"].objects
    objects.pop(f"{JOURNAL}/0.json")
    where = environment_of(scenario.desired, "production")
    with scenario.signed(key):
        deps = scenario.deps()
        shown = observe_repair(deps, scenario.desired, where, ()).result
        assert shown.loses
        before = dict(objects)
        if not takes:
            with pytest.raises(IntegrityError, match="takes no entry that this run could write"):
                repair(deps, scenario.desired, where, (), shown=shown.id, reason="gone")
            assert objects == before
            return
        repair(deps, scenario.desired, where, (), shown=shown.id, reason="gone")
    assert codec.decode(LostHistory, objects[RECORD], what=RECORD).signatures
    assert problem(scenario) is None
