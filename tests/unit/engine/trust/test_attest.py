"""Nobody signs what would count nowhere: `attest` of a sandbox asks who takes a signature by this key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.trust.keys import NO_TRUST, Trust
from reconciler.core.trust.results import AttestResult
from reconciler.engine.attesting.attest_environment import attest
from reconciler.engine.find_environment import environment_of
from reconciler.errors import IntegrityError
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario, trusted


@pytest.fixture
def scenario(tmp_path: Path) -> SignedScenario:
    return SignedScenario(tmp_path)


def attested(scenario: SignedScenario, key: str) -> AttestResult:
    with scenario.signed(key):
        return attest(scenario.deps(), scenario.desired, environment_of(scenario.desired, "sandbox"))


@pytest.mark.parametrize(
    ("trust", "key", "why"),
    [
        (REQUIRED, PROMOTER, "is a promoter key, and signs nothing as trainer"),
        (REQUIRED, "stranger", "production does not trust key"),
        (replace(REQUIRED, trainer=(trusted(TRAINER, revoked="2024-01-01"),)), TRAINER, "was revoked on 2024-01-01"),
        (replace(REQUIRED, trainer=(trusted(TRAINER, until="2020-01-01"),)), TRAINER, "expired on 2020-01-01"),
    ],
)
def test_a_key_whose_signature_nobody_takes_signs_no_training(
    scenario: SignedScenario, trust: Trust, key: str, why: str
) -> None:
    scenario.proposed(10, key=None)
    scenario.trust(trust)
    scenario.commit(seed=10)
    before = dict(scenario.project.stores["sandbox"].objects)
    with pytest.raises(IntegrityError, match="counts nowhere") as told:
        attested(scenario, key)
    assert why in str(told.value)
    assert scenario.project.stores["sandbox"].objects == before


@pytest.mark.parametrize("trust", [REQUIRED, NO_TRUST])
def test_a_trainer_signs_and_so_does_anybody_where_nobody_is_asked_for(scenario: SignedScenario, trust: Trust) -> None:
    scenario.proposed(10, key=None)
    scenario.trust(trust)
    scenario.commit(seed=10)
    (model,) = attested(scenario, TRAINER).models
    assert "its training" in model.signed
