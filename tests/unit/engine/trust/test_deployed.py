"""What answers without a plan, `serve` and `predict`, believes no entry and no training that a plan would refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact.journal import Entry
from reconciler.core.digest import digest_of_bytes, hex_of
from reconciler.core.trust.keys import Trust
from reconciler.engine.find_environment import environment_of
from reconciler.engine.prediction.prediction_input import deployed_model
from reconciler.engine.serving.watch_releases import ReleaseWatcher
from reconciler.engine.trust.attest import attest_training
from reconciler.errors import IntegrityError
from reconciler.ports.serving.changes import RefusedRelease, ServingChange, VerifiedRelease
from reconciler.testing.memory_keys import MemorySigner
from tests.simulation.sample_project import MODEL
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario, trusted

JOURNAL = f"journal/production/{MODEL}"
REVOKED = Trust(required=True, trainer=(trusted(TRAINER, revoked="2024-01-01"),), promoter=(trusted(PROMOTER),))


@pytest.fixture
def scenario(tmp_path: Path) -> SignedScenario:
    return SignedScenario(tmp_path)


def served(scenario: SignedScenario, copies: str) -> ServingChange:
    """Return what a server would find that is started now."""
    folder = scenario.project.folder / copies
    folder.mkdir()
    deps = scenario.deps()
    watcher = ReleaseWatcher(deps, scenario.desired, environment_of(scenario.desired, "production"), folder)
    return next(iter(watcher.look()))


def test_an_entry_before_the_head_is_served_by_the_chain_alone(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    earlier = scenario.project.target.current[MODEL]
    evil = scenario.deployed(20)
    scenario.project.target.current[MODEL] = earlier  # the newer one is not in place yet
    found = served(scenario, "first")
    assert isinstance(found, VerifiedRelease)
    objects = scenario.project.stores["production"].objects
    entry = codec.decode(Entry, objects[f"{JOURNAL}/0.json"], what="the first entry")
    forged = codec.encode(replace(entry, artifact=evil, state=replace(entry.state, artifact=evil)))
    objects[f"{JOURNAL}/0.json"] = forged
    scenario.project.target.current[MODEL] = replace(earlier, artifact=evil, entry=digest_of_bytes(forged))
    assert hex_of(evil) in scenario.project.target.releases[MODEL]
    found = served(scenario, "second")
    assert isinstance(found, RefusedRelease)
    assert f"{JOURNAL}/1.json does not follow entry 0" in found.reason


def test_what_rests_on_a_revoked_key_is_neither_served_nor_predicted_with(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    assert isinstance(served(scenario, "first"), VerifiedRelease)
    scenario.trust(REVOKED)
    scenario.commit(seed=10, pin=scenario.candidate)
    found = served(scenario, "second")
    assert isinstance(found, RefusedRelease)
    assert "was revoked on 2024-01-01" in found.reason
    with pytest.raises(IntegrityError, match="was revoked on 2024-01-01"):
        deployed_model(scenario.deps(), scenario.desired, environment_of(scenario.desired, "production"), MODEL)


def test_a_second_key_that_vouches_in_the_sandbox_is_found_where_the_store_of_production_lacks_it(
    scenario: SignedScenario,
) -> None:
    both = Trust(
        required=True,
        trainer=(trusted(TRAINER, revoked="2024-01-01"), trusted("second")),
        promoter=REQUIRED.promoter,
    )
    scenario.deployed(10)
    scenario.trust(both)
    scenario.commit(seed=10, pin=scenario.candidate)
    assert isinstance(served(scenario, "before"), RefusedRelease)
    head = scenario.head("sandbox")
    assert head is not None
    assert head.state.build is not None
    attest_training(scenario.project.stores["sandbox"], MemorySigner("second"), head.state.build.provenance)
    assert isinstance(served(scenario, "after"), VerifiedRelease)
