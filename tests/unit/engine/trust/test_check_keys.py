"""`doctor` of keys: what is wrong with them is told before a command needs them, with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.inspect.health_check import Check, Level
from reconciler.core.trust.keys import Signature, Trust
from reconciler.engine.find_environment import environment_of
from reconciler.engine.trust.check_keys import signing_key, trusted_keys
from reconciler.errors import UsageError
from reconciler.ports import Signer
from reconciler.testing.memory_keys import MemorySigner, key_of
from tests.unit.engine.trust.signed_scenario import PROMOTER, REQUIRED, TRAINER, SignedScenario, trusted

TODAY = "2026-01-01"  # of the scenario's clock


@pytest.fixture
def scenario(tmp_path: Path) -> SignedScenario:
    return SignedScenario(tmp_path)


def of_process(scenario: SignedScenario, key: str | None) -> list[Check]:
    scenario.commit()
    with scenario.signed(key):
        return list(signing_key(scenario.deps(), scenario.desired, "the project"))


def of_environment(scenario: SignedScenario, trust: Trust) -> dict[Level, list[str]]:
    scenario.trust(trust)
    scenario.commit()
    environment = environment_of(scenario.desired, "production")
    told: dict[Level, list[str]] = {}
    for check in trusted_keys(scenario.deps(), scenario.desired, environment):
        told.setdefault(check.level, []).append(check.found)
        assert check.level is Level.GOOD or check.remedy
    return told


def test_the_key_of_a_process_is_one_that_an_environment_trusts(scenario: SignedScenario) -> None:
    assert of_process(scenario, None) == []
    (check,) = of_process(scenario, PROMOTER)
    assert (check.level, check.found.split(": ")[1]) == (Level.GOOD, "promoter in production")
    (check,) = of_process(scenario, "attacker")
    assert check.level is Level.WARNING
    assert "no environment trusts the key" in check.found
    scenario.trust(replace(REQUIRED, trainer=(trusted(TRAINER, until="2025-12-31"),)))
    (check,) = of_process(scenario, TRAINER)
    assert (check.level, "expired on 2025-12-31" in check.found) == (Level.BAD, True)


class Mistaken(MemorySigner):
    """Signs with one private key, and names another's public half."""

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        return replace(super().sign(payload_type, payload), key=key_of(TRAINER).id)


def test_a_private_key_that_does_not_open_or_is_of_another_public_one_is_told(scenario: SignedScenario) -> None:
    scenario.commit()

    def unreadable() -> Signer | None:
        raise UsageError("the signing key's file cannot be read", code="E523", hint="name another")

    for signer, found in ((unreadable, "cannot be read"), (lambda: Mistaken(PROMOTER), "is not right by its public")):
        (check,) = signing_key(replace(scenario.deps(), signer=signer), scenario.desired, "the project")
        assert check.level is Level.BAD
        assert found in check.found


def test_the_days_of_trusted_keys_are_told_before_they_end(scenario: SignedScenario) -> None:
    assert of_environment(scenario, REQUIRED) == {Level.GOOD: ["2 trusted; what they did not sign is refused"]}
    assert of_environment(scenario, Trust()) == {}
    ending = replace(REQUIRED, trainer=(trusted(TRAINER, until="2026-01-11"),))
    assert "10 days left" in of_environment(scenario, ending)[Level.WARNING][0]
    over = replace(REQUIRED, trainer=(trusted(TRAINER, until="2025-12-31"),))
    assert "0 of 1 trainer keys count today" in of_environment(scenario, over)[Level.BAD][0]
    assert of_environment(scenario, replace(over, required=False))[Level.WARNING]


def test_what_git_says_and_is_not_in_force_is_told(scenario: SignedScenario) -> None:
    scenario.deployed(10)
    more = replace(REQUIRED, promoter=(trusted(PROMOTER), trusted("next")))
    assert "not in force: trust.keys.promoter" in of_environment(scenario, more)[Level.WARNING][0]
